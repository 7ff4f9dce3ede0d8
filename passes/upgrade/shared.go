package upgrade

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
)

// apart returns the walks whose weights no other attention's query reads, and
// refuses the others: layers that share weights would need to share W_R as well.
// The branches of an If are told apart, of which one runs: a decoder with and
// without a past. Their attentions are twins, which have one W_R.
func (u *upgrader) apart(g *ir.Graph, walks []*walk) []*walk {
	branches := branchesOf(g)
	readers := map[any][]*walk{}
	for _, w := range walks {
		key := weightKey(w.from.w())
		readers[key] = append(readers[key], w)
	}
	return slices.DeleteFunc(walks, func(w *walk) bool {
		for _, other := range readers[weightKey(w.from.w())] {
			if other != w && !exclusive(branches[w.node.Graph()], branches[other.node.Graph()]) {
				u.refuse(w.node, refuse(checkShared, w.from.node, "weights that one attention has",
					fmt.Sprintf("%s, which %s has as well", w.from.w(), other.from.node.Label())))
				return true
			}
		}
		return false
	})
}

// branch is a region of an If.
type branch struct {
	node *ir.Node
	at   int
}

// branchesOf lists for each graph the branches that it is within.
func branchesOf(g *ir.Graph) map[*ir.Graph][]branch {
	within := map[*ir.Graph][]branch{g: nil}
	for h := range g.Graphs() {
		for n := range h.Nodes() {
			for i, r := range n.Regions {
				within[r] = slices.Clone(within[h])
				if n.Op == op.If {
					within[r] = append(within[r], branch{n, i})
				}
			}
		}
	}
	return within
}

// exclusive reports whether at most one of two graphs runs.
func exclusive(a, b []branch) bool {
	return slices.ContainsFunc(a, func(x branch) bool {
		return slices.ContainsFunc(b, func(y branch) bool { return x.node == y.node && x.at != y.at })
	})
}
