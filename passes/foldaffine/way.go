package foldaffine

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes/linear"
)

// way is what lies between a scale and shift and the weights that they go into.
type way struct {
	affine  *affine // with the sums on the way
	product *product
	nodes   []*ir.Node // all, from the last to the product
	views   []*ir.Node // those that are made again
}

// mostOnTheWay bounds the nodes between: canonical views are three at most.
const mostOnTheWay = 8

// wayOf walks from the operand of n, which a describes, to a product. Nothing on
// the way has another reader.
func wayOf(n *ir.Node, a *affine) *way {
	w := &way{affine: a}
	v := a.of
	for reader, d := n, v.Def; d != nil && linear.Reads(v, reader) && len(w.nodes) < mostOnTheWay; reader, d = d, v.Def {
		w.nodes = append(w.nodes, d)
		if w.product = productOf(d); w.product != nil {
			if a.axis != everywhere && a.axis != w.product.axis || a.scale == nil && !w.product.biased() {
				return nil
			}
			return w
		}
		if !w.pass(d) {
			return nil
		}
		v = d.In[0]
		if sum := affineOf(d); sum != nil {
			v = sum.of
		}
	}
	return nil
}

// pass goes on to the operand of a sum or a view; false if it is neither.
func (w *way) pass(d *ir.Node) bool {
	if d.Op == op.Add {
		sum := affineOf(d)
		return sum != nil && w.affine.inner(sum)
	}
	axis, ok := axisBefore(d, w.affine.axis)
	w.affine.axis, w.views = axis, append(w.views, d)
	return ok
}

// axisBefore is the axis of a view's operand that is the given one of its result.
func axisBefore(n *ir.Node, axis int) (int, bool) {
	switch {
	case n.Op == op.Transpose:
		perm := n.Attr.(*attr.Transpose).Perm
		if axis == everywhere {
			return axis, true
		}
		if axis >= len(perm) {
			return 0, false
		}
		return perm[axis], true
	case !slices.Contains(views, n.Op) || !n.In[0].Type.HasRank || !n.Out[0].Type.HasRank:
		return 0, false
	case axis == everywhere:
		return axis, true
	}
	before, after := n.In[0].Type.Shape, n.Out[0].Type.Shape
	if len(before) > axis && before[:axis+1].Equal(after[:axis+1]) {
		return axis, true // what lies in front, and the axis itself, are the same
	}
	behind := len(after) - axis
	if len(before) >= behind && before[len(before)-behind:].Equal(after[axis:]) {
		return len(before) - behind, true
	}
	return 0, false
}

// views are the operators that change a shape alone.
var views = []*ir.Op{op.Reshape, op.Flatten, op.Squeeze, op.Unsqueeze}
