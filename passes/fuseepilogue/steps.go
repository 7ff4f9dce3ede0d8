package fuseepilogue

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/linear"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// stepsProduct is a product of an operand that is taken in steps when it comes:
//
//	x̂, s, z = DynamicQuantizeLinear(x);  y = Cast(MatMulInteger(x̂, w, z, zero)) · (s · step)
//
// with the two scales multiplied first, as ONNX Runtime's quantiser writes it, or one after
// the other, which rounds once more and is not the same.
func stepsProduct(c *passes.Context, n *ir.Node) *rewrite.Patch {
	for i, sums := range n.In {
		cast, scale := sums.Def, n.In[1-i]
		if cast == nil || cast.Op != op.Cast || sums.Type.DType != tensor.Float32 || !linear.Reads(sums, n) {
			continue
		}
		m := cast.In[0].Def
		if m == nil || m.Op != op.MatMulInteger || !linear.Reads(m.Out[0], cast) {
			continue
		}
		patch := rewrite.NewPatch(n, "").Cover(cast, m)
		if p := stepsOf(patch, m, scale); p != nil {
			return replaced(c, patch, p, n.Out[0])
		}
	}
	return nil
}

// stepsOf is the product of m's operands, its results multiplied with scale; nil if they
// are not those of a product in steps.
func stepsOf(patch *rewrite.Patch, m *ir.Node, scale *ir.Value) *linear.Product {
	steps, w := m.In[0].Def, m.In[1]
	if steps == nil || steps.Op != op.DynamicQuantizeLinear || m.In[0] != steps.Out[0] || m.Operand(2) == nil || m.In[2] != steps.Out[2] {
		return nil
	}
	if !w.IsConst() || w.Const.Rank() != 2 {
		return nil
	}
	p := linear.New(steps.In[0], w)
	p.Attr.Steps = attr.LinearStepsDynamic
	weight := &p.Weights[0]
	weight.Step = vectorOf(patch, factorBeside(scale, steps.Out[1]), p.Width(0))
	if zero := m.Operand(3); zero != nil && !isZero(zero) {
		if weight.Zero = vectorOf(patch, zero.Const, p.Width(0)); weight.Zero == nil {
			return nil
		}
	}
	if weight.Step == nil {
		return nil
	}
	return p
}

// factorBeside is the constant that v multiplies s with; 1 if it is s itself.
func factorBeside(v, s *ir.Value) *tensor.Tensor {
	if v == s {
		return tensor.Scalar[float32](1)
	}
	if v.Def == nil || v.Def.Op != op.Mul {
		return nil
	}
	for i, x := range v.Def.In {
		if x == s {
			return v.Def.In[1-i].Const
		}
	}
	return nil
}

// vectorOf is a constant of one element, or of n along the last axis, as a vector of n.
func vectorOf(patch *rewrite.Patch, t *tensor.Tensor, n int) *ir.Value {
	switch {
	case t == nil:
		return nil
	case t.Len() == n && (n == 1 || t.Rank() > 0 && t.Shape[t.Rank()-1] == n):
		return patch.Const(t.Reshaped(n))
	case t.Len() != 1:
		return nil
	}
	all, size := tensor.New(t.DType, n), len(t.Bytes())
	for at := range n {
		copy(all.Bytes()[at*size:], t.Bytes())
	}
	return patch.Const(all)
}

// isZero reports whether v is a constant of nothing but zeros.
func isZero(v *ir.Value) bool {
	if !v.IsConst() {
		return false
	}
	for i := range v.Const.Len() {
		if v.Const.IntAt(i) != 0 {
			return false
		}
	}
	return true
}
