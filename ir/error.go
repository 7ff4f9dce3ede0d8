package ir

import (
	"fmt"
	"strings"
)

// Error is a mistake of the graph at one node.
type Error struct {
	Graph  string   // name of the graph, if it has one
	Node   string   // name of the node in the file, or its first output's
	Op     string   // qualified operator name
	Inputs []string // operands with their types
	Err    error
}

// Error prints what is wrong and where:
//
//	node "/layer/MatMul" (MatMul) of (f32[2, 3], f32[4, 5]): inner sizes 3 and 4 differ
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "node %q (%s)", e.Node, e.Op)
	if len(e.Inputs) > 0 {
		fmt.Fprintf(&b, " of (%s)", strings.Join(e.Inputs, ", "))
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// NewError returns the error err at n.
func NewError(n *Node, err error) *Error {
	e := &Error{Node: n.Label(), Op: n.Op.QualifiedName(), Err: err}
	if n.graph != nil {
		e.Graph = n.graph.Name
	}
	for _, v := range n.In {
		if v == nil {
			e.Inputs = append(e.Inputs, "_")
			continue
		}
		e.Inputs = append(e.Inputs, v.Type.String())
	}
	return e
}
