// Package unify gives one name to sizes of the inputs that a graph can only run
// with if they are equal: exporters name the lengths of a cache's keys and values
// apart. Only sizes that are nothing but a symbol are renamed, and binding the
// inputs checks them, as the node that asks for equality would have.
package unify

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/passes"
)

// Pass is the pass.
var Pass = passes.Pass{Name: "unify", Doc: "one name for sizes of inputs that have to be equal", Run: run}

// run looks at the nodes of the main graph alone: those of a branch need not run.
func run(c *passes.Context, g *ir.Graph) error {
	for {
		same := renaming(c, g)
		if same == nil {
			return nil
		}
		for h := range g.Graphs() {
			for _, v := range h.Inputs {
				v.Type.Shape = v.Type.Shape.Subst(same)
			}
		}
		c.TypesChanged()
		if _, err := c.Retype(); err != nil {
			return err
		}
	}
}

// renaming returns the equalities that nodes ask for, as a substitution; nil if
// there are none. The name that comes first among the inputs stays.
func renaming(c *passes.Context, g *ir.Graph) map[string]sym.Dim {
	names := inputSymbols(g)
	if len(names) < 2 {
		return nil
	}
	same := map[string]sym.Dim{}
	first := make([]int, len(names)) // of the names known to be equal to each
	for i := range first {
		first[i] = i
	}
	for n := range g.Nodes() {
		c.Work(1)
		for _, pair := range equal(n) {
			s, t := apart(pair[0].Sub(pair[1]), names)
			if s < 0 || first[s] == first[t] {
				continue
			}
			keep, drop := min(first[s], first[t]), max(first[s], first[t])
			for i := range first {
				if first[i] == drop {
					first[i] = keep
					same[names[i]] = sym.Symbol(names[keep])
				}
			}
		}
	}
	if len(same) == 0 {
		return nil
	}
	return same
}

// inputSymbols lists the sizes of inputs that are one symbol, in order.
func inputSymbols(g *ir.Graph) []string {
	var names []string
	for _, v := range g.Inputs {
		for _, d := range v.Type.Shape {
			if name, ok := d.IsSymbol(); ok && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// apart returns the places of the two names whose difference d is; −1 if it is
// something else.
func apart(d sym.Dim, names []string) (s, t int) {
	found := d.Symbols()
	if len(found) != 2 {
		return -1, -1
	}
	s, t = slices.Index(names, found[0]), slices.Index(names, found[1])
	difference := sym.Symbol(found[0]).Sub(sym.Symbol(found[1]))
	if s < 0 || t < 0 || !d.Equal(difference) && !d.Equal(difference.Neg()) {
		return -1, -1
	}
	return s, t
}

// equal returns the pairs of sizes that n can't run without being equal: those
// that are summed over, and those beside the axis of a Concat. Sizes that are
// broadcast are not among them: one may be 1.
func equal(n *ir.Node) [][2]sym.Dim {
	switch n.Op {
	case op.MatMul:
		a, b := n.In[0].Type.Shape, n.In[1].Type.Shape
		if len(a) < 2 || len(b) < 2 {
			return nil
		}
		return [][2]sym.Dim{{a[len(a)-1], b[len(b)-2]}}
	case op.Concat:
		return beside(n)
	}
	return nil
}

func beside(n *ir.Node) [][2]sym.Dim {
	first := n.In[0].Type.Shape
	axis := n.Attr.(*attr.Axis).Axis
	if axis < 0 {
		axis += len(first)
	}
	var pairs [][2]sym.Dim
	for _, v := range n.In[1:] {
		if len(v.Type.Shape) != len(first) {
			continue
		}
		for i, d := range v.Type.Shape {
			if i != axis {
				pairs = append(pairs, [2]sym.Dim{first[i], d})
			}
		}
	}
	return pairs
}
