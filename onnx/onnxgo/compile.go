package onnxgo

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	gorgonia "gorgonia.org/tensor"
)

// compile writes the graph as the file that it came from, as far as it is known,
// and has it compiled.
func (g *Graph) compile() error {
	w := &writer{file: &wire.Graph{Name: "graph"}, seen: map[*Node]bool{}, graph: g}
	for _, o := range g.operations {
		if err := w.operation(o); err != nil {
			return err
		}
	}
	if len(w.outputs) == 0 {
		return errors.New("the graph computes nothing")
	}
	m, err := inOpset(w.file, g.opset)
	if err != nil {
		return err
	}
	data, err := wire.Encode(m)
	if err != nil {
		return err
	}
	source, err := parallax.OpenReader(bytes.NewReader(data), g.options...)
	if err != nil {
		return err
	}
	model, err := source.Load()
	if err != nil {
		return notImplemented(err)
	}
	g.compiled = &compiled{model: model, inputs: w.inputs, outputs: w.outputs}
	return nil
}

// writer makes the file of a graph.
type writer struct {
	graph           *Graph
	file            *wire.Graph
	seen            map[*Node]bool // leaves
	inputs, outputs []*Node
}

func (w *writer) operation(o *operation) error {
	domain := domainOf(o.Name)
	node := &wire.Node{OpType: o.Name, Domain: domain, Name: o.results[0].label()}
	for _, r := range o.results {
		if r.absent() {
			node.Output = append(node.Output, "")
			continue
		}
		node.Output = append(node.Output, r.label())
		if w.graph.computes(r) {
			w.outputs = append(w.outputs, r)
			w.file.Output = append(w.file.Output, &wire.ValueInfo{Name: r.label()})
		}
	}
	operands, err := o.operands()
	if err != nil {
		return err
	}
	for _, n := range operands {
		if n.absent() {
			node.Input = append(node.Input, "")
			continue
		}
		node.Input = append(node.Input, n.label())
		if err := w.leaf(o, n); err != nil {
			return err
		}
	}
	if node.Attribute, err = attributes(o.Operation); err != nil {
		return err
	}
	w.file.Node = append(w.file.Node, node)
	return nil
}

// operands are the same for each result.
func (o *operation) operands() ([]*Node, error) {
	byPosition := o.results[0].operands
	list := make([]*Node, len(byPosition))
	for i := range list {
		n, ok := byPosition[i]
		if !ok {
			return nil, fmt.Errorf("operator %s, tensor %s: the weights of its %d edges are not 0, 1, …",
				o.Name, o.results[0].label(), len(list))
		}
		list[i] = n
	}
	if len(list) == 1 && list[0].standIn() {
		return nil, nil
	}
	return list, nil
}

// standIn reports the operand that onnx-go makes up for an operation without
// operands.
func (n *Node) standIn() bool {
	return n.operation == nil && n.tensor == nil && strings.HasSuffix(n.name, "/input")
}

// leaf declares an operand that is no result.
func (w *writer) leaf(o *operation, n *Node) error {
	if n.operation != nil || w.seen[n] {
		return nil
	}
	w.seen[n] = true
	if n.tensor == nil {
		return fmt.Errorf("%w: operator %s reads %s, which is not set", parallax.ErrInput, o.Name, n.label())
	}
	t, err := toTensor(n.tensor)
	if err != nil {
		return fmt.Errorf("tensor %s: %w", n.label(), err)
	}
	p := onnx.WriteTensor(n.label(), t)
	if !n.input {
		w.file.Initializer = append(w.file.Initializer, p)
		return nil
	}
	w.inputs = append(w.inputs, n)
	w.file.Input = append(w.file.Input, &wire.ValueInfo{Name: n.label(), Type: &wire.Type{Tensor: &wire.TensorType{
		ElemType: p.DataType, Shape: openShape(n.tensor),
	}}})
	return nil
}

// openShape has the rank of t and leaves its sizes open.
func openShape(t gorgonia.Tensor) *wire.TensorShape {
	s := &wire.TensorShape{}
	for range t.Dims() {
		s.Dim = append(s.Dim, &wire.Dim{})
	}
	return s
}
