package layout

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Cosine attention, as of Swin V2, divides queries and keys by their norms, which it
// bounds, and multiplies by a number for each head.

// divided is parted for what n divides by its norm.
func (f form) divided(p *rewrite.Patch, n *ir.Node, heads int) *ir.Value {
	steps := normOf(n)
	if steps == nil {
		return nil
	}
	x := f.parted(p, n.In[0], heads)
	if x == nil {
		return nil
	}
	norm := x
	for _, step := range steps {
		p.Cover(step)
		norm = p.Op(step.Op, step.Attr, append([]*ir.Value{norm}, step.In[1:]...)...)
	}
	p.Cover(n)
	return p.Op(op.Div, nil, x, norm)
}

// normOf is how the divisor of n is made of what it divides: a norm of the last axis, and
// then what is done to it with a constant. It is nil if the divisor is another.
func normOf(n *ir.Node) []*ir.Node {
	var steps []*ir.Node
	for v := n.In[1]; ; v = steps[0].In[0] {
		step := v.Def
		if step == nil || len(v.Uses()) != 1 {
			return nil
		}
		steps = append([]*ir.Node{step}, steps...)
		switch {
		case step.In[0] == n.In[0] && reducesLast(step):
			return steps
		case !withNumbers(step):
			return nil
		}
	}
}

// reducesLast reports whether n is the norm, or its square, of the last of four axes, and
// keeps that.
func reducesLast(n *ir.Node) bool {
	if n.Op != op.ReduceL2 && n.Op != op.ReduceL1 && n.Op != op.ReduceSumSquare || !n.Attr.(*attr.Reduce).KeepDims {
		return false
	}
	axes := n.Operand(1)
	if axes == nil {
		return false
	}
	list, ok := axes.Ints()
	return ok && len(list) == 1 && (list[0] == -1 || list[0] == 3)
}

// withNumbers reports whether n computes each element of its result from that of its first
// operand and from constants of one element.
func withNumbers(n *ir.Node) bool {
	switch n.Op {
	case op.Clip, op.Max, op.Add, op.Sqrt:
	default:
		return false
	}
	for _, v := range n.In[1:] {
		if v != nil && (v.Const == nil || v.Const.Len() != 1 || v.Const.Rank() > 1) {
			return false
		}
	}
	return true
}

// ofAllTokens is a constant that is broadcast to [batch, heads, tokens, size], with the
// axes of heads and sizes alone; nil: it differs by batch or token.
func ofAllTokens(p *rewrite.Patch, c *tensor.Tensor) *ir.Value {
	if c.Rank() > 4 {
		return nil
	}
	shape := [4]int{1, 1, 1, 1}
	copy(shape[4-c.Rank():], c.Shape)
	if shape[0] != 1 || shape[2] != 1 {
		return nil
	}
	return p.Const(c.Reshaped(shape[1], shape[3]))
}
