package rewrite

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
)

// Patch is a change that has not been made yet. The new nodes are made through
// the embedded builder.
type Patch struct {
	*ir.Builder
	Label   string
	Root    *ir.Node   // where the match is anchored; the new nodes go before it
	Covered []*ir.Node // the matched nodes, Root first

	replaced []replacement
}

type replacement struct {
	old, new *ir.Value
	readers  []ir.Use // of old, before the commit
}

// NewPatch returns an empty patch that covers root.
func NewPatch(root *ir.Node, label string) *Patch {
	return &Patch{Builder: ir.NewBuilder(root.Graph()), Label: label, Root: root, Covered: []*ir.Node{root}}
}

// Cover adds matched nodes.
func (p *Patch) Cover(nodes ...*ir.Node) *Patch {
	for _, n := range nodes {
		if !slices.Contains(p.Covered, n) {
			p.Covered = append(p.Covered, n)
		}
	}
	return p
}

// Replace makes all readers of old read v once the patch is committed.
func (p *Patch) Replace(old, v *ir.Value) *Patch {
	p.replaced = append(p.replaced, replacement{old: old, new: v})
	return p
}

// Escapes returns the values of covered nodes that are read outside of the
// match and are not replaced: their nodes will stay.
func (p *Patch) Escapes() []*ir.Value {
	covered := make(map[*ir.Node]bool, len(p.Covered))
	for _, n := range p.Covered {
		covered[n] = true
	}
	var escapes []*ir.Value
	for _, n := range p.Covered {
		for _, v := range n.Out {
			if v != nil && !p.replaces(v) && slices.ContainsFunc(v.Uses(), func(u ir.Use) bool { return !covered[u.Node] }) {
				escapes = append(escapes, v)
			}
		}
	}
	return escapes
}

// mostBetween bounds [Patch.Between]: more is nothing to look at.
const mostBetween = 64

// Between returns the nodes by which the replaced values are computed from the
// operands of the new nodes: what a drawing of the patch shows. Shape arithmetic
// is left out. It is Covered if that is too much.
func (p *Patch) Between() []*ir.Node {
	operand := map[*ir.Value]bool{}
	for _, n := range p.Nodes() {
		for _, v := range n.In {
			operand[v] = true
		}
	}
	seen := map[*ir.Node]bool{}
	var nodes []*ir.Node
	add := func(n *ir.Node) {
		if n != nil && !seen[n] {
			seen[n] = true
			nodes = append(nodes, n)
		}
	}
	for _, r := range p.replaced {
		add(r.old.Def)
	}
	for i := 0; i < len(nodes); i++ {
		if len(nodes) > mostBetween {
			return p.Covered
		}
		for _, v := range nodes[i].In {
			if _, contents := v.Dims(); v != nil && !operand[v] && !contents {
				add(v.Def)
			}
		}
	}
	return nodes
}

func (p *Patch) replaces(v *ir.Value) bool {
	return slices.ContainsFunc(p.replaced, func(r replacement) bool { return r.old == v })
}
