package layout

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/match"
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
	if rotates(v) {
		return f.rotated(p, v, heads)
	}
	size, ok := lastSize(v)
	parted := f.parted(p, v, heads)
	if !ok || parted == nil {
		return nil
	}
	return p.Op(op.Reshape, attr.New[attr.Reshape](), parted, p.Ints(0, 0, int64(heads)*size))
}

func rotates(v *ir.Value) bool { return v.Def != nil && v.Def.Op == op.RotaryEmbedding }

// rotated is tokens for what is rotated, which RotaryEmbedding does to rows of tokens
// with the batch first, too.
func (f form) rotated(p *rewrite.Patch, v *ir.Value, heads int) *ir.Value {
	n := v.Def
	if f.layout != attr.LayoutBSD || len(v.Uses()) != 1 {
		return nil
	}
	rows := f.tokens(p, n.In[0], heads)
	if rows == nil {
		return nil
	}
	a := *n.Attr.(*attr.RotaryEmbedding)
	a.Heads = heads
	p.Cover(n)
	return p.Op(op.RotaryEmbedding, &a, append([]*ir.Value{rows}, n.In[1:]...)...)
}

// parted is tokens with an axis of heads: what was transposed to v, normalised and
// scaled by head if v is.
func (f form) parted(p *rewrite.Patch, v *ir.Value, heads int) *ir.Value {
	n := v.Def
	switch {
	case n == nil:
		return nil
	case match.Transposes(n, f.headsFirst):
		return n.In[0]
	case len(v.Uses()) != 1:
		return nil
	case rotates(v):
		size, ok := lastSize(v)
		rows := f.rotated(p, v, heads)
		if !ok || rows == nil {
			return nil
		}
		return p.Op(op.Reshape, attr.New[attr.Reshape](), rows, p.Ints(0, 0, int64(heads), size))
	case normsHeads(n):
		return f.again(p, n, heads, n.In[1:]...)
	case n.Op == op.Mul:
		if scale := f.perHead(p, n.In[1]); scale != nil {
			return f.again(p, n, heads, scale)
		}
	case n.Op == op.Div:
		return f.divided(p, n, heads)
	}
	return nil
}

// again is what n makes of its first operand, of that parted.
func (f form) again(p *rewrite.Patch, n *ir.Node, heads int, others ...*ir.Value) *ir.Value {
	x := f.parted(p, n.In[0], heads)
	if x == nil {
		return nil
	}
	p.Cover(n)
	return p.Op(n.Op, n.Attr, append([]*ir.Value{x}, others...)...)
}

// perHead is a number for each token and head, [batch, heads, tokens, 1], such as a gate,
// as it was before it was transposed; or a constant that is the same for all tokens. It is
// nil if v is neither.
func (f form) perHead(p *rewrite.Patch, v *ir.Value) *ir.Value {
	if v.Const != nil {
		return ofAllTokens(p, v.Const)
	}
	if size, ok := lastSize(v); !ok || size != 1 || v.Def == nil || f.layout != attr.LayoutBSD {
		return nil
	}
	switch n := v.Def; {
	case match.Transposes(n, f.headsFirst):
		return n.In[0]
	case n.Op == op.Unsqueeze && match.Transposes(n.In[0].Def, []int{0, 2, 1}):
		return p.Op(op.Unsqueeze, nil, n.In[0].Def.In[0], p.Ints(3))
	}
	return nil
}

// normsHeads reports whether n normalises the features of each head, all heads alike.
func normsHeads(n *ir.Node) bool {
	switch n.Op {
	case op.LpNormalization:
		axis := n.Attr.(*attr.LpNormalization).Axis
		return axis == -1 || axis == 3
	case op.LayerNormalization, op.RMSNormalization:
	default:
		return false
	}
	for _, vector := range n.In[1:] {
		if rank, known := vector.Type.Rank(); !known || rank != 1 {
			return false
		}
	}
	axis := n.Attr.(*attr.LayerNormalization).Axis
	return (axis == -1 || axis == 3) && !slices.ContainsFunc(n.Out[1:], func(v *ir.Value) bool { return v != nil })
}

// lastSize is the size of v's last axis, if v has four and it is a number.
func lastSize(v *ir.Value) (int64, bool) {
	if !v.Type.HasRank || len(v.Type.Shape) != 4 {
		return 0, false
	}
	return v.Type.Shape[3].IsConst()
}
