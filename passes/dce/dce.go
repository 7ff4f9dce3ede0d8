// Package dce removes what nobody reads: nodes, and captures of regions. The run
// removes nodes after every pass; as an entry of its own the pass comes first,
// so that no other spends work on what an exporter left behind.
package dce

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/passes"
)

// Pass is the pass.
var Pass = passes.Pass{Name: "dce", Doc: "remove nodes and captures that nobody reads", Run: run}

func run(c *passes.Context, g *ir.Graph) error {
	passes.Sweep(g)
	for n := range g.Backward() {
		for r, region := range n.Regions {
			if err := run(c, region); err != nil {
				return err
			}
			dropCaptures(c, n, r)
		}
		c.Work(1)
	}
	passes.Sweep(g) // what only the captures read
	return c.Err()
}

func dropCaptures(c *passes.Context, n *ir.Node, r int) {
	region := n.Regions[r]
	for i := region.Captures - 1; i >= 0; i-- {
		in := region.Inputs[len(region.Inputs)-region.Captures+i]
		if len(in.Uses()) == 0 && c.Allow("unread capture") {
			n.DropCapture(r, i)
		}
	}
}
