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
// cache: it comes from an input and goes to an output.
func (c *cache) kept(root *ir.Graph) bool {
	return c.join.Graph() == root && toOutput(c.join.Out[0], maxWalk)
}

// toOutput reports whether views of v, or stacks of them, are outputs.
func toOutput(v *ir.Value, steps int) bool {
	return steps > 0 && slices.ContainsFunc(v.Uses(), func(u ir.Use) bool {
		if u.Node == nil {
			return true
		}
		return (moves(u.Node) || u.Node.Op == op.Concat) && toOutput(u.Node.Out[0], steps-1)
	})
}

// shapesOf returns the Shape nodes of v and of views of it.
func shapesOf(v *ir.Value) []*ir.Node {
	var shapes []*ir.Node
	queue := []*ir.Value{v}
	for i := 0; i < len(queue) && i < maxWalk; i++ {
		for _, u := range queue[i].Uses() {
			switch {
			case u.Node == nil:
			case u.Node.Op == op.Shape:
				shapes = append(shapes, u.Node)
			case moves(u.Node) && u.Index == 0:
				queue = append(queue, u.Node.Out[0])
			}
		}
	}
	return shapes
}
