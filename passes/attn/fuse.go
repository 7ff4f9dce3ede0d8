package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// FuseParallax fuses the anchors of g and its regions that have a probe. It
// leaves the others, and the verdicts on them, to [FuseAttention].
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
			}
		}
	}
	_, err := c.Retype()
	return err
}

// anchor fuses n if it can be, and remarks the verdict.
func anchor(c *passes.Context, n *ir.Node, probes bool) {
	r := passes.Remark{Anchor: n.Label(), Verdict: passes.Refused, Kind: passes.KindAttention}
	m, why := Analyse(n)
	if why == nil && m.Probe {
		r.Kind = passes.KindParallax
	}
	if probes && (why != nil || !m.Probe) {
		return
	}
	if why == nil && m.Probe != probes {
		why = refuse(checkPass, n, "pass fuseparallax before fuseattn", "only the second")
	}
	var p *rewrite.Patch
	if why == nil {
		p, why = m.Patch()
	}
	if why == nil {
		why = committed(c, p)
	}
	if why != nil {
		r.Reason, r.Remedy = &why.Reason, why.Remedy
	} else {
		r.Verdict, r.Spec, r.Variants = passes.Fused, &m.Spec, m.variants()
	}
	c.Remark(n, r)
}

func committed(c *passes.Context, p *rewrite.Patch) *Refusal {
	if why := rewrite.Commit(c, p); why != nil {
		return &Refusal{Reason: *why}
	}
	return nil
}

// native translates an attention operator of the file. One that the fused node
// can't express stays as it is: it counts as found either way.
func native(c *passes.Context, n *ir.Node) {
	r := passes.Remark{Anchor: n.Label(), Verdict: passes.Native, Kind: passes.KindAttention, Variants: []string{"G5"}}
	p, spec, why := Native(n)
	if why == nil {
		why = committed(c, p)
	}
	if why != nil {
		r.Reason, r.Remedy = &why.Reason, why.Remedy
	} else {
		r.Spec = spec
	}
	c.Remark(n, r)
}
