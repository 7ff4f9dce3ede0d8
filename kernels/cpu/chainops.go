package cpu

import (
	"math"

	"github.com/parallax-go/parallax/ir/attr"
)

// chainOp is an instruction of Elementwise as functions of vectors: of one
// argument (v), or of two in the ways in which they meet. The result is no
// argument's memory.
type chainOp struct {
	v      func(z, x []float32)
	pair   *binaryOp
	weight int // in additions, about
}

// chainOps is the one place that says which function computes an instruction;
// where, the only one of three arguments, is choose.
var chainOps = [attr.ChainOps]chainOp{
	attr.ChainAdd:        {pair: &addOp, weight: 1},
	attr.ChainSub:        {pair: &subOp, weight: 1},
	attr.ChainMul:        {pair: &mulOp, weight: 1},
	attr.ChainDiv:        {pair: &divOp, weight: 4},
	attr.ChainPow:        {pair: &powOp, weight: 4},
	attr.ChainMin:        {pair: &minOp, weight: 1},
	attr.ChainMax:        {pair: &maxOp, weight: 1},
	attr.ChainNeg:        {v: neg, weight: 1},
	attr.ChainAbs:        {v: abs, weight: 1},
	attr.ChainRelu:       {v: relu, weight: 1},
	attr.ChainSqrt:       {v: sqrt, weight: 4},
	attr.ChainReciprocal: {v: reciprocal, weight: 4},
	attr.ChainExp:        {v: exp, weight: 8},
	attr.ChainTanh:       {v: tanh, weight: 12},
	attr.ChainErf:        {v: erf, weight: 12},
	attr.ChainSigmoid:    {v: sigmoid, weight: 10},
	attr.ChainGelu:       {v: gelu, weight: 16},
	attr.ChainGeluTanh:   {v: geluTanh, weight: 16},
	attr.ChainSilu:       {v: silu, weight: 10},
	attr.ChainQuickGelu:  {v: quickGelu, weight: 10},
	attr.ChainHardSwish:  {v: hardSwish, weight: 4},
	attr.ChainSin:        {v: sin, weight: 32},
	attr.ChainCos:        {v: cos, weight: 32},
	attr.ChainWhere:      {weight: 1},
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

// hardSwish is x·max(0, min(1, x/6 + ½)), in a form that is exact near −3.
func hardSwish(z, x []float32) {
	for i, v := range x {
		z[i] = v * (max(0, min(6, v+3)) / 6)
	}
}

// Sines and cosines of f32 take math's, which are of f64: angles of positions
// are large, and few.

func sin(z, x []float32) {
	for i, v := range x {
		z[i] = float32(math.Sin(float64(v)))
	}
}

func cos(z, x []float32) {
	for i, v := range x {
		z[i] = float32(math.Cos(float64(v)))
	}
}

// choose is c ? x : y, for conditions of 0 and 1.
func choose(z, c []float32, x, y lane) {
	for i, t := range c {
		if t != 0 {
			z[i] = x.at(i)
		} else {
			z[i] = y.at(i)
		}
	}
}
