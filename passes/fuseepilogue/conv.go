package fuseepilogue

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/linear"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// convActivationRoots are the last nodes of activations of a convolution.
var convActivationRoots = append(slices.Clone(activationRoots), op.HardSwish, op.LeakyRelu, op.Clip)

// convolution is a convolution, fused or not, by its parts.
type convolution struct {
	attr     *attr.FusedConv
	in       []*ir.Value // x, weights and bias
	residual *ir.Value   // nil: none
}

// convOf takes a node apart; nil if it is no convolution.
func convOf(n *ir.Node) *convolution {
	switch {
	case n == nil:
	case n.Op == op.Conv:
		v := &convolution{attr: attr.Clone(n.Attr).(*attr.Conv).Fused(), in: n.Operands()}
		v.attr.HasBias = len(v.in) > 2
		return v
	case n.Op == op.FusedConv:
		a := attr.Clone(n.Attr).(*attr.FusedConv)
		v := &convolution{attr: a, in: n.Operands()}
		if a.HasResidual {
			at := a.Operands().Residual
			v.in, v.residual = v.in[:at], v.in[at]
		}
		return v
	}
	return nil
}

// make is the convolution, of the type of old; nil if the target has no fast kernel.
func (v *convolution) make(c *passes.Context, patch *rewrite.Patch, old *ir.Value) *ir.Value {
	in := slices.Clone(v.in)
	if v.attr.HasResidual = v.residual != nil; v.attr.HasResidual {
		in = append(in, v.residual)
	}
	z := patch.Op(op.FusedConv, v.attr, in...)
	if patch.Err() != nil || !c.HasFast(z.Def) || !z.Type.Equal(old.Type) {
		return nil
	}
	return z
}

// convResidual takes in a value of the same shape that is added.
func convResidual(c *passes.Context, n *ir.Node) *rewrite.Patch {
	for i, y := range n.In {
		v, r := convOf(y.Def), n.In[1-i]
		if v == nil || v.residual != nil || r == y || !r.Type.Equal(y.Type) || !linear.Reads(y, n) {
			continue
		}
		v.residual = r
		patch := rewrite.NewPatch(n, "").Cover(y.Def)
		z := v.make(c, patch, n.Out[0])
		if z == nil {
			return nil
		}
		return patch.Replace(n.Out[0], z)
	}
	return nil
}

// convActivation takes in a function of the elements, or of a view of them, which is then
// one of the function's result.
func convActivation(c *passes.Context, n *ir.Node) *rewrite.Patch {
	a := &attr.FusedConv{}
	f := convFunctionOf(n, a)
	if f == nil {
		return nil
	}
	y, view := f.of, (*ir.Node)(nil)
	if isView(y.Def) && linear.Reads(y.Def.In[0], y.Def) {
		y, view = y.Def.In[0], y.Def
	}
	v := convOf(y.Def)
	if v == nil || v.attr.Activation != attr.ActivationNone || !f.alone() {
		return nil
	}
	v.attr.Activation, v.attr.Alpha, v.attr.Beta = f.name, a.Alpha, a.Beta
	v.attr.ResidualFirst = v.residual != nil
	patch := rewrite.NewPatch(n, "").Cover(append(f.nodes, f.of.Def, y.Def)...)
	z := v.make(c, patch, y)
	if z == nil {
		return nil
	}
	if view != nil {
		z = patch.Op(view.Op, view.Attr, append([]*ir.Value{z}, view.In[1:]...)...)
	}
	return patch.Replace(n.Out[0], z)
}

// convFunctionOf reads the activation whose last node is n, and writes its numbers
// to a; nil if it is none.
func convFunctionOf(n *ir.Node, a *attr.FusedConv) *function {
	switch n.Op {
	case op.HardSwish:
		return &function{attr.ActivationHardSwish, n.In[0], []*ir.Node{n}}
	case op.LeakyRelu:
		a.Alpha = n.Attr.(*attr.Unary).Alpha
		return &function{attr.ActivationLeakyRelu, n.In[0], []*ir.Node{n}}
	case op.Clip:
		low, lower := limit(n, 1)
		high, upper := limit(n, 2)
		if a.Alpha, a.Beta = low, high; !lower || !upper || !(low <= high) {
			return nil
		}
		return &function{attr.ActivationClip, n.In[0], []*ir.Node{n}}
	}
	return functionOf(n)
}

// limit is a limit of a Clip that is a number of f32.
func limit(n *ir.Node, operand int) (float32, bool) {
	v := n.Operand(operand)
	if v == nil || v.Type.DType != tensor.Float32 {
		return 0, false
	}
	x, known := v.Scalar()
	return float32(x), known
}
