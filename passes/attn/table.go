package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// tableMask reads s·m − c·(1−m), and the same written with +, as a mask: if m
// holds only zeros and ones, it is s where m is 1 and −c elsewhere. That m does is
// known of constant tables, such as the triangles of early decoders.
func tableMask(n *ir.Node) (in, mask *ir.Value, fill float64, ok bool) {
	for _, at := range []int{0, 1} {
		if n.Op == op.Sub && at == 1 {
			return nil, nil, 0, false
		}
		product, rest := n.In[at].Def, n.In[1-at]
		if product == nil || product.Op != op.Mul {
			continue
		}
		for i, m := range product.In {
			fill, ok := fillOf(rest, m)
			if n.Op == op.Sub {
				fill = -fill
			}
			if ok && zeroOne(m, 12) {
				return product.In[1-i], m, fill, true
			}
		}
	}
	return nil, nil, 0, false
}

// fillOf returns c of c·(1−m).
func fillOf(v, m *ir.Value) (float64, bool) {
	if v.Def == nil {
		return 0, false
	}
	hidden, c := scaling(v.Def)
	if hidden == nil || hidden.Def == nil || hidden.Def.Op != op.Sub || hidden.Def.In[1] != m {
		return 0, false
	}
	x, ok := Splat(hidden.Def.In[0])
	return c, ok && x == 1
}

// zeroOne reports whether v comes from a constant table of zeros and ones.
func zeroOne(v *ir.Value, depth int) bool { return fromTable(v, depth, isZeroOne) }

func isZeroOne(t *tensor.Tensor) bool {
	for i := range t.Len() {
		if x := t.FloatAt(i); x != 0 && x != 1 {
			return false
		}
	}
	return true
}

// maxTable bounds the constants whose elements are looked at.
const maxTable = 1 << 22

// fromTable reports whether the elements of v are some of a constant for which
// ok holds.
func fromTable(v *ir.Value, depth int, ok func(*tensor.Tensor) bool) bool {
	if v.Const != nil {
		d := v.Const.DType
		return (d.IsFloat() || d.IsInt() || d == tensor.Bool) && v.Const.Len() <= maxTable && ok(v.Const)
	}
	if v.Def == nil || depth == 0 {
		return false
	}
	if picks[v.Def.Op] || v.Def.Op == op.Cast {
		return fromTable(v.Def.In[0], depth-1, ok)
	}
	return false
}

// picks are the operators whose results are elements of their first operand.
var picks = map[*ir.Op]bool{
	op.Gather: true, op.Slice: true, op.Transpose: true, op.Reshape: true,
	op.Unsqueeze: true, op.Squeeze: true, op.Expand: true, op.Identity: true,
}

// finite reports whether the elements of v are numbers: of a constant table of such, or of
// products, as the scores are that they are added to.
func finite(v *ir.Value, depth int) bool {
	if v.Const != nil {
		return fromTable(v, depth, (*tensor.Tensor).IsFinite)
	}
	if v.Def == nil || depth == 0 {
		return false
	}
	n := v.Def
	if picks[n.Op] {
		return finite(n.In[0], depth-1)
	}
	switch n.Op {
	case op.MatMul, op.Gemm, op.Einsum, op.Conv:
		return true
	case op.Neg, op.Sigmoid, op.Tanh:
		return finite(n.In[0], depth-1)
	case op.Pad:
		with := n.Operand(2)
		return (with == nil || finite(with, depth-1)) && finite(n.In[0], depth-1)
	case op.Cast:
		return n.In[0].Type.DType.IsFloat() && n.Attr.(*attr.Cast).To.Bits() >= n.In[0].Type.DType.Bits() && finite(n.In[0], depth-1)
	case op.Concat, op.Add, op.Sub, op.Mul:
		return !slices.ContainsFunc(n.In, func(x *ir.Value) bool { return !finite(x, depth-1) })
	}
	return false
}
