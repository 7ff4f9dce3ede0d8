package ir

import (
	"maps"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
)

// Clone returns a copy of g and its regions that shares only what is never
// written to: the contents of constants, and descriptors of operators. Numbers
// are kept, and with them the names of fresh symbols. The map leads from each
// value to its copy.
func (g *Graph) Clone() (*Graph, map[*Value]*Value) {
	ids := *g.ids
	c := cloner{ids: &ids, values: map[*Value]*Value{}}
	return c.graph(g), c.values
}

type cloner struct {
	ids    *int
	values map[*Value]*Value
}

func (c *cloner) graph(g *Graph) *Graph {
	out := &Graph{
		Name: g.Name, Captures: g.Captures, DocString: g.DocString, ids: c.ids,
		Metadata: maps.Clone(g.Metadata),
		Inputs:   c.list(g.Inputs),
	}
	for n := range g.Nodes() {
		out.insert(c.node(n), nil)
	}
	for i, v := range g.outputs {
		out.AddNamedOutput(g.outputNames[i], c.value(v))
	}
	return out
}

func (c *cloner) node(n *Node) *Node {
	out := &Node{
		Op: n.Op, Attr: attr.Clone(n.Attr), Name: n.Name, Sources: slices.Clone(n.Sources),
		In: c.list(n.In), Out: c.list(n.Out),
	}
	for i, v := range out.Out {
		if v != nil {
			v.Def, v.DefIndex = out, i
		}
	}
	for _, r := range n.Regions {
		out.Regions = append(out.Regions, c.graph(r))
	}
	return out
}

func (c *cloner) list(values []*Value) []*Value {
	if values == nil {
		return nil
	}
	out := make([]*Value, len(values))
	for i, v := range values {
		out[i] = c.value(v)
	}
	return out
}

func (c *cloner) value(v *Value) *Value {
	if v == nil {
		return nil
	}
	w := c.values[v]
	if w == nil {
		w = &Value{ID: v.ID, Name: v.Name, Type: v.Type, Const: v.Const, Sym: slices.Clone(v.Sym)}
		c.values[v] = w
	}
	return w
}
