package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
)

// rotated reports whether v, or a part of its heads, is turned by a rotary position
// embedding. Of cached keys it is asked of the new ones.
func rotated(v *ir.Value) bool {
	n := Read(v, false).Base.Def
	if n == nil {
		return false
	}
	switch n.Op {
	case op.Concat:
		return rotated(n.In[len(n.In)-1]) || rotates(Read(n.In[0], false).Base.Def)
	case op.ScatterElements: // into a buffer
		return rotated(n.In[2])
	}
	return rotates(n)
}

// rotates reports whether n is the operator; or the sum x·cos + turned(x)·sin with
// the halves of x joined, one negated, of tables that are not known to be halves.
func rotates(n *ir.Node) bool {
	return n != nil && (n.Op == op.RotaryEmbedding || n.Op == op.Add && slices.ContainsFunc(n.In, turned))
}

func turned(v *ir.Value) bool {
	return isOp(v, op.Mul) && slices.ContainsFunc(v.Def.In, func(x *ir.Value) bool {
		return isOp(x, op.Concat) && slices.ContainsFunc(x.Def.In, func(half *ir.Value) bool { return isOp(half, op.Neg) })
	})
}

func isOp(v *ir.Value, o *ir.Op) bool { return v != nil && v.Def != nil && v.Def.Op == o }

// cached reports whether v joins a past, an input of the graph, and what is new.
func cached(v *ir.Value) bool {
	if !isOp(v, op.Concat) {
		return false
	}
	past := Read(v.Def.In[0], false).Base
	return past.Def == nil && past.Const == nil
}
