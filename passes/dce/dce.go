// Package dce removes nodes whose results nobody reads. The run does so after
// every pass; as an entry of its own it comes first, so that no pass spends work
// on what an exporter left behind.
package dce

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/passes"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "dce",
	Doc:  "remove nodes whose results nobody reads",
	Run: func(c *passes.Context, g *ir.Graph) error {
		passes.Sweep(g)
		return nil
	},
}
