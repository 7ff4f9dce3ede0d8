package ir

import (
	"github.com/parallax-go/parallax/ir/tensor"
)

// Builder makes nodes apart from a graph: typed at once, but neither in the
// graph nor registered as uses until [Builder.Commit]. A builder that is dropped
// has changed nothing.
//
// The first error sticks: later calls return a value that only serves to build
// on, and Err tells.
type Builder struct {
	// Name and Sources are given to every node made.
	Name    string
	Sources []string

	graph *Graph
	nodes []*Node
	err   error
}

// NewBuilder returns a builder of nodes for g.
func NewBuilder(g *Graph) *Builder { return &Builder{graph: g} }

// Graph returns the graph that the nodes are for.
func (b *Builder) Graph() *Graph { return b.graph }

// Err returns the first error.
func (b *Builder) Err() error { return b.err }

// Nodes returns the nodes made so far.
func (b *Builder) Nodes() []*Node { return b.nodes }

// Op makes a node with one output and returns that.
func (b *Builder) Op(op *Op, attrs any, in ...*Value) *Value {
	return b.Ops(op, attrs, 1, in...)[0]
}

// Ops makes a node with outs outputs and returns them.
func (b *Builder) Ops(op *Op, attrs any, outs int, in ...*Value) []*Value {
	return b.Spec(Spec{Op: op, Attr: attrs, Outs: outs, In: in, Name: b.Name, Sources: b.Sources})
}

// Spec makes the node that s describes and returns its outputs.
func (b *Builder) Spec(s Spec) []*Value {
	if b.err == nil {
		n, err := b.graph.makeNode(s)
		if err == nil {
			b.nodes = append(b.nodes, n)
			return n.Out
		}
		b.err = err
	}
	dead := make([]*Value, s.Outs)
	for i := range dead {
		dead[i] = &Value{ID: -1, Name: "error"}
	}
	return dead
}

// Const makes a constant.
func (b *Builder) Const(t *tensor.Tensor) *Value { return b.graph.NewConst("", t) }

// Ints makes a constant list of i64.
func (b *Builder) Ints(v ...int64) *Value {
	return b.Const(tensor.Of([]int{len(v)}, v))
}

// Int makes a constant i64 scalar.
func (b *Builder) Int(v int64) *Value { return b.Const(tensor.Scalar(v)) }

// Float makes a constant scalar of type d, a float type.
func (b *Builder) Float(d tensor.DType, v float64) *Value {
	t := tensor.New(d)
	t.SetFloat(0, v)
	return b.Const(t)
}

// Commit puts the nodes into the graph before at (nil: at the end), in the
// order they were made.
func (b *Builder) Commit(at *Node) {
	if b.err != nil {
		panic("BUG: commit of a failed builder: " + b.err.Error())
	}
	for _, n := range b.nodes {
		b.graph.insert(n, at)
	}
	b.nodes = nil
}
