package onnx_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/onnx"
)

// TestPins: pinned dimensions are numbers in the types of inputs, in those that the
// file declares of an operator that is not known, and in all that follows from them.
func TestPins(t *testing.T) {
	g := graph("x:f32[n,?] y:f32[m]", "z", node("Relu", "x", "r"), node("Unknown", "r", "u"), node("Relu", "u", "z"))
	g.ValueInfo = values("u:f32[2*n,m]")
	m := model(18, g)
	if diff := cmp.Diff([]string{"m", "n", "x_dim1"}, onnx.Dims(m)); diff != "" {
		t.Errorf("dims (-want +got):\n%s", diff)
	}
	tests := []struct {
		pins map[string]int64
		want string
	}{
		{nil, "f32[2*n,m]"},
		{map[string]int64{"n": 3, "other": 5}, "f32[6,m]"},
		{map[string]int64{"n": 3, "m": 0}, "f32[6,0]"},
	}
	for _, tt := range tests {
		g, err := onnx.Import(m, onnx.Options{Dims: tt.pins})
		if err != nil {
			t.Fatal(err)
		}
		if got := g.Outputs()[0].Type.String(); got != tt.want {
			t.Errorf("with %v the output is %s, want %s", tt.pins, got, tt.want)
		}
	}
	if _, err := onnx.Import(m, onnx.Options{Dims: map[string]int64{"n": -1}}); err == nil {
		t.Error("a negative size is taken")
	}
}
