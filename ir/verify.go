package ir

import (
	"errors"
	"fmt"
	"slices"
)

// Verify checks that g and its regions are well formed: definitions before
// uses, uses and operands cross-linked, captures in step with the regions, each
// constant read by one graph only, and every stored type equal to the one
// inferred anew. The error lists all faults.
func (g *Graph) Verify() error {
	v := verifier{ids: map[int]*Value{}, readers: map[*Value]*Graph{}}
	v.graph(g)
	return errors.Join(v.faults...)
}

type verifier struct {
	ids     map[int]*Value
	readers map[*Value]*Graph // of constants
	faults  []error
}

func (c *verifier) fault(n *Node, format string, args ...any) {
	c.faults = append(c.faults, NewError(n, fmt.Errorf(format, args...)))
}

func (c *verifier) unique(v *Value) {
	if w, dup := c.ids[v.ID]; dup && w != v {
		c.faults = append(c.faults, fmt.Errorf("two values have number %d: %s and %s", v.ID, v, w))
	}
	c.ids[v.ID] = v
}

func (c *verifier) graph(g *Graph) {
	defined := map[*Value]bool{}
	for _, v := range g.Inputs {
		defined[v] = true
		c.unique(v)
	}
	if g.Captures > len(g.Inputs) {
		c.faults = append(c.faults, fmt.Errorf("graph %q has %d inputs, of which %d are captures", g.Name, len(g.Inputs), g.Captures))
		return
	}
	count := 0
	for n := range g.Nodes() {
		count++
		fit := c.operands(g, n, defined)
		for i, r := range n.Regions {
			c.graph(r)
			if fit {
				c.captures(n, i)
			}
		}
		for i, v := range n.Out {
			if v == nil {
				continue
			}
			if v.Def != n || v.DefIndex != i {
				c.fault(n, "output %d (%s) is not linked back", i, v)
			}
			defined[v] = true
			c.unique(v)
		}
		c.types(n)
	}
	if count != g.count {
		c.faults = append(c.faults, fmt.Errorf("graph %q counts %d nodes and holds %d", g.Name, g.count, count))
	}
	for i, v := range g.outputs {
		what := fmt.Sprintf("output %d (%s) of graph %q", i, v, g.Name)
		if fault := c.read(g, v, Use{Graph: g, Index: i}, defined); fault != "" {
			c.faults = append(c.faults, errors.New(what+" "+fault))
		}
	}
	c.allUses(g)
}

// allUses checks the uses of everything that g defines; those of constants are
// checked where they are read.
func (c *verifier) allUses(g *Graph) {
	for _, v := range g.Inputs {
		c.uses(g, v)
	}
	for n := range g.Nodes() {
		for _, v := range n.Out {
			if v != nil {
				c.uses(g, v)
			}
		}
	}
}

// operands checks them, and reports whether there are as many as the regions
// capture; types says so if not.
func (c *verifier) operands(g *Graph, n *Node, defined map[*Value]bool) bool {
	if n.graph != g {
		c.fault(n, "the node thinks it is in another graph")
	}
	for i, v := range n.In {
		if v == nil {
			continue
		}
		if fault := c.read(g, v, Use{Node: n, Index: i}, defined); fault != "" {
			c.fault(n, "operand %d (%s) %s", i, v, fault)
		}
	}
	return n.capturesFit()
}

// read checks that v may be read in g by u, and says what is wrong.
func (c *verifier) read(g *Graph, v *Value, u Use, defined map[*Value]bool) string {
	if v.Const != nil {
		if other := c.readers[v]; other != nil && other != g {
			return fmt.Sprintf("is a constant of graph %q", other.Name)
		}
		if c.readers[v] == nil {
			c.readers[v] = g
			c.unique(v)
			c.uses(g, v)
		}
	} else if !defined[v] {
		return "is not defined before it is read"
	}
	if !slices.Contains(v.uses, u) {
		return "does not list this use"
	}
	return ""
}

// uses checks that every use that v lists is one.
func (c *verifier) uses(g *Graph, v *Value) {
	for _, u := range v.uses {
		reads := false
		switch {
		case u.Node == nil:
			reads = u.Graph == g && u.Index < len(g.outputs) && g.outputs[u.Index] == v
		case u.Index < len(u.Node.In):
			reads = u.Node.graph == g && u.Node.In[u.Index] == v
		}
		if !reads {
			c.faults = append(c.faults, fmt.Errorf("%s of graph %q lists a use that is none", v, g.Name))
		}
	}
}

func (c *verifier) captures(n *Node, region int) {
	r := n.Regions[region]
	if r.Captures > len(r.Inputs) {
		return // reported by graph
	}
	inner := r.Inputs[len(r.Inputs)-r.Captures:]
	for i, outer := range n.Captures(region) {
		switch {
		case outer == nil:
			c.fault(n, "capture %d of body %d is missing", i, region)
		case !outer.Type.Equal(inner[i].Type):
			c.fault(n, "capture %d of body %d has type %s, its operand %s has type %s", i, region, inner[i].Type, outer, outer.Type)
		}
	}
}

func (c *verifier) types(n *Node) {
	if err := n.checkArity(); err != nil {
		c.fault(n, "%v", err)
		return
	}
	again := &Infer{Node: n, types: make([]Type, len(n.Out)), syms: make([]symContents, len(n.Out))}
	if err := n.Op.Infer(again); err != nil {
		c.faults = append(c.faults, NewError(n, err))
		return
	}
	for i, v := range n.Out {
		if v != nil && !again.types[i].Equal(v.Type) {
			c.fault(n, "output %d (%s) has type %s, inferred again %s", i, v, v.Type, again.types[i])
		}
	}
}
