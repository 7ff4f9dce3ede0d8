package fusecache

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/passes"
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

// length is that of the past.
func (c *cache) length() sym.Dim { return c.past.Type.Shape[c.axis] }

// headsFirst lays an operand out as [batch, heads, length, size].
func headsFirst(l attn.Layout, a *attr.Attention) (attn.Layout, bool) {
	batch, positions, packed := a.Layout.Axes()
	if !packed {
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
	return attn.Layout{l[batch], split[0], l[positions], split[1]}, true
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
	v := attn.Arrange(p.Builder, present, c.heads, attn.Identity(c.shape()), c.past, c.new)
	if v == nil || p.Err() != nil {
		return false
	}
	p.Replace(c.join.Out[0], v)
	return true
}

// readSizes lets shapes of past and new together be read off the two: masks are
// often made from them, and must not wait for the attention.
func (c *cache) readSizes(pc *passes.Context) {
	for _, n := range shapesOf(c.join.Out[0]) {
		p := rewrite.NewPatch(n, "size of a cache")
		if sizes := c.sizes(p.Builder, n); sizes != nil && p.Err() == nil {
			rewrite.Commit(pc, p.Replace(n.Out[0], sizes)) // else it stays as it is
		}
	}
}

// sizes is what n, a Shape of past and new together, gives; nil if a dim of it is
// none of theirs.
func (c *cache) sizes(b *ir.Builder, n *ir.Node) *ir.Value {
	dims := n.Out[0].Sym
	if len(dims) == 0 {
		return nil
	}
	parts := make([]*ir.Value, len(dims))
	for i, d := range dims {
		if parts[i] = c.size(b, d); parts[i] == nil {
			return nil
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return b.Op(op.Concat, &attr.Axis{}, parts...)
}

// size is d as a list of one.
func (c *cache) size(b *ir.Builder, d sym.Dim) *ir.Value {
	if n, ok := d.IsConst(); ok {
		return b.Ints(n)
	}
	read := func(v *ir.Value, axis int) *ir.Value {
		return b.Op(op.Shape, &attr.Shape{Start: axis, End: axis + 1}, v)
	}
	for _, v := range []*ir.Value{c.past, c.new} {
		if axis := slices.IndexFunc(v.Type.Shape, d.Equal); axis >= 0 {
			return read(v, axis)
		}
	}
	if !d.Equal(c.shape()[c.axis]) {
		return nil
	}
	return b.Op(op.Add, nil, read(c.past, c.axis), read(c.new, c.axis))
}
