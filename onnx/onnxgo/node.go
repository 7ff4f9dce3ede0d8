package onnxgo

import (
	"fmt"

	"github.com/owulveryck/onnx-go"
	"github.com/parallax-go/parallax"
	"gorgonia.org/tensor"
)

var (
	_ onnx.DataCarrier = (*Node)(nil)
	_ onnx.Namer       = (*Node)(nil)
)

// Node is a tensor of a [Graph].
type Node struct {
	graph     *Graph
	id        int64
	name      string
	named     bool // SetName was called, if only with ""
	operation *operation
	operands  map[int]*Node // of the operation, by position
	tensor    tensor.Tensor
	input     bool           // set from outside after the graph was built
	wanted    bool           // asked for, though other operations read it
	port      *parallax.Port // what the file says of it, if a Model read it
}

// ID returns the node's number in the graph.
func (n *Node) ID() int64 { return n.id }

// SetName sets the tensor's name. ONNX names what is left out "".
func (n *Node) SetName(name string) { n.name, n.named = name, true }

// GetName returns the tensor's name.
func (n *Node) GetName() string { return n.name }

// SetTensor sets the value: of an input, or of a constant while the graph is
// being built.
func (n *Node) SetTensor(t tensor.Tensor) error {
	n.tensor = t
	if n.operation == nil && !n.input && len(n.graph.operations) > 0 {
		n.input = true
		n.graph.change()
	}
	return nil
}

// GetTensor returns the value. Before a result is computed, and an input set, it
// is what the file declares, as a tensor of zeros whose symbolic dims are 1; nil
// if that says too little.
func (n *Node) GetTensor() tensor.Tensor {
	if n.operation != nil {
		n.graph.want(n)
	}
	if n.tensor == nil && n.port != nil {
		return placeholder(*n.port)
	}
	return n.tensor
}

// want has n computed with every run, and now if the graph has run without it.
func (g *Graph) want(n *Node) {
	if g.computes(n) {
		return
	}
	n.wanted = true
	g.change()
	if g.ran && g.Run() != nil {
		n.tensor = nil
	}
}

// computes reports whether n is a result of a run: nothing else reads it, or it
// has been asked for.
func (g *Graph) computes(n *Node) bool { return n.wanted || g.To(n.id).Len() == 0 }

// absent reports the node that stands for operands and results that are left out.
func (n *Node) absent() bool { return n.named && n.name == "" }

// label is the tensor's name, or one that no file has if it has none.
func (n *Node) label() string {
	if n.name == "" {
		return fmt.Sprintf("%%%d", n.id)
	}
	return n.name
}
