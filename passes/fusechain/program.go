package fusechain

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// plain are the operators that are one instruction, or one after another if they
// have more operands.
var plain = map[*ir.Op]attr.ChainOp{
	op.Add: attr.ChainAdd, op.Sub: attr.ChainSub, op.Mul: attr.ChainMul, op.Div: attr.ChainDiv,
	op.Min: attr.ChainMin, op.Max: attr.ChainMax, op.Sum: attr.ChainAdd,
	op.Neg: attr.ChainNeg, op.Abs: attr.ChainAbs, op.Relu: attr.ChainRelu, op.Sqrt: attr.ChainSqrt, op.Reciprocal: attr.ChainReciprocal,
	op.Exp: attr.ChainExp, op.Tanh: attr.ChainTanh, op.Erf: attr.ChainErf, op.Sigmoid: attr.ChainSigmoid,
	op.HardSwish: attr.ChainHardSwish, op.Sin: attr.ChainSin, op.Cos: attr.ChainCos,
	op.Log: attr.ChainLog, op.Asin: attr.ChainAsin, op.Acos: attr.ChainAcos, op.Atan: attr.ChainAtan, op.Softplus: attr.ChainSoftplus, op.Mish: attr.ChainMish,
	op.Softsign: attr.ChainSoftsign, op.Sign: attr.ChainSign, op.Floor: attr.ChainFloor, op.Ceil: attr.ChainCeil, op.Round: attr.ChainRound,
}

// special are the operators whose instructions depend on attributes or operands.
// They write nothing and return false for what has none.
var special = map[*ir.Op]func(p *program, n *ir.Node) (attr.ChainArg, bool){
	op.Pow:   (*program).pow,
	op.Clip:  (*program).clip,
	op.Gelu:  (*program).gelu,
	op.Swish: (*program).swish,
	op.Where: (*program).where,
}

// fusable reports whether n is an operator that programs may hold.
func fusable(n *ir.Node) bool {
	if _, known := plain[n.Op]; !known && special[n.Op] == nil {
		return false
	}
	switch t := n.Out[0].Type; t.DType {
	case tensor.Float32, tensor.Float16, tensor.BFloat16:
		return t.HasRank
	}
	return false
}

// program is what computes a group, while it is written.
type program struct {
	dtype    tensor.DType
	steps    []attr.ChainStep
	operands []*ir.Value
	results  map[*ir.Value]attr.ChainArg
}

// write returns the program of a group whose first node is the last to run; nil
// if there is none, or if it is too long.
func write(group []*ir.Node) *program {
	p := &program{dtype: group[0].Out[0].Type.DType, results: map[*ir.Value]attr.ChainArg{}}
	inOrder := slices.SortedFunc(slices.Values(group), func(a, b *ir.Node) int {
		switch {
		case a == b:
			return 0
		case a.Graph().Before(a, b):
			return -1
		}
		return 1
	})
	for _, n := range inOrder {
		result, ok := p.node(n)
		if !ok {
			return nil
		}
		p.results[n.Out[0]] = result
	}
	p.tidy()
	if len(p.steps) > attr.MaxChainSteps || len(p.operands) > attr.MaxChainOperands {
		return nil
	}
	if _, err := attr.ParseChain(p.text()); err != nil { // a result that nothing reads, say
		return nil
	}
	return p
}

func (p *program) text() string { return (&attr.Chain{Steps: p.steps}).String() }

func (p *program) node(n *ir.Node) (attr.ChainArg, bool) {
	if f := special[n.Op]; f != nil {
		return f(p, n)
	}
	args, ok := p.args(n.In)
	if !ok {
		return attr.ChainArg{}, false
	}
	o := plain[n.Op]
	if o.Arity() == 1 {
		return p.emit(o, args[0]), true
	}
	sum := args[0]
	for _, x := range args[1:] {
		sum = p.emit(o, sum, x)
	}
	return sum, len(args) > 1
}

// emit appends an instruction and returns its result.
func (p *program) emit(o attr.ChainOp, args ...attr.ChainArg) attr.ChainArg {
	o, args = p.gate(o, args)
	p.steps = append(p.steps, attr.ChainStep{Op: o, Args: args})
	return attr.ChainArg{Kind: attr.ChainResult, Index: len(p.steps) - 1}
}

// gate makes x·sigmoid(x) and x·sigmoid(1.702x) one instruction. What it leaves
// without a reader, tidy removes.
func (p *program) gate(o attr.ChainOp, args []attr.ChainArg) (attr.ChainOp, []attr.ChainArg) {
	if o != attr.ChainMul {
		return o, args
	}
	for i, x := range args {
		inner, ok := p.argOf(args[1-i], attr.ChainSigmoid)
		if !ok {
			continue
		}
		if inner[0] == x {
			return attr.ChainSilu, []attr.ChainArg{x}
		}
		scaled, ok := p.argOf(inner[0], attr.ChainMul)
		alpha := number(attr.QuickGeluAlpha)
		if ok && (scaled[0] == x && scaled[1] == alpha || scaled[0] == alpha && scaled[1] == x) {
			return attr.ChainQuickGelu, []attr.ChainArg{x}
		}
	}
	return o, args
}

