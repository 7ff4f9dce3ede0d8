package ir

import (
	"fmt"
	"slices"
)

// Node is the application of an operator. Its operands change only through
// [Node.SetIn] and the methods of Graph, which keep the uses right.
type Node struct {
	Op   *Op
	Attr any      // pointer to the operator's struct of package attr, or nil
	In   []*Value // nil: an optional operand that is left out
	Out  []*Value
	Name string // name in the file, or that of the node it replaced
	// Sources names the nodes of the file that this one stands for, in order.
	Sources []string
	// sourceSet has the Sources, if they are many.
	sourceSet map[string]bool
	// Regions are the bodies of a control-flow node. The operands of a node
	// with regions end with the captures of all its regions, in order.
	Regions []*Graph

	graph      *Graph
	prev, next *Node
	order      int64 // increases along the list; see Graph.Before
}

// Graph returns the graph that n is in; nil until it is committed.
func (n *Node) Graph() *Graph { return n.graph }

// Next returns the node after n in topological order, or nil.
func (n *Node) Next() *Node { return n.next }

// Prev returns the node before n, or nil.
func (n *Node) Prev() *Node { return n.prev }

// Operand returns operand i, and nil if it is left out.
func (n *Node) Operand(i int) *Value {
	if i < 0 || i >= len(n.In) {
		return nil
	}
	return n.In[i]
}

// Label names n for messages: its name, or that of its first output.
func (n *Node) Label() string {
	if n.Name != "" {
		return n.Name
	}
	for _, v := range n.Out {
		if v != nil && v.Name != "" {
			return v.Name
		}
	}
	if len(n.Out) > 0 && n.Out[0] != nil {
		return fmt.Sprintf("%%%d", n.Out[0].ID)
	}
	return n.Op.Name
}

// Captures returns the operands of n that are captures of region i, in the
// order of the region's last inputs.
func (n *Node) Captures(i int) []*Value {
	end := len(n.In)
	for j := len(n.Regions) - 1; j > i; j-- {
		end -= n.Regions[j].Captures
	}
	return n.In[end-n.Regions[i].Captures : end]
}

// Operands returns the operands of n that are no captures.
func (n *Node) Operands() []*Value {
	end := len(n.In)
	for _, r := range n.Regions {
		end -= r.Captures
	}
	return n.In[:end]
}

// capturesFit reports whether n has as many operands as its regions capture;
// Captures and Operands rely on it.
func (n *Node) capturesFit() bool {
	total := 0
	for _, r := range n.Regions {
		total += r.Captures
	}
	return total <= len(n.In)
}

// SetIn makes v operand i of n.
func (n *Node) SetIn(i int, v *Value) {
	if n.graph != nil {
		if n.In[i] != nil {
			n.In[i].dropUse(Use{Node: n, Index: i})
		}
		if v != nil {
			v.addUse(Use{Node: n, Index: i})
		}
	}
	n.In[i] = v
}

// DropCapture removes capture i of region r, whose input nothing in the region
// reads any more.
func (n *Node) DropCapture(r, i int) {
	region := n.Regions[r]
	input := len(region.Inputs) - region.Captures + i
	if len(region.Inputs[input].uses) > 0 {
		panic("BUG: a capture is dropped that is in use: " + region.Inputs[input].String())
	}
	at := len(n.In) - len(n.Captures(r))
	for _, later := range n.Regions[r+1:] {
		at -= later.Captures
	}
	at += i
	rest := slices.Clone(n.In[at+1:])
	for j := at; j < len(n.In); j++ {
		n.SetIn(j, nil)
	}
	n.In = n.In[:len(n.In)-1]
	for j, v := range rest {
		n.SetIn(at+j, v)
	}
	region.Inputs = slices.Delete(region.Inputs, input, input+1)
	region.Captures--
}

// AddSources appends the provenance of from to n's, each name once.
func (n *Node) AddSources(from ...*Node) {
	for _, m := range from {
		if len(m.Sources) == 0 && m.Name != "" {
			n.addSource(m.Name)
		}
		for _, name := range m.Sources {
			n.addSource(name)
		}
	}
}

// fewSources is up to where names are searched for; a node that stands for
// thousands of equal ones has an index.
const fewSources = 32

func (n *Node) addSource(name string) {
	if len(n.Sources) < fewSources {
		if !slices.Contains(n.Sources, name) {
			n.Sources = append(n.Sources, name)
		}
		return
	}
	if len(n.sourceSet) != len(n.Sources) {
		n.sourceSet = make(map[string]bool, 2*len(n.Sources))
		for _, s := range n.Sources {
			n.sourceSet[s] = true
		}
	}
	if !n.sourceSet[name] {
		n.sourceSet[name] = true
		n.Sources = append(n.Sources, name)
	}
}

// infer types the outputs of n, which has been wired up.
func (n *Node) infer() error {
	if err := n.checkArity(); err != nil {
		return NewError(n, err)
	}
	c := &Infer{Node: n, types: make([]Type, len(n.Out)), syms: make([]symContents, len(n.Out))}
	if err := n.Op.Infer(c); err != nil {
		return NewError(n, err)
	}
	if err := c.fits(); err != nil {
		return NewError(n, err)
	}
	c.store()
	return nil
}

func (n *Node) checkArity() error {
	if !n.capturesFit() {
		return fmt.Errorf("%d operands are fewer than the bodies capture", len(n.In))
	}
	operands := len(n.Operands())
	switch {
	case operands < n.Op.MinIn || n.Op.MaxIn >= 0 && operands > n.Op.MaxIn:
		return fmt.Errorf("%d operands, want %s", operands, span(n.Op.MinIn, n.Op.MaxIn))
	case len(n.Out) < n.Op.MinOut || n.Op.MaxOut >= 0 && len(n.Out) > n.Op.MaxOut:
		return fmt.Errorf("%d outputs, want %s", len(n.Out), span(n.Op.MinOut, n.Op.MaxOut))
	case len(n.Regions) != n.Op.Regions:
		return fmt.Errorf("%d bodies, want %d", len(n.Regions), n.Op.Regions)
	}
	for i := range n.Op.MinIn {
		if n.In[i] == nil {
			return fmt.Errorf("operand %d is missing", i)
		}
	}
	return nil
}

func span(lo, hi int) string {
	switch {
	case hi < 0:
		return fmt.Sprintf("at least %d", lo)
	case lo == hi:
		return fmt.Sprint(lo)
	}
	return fmt.Sprintf("%d to %d", lo, hi)
}
