package gorgonnx

import (
	"testing"

	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

// perceptron is tanh(x·w + b) with x [2,3], from operators that gorgonnx has.
func perceptron(t *testing.T) []byte {
	t.Helper()
	g := onnxtest.Graph("x:f32[2,3]", "", onnxtest.Node("MatMul", "x w", "xw"), onnxtest.Node("Add", "xw b", "sum"), onnxtest.Node("Tanh", "sum", "y"))
	g.Output = onnxtest.Values("y:f32[2,2]")
	g.Initializer = []*wire.Tensor{
		onnxtest.Floats("w", []int64{3, 2}, 0.5, -1, 0.25, 0.75, -0.125, 1),
		onnxtest.Floats("b", []int64{2, 2}, 0.1, -0.2, 0.1, -0.2),
	}
	data, err := wire.Encode(onnxtest.Model(9, g))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
