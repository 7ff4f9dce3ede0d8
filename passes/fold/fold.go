package fold

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "fold",
	Doc:  "compute constant nodes, numeric shape arithmetic and branches with a constant condition",
	Run:  func(c *passes.Context, g *ir.Graph) error { return run(c, g, nil) },
}

// Rest is the pass that also makes floats of quantised weights, for a target that runs them:
// of those that its products don't take as they are.
var Rest = passes.Pass{
	Name: Pass.Name,
	Doc:  Pass.Doc + ", and quantised weights",
	Run:  func(c *passes.Context, g *ir.Graph) error { return run(c, g, decoder{}) },
}

func run(c *passes.Context, g *ir.Graph, d decoder) error {
	rules := rulesWith(d)
	for {
		if err := rewrite.Run(c, g, rules); err != nil {
			return err
		}
		if !constantCaptures(c, g) {
			return nil
		}
		if _, err := c.Retype(); err != nil {
			return err
		}
	}
}

func rulesWith(d decoder) []rewrite.Rule {
	return []rewrite.Rule{
		{Label: "constant node", Doc: "all operands are constants, or made of constants that are too large to keep", Match: d.constantNode},
		{Label: "view of a constant", Doc: "it shares the constant's memory, so that its size does not matter", Roots: views, Match: constantView},
		{Label: "numeric dims", Doc: "the symbolic contents are numbers", Match: numericDims},
		{Label: "constant condition", Doc: "If with a constant condition is its branch", Roots: []*ir.Op{op.If}, Match: constantCondition},
	}
}

func (d decoder) constantNode(c *passes.Context, n *ir.Node) *rewrite.Patch {
	if !replaceable(n) {
		return nil
	}
	f := chainOf(n)
	if f == nil {
		return nil
	}
	weights := len(f.nodes) == 1 && d.decodes(c, n)
	if !weights && !f.affordable(c) {
		return nil
	}
	out, err := f.compute()
	if err != nil {
		return nil // the same error comes out of the run, with its place
	}
	p := rewrite.NewPatch(n, "")
	for i, v := range n.Out {
		if v != nil {
			p.Replace(v, p.Const(out[i]))
			if weights {
				d[out[i]] = true
			}
		}
	}
	return p
}

// views are the operators whose results are their first operands in other shapes.
var views = []*ir.Op{op.Reshape, op.Squeeze, op.Unsqueeze, op.Flatten}

// constantView is for a target: a file would have the constant twice if others read it.
func constantView(c *passes.Context, n *ir.Node) *rewrite.Patch {
	t := n.In[0].Const
	if t == nil || c.Target() == "" || !replaceable(n) {
		return nil
	}
	shape, known := n.Out[0].Type.ConstShape()
	if count, ok := tensor.Elements(shape); !known || !ok || count != t.Len() {
		return nil
	}
	p := rewrite.NewPatch(n, "")
	return p.Replace(n.Out[0], p.Const(t.Reshaped(shape...)))
}

func numericDims(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if n.Op.Impure || len(n.Out) != 1 || n.Out[0] == nil || !replaceable(n) {
		return nil
	}
	v := n.Out[0]
	ints, known := v.Ints()
	shape, sized := v.Type.ConstShape()
	if !known || !sized {
		return nil
	}
	if count, _ := tensor.Elements(shape); count != len(ints) {
		return nil
	}
	t := tensor.New(v.Type.DType, shape...)
	for i, x := range ints {
		t.SetInt(i, x)
	}
	p := rewrite.NewPatch(n, "")
	return p.Replace(v, p.Const(t))
}

// replaceable reports whether constants may take the place of n's outputs. The
// outputs of a graph are computed by nodes: they have names of their own.
func replaceable(n *ir.Node) bool {
	for _, v := range n.Out {
		if v != nil && v.IsGraphOutput() {
			return false
		}
	}
	return true
}

func constantCondition(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	condition := n.In[0].Const
	if condition == nil || condition.DType != tensor.Bool || condition.Len() != 1 {
		return nil
	}
	taken := 1
	if tensor.Data[bool](condition)[0] {
		taken = 0
	}
	p := rewrite.NewPatch(n, "")
	results := p.Inline(n.Regions[taken], n.Captures(taken))
	for i, v := range n.Out {
		if v == nil {
			continue
		}
		if v.IsGraphOutput() { // it needs a node for its name
			results[i] = p.Op(op.Identity, nil, results[i])
		}
		p.Replace(v, results[i])
	}
	return p
}
