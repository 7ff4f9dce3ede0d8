package fusecache

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
)

// maxWalk bounds the walks from a cache to an input or output: exporters write
// at most four nodes.
const maxWalk = 16

// fromInput reports whether v is an input, or a part or view of one.
func fromInput(v *ir.Value) bool {
	for range maxWalk {
		if v.Def == nil {
			return v.Const == nil
		}
		if !moves(v.Def) {
			return false
		}
		v = v.Def.In[0]
	}
	return false
}

// moves reports whether n gives elements of its first operand as they are.
func moves(n *ir.Node) bool {
	switch n.Op {
	case op.Identity, op.Reshape, op.Flatten, op.Squeeze, op.Unsqueeze, op.Transpose, op.Gather, op.Slice, op.Split:
		return true
	}
	return false
}

// kept reports whether a State of a model, whose graph is root, can keep the
// cache: it comes from an input and goes to an output, as a view or in a stack.
func (c *cache) kept(root *ir.Graph) bool {
	onwards := func(n *ir.Node) bool { return moves(n) || n.Op == op.Concat }
	return c.join.Graph() == root && slices.ContainsFunc(reach(c.join.Out[0], onwards), func(u ir.Use) bool { return u.Node == nil })
}

// shapesOf returns the Shape nodes of v and of views of it.
func shapesOf(v *ir.Value) []*ir.Node {
	var shapes []*ir.Node
	for _, u := range reach(v, moves) {
		if u.Node != nil && u.Node.Op == op.Shape {
			shapes = append(shapes, u.Node)
		}
	}
	return shapes
}

// reach returns the uses of v and of what nodes that through holds for make of
// it, as far as maxWalk values go.
func reach(v *ir.Value, through func(*ir.Node) bool) []ir.Use {
	var uses []ir.Use
	queue := []*ir.Value{v}
	for i := 0; i < len(queue); i++ {
		for _, u := range queue[i].Uses() {
			uses = append(uses, u)
			if u.Node != nil && through(u.Node) && len(queue) < maxWalk && !slices.Contains(queue, u.Node.Out[0]) {
				queue = append(queue, u.Node.Out[0])
			}
		}
	}
	return uses
}
