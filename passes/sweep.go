package passes

import "github.com/parallax-go/parallax/ir"

// Sweep removes the nodes of g and its regions whose outputs nothing reads, and
// returns how many. Random operators are no exception: see [ir.Op.Impure].
func Sweep(g *ir.Graph) int {
	removed := 0
	for n := range g.Backward() {
		if !Dead(n) {
			for _, r := range n.Regions {
				removed += Sweep(r)
			}
			continue
		}
		g.Remove(n)
		removed++
	}
	return removed
}

// Dead reports whether nothing reads any output of n.
func Dead(n *ir.Node) bool {
	for _, v := range n.Out {
		if v != nil && len(v.Uses()) > 0 {
			return false
		}
	}
	return true
}
