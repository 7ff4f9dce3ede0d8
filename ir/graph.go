package ir

import (
	"fmt"
	"iter"
	"slices"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Graph is a list of nodes in topological order, with inputs, outputs and
// constants. It is the root, or a region: the body of a control-flow node,
// which reads nothing from outside but its inputs.
type Graph struct {
	Name   string
	Inputs []*Value
	// Captures is the number of Inputs, at the end, that are captured from the
	// enclosing graph; 0 for the root. Constants are never captured: a region
	// has a constant of its own that shares the tensor.
	Captures int
	// Metadata is the model's, kept for export.
	Metadata map[string]string
	// DocString is the model's, kept for export.
	DocString string

	outputs     []*Value
	outputNames []string
	first, last *Node
	count       int
	ids         *int // shared by the root and all regions
	numbered    bool // Node.order is valid
}

// NewGraph returns an empty root graph.
func NewGraph(name string) *Graph { return &Graph{Name: name, ids: new(int)} }

// NewRegion returns an empty graph to become a region of a node of g.
func (g *Graph) NewRegion(name string) *Graph { return &Graph{Name: name, ids: g.ids} }

// Nodes iterates over the nodes in topological order. The node at hand may be
// removed, and nodes may be inserted anywhere.
func (g *Graph) Nodes() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for n := g.first; n != nil; {
			next := n.next
			if !yield(n) {
				return
			}
			n = next
		}
	}
}

// Backward iterates over the nodes from the last to the first.
func (g *Graph) Backward() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for n := g.last; n != nil; {
			prev := n.prev
			if !yield(n) {
				return
			}
			n = prev
		}
	}
}

// All iterates over the nodes of g and, after each, those of its regions.
func (g *Graph) All() iter.Seq[*Node] {
	return func(yield func(*Node) bool) { g.all(yield) }
}

func (g *Graph) all(yield func(*Node) bool) bool {
	for n := range g.Nodes() {
		if !yield(n) {
			return false
		}
		for _, r := range n.Regions {
			if !r.all(yield) {
				return false
			}
		}
	}
	return true
}

// Graphs iterates over g and all regions below it, inner ones after outer ones.
func (g *Graph) Graphs() iter.Seq[*Graph] {
	return func(yield func(*Graph) bool) { g.graphs(yield) }
}

func (g *Graph) graphs(yield func(*Graph) bool) bool {
	if !yield(g) {
		return false
	}
	for n := range g.Nodes() {
		for _, r := range n.Regions {
			if !r.graphs(yield) {
				return false
			}
		}
	}
	return true
}

// First returns the first node, or nil.
func (g *Graph) First() *Node { return g.first }

// Last returns the last node, or nil.
func (g *Graph) Last() *Node { return g.last }

// Len returns the number of nodes, those of regions not counted.
func (g *Graph) Len() int { return g.count }

// Outputs returns the outputs. The slice must not be changed.
func (g *Graph) Outputs() []*Value { return g.outputs }

// NewInput adds an input.
func (g *Graph) NewInput(name string, t Type) *Value {
	v := g.newValue(name)
	v.Type = t
	g.Inputs = append(g.Inputs, v)
	return v
}

// Capture adds an input that stands for v of the enclosing graph. The caller
// adds v to the operands of the node that owns the region.
func (g *Graph) Capture(v *Value) *Value {
	in := g.NewInput(v.Name, v.Type)
	in.Sym = v.Sym
	g.Captures++
	return in
}

// NewConst makes a constant. It belongs to no list: a constant that nothing
// reads is gone.
func (g *Graph) NewConst(name string, t *tensor.Tensor) *Value {
	v := g.newValue(name)
	v.Type = TensorOf(t.DType, sym.ShapeOf(t.Shape...))
	v.Const = t
	return v
}

func (g *Graph) newValue(name string) *Value {
	v := &Value{ID: *g.ids, Name: name}
	*g.ids++
	return v
}

// SetValueID gives v the number id; later values get higher ones. It is for
// readers of the text form, right after v is made and before anything is
// inferred from it.
func (g *Graph) SetValueID(v *Value, id int) {
	v.ID = id
	*g.ids = max(*g.ids, id+1)
}

// AddOutput appends v to the outputs, under the name that it has now.
func (g *Graph) AddOutput(v *Value) { g.AddNamedOutput(v.Name, v) }

// AddNamedOutput appends v to the outputs as name. The name belongs to the
// output: it stays when a rewrite gives it another value.
func (g *Graph) AddNamedOutput(name string, v *Value) {
	v.addUse(Use{Graph: g, Index: len(g.outputs)})
	g.outputs = append(g.outputs, v)
	g.outputNames = append(g.outputNames, name)
}

// OutputName returns the name of output i.
func (g *Graph) OutputName(i int) string { return g.outputNames[i] }

// SetOutput makes v output i.
func (g *Graph) SetOutput(i int, v *Value) {
	g.outputs[i].dropUse(Use{Graph: g, Index: i})
	g.outputs[i] = v
	v.addUse(Use{Graph: g, Index: i})
}

// Add appends a node with outs outputs and infers their types. The graph is
// unchanged if that fails. See [Spec] for nodes with names, regions or outputs
// left out.
func (g *Graph) Add(op *Op, attrs any, outs int, in ...*Value) (*Node, error) {
	return g.AddSpec(Spec{Op: op, Attr: attrs, In: in, Outs: outs})
}

