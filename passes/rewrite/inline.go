package rewrite

import "github.com/parallax-go/parallax/ir"

// Inline copies the nodes of region into the patch, reading args in place of the
// region's inputs, captures included, and returns what the region's outputs are
// then.
func (p *Patch) Inline(region *ir.Graph, args []*ir.Value) []*ir.Value {
	if len(args) != len(region.Inputs) {
		panic("BUG: a region inlined with the wrong number of values")
	}
	in := inliner{p: p, values: map[*ir.Value]*ir.Value{}}
	for i, v := range region.Inputs {
		in.values[v] = args[i]
	}
	for n := range region.Nodes() {
		in.node(n)
	}
	return in.mapped(region.Outputs())
}

type inliner struct {
	p      *Patch
	values map[*ir.Value]*ir.Value
}

func (in inliner) node(n *ir.Node) {
	names := make([]string, len(n.Out))
	for i, v := range n.Out {
		names[i] = ir.OmitOutput
		if v != nil {
			names[i] = v.Name
		}
	}
	out := in.p.Spec(ir.Spec{
		Op: n.Op, Attr: n.Attr, In: in.mapped(n.In), Outs: len(n.Out), Names: names,
		Name: n.Name, Sources: n.Sources, Regions: n.Regions,
	})
	for i, v := range n.Out {
		if v != nil {
			in.values[v] = out[i]
		}
	}
}

func (in inliner) mapped(values []*ir.Value) []*ir.Value {
	out := make([]*ir.Value, len(values))
	for i, v := range values {
		if v == nil {
			continue
		}
		if in.values[v] == nil { // a constant: each graph has its own value of it
			in.values[v] = in.p.Graph().NewConst(v.Name, v.Const)
		}
		out[i] = in.values[v]
	}
	return out
}
