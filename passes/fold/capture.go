package fold

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/passes"
)

// constantCaptures gives regions constants of their own in place of captured
// ones, from the outside in, and reports whether there were any: then there may
// be more to fold inside.
func constantCaptures(c *passes.Context, g *ir.Graph) bool {
	found := false
	for h := range g.Graphs() {
		for n := range h.Nodes() {
			for r := range n.Regions {
				found = ownConstants(c, n, r) || found
			}
		}
	}
	return found
}

func ownConstants(c *passes.Context, n *ir.Node, r int) bool {
	region, found := n.Regions[r], false
	for i := region.Captures - 1; i >= 0; i-- {
		outside := n.Captures(r)[i]
		if !outside.IsConst() || !c.Allow("constant capture") {
			continue
		}
		in := region.Inputs[len(region.Inputs)-region.Captures+i]
		region.ReplaceUses(in, region.NewConst(in.Name, outside.Const))
		n.DropCapture(r, i)
		c.TypesChanged()
		found = true
	}
	return found
}
