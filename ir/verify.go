package ir

import (
	"errors"
	"fmt"
)

// Verify checks that g and its regions are well formed: definitions before
// uses, uses and operands cross-linked, captures in step with the regions, and
// every stored type equal to the one inferred anew. The error lists all faults.
func (g *Graph) Verify() error {
	v := verifier{ids: map[int]*Value{}}
	v.graph(g)
	return errors.Join(v.faults...)
}

type verifier struct {
	ids    map[int]*Value
	faults []error
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
	count := 0
	for n := range g.Nodes() {
		count++
		c.operands(g, n, defined)
		for _, r := range n.Regions {
			c.graph(r)
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
		if !defined[v] && v.Const == nil {
			c.faults = append(c.faults, fmt.Errorf("output %d (%s) of graph %q is not defined in it", i, v, g.Name))
		}
		if !hasUse(v, Use{Graph: g, Index: i}) {
			c.faults = append(c.faults, fmt.Errorf("output %d (%s) of graph %q is not among the uses", i, v, g.Name))
		}
	}
}

func (c *verifier) operands(g *Graph, n *Node, defined map[*Value]bool) {
	if n.graph != g {
		c.fault(n, "the node thinks it is in another graph")
	}
	captures := 0
	for _, r := range n.Regions {
		captures += r.Captures
	}
	if captures > len(n.In) {
		c.fault(n, "%d operands for %d captures", len(n.In), captures)
		return
	}
	for i, v := range n.In {
		if v == nil {
			continue
		}
		if !defined[v] && v.Const == nil {
			c.fault(n, "operand %d (%s) is not defined before the node", i, v)
		}
		if !hasUse(v, Use{Node: n, Index: i}) {
			c.fault(n, "operand %d (%s) does not list this use", i, v)
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

func hasUse(v *Value, u Use) bool {
	for _, w := range v.uses {
		if w == u {
			return true
		}
	}
	return false
}
