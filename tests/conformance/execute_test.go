//go:build conformance

package conformance

import (
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
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
	{"cpu", loadSession(parallax.WithVerifyPasses())},
	{"cpu without passes", loadSession(parallax.WithPasses("none"))},
	{"ref", loadSession(parallax.WithTarget(kernels.Ref))},
}

// loadGraph evaluates the imported graph node by node.
func loadGraph(_ *testing.T, n *node) (run, error) {
	g, err := onnx.Import(n.model, onnx.Options{})
	if err != nil {
		return nil, err
	}
	return func(in []*tensor.Tensor) ([]*tensor.Tensor, error) { return eval.Graph(g, in) }, nil
}
