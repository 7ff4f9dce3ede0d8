// Package fuseattn fuses softmax attention, whatever exporter wrote it, into
// Parallax nodes without a probe, and gives every softmax its verdict. What it
// recognises is in package attn; what has a probe was fused before, by
// fuseparallax.
package fuseattn

import (
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/attn"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "fuseattn",
	Doc:  "fuse softmax attention into one node, and say why not where not",
	Run:  attn.FuseAttention,
}
