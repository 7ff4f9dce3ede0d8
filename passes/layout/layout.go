package layout

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass is the pass. Without a target it does nothing: a file that is written has
// to transpose anyway.
var Pass = passes.Pass{
	Name: "layout",
	Doc:  "let attention read heads from the last axis of tokens, instead of transposing them",
	Run: func(c *passes.Context, g *ir.Graph) error {
		if c.Catalog() == nil || c.Target() == "" {
			return nil
		}
		return run(c, g)
	},
}

func run(c *passes.Context, g *ir.Graph) error {
	for h := range g.Graphs() {
		for _, n := range slices.Collect(h.Nodes()) {
			if n.Op != op.Parallax || n.Attr.(*attr.Attention).Layout != attr.LayoutBHSD {
				continue
			}
			if err := c.Err(); err != nil {
				return err
			}
			c.Work(1)
			if p := patch(n); p != nil {
				rewrite.Commit(c, p) // or not: the node computes the same as it is
			}
		}
	}
	_, err := c.Retype()
	return err
}

// form is a layout with heads in the last axis, and what brings it, with that axis
// parted, to [batch, heads, tokens, size].
type form struct {
	layout     attr.Layout
	headsFirst []int
}

var forms = []form{
	{attr.LayoutBSD, []int{0, 2, 1, 3}},
	{attr.LayoutSBD, []int{1, 2, 0, 3}},
}

// patch is [form.patch] in the first form that fits; nil: none does.
func patch(n *ir.Node) *rewrite.Patch {
	for _, f := range forms {
		if p := f.patch(n); p != nil && p.Err() == nil {
			return p
		}
	}
	return nil
}

// patch makes n with its rows in tokens; nil if some are not transposed from
// there.
func (f form) patch(n *ir.Node) *rewrite.Patch {
	a := *n.Attr.(*attr.Attention)
	p, at := rewrite.NewPatch(n, "heads in tokens"), a.Operands()
	in := slices.Clone(n.In)
	for _, rows := range []struct{ operand, heads int }{{at.Q, a.Heads}, {at.K, a.KVHeads}, {at.V, a.KVHeads}, {at.R, a.Heads}} {
		if rows.operand < 0 {
			continue
		}
		if in[rows.operand] = f.tokens(p, in[rows.operand], rows.heads); in[rows.operand] == nil {
			return nil
		}
	}
	size, ok := lastSize(n.Out[0])
	if !ok {
		return nil
	}
	a.Layout = f.layout
	out := p.Ops(op.Parallax, &a, len(n.Out), in...)
	if p.Err() != nil {
		return nil
	}
	split := p.Op(op.Reshape, attr.New[attr.Reshape](), out[0], p.Ints(0, 0, int64(a.Heads), size))
	p.Replace(n.Out[0], p.Op(op.Transpose, &attr.Transpose{Perm: f.headsFirst}, split))
	for i, v := range n.Out[1:] {
		if v != nil {
			p.Replace(v, out[1+i])
		}
	}
	return p
}

// tokens returns the rows of v, [batch, heads, tokens, size], with the heads in the
// last axis: what was transposed to v, turned by what turned it. It is nil if that is
// not how v is made, or if turning it would be done twice.
func (f form) tokens(p *rewrite.Patch, v *ir.Value, heads int) *ir.Value {
	n := v.Def
	switch {
	case n == nil:
		return nil
	case n.Op == op.RotaryEmbedding && len(v.Uses()) == 1 && f.layout == attr.LayoutBSD: // which it knows
		rows := f.tokens(p, n.In[0], heads)
		if rows == nil {
			return nil
		}
		a := *n.Attr.(*attr.RotaryEmbedding)
		a.Heads = heads
		p.Cover(n)
		return p.Op(op.RotaryEmbedding, &a, append([]*ir.Value{rows}, n.In[1:]...)...)
	case n.Op == op.Transpose && slices.Equal(n.Attr.(*attr.Transpose).Perm, f.headsFirst):
		size, ok := lastSize(v)
		if !ok {
			return nil
		}
		return p.Op(op.Reshape, attr.New[attr.Reshape](), n.In[0], p.Ints(0, 0, int64(heads)*size))
	}
	return nil
}

// lastSize is the size of v's last axis, if v has four and it is a number.
func lastSize(v *ir.Value) (int64, bool) {
	if !v.Type.HasRank || len(v.Type.Shape) != 4 {
		return 0, false
	}
	return v.Type.Shape[3].IsConst()
}
