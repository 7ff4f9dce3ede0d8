package fusenorm

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// normInFloat32 reads Cast(norm(Cast(x) to f32, ones)) as a norm of x, which
// computes in f32 and rounds once.
func normInFloat32(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	norm := soleNorm(n.In[0])
	if norm == nil || !isOnes(norm.In[1]) || norm.Operand(2) != nil || norm.Out[0].Type.DType != tensor.Float32 {
		return nil
	}
	to := n.Attr.(*attr.Cast).To
	up := norm.In[0].Def
	if up == nil || up.Op != op.Cast || up.In[0].Type.DType != to || to != tensor.Float16 && to != tensor.BFloat16 {
		return nil
	}
	a := norm.Attr.(*attr.LayerNormalization)
	ones := onesLike(&ir.Value{Type: n.Out[0].Type}, -a.Axis)
	if ones == nil {
		return nil
	}
	p := rewrite.NewPatch(n, "").Cover(norm, up)
	return p.Replace(n.Out[0], p.Op(norm.Op, a, up.In[0], p.Const(ones)))
}

func normScale(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	return withVector(n, func(norm *ir.Node, v *ir.Value) []*ir.Value {
		if !isOnes(norm.In[1]) || norm.Operand(2) != nil {
			return nil
		}
		return []*ir.Value{norm.In[0], v}
	})
}

func normBias(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	return withVector(n, func(norm *ir.Node, v *ir.Value) []*ir.Value {
		if norm.Op != op.LayerNormalization || norm.Operand(2) != nil {
			return nil
		}
		return []*ir.Value{norm.In[0], norm.In[1], v}
	})
}

// withVector moves the other operand of n, a vector over the normalised axes,
// into the norm that n alone reads.
func withVector(n *ir.Node, operands func(norm *ir.Node, v *ir.Value) []*ir.Value) *rewrite.Patch {
	for i := range 2 {
		norm := soleNorm(n.In[i])
		if norm == nil {
			continue
		}
		a := norm.Attr.(*attr.LayerNormalization)
		rank, _ := norm.In[0].Type.Rank()
		k := -a.Axis
		if a.Axis >= 0 {
			k = rank - a.Axis
		}
		v, fits := vector(n.In[1-i], norm.In[0], k)
		if !fits {
			continue
		}
		p := rewrite.NewPatch(n, "").Cover(norm)
		if in := operands(norm, v(p)); in != nil {
			return p.Replace(n.Out[0], p.Op(norm.Op, a, in...))
		}
	}
	return nil
}

// soleNorm returns the norm that makes v, if v has no other reader.
func soleNorm(v *ir.Value) *ir.Node {
	if _, sole := v.SoleUse(); !sole || !isNorm(v.Def) {
		return nil
	}
	return v.Def
}

// vector returns v as an operand over the last k axes of x, if it has exactly
// their sizes. A constant may have axes of size 1 in front, which are cut off.
func vector(v, x *ir.Value, k int) (operand func(*rewrite.Patch) *ir.Value, fits bool) {
	rank, ok := x.Type.Rank()
	own, known := v.Type.Rank()
	if !ok || !known || k < 1 || k > rank || own < k || own > rank || v.Type.DType != x.Type.DType {
		return nil, false
	}
	want := x.Type.Shape[rank-k:]
	if !v.Type.Shape[own-k:].Equal(want) {
		return nil, false
	}
	if own == k {
		return func(*rewrite.Patch) *ir.Value { return v }, true
	}
	for _, d := range v.Type.Shape[:own-k] {
		if !d.Is(1) || !v.IsConst() {
			return nil, false
		}
	}
	return func(p *rewrite.Patch) *ir.Value { return p.Const(v.Const.Reshaped(v.Const.Shape[own-k:]...)) }, true
}

// isOnes reports whether v is a constant of ones: the scale of a bare core.
func isOnes(v *ir.Value) bool { return isAll(v, 1) }

// isAll reports whether v is a constant of elements x, and of not too many.
func isAll(v *ir.Value, x float64) bool {
	if v.Const == nil || !v.Const.DType.IsFloat() || v.Const.Len() > maxScale {
		return false
	}
	for i := range v.Const.Len() {
		if v.Const.FloatAt(i) != x {
			return false
		}
	}
	return true
}