// Spec says what node to make.
type Spec struct {
	Op      *Op
	Attr    any
	In      []*Value
	Outs    int      // number of outputs
	Names   []string // their names, if any; "-" leaves the output out
	IDs     []int    // their numbers, if given by the text form
	Name    string
	Sources []string
	Regions []*Graph
}

// OmitOutput as a name in Spec.Names leaves the output out.
const OmitOutput = "-"

// AddSpec is Add with everything said.
func (g *Graph) AddSpec(s Spec) (*Node, error) {
	n, err := g.makeNode(s)
	if err != nil {
		return nil, err
	}
	g.insert(n, nil)
	return n, nil
}

// makeNode makes a typed node that is not in the graph yet.
func (g *Graph) makeNode(s Spec) (*Node, error) {
	n := &Node{Op: s.Op, Attr: s.Attr, In: slices.Clone(s.In), Out: make([]*Value, s.Outs), Name: s.Name, Sources: s.Sources, Regions: s.Regions}
	for i := range n.Out {
		name := ""
		if i < len(s.Names) {
			name = s.Names[i]
		}
		if name == OmitOutput {
			continue
		}
		v := g.newValue(name)
		if i < len(s.IDs) {
			g.SetValueID(v, s.IDs[i])
		}
		v.Def, v.DefIndex = n, i
		n.Out[i] = v
	}
	n.graph = g
	err := n.infer()
	n.graph = nil
	if err != nil {
		return nil, err
	}
	return n, nil
}

// insert puts n before at, or at the end if at is nil, and registers its uses.
func (g *Graph) insert(n, at *Node) {
	if n.graph != nil {
		panic("BUG: node " + n.Label() + " inserted twice")
	}
	n.graph = g
	g.count++
	g.link(n, at)
	for i, v := range n.In {
		if v != nil {
			v.addUse(Use{Node: n, Index: i})
		}
	}
}

func (g *Graph) link(n, at *Node) {
	n.next = at
	if at == nil {
		n.prev, g.last = g.last, n
	} else {
		n.prev, at.prev = at.prev, n
	}
	if n.prev == nil {
		g.first = n
	} else {
		n.prev.next = n
	}
	g.number(n)
}

// orderGap is the distance between the numbers of neighbours after a numbering:
// so many halvings are left before the next one.
const orderGap = 1 << 32

// number gives n, just linked in, a number between those of its neighbours. If
// there is none, the next Before numbers anew.
func (g *Graph) number(n *Node) {
	if !g.numbered {
		return
	}
	var low int64
	if n.prev != nil {
		low = n.prev.order
	}
	high := low + 2*orderGap
	if n.next != nil {
		high = n.next.order
	}
	n.order = low + (high-low)/2
	g.numbered = low < n.order && n.order < high
}

func (g *Graph) unlink(n *Node) {
	if n.prev == nil {
		g.first = n.next
	} else {
		n.prev.next = n.next
	}
	if n.next == nil {
		g.last = n.prev
	} else {
		n.next.prev = n.prev
	}
	n.prev, n.next = nil, nil
}

// Move puts n before at, or at the end if at is nil.
func (g *Graph) Move(n, at *Node) {
	if n == at {
		return
	}
	g.unlink(n)
	g.link(n, at)
}

// Remove takes n out of g. Its outputs must have no uses.
func (g *Graph) Remove(n *Node) {
	for _, v := range n.Out {
		if v != nil && len(v.uses) > 0 {
			panic(fmt.Sprintf("BUG: node %s removed, but %s is in use", n.Label(), v))
		}
	}
	for i, v := range n.In {
		if v != nil {
			v.dropUse(Use{Node: n, Index: i})
		}
	}
	g.unlink(n)
	n.graph = nil
	g.count--
}

// ReplaceUses makes every reader of old read v, graph outputs included.
func (g *Graph) ReplaceUses(old, v *Value) {
	uses := old.uses
	old.uses = nil
	for _, u := range uses {
		if u.Node != nil {
			u.Node.In[u.Index] = v
		} else {
			u.Graph.outputs[u.Index] = v
		}
		v.addUse(u)
	}
}

// Before reports whether a comes before b in the order of g's nodes. It costs
// O(1), and O(nodes) once in a while after many insertions at one place.
func (g *Graph) Before(a, b *Node) bool {
	if !g.numbered {
		order := int64(0)
		for n := g.first; n != nil; n = n.next {
			order += orderGap
			n.order = order
		}
		g.numbered = true
	}
	return a.order < b.order
}

// Retype infers every node of g and its regions anew, in order: after a rewrite
// the types downstream may be more precise. Types of captures are passed down.
func (g *Graph) Retype() error {
	for n := range g.Nodes() {
		for i, r := range n.Regions {
			captured := n.Captures(i)
			for j, in := range r.Inputs[len(r.Inputs)-r.Captures:] {
				in.Type, in.Sym = captured[j].Type, captured[j].Sym
			}
			if err := r.Retype(); err != nil {
				return err
			}
		}
		if err := n.infer(); err != nil {
			return err
		}
	}
	return nil
}

// DeclareType overrides the type of an output whose operator can't say it: an
// opaque node's, typed from the file's value_info.
func (v *Value) DeclareType(t Type) { v.Type = t }
