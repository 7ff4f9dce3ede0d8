// Package fuseparallax fuses Parallax attention, softmax attention minus its
// correction along a learned probe (arXiv 2605.29157), in all its phrasings. What
// it recognises is in package attn.
//
// It runs before fuseattn, which would take the probabilities away.
package fuseparallax

import (
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/attn"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "fuseparallax",
	Doc:  "fuse Parallax attention, in all its phrasings, into one node",
	Run:  attn.FuseParallax,
}
