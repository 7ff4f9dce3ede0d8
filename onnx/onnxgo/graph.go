package onnxgo

import (
	"fmt"
	"math"

	"github.com/owulveryck/onnx-go"
	"github.com/owulveryck/onnx-go/backend"
	"github.com/parallax-go/parallax"
	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/simple"
)

var _ backend.ComputationBackend = (*Graph)(nil)

// topology is what a Graph shows of its nodes and edges.
type topology interface {
	graph.WeightedDirected
	graph.NodeAdder
	graph.WeightedEdgeAdder
}

// Graph is a back end for onnx-go: a graph whose edges go from a result to its
// operands, weighted with the operands' positions. It is not safe for concurrent
// use.
type Graph struct {
	topology
	options    []parallax.Option
	opset      int64        // 0: found out
	operations []*operation // in the order of the file
	compiled   *compiled    // nil until the graph has run, and after it has changed
	ran        bool
}

// operation is one node of the file.
type operation struct {
	onnx.Operation
	results []*Node
}

// Option changes how a Graph runs.
type Option func(*Graph)

// WithOpset says in which version of ai.onnx the operators are meant, which
// onnx-go does not tell. A [Model] does not need it.
func WithOpset(version int) Option { return func(g *Graph) { g.opset = int64(version) } }

// WithOptions hands options on to the compiler: threads, memory limit, passes.
func WithOptions(opts ...parallax.Option) Option {
	return func(g *Graph) { g.options = append(g.options, opts...) }
}

// NewGraph returns an empty graph.
func NewGraph(opts ...Option) *Graph {
	g := &Graph{topology: simple.NewWeightedDirectedGraph(math.MaxFloat64, -1)}
	for _, apply := range opts {
		apply(g)
	}
	return g
}

// NewNode returns a node that is not yet in the graph.
func (g *Graph) NewNode() graph.Node { return g.newNode() }

func (g *Graph) newNode() *Node {
	return &Node{graph: g, id: g.topology.NewNode().ID(), operands: map[int]*Node{}}
}

// SetWeightedEdge makes the edge's end the operand of its start whose position is
// the weight. gonum's graphs hold one edge between two nodes and none from a node
// to itself; the operands are kept apart, so that x·x has two.
func (g *Graph) SetWeightedEdge(e graph.WeightedEdge) {
	from, ok := e.From().(*Node)
	if to, also := e.To().(*Node); ok && also {
		from.operands[int(e.Weight())] = to
		g.change()
	}
	if e.From().ID() != e.To().ID() {
		g.topology.SetWeightedEdge(e)
	}
}

// ApplyOperation makes the nodes the results of o, whose operands are the edges'
// ends.
func (g *Graph) ApplyOperation(o onnx.Operation, results ...graph.Node) error {
	made := &operation{Operation: o}
	for _, r := range results {
		n, ok := r.(*Node)
		switch {
		case !ok || n.graph != g:
			return fmt.Errorf("operator %s: node %d is not of this graph", o.Name, r.ID())
		case n.operation != nil && !n.absent():
			return fmt.Errorf("operator %s: tensor %s is the result of %s already", o.Name, n.label(), n.operation.Name)
		}
		n.operation = made
		made.results = append(made.results, n)
	}
	if len(made.results) == 0 {
		return fmt.Errorf("operator %s has no results", o.Name)
	}
	g.operations = append(g.operations, made)
	g.change()
	return nil
}

// change forgets what was compiled from the graph as it was.
func (g *Graph) change() {
	if g.compiled != nil {
		g.compiled.model.Close()
		g.compiled = nil
	}
}

// Close releases the compiled model. A graph that a [Model] was read into can't be
// run any more; others can, and are compiled again.
func (g *Graph) Close() error {
	switch {
	case g.compiled == nil:
		return nil
	case g.compiled.whole:
		return g.compiled.model.Close()
	}
	g.change()
	return nil
}
