package expandattn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass expands what the target has no kernel for. Without a target it does
// nothing.
var Pass = passes.Pass{
	Name: "expandattn",
	Doc:  "expand attention nodes that the target has no kernel for",
	Run: func(c *passes.Context, g *ir.Graph) error {
		if c.Catalog() == nil || c.Target() == "" {
			return nil
		}
		return expand(c, g, func(n *ir.Node) bool { return c.Kernel(n).ID == "" })
	},
}

// All expands every attention node.
var All = passes.Pass{
	Name: "expandall",
	Doc:  "expand all attention nodes",
	Run: func(c *passes.Context, g *ir.Graph) error {
		return expand(c, g, func(*ir.Node) bool { return true })
	},
}

func expand(c *passes.Context, g *ir.Graph, wanted func(*ir.Node) bool) error {
	for h := range g.Graphs() {
		for _, n := range slices.Collect(h.Nodes()) {
			if n.Op != op.Parallax || !wanted(n) {
				continue
			}
			c.Work(1)
			p, err := decomposed(n)
			if err != nil {
				return err
			}
			if why := rewrite.Commit(c, p); why != nil {
				return ir.NewError(n, &refused{*why})
			}
		}
	}
	_, err := c.Retype()
	return err
}

func decomposed(n *ir.Node) (*rewrite.Patch, error) {
	p := rewrite.NewPatch(n, "expand attention")
	values, err := n.Op.Decompose(p.Builder, n)
	if err == nil {
		err = p.Err()
	}
	if err != nil {
		return nil, ir.NewError(n, err)
	}
	for i, v := range n.Out {
		if v != nil {
			p.Replace(v, values[i])
		}
	}
	return p, nil
}

// refused says why the decomposition could not be put in place.
type refused struct{ passes.Reason }

func (r *refused) Error() string {
	return "the decomposition does not fit: " + r.Check + " at " + r.Node + ": want " + r.Want + ", got " + r.Got
}
