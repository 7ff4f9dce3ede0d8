package linear

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Product is a fused product by its parts. Those of Attr that only tell which
// operands there are follow from the operands.
type Product struct {
	Attr     attr.Linear
	X        *ir.Value
	Weights  []Weight
	Residual *ir.Value // nil: none
	Scale    *ir.Value // of the norm
	Shift    *ir.Value // nil: none

	// HidesY: nobody reads y but its norm.
	HidesY bool
}

// Weight is a constant matrix, or columns of one, and the vectors that go with it.
type Weight struct {
	*ir.Value
	From, To int // columns; of a transposed one all

	Step *ir.Value // if it is of integers
	Zero *ir.Value // nil: none
	Bias *ir.Value // nil: none
}

// New returns the plain product of x and one weight.
func New(x, w *ir.Value) *Product {
	return &Product{Attr: *attr.New[attr.Linear](), X: x, Weights: []Weight{{Value: w, To: w.Const.Shape[1]}}}
}

// Of takes a node apart; nil if it is no fused product by constants.
func Of(n *ir.Node) *Product {
	if n == nil || n.Op != op.Linear {
		return nil
	}
	a := n.Attr.(*attr.Linear)
	o := a.Operands()
	p := &Product{
		Attr: *attr.Clone(a).(*attr.Linear), X: n.In[o.X],
		Residual: n.Operand(o.Residual), Scale: n.Operand(o.Scale), Shift: n.Operand(o.Shift), HidesY: n.Out[0] == nil,
	}
	for i, v := range n.In[o.Weight:][:a.Weights] {
		if !v.IsConst() {
			return nil
		}
		w := Weight{Value: v, To: v.Const.Shape[1], Step: n.Operand(a.StepOf(i)), Zero: n.Operand(a.ZeroOf(i)), Bias: n.Operand(a.BiasOf(i))}
		if from, to, cut := a.Part(i); cut {
			w.From, w.To = from, to
		}
		p.Weights = append(p.Weights, w)
	}
	return p
}

// Open reports whether a result is nothing but f(x·w + b), so that more can be
// done to it.
func (p *Product) Open() bool {
	return !p.Attr.Gated && p.Residual == nil && !p.Attr.Normalised()
}

// Bare reports whether a result is nothing but x·w + b.
func (p *Product) Bare() bool { return p.Open() && p.Attr.Activation == attr.ActivationNone }

// Width returns N of weight i.
func (p *Product) Width(i int) int {
	w := p.Weights[i]
	if p.Attr.TransB {
		return w.Const.Shape[0]
	}
	return w.To - w.From
}

// Make adds the node to a patch and returns its outputs; false if the target has
// no fast kernel for it.
func (p *Product) Make(c *passes.Context, to *rewrite.Patch) ([]*ir.Value, bool) {
	a := attr.Clone(&p.Attr).(*attr.Linear)
	a.Weights, a.Zeroed, a.Biased, a.HasResidual, a.HasShift = len(p.Weights), nil, nil, p.Residual != nil, p.Shift != nil
	a.Columns = p.columns()
	in := []*ir.Value{p.X}
	for _, w := range p.Weights {
		in = append(in, w.Value)
	}
	vectors := func(of func(w *Weight) *ir.Value) (which []int) {
		for i := range p.Weights {
			if v := of(&p.Weights[i]); v != nil {
				which, in = append(which, i), append(in, v)
			}
		}
		return which
	}
	vectors(func(w *Weight) *ir.Value { return w.Step })
	a.Zeroed = vectors(func(w *Weight) *ir.Value { return w.Zero })
	a.Biased = vectors(func(w *Weight) *ir.Value { return w.Bias })
	for _, v := range []*ir.Value{p.Residual, p.Scale, p.Shift} {
		if v != nil {
			in = append(in, v)
		}
	}
	spec := ir.Spec{Op: op.Linear, Attr: a, In: in, Outs: a.Outputs()}
	if p.HidesY {
		spec.Names = []string{ir.OmitOutput}
	}
	out := to.Spec(spec)
	if to.Err() != nil {
		return nil, false
	}
	made := to.Nodes()[len(to.Nodes())-1]
	return out, c.HasFast(made)
}

// columns are those of all weights; nil if each is whole.
func (p *Product) columns() []int {
	var list []int
	whole := true
	for _, w := range p.Weights {
		list = append(list, w.From, w.To)
		whole = whole && w.From == 0 && w.To == w.Const.Shape[1]
	}
	if whole {
		return nil
	}
	return list
}

// Steps is how the operands of a product are counted: what products must have in common to
// become one.
type Steps struct {
	Kind      attr.LinearSteps
	XStep     float32
	XZero     int
	BlockSize int
}

// StepsOf reads those of a specification.
func StepsOf(a *attr.Linear) Steps { return Steps{a.Steps, a.XStep, a.XZero, a.BlockSize} }

// Set makes them those of a specification.
func (s Steps) Set(a *attr.Linear) {
	a.Steps, a.XStep, a.XZero, a.BlockSize = s.Kind, s.XStep, s.XZero, s.BlockSize
}

// Reads reports whether all readers of v are among nodes.
func Reads(v *ir.Value, nodes ...*ir.Node) bool {
	return !slices.ContainsFunc(v.Uses(), func(u ir.Use) bool { return u.Node == nil || !slices.Contains(nodes, u.Node) })
}

// Vector returns a constant of the n elements of a row that v adds to every row
// it is broadcast to, or multiplies it with; nil if v is none. Axes of size 1 in
// front are cut off.
func Vector(to *rewrite.Patch, v *ir.Value, d tensor.DType, n int) *ir.Value {
	if !v.IsConst() || v.Const.DType != d || v.Const.Len() != n {
		return nil
	}
	rank := v.Const.Rank()
	if rank == 1 {
		return v
	}
	if n != 1 && v.Const.Shape[rank-1] != n {
		return nil
	}
	return to.Const(v.Const.Reshaped(n))
}
