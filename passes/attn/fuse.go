package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// FuseParallax fuses the anchors of g and its regions that have a probe, and
// notes the fused nodes that the file holds. It leaves the others, and the
// verdicts on them, to [FuseAttention].
func FuseParallax(c *passes.Context, g *ir.Graph) error { return fuse(c, g, true) }

// FuseAttention fuses the anchors of g and its regions, turns attention
// operators of the file into the fused node, and gives every anchor a verdict.
func FuseAttention(c *passes.Context, g *ir.Graph) error { return fuse(c, g, false) }

func fuse(c *passes.Context, g *ir.Graph, probes bool) error {
	for h := range g.Graphs() {
		for _, n := range slices.Collect(h.Nodes()) {
			if err := c.Err(); err != nil {
				return err
			}
			if n.Graph() == nil {
				continue // replaced meanwhile
			}
			c.Work(1)
			switch {
			case Anchor(n):
				anchor(c, n, probes)
			case n.Op == op.Attention && !probes:
				native(c, n)
			case n.Op == op.Parallax && probes:
				held(c, n)
			}
		}
	}
	_, err := c.Retype()
	return err
}

// anchor fuses n if it can be, and remarks the verdict.
func anchor(c *passes.Context, n *ir.Node, probes bool) {
	r := passes.Remark{Anchor: n.Label(), Verdict: passes.Refused, Kind: passes.KindAttention}
	w := newWalker()
	f, why := recognise(n, w)
	c.Work(w.work)
	if probes && (why != nil || f.form.Probe < 0) {
		return
	}
	var m *Match
	if why == nil {
		m, why = f.region.match(f.value, f.form)
	}
	if probes && why != nil {
		return
	}
	if why == nil && m.Probe {
		r.Kind = passes.KindParallax
	}
	if why == nil && m.Probe != probes {
		why = refuse(checkPass, n, "pass fuseparallax before fuseattn", "only the second")
	}
	var p *rewrite.Patch
	if why == nil {
		p, why = m.Patch()
	}
	if why == nil {
		why = committed(c, p, &r)
	}
	if why != nil {
		r.Reason, r.Remedy, r.Before = &why.Reason, why.Remedy, c.Around(n)
	} else {
		r.Verdict, r.Spec, r.Variants = passes.Fused, &m.Spec, m.variants()
	}
	c.Remark(n, r)
}

// committed makes the change, and notes in r which node the anchor becomes.
func committed(c *passes.Context, p *rewrite.Patch, r *passes.Remark) *Refusal {
	made := p.Nodes()
	if c.Records() {
		r.Before = c.Pieces(p.Between()...)
	}
	if why := rewrite.Commit(c, p); why != nil {
		return &Refusal{Reason: *why}
	}
	r.Node = made[slices.IndexFunc(made, func(n *ir.Node) bool { return n.Op == op.Parallax })]
	return nil
}

// native translates an attention operator of the file. One that the fused node
// can't express stays as it is: it counts as found either way.
func native(c *passes.Context, n *ir.Node) {
	r := passes.Remark{Anchor: n.Label(), Verdict: passes.Native, Kind: passes.KindAttention, Variants: []string{"G5"}, Node: n, Before: c.Pieces(n), Rules: Rules(n)}
	p, spec, why := Native(n)
	if why == nil {
		why = committed(c, p, &r)
	}
	if why != nil {
		r.Reason, r.Remedy = &why.Reason, why.Remedy
	} else {
		r.Spec = spec
	}
	c.Remark(n, r)
}

// held notes a fused node that the file holds: one of our own exports.
func held(c *passes.Context, n *ir.Node) {
	a, o := n.Attr.(*attr.Attention), n.Attr.(*attr.Attention).Operands()
	r := passes.Remark{Anchor: n.Label(), Verdict: passes.Native, Kind: passes.KindAttention, Variants: []string{"G5"}, Node: n, Before: c.Pieces(n)}
	if a.Probe != attr.ProbeNone {
		r.Kind = passes.KindParallax
	}
	r.Spec = &passes.Spec{Attention: a, HeadSize: headSize(n.In[o.K], a), ValueSize: headSize(n.In[o.V], a),
		Rope: rotated(n.In[o.Q]) && rotated(n.In[o.K]), Cache: a.HasPast || isOp(n.In[o.K], op.ScatterElements)}
	c.Remark(n, r)
}

// headSize is the features of one head of keys or values, if they are known.
func headSize(v *ir.Value, a *attr.Attention) sym.Dim {
	rank, known := v.Type.Rank()
	if !known || rank == 0 {
		return sym.Dim{}
	}
	size := v.Type.Shape[rank-1]
	if _, _, packed := a.Layout.Axes(); packed {
		size = size.Div(sym.Const(int64(a.KVHeads)))
	}
	return size
}