// argOf returns the arguments of the instruction that gives a, if it is o.
func (p *program) argOf(a attr.ChainArg, o attr.ChainOp) ([]attr.ChainArg, bool) {
	if a.Kind != attr.ChainResult || p.steps[a.Index].Op != o {
		return nil, false
	}
	return p.steps[a.Index].Args, true
}

// tidy removes instructions whose results nothing reads.
func (p *program) tidy() {
	read := make([]bool, len(p.steps))
	for i := range slices.Backward(p.steps) {
		if i == len(p.steps)-1 {
			read[i] = true
		}
		for _, a := range p.steps[i].Args {
			if a.Kind == attr.ChainResult && read[i] {
				read[a.Index] = true
			}
		}
	}
	at := make([]int, len(p.steps))
	var kept []attr.ChainStep
	for i, s := range p.steps {
		if !read[i] {
			continue
		}
		at[i] = len(kept)
		for k, a := range s.Args {
			if a.Kind == attr.ChainResult {
				s.Args[k].Index = at[a.Index]
			}
		}
		kept = append(kept, s)
	}
	p.steps = kept
}

func (p *program) args(values []*ir.Value) ([]attr.ChainArg, bool) {
	args := make([]attr.ChainArg, len(values))
	for i, v := range values {
		a, ok := p.arg(v)
		if !ok {
			return nil, false
		}
		args[i] = a
	}
	return args, true
}

// arg is a value of the program's type: a result of the group, a number if it is
// a constant of one element, else an operand.
func (p *program) arg(v *ir.Value) (attr.ChainArg, bool) {
	if v == nil {
		return attr.ChainArg{}, false
	}
	if a, ok := p.results[v]; ok {
		return a, true
	}
	if v.Type.DType != p.dtype {
		return attr.ChainArg{}, false
	}
	if x, ok := v.Scalar(); ok {
		return number(x), true
	}
	return p.operand(v), true
}

func (p *program) operand(v *ir.Value) attr.ChainArg {
	i := slices.Index(p.operands, v)
	if i < 0 {
		i = len(p.operands)
		p.operands = append(p.operands, v)
	}
	return attr.ChainArg{Kind: attr.ChainOperand, Index: i}
}

func number(x float64) attr.ChainArg {
	return attr.ChainArg{Kind: attr.ChainNumber, Number: float32(x)}
}

// pow takes an exponent of another type if it is a number.
func (p *program) pow(n *ir.Node) (attr.ChainArg, bool) {
	x, ok := p.arg(n.In[0])
	if !ok {
		return x, false
	}
	if y, isNumber := n.In[1].Scalar(); isNumber {
		return p.emit(attr.ChainPow, x, number(y)), true
	}
	y, ok := p.arg(n.In[1])
	if !ok {
		return y, false
	}
	return p.emit(attr.ChainPow, x, y), true
}

// clip has limits of one element each, which broadcast.
func (p *program) clip(n *ir.Node) (attr.ChainArg, bool) {
	x, ok := p.arg(n.In[0])
	limited := false
	for i, o := range []attr.ChainOp{attr.ChainMax, attr.ChainMin} {
		if v := n.Operand(i + 1); ok && v != nil {
			var limit attr.ChainArg
			if limit, ok = p.arg(v); ok {
				x, limited = p.emit(o, x, limit), true
			}
		}
	}
	return x, ok && limited
}

func (p *program) gelu(n *ir.Node) (attr.ChainArg, bool) {
	x, ok := p.arg(n.In[0])
	if !ok {
		return x, false
	}
	if n.Attr.(*attr.Gelu).Approximate == "tanh" {
		return p.emit(attr.ChainGeluTanh, x), true
	}
	return p.emit(attr.ChainGelu, x), true
}

// swish is x·sigmoid(alpha·x), for which emit knows short forms.
func (p *program) swish(n *ir.Node) (attr.ChainArg, bool) {
	x, ok := p.arg(n.In[0])
	if !ok {
		return x, false
	}
	inner := x
	if alpha := n.Attr.(*attr.Unary).Alpha; alpha != 1 {
		inner = p.emit(attr.ChainMul, x, number(float64(alpha)))
	}
	return p.emit(attr.ChainMul, x, p.emit(attr.ChainSigmoid, inner)), true
}

// where has a condition from outside.
func (p *program) where(n *ir.Node) (attr.ChainArg, bool) {
	choices, ok := p.args(n.In[1:])
	if !ok {
		return attr.ChainArg{}, false
	}
	condition := p.operand(n.In[0])
	return p.emit(attr.ChainWhere, condition, choices[0], choices[1]), true
}
