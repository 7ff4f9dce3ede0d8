package onnxgo

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/owulveryck/onnx-go"
	"github.com/parallax-go/parallax"
	"gonum.org/v1/gonum/graph"
	"gorgonia.org/tensor"
)

// Model takes the place of onnx-go's Model. Its inputs and outputs are nodes of the
// graph that it was made with; the tensors between them are not, since the
// compiler does not keep them.
type Model struct {
	backend onnx.Backend
	byName  map[string]*Node
	Input   []int64 // ids of the inputs' nodes
	Output  []int64 // ids of the outputs' nodes
}

// NewModel returns a model that is to be read into dst, which has to be an empty
// *Graph.
func NewModel(dst onnx.Backend) *Model {
	return &Model{backend: dst, byName: map[string]*Node{}}
}

// UnmarshalBinary reads and compiles a model. Operators that are not supported are
// an *onnx.ErrNotImplemented that lists them all. The bytes are copied.
func (m *Model) UnmarshalBinary(data []byte) error {
	g, ok := m.backend.(*Graph)
	switch {
	case m.backend == nil, ok && g == nil:
		return &onnx.InvalidUnmarshalError{Type: reflect.TypeOf(m.backend)}
	case !ok:
		return fmt.Errorf("a %T can't be read into: this Model needs an *onnxgo.Graph", m.backend)
	case g.Nodes().Len() > 0:
		return fmt.Errorf("the graph holds a model already")
	}
	source, err := parallax.OpenReader(bytes.NewReader(data), g.options...)
	if err != nil {
		return err
	}
	model, err := source.Load()
	if err != nil {
		return notImplemented(err)
	}
	if err := tensorsOnly(model); err != nil {
		model.Close()
		return err
	}
	m.show(g, model)
	return nil
}

// tensorsOnly refuses sequences, optionals and maps: DataCarrier holds tensors.
func tensorsOnly(model *parallax.Model) error {
	for _, ports := range [][]parallax.Port{model.Inputs(), model.Outputs()} {
		for _, p := range ports {
			if !p.Type.IsTensor() {
				return fmt.Errorf("%q is a %s: onnx-go knows tensors only", p.Name, p.Type)
			}
		}
	}
	return nil
}

// show makes g the model: one operation from the inputs to the outputs. The inputs'
// ids are 0, 1, …, as in onnx-go.
func (m *Model) show(g *Graph, model *parallax.Model) {
	c := &compiled{model: model, whole: true}
	for _, p := range model.Inputs() {
		n := m.add(g, p)
		c.inputs = append(c.inputs, n)
		m.Input = append(m.Input, n.id)
	}
	all := &operation{}
	for _, p := range model.Outputs() {
		n := m.add(g, p)
		c.outputs = append(c.outputs, n)
		m.Output = append(m.Output, n.id)
		n.operation = all
		for i, in := range c.inputs {
			g.SetWeightedEdge(g.NewWeightedEdge(n, in, float64(i)))
		}
	}
	all.results = c.outputs
	g.compiled = c
}

func (m *Model) add(g *Graph, p parallax.Port) *Node {
	n := g.newNode()
	n.SetName(p.Name)
	n.port = &p
	g.AddNode(n)
	m.byName[p.Name] = n
	return n
}

// GetNodeByName returns the node of an input or output.
func (m *Model) GetNodeByName(name string) (graph.Node, bool) {
	n, ok := m.byName[name]
	if !ok {
		return nil, false
	}
	return n, true
}

// SetInput sets input i. Whether t fits is found when the graph is run.
func (m *Model) SetInput(i int, t tensor.Tensor) error {
	if i < 0 || i >= len(m.Input) {
		return fmt.Errorf("%w: there is no input %d, the model has %d", parallax.ErrInput, i, len(m.Input))
	}
	return m.node(m.Input[i]).SetTensor(t)
}

// GetOutputTensors returns the outputs of the last run.
func (m *Model) GetOutputTensors() ([]tensor.Tensor, error) { return m.tensors(m.Output), nil }

// GetInputTensors returns the inputs as they are set. One that is not set is zeros
// of the shape that the file declares, its symbolic dims being 1, or nil if the
// file does not say enough.
func (m *Model) GetInputTensors() []tensor.Tensor { return m.tensors(m.Input) }

func (m *Model) tensors(ids []int64) []tensor.Tensor {
	list := make([]tensor.Tensor, len(ids))
	for i, id := range ids {
		list[i] = m.node(id).GetTensor()
	}
	return list
}

func (m *Model) node(id int64) *Node { return m.backend.Node(id).(*Node) }
