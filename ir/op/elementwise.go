package op

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// FusedElementwise is the fused node of elementwise operators; see
// [attr.Elementwise].
var FusedElementwise = elementwise(register(&ir.Op{
	Name: "Elementwise", Domain: "ai.parallax", Doc: "elementwise operators in one pass over their operands",
	MinIn: 1, MaxIn: attr.MaxChainOperands, MinOut: 1, MaxOut: 1,
	Attr: newAttr[attr.Elementwise], Infer: inferElementwise, Decompose: decomposeElementwise,
}))

// inferElementwise wants operands of one type among f32, f16 and bf16, and
// booleans for conditions.
func inferElementwise(c *ir.Infer) error {
	chain, err := attrsOf[attr.Elementwise](c).Chain()
	if err != nil {
		return fmt.Errorf("program: %w", err)
	}
	if err := noneMissing(c); err != nil {
		return err
	}
	if c.NumIn() != chain.Operands {
		return fmt.Errorf("%d operands for a program of %d", c.NumIn(), chain.Operands)
	}
	var numeric []int
	for i := range chain.Operands {
		class := narrowFloats
		if chain.Conditions[i] {
			class = booleans
		} else {
			numeric = append(numeric, i)
		}
		if err := class.check(c, i); err != nil {
			return err
		}
	}
	d, err := commonElement(c, numeric...)
	if err != nil {
		return err
	}
	return setBroadcast(c, d, nil)
}

// narrowFloats are the types that are computed in f32.
var narrowFloats = class{"f32, f16 or bf16", func(d tensor.DType) bool {
	return d == tensor.Float32 || d == tensor.Float16 || d == tensor.BFloat16
}}

// chainOps are the operators that instructions stand for, and with which
// attributes; chainOperator writes those that are several.
var chainOps = map[attr.ChainOp]struct {
	op   *ir.Op
	attr any
}{
	attr.ChainAdd: {Add, nil}, attr.ChainSub: {Sub, nil}, attr.ChainMul: {Mul, nil}, attr.ChainDiv: {Div, nil}, attr.ChainPow: {Pow, nil},
	attr.ChainMin: {Min, nil}, attr.ChainMax: {Max, nil},
	attr.ChainNeg: {Neg, nil}, attr.ChainAbs: {Abs, nil}, attr.ChainRelu: {Relu, nil}, attr.ChainSqrt: {Sqrt, nil},
	attr.ChainReciprocal: {Reciprocal, nil}, attr.ChainExp: {Exp, nil}, attr.ChainTanh: {Tanh, nil}, attr.ChainErf: {Erf, nil},
	attr.ChainSigmoid: {Sigmoid, nil}, attr.ChainHardSwish: {HardSwish, nil}, attr.ChainSin: {Sin, nil}, attr.ChainCos: {Cos, nil},
	attr.ChainLog: {Log, nil}, attr.ChainAsin: {Asin, nil}, attr.ChainAcos: {Acos, nil}, attr.ChainAtan: {Atan, nil}, attr.ChainSoftplus: {Softplus, nil}, attr.ChainMish: {Mish, nil},
	attr.ChainSoftsign: {Softsign, nil}, attr.ChainSign: {Sign, nil}, attr.ChainFloor: {Floor, nil}, attr.ChainCeil: {Ceil, nil}, attr.ChainRound: {Round, nil},
	attr.ChainGelu:     {Gelu, &attr.Gelu{Approximate: "none"}},
	attr.ChainGeluTanh: {Gelu, &attr.Gelu{Approximate: "tanh"}},
	attr.ChainWhere:    {Where, nil},
}

// decomposeElementwise makes one operator of each instruction, or a few.
func decomposeElementwise(b *ir.Builder, n *ir.Node) ([]*ir.Value, error) {
	chain, err := n.Attr.(*attr.Elementwise).Chain()
	if err != nil {
		return nil, fmt.Errorf("node %s: program: %w", n.Label(), err)
	}
	d := n.Out[0].Type.DType
	var results []*ir.Value
	for _, s := range chain.Steps {
		in := make([]*ir.Value, len(s.Args))
		for i, a := range s.Args {
			switch a.Kind {
			case attr.ChainOperand:
				in[i] = n.In[a.Index]
			case attr.ChainResult:
				in[i] = results[a.Index]
			default:
				in[i] = b.Float(d, float64(a.Number))
			}
		}
		results = append(results, chainOperator(b, s.Op, d, in))
	}
	return results[len(results)-1:], b.Err()
}

func chainOperator(b *ir.Builder, o attr.ChainOp, d tensor.DType, in []*ir.Value) *ir.Value {
	inner := in[0]
	switch o {
	case attr.ChainQuickGelu:
		inner = b.Op(Mul, nil, inner, b.Float(d, attr.QuickGeluAlpha))
		fallthrough
	case attr.ChainSilu:
		return b.Op(Mul, nil, in[0], b.Op(Sigmoid, nil, inner))
	}
	known, ok := chainOps[o]
	if !ok {
		panic("BUG: instruction " + o.String() + " stands for no operator")
	}
	return b.Op(known.op, attr.Clone(known.attr), in...)
}
