package canon

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "canon",
	Doc:  "bring graphs into a normal form, bit for bit the same",
	Run:  func(c *passes.Context, g *ir.Graph) error { return rewrite.Run(c, g, rules) },
}

// rules are tried in this order: a node that does nothing is removed before
// anybody rephrases it.
var rules = slices.Concat(identities, phrasings, joins, conditions, views)

// same is the patch that puts v in place of n's only output.
func same(n *ir.Node, v *ir.Value) *rewrite.Patch {
	return rewrite.NewPatch(n, "").Replace(n.Out[0], v)
}

// rephrased is the patch that computes n's only output by another node.
func rephrased(n *ir.Node, o *ir.Op, attrs any, in ...*ir.Value) *rewrite.Patch {
	p := rewrite.NewPatch(n, "")
	return p.Replace(n.Out[0], p.Op(o, attrs, in...))
}

// keepsShape reports whether n's result provably has v's type.
func keepsShape(n *ir.Node, v *ir.Value) bool {
	return v.Type.HasRank && v.Type.Equal(n.Out[0].Type)
}
