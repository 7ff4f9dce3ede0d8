//go:build conformance

package conformance

import (
	"bytes"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/onnx"
)

// executor is one way to run a model. All of them pass the same tests.
type executor struct {
	name string
	// load prepares the model; run takes and returns tensors in its order.
	load func(t *testing.T, n *node) (run, error)
}

type run func([]*tensor.Tensor) ([]*tensor.Tensor, error)

// executors has the evaluator of imported graphs first: what the importer does
// not take is not run by the others.
var executors = []executor{
	{"graph", loadGraph},
	{"session", loadSession},
}

// loadGraph evaluates the imported graph node by node.
func loadGraph(_ *testing.T, n *node) (run, error) {
	g, err := onnx.Import(n.model, onnx.Options{})
	if err != nil {
		return nil, err
	}
	return func(in []*tensor.Tensor) ([]*tensor.Tensor, error) { return eval.Graph(g, in) }, nil
}

// loadSession compiles the model and runs the program.
func loadSession(t *testing.T, n *node) (run, error) {
	s, err := parallax.OpenReader(bytes.NewReader(n.data))
	if err != nil {
		return nil, err
	}
	m, err := s.Load()
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(in []*tensor.Tensor) ([]*tensor.Tensor, error) {
		named := map[string]*tensor.Tensor{}
		for i, p := range m.Inputs() {
			named[p.Name] = in[i]
		}
		results, err := m.Run(t.Context(), named)
		if err != nil {
			return nil, err
		}
		var out []*tensor.Tensor
		for _, p := range m.Outputs() {
			out = append(out, results[p.Name])
		}
		return out, nil
	}, nil
}
