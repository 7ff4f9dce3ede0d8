package fusecache

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/passes/attn"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// cache is the keys or values of an attention as a view of past and new ones,
// joined along axis.
type cache struct {
	join      *ir.Node
	chain     []*ir.Node // the view, from the operand back to join's reader
	past, new *ir.Value
	axis      int
	// The operand's axes, and those that [batch, heads, length, size] would have,
	// in axes of join's output.
	operand, heads attn.Layout
}

// readCache reads an operand of keys or values.
func readCache(v *ir.Value, a *attr.Attention) (*cache, bool) {
	w := attn.Read(v, false)
	join := w.Base.Def
	if join == nil || join.Op != op.Concat || len(join.In) != 2 || !w.Base.Type.HasRank {
		return nil, false
	}
	c := &cache{join: join, past: join.In[0], new: join.In[1], axis: join.Attr.(*attr.Axis).Axis, operand: w.Last().Layout}
	if c.axis < 0 {
		c.axis += len(c.shape())
	}
	for _, s := range slices.Backward(w.Steps[1:]) {
		c.chain = append(c.chain, s.Value.Def)
	}
	var ok bool
	if c.heads, ok = headsFirst(c.operand, a); !ok {
		return nil, false
	}
	role := attn.Role(c.axis)
	return c, c.heads.Find(role) == 2 && c.heads[2].Equal(attn.Whole(role, c.shape()[c.axis])) &&
		!repeats(c.operand) && fromInput(c.past)
}

// shape is that of past and new together.
func (c *cache) shape() sym.Shape { return c.join.Out[0].Type.Shape }

// headsFirst lays an operand out as [batch, heads, length, size].
func headsFirst(l attn.Layout, a *attr.Attention) (attn.Layout, bool) {
	if a.Layout == attr.LayoutBHSD {
		return l, len(l) == 4
	}
	if len(l) != 3 {
		return nil, false
	}
	heads := sym.Const(int64(a.KVHeads))
	size, ok := l[2].Size().DivExact(heads)
	if !ok {
		return nil, false
	}
	split, ok := attn.Layout{l[2]}.Reshape(sym.Shape{heads, size})
	if !ok {
		return nil, false
	}
	return attn.Layout{l[0], split[0], l[1], split[1]}, true
}

// repeats reports whether elements occur more than once.
func repeats(l attn.Layout) bool {
	return slices.ContainsFunc(l, func(a attn.Axis) bool {
		return slices.ContainsFunc(a, func(p attn.Piece) bool { return p.Role < 0 })
	})
}

// of is l with so many positions.
func (c *cache) of(l attn.Layout, positions sym.Dim) attn.Layout {
	l = slices.Clone(l)
	role := attn.Role(c.axis)
	l[l.Find(role)] = attn.Whole(role, positions)
	return l
}

// arrange brings one of the joined values to a layout.
func (c *cache) arrange(b *ir.Builder, v *ir.Value, to attn.Layout) *ir.Value {
	positions := v.Type.Shape[c.axis]
	return attn.Arrange(b, v, c.of(attn.Identity(c.shape()), positions), c.of(to, positions), c.past, c.new)
}

func (c *cache) freshOperand(b *ir.Builder) *ir.Value { return c.arrange(b, c.new, c.operand) }
func (c *cache) pastOperand(b *ir.Builder) *ir.Value  { return c.arrange(b, c.past, c.heads) }

// read reports whether anything but the attention reads past and new together.
func (c *cache) read() bool {
	if _, sole := c.join.Out[0].SoleUse(); !sole {
		return true
	}
	return slices.ContainsFunc(c.chain, func(n *ir.Node) bool {
		_, sole := n.Out[0].SoleUse()
		return !sole
	})
}

// replace lets the readers of past and new together read present.
func (c *cache) replace(p *rewrite.Patch, present *ir.Value) bool {
	joined := c.join.Out[0]
	for _, u := range joined.Uses() {
		// Masks are often made from the shape: it must not wait for the attention.
		if u.Node != nil && u.Node.Op == op.Shape {
			p.Replace(u.Node.Out[0], c.sizes(p.Builder, u.Node))
		}
	}
	v := attn.Arrange(p.Builder, present, c.heads, attn.Identity(c.shape()), c.past, c.new)
	if v == nil || p.Err() != nil {
		return false
	}
	p.Replace(joined, v)
	return true
}

// sizes is what n, a Shape of past and new together, gives.
func (c *cache) sizes(b *ir.Builder, n *ir.Node) *ir.Value {
	rank := len(c.shape())
	from, to := bounds(n.Attr.(*attr.Shape), rank)
	read := func(v *ir.Value, from, to int) *ir.Value {
		return b.Op(op.Shape, &attr.Shape{Start: from, End: to}, v)
	}
	if c.axis < from || c.axis >= to {
		return read(c.past, from, to)
	}
	var parts []*ir.Value
	if from < c.axis {
		parts = append(parts, read(c.past, from, c.axis))
	}
	parts = append(parts, b.Op(op.Add, nil, read(c.past, c.axis, c.axis+1), read(c.new, c.axis, c.axis+1)))
	if c.axis+1 < to {
		parts = append(parts, read(c.past, c.axis+1, to))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return b.Op(op.Concat, &attr.Axis{}, parts...)
}
