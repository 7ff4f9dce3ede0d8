// Package mergeqkv makes one fused product of those that read the same operand,
// such as the projections to queries, keys and values: the operand is then read
// once, and one task shares the columns of all.
//
// Only products of one stretch of the graph are merged, between one attention and
// the next. Those of later stretches may be ready sooner, as the keys and values
// that all layers of a decoder make of an encoder's output are: made together,
// they would all have to be kept until their layer comes.
package mergeqkv

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/linear"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "mergeqkv",
	Doc:  "merge products of one operand by constant weights, such as queries, keys and values",
	Run: func(c *passes.Context, g *ir.Graph) error {
		if c.Catalog() == nil || c.Target() == "" {
			return nil
		}
		for h := range g.Graphs() {
			for _, members := range groups(c, h) {
				if err := c.Err(); err != nil {
					return err
				}
				if p := merged(c, members); p != nil {
					rewrite.Commit(c, p)
				}
			}
		}
		return nil
	},
}

// alike is what products must have in common.
type alike struct {
	x          *ir.Value
	transB     bool
	activation attr.Activation
	steps      linear.Steps
}

// attentions end a stretch.
var attentions = []*ir.Op{op.Parallax, op.Attention, op.Softmax}

// groups lists the products that can be merged, each group in the order of the
// graph.
func groups(c *passes.Context, g *ir.Graph) [][]*ir.Node {
	var all [][]*ir.Node
	stretch := map[alike]int{} // position in all
	for n := range g.Nodes() {
		c.Work(1)
		if slices.Contains(attentions, n.Op) {
			clear(stretch)
		}
		p := linear.Of(n)
		if p == nil || !p.Open() {
			continue
		}
		key := alike{p.X, p.Attr.TransB, p.Attr.Activation, linear.StepsOf(&p.Attr)}
		i, seen := stretch[key]
		if !seen {
			i = len(all)
			stretch[key], all = i, append(all, nil)
		}
		all[i] = append(all[i], n)
	}
	return slices.DeleteFunc(all, func(group []*ir.Node) bool { return len(group) < 2 })
}

// merged is one product in place of members. It can stand where the first does:
// their weights are constants, and their operand is the same.
func merged(c *passes.Context, members []*ir.Node) *rewrite.Patch {
	patch := rewrite.NewPatch(members[0], "merged products").Cover(members...)
	whole := linear.Of(members[0])
	whole.Weights = nil
	var results []*ir.Value
	for _, n := range members {
		p := linear.Of(n)
		whole.Weights = append(whole.Weights, p.Weights...)
		results = append(results, n.Out...)
	}
	out, ok := whole.Make(c, patch)
	if !ok {
		return nil
	}
	for i, v := range results {
		patch.Replace(v, out[i])
	}
	return patch
}
