package cpu

import (
	"github.com/parallax-go/parallax/ir/attr"
)

// chainOp is an instruction of Elementwise as functions of vectors: of one
// argument (v), or of two in the ways in which they meet. The result is no
// argument's memory.
type chainOp struct {
	v     func(z, x []float32)
	pair  *binaryOp
	steps *accumulates // if it can run together with instructions before and after it
	cost  float64      // of an element: see grain.go
}

// chainOps is the one place that says which function computes an instruction;
// where, the only one of three arguments, has none here.
var chainOps = [attr.ChainOps]chainOp{
	attr.ChainAdd:        {pair: &addOp, steps: addSteps, cost: costStep},
	attr.ChainSub:        {pair: &subOp, steps: subSteps, cost: costStep},
	attr.ChainMul:        {pair: &mulOp, steps: mulSteps, cost: costStep},
	attr.ChainDiv:        {pair: &divOp, steps: divSteps, cost: costDivide},
	attr.ChainPow:        {pair: &powOp, cost: costPow},
	attr.ChainMin:        {pair: &minOp, steps: minSteps, cost: costStep},
	attr.ChainMax:        {pair: &maxOp, steps: maxSteps, cost: costStep},
	attr.ChainNeg:        {v: neg, cost: costStep},
	attr.ChainAbs:        {v: abs, cost: costStep},
	attr.ChainRelu:       {v: relu, cost: costStep},
	attr.ChainSqrt:       {v: sqrt, cost: costDivide},
	attr.ChainReciprocal: {v: reciprocal, cost: costDivide},
	attr.ChainExp:        {v: exp, cost: costExp},
	attr.ChainTanh:       {v: tanh, cost: costErf},
	attr.ChainErf:        {v: erf, cost: costErf},
	attr.ChainSigmoid:    {v: sigmoid, cost: costSigmoid},
	attr.ChainGelu:       {v: gelu, cost: costErf},
	attr.ChainGeluTanh:   {v: geluTanh, cost: costErf},
	attr.ChainSilu:       {v: silu, cost: costSigmoid},
	attr.ChainQuickGelu:  {v: quickGelu, cost: costSigmoid},
	attr.ChainHardSwish:  {v: hardSwish, cost: costMove},
	attr.ChainSin:        {v: sin, cost: costSine},
	attr.ChainCos:        {v: cos, cost: costSine},
	attr.ChainLog:        {v: log, cost: costLog},
	attr.ChainAsin:       {v: asin, cost: costArc},
	attr.ChainAcos:       {v: acos, cost: costArc},
	attr.ChainAtan:       {v: atan, cost: costArc},
	attr.ChainSoftplus:   {v: softplus, cost: 2 * costLog},
	attr.ChainMish:       {v: mish, cost: costErf},
	attr.ChainSoftsign:   {v: softsign, cost: costDivide},
	attr.ChainSign:       {v: sign, cost: costMove},
	attr.ChainFloor:      {v: floor, cost: costMove},
	attr.ChainCeil:       {v: ceil, cost: costMove},
	attr.ChainRound:      {v: round, cost: costMove},
	attr.ChainWhere:      {cost: costMove},
}

var (
	minOp = binaryOp{"Min", minVV, minVS, func(z []float32, x float32, y []float32) { minVS(z, y, x) }, costAdd, nil}
	maxOp = binaryOp{"Max", maxVV, maxVS, func(z []float32, x float32, y []float32) { maxVS(z, y, x) }, costAdd, nil}
)

// The least and the greatest of two: NaN wins, as in ONNX.

func minVV(z, x, y []float32)         { vec.Min(len(z), ptr(z), ptr(x[:len(z)]), ptr(y[:len(z)])) }
func minVS(z, x []float32, y float32) { vec.MinNumber(len(z), ptr(z), ptr(x[:len(z)]), y) }
func maxVV(z, x, y []float32)         { vec.Max(len(z), ptr(z), ptr(x[:len(z)]), ptr(y[:len(z)])) }
func maxVS(z, x []float32, y float32) { vec.MaxNumber(len(z), ptr(z), ptr(x[:len(z)]), y) }
func abs(z, x []float32)              { map1(vec.Abs, z, x) }
func silu(z, x []float32)             { map1(vec.Silu, z, x) }
func quickGelu(z, x []float32)        { map1(vec.QuickGelu, z, x) }
func hardSwish(z, x []float32)        { map1(vec.HardSwish, z, x) }
