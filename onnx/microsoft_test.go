package onnx_test

import (
	"testing"

	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

// TestMicrosoftOperands: operands of a wrong rank are refused, and what is made
// of attributes takes no memory on their word alone.
func TestMicrosoftOperands(t *testing.T) {
	const huge = 1 << 40
	for _, c := range []struct {
		name, inputs, operands string
		attributes             []*wire.Attribute
		refused                bool
	}{
		{"Attention", "x:f32[8] w:f32[8,24]", "x w", []*wire.Attribute{onnxtest.Int("num_heads", 4), onnxtest.Int("unidirectional", 1)}, true},
		{"MultiHeadAttention", "q:f32[8] k:f32[8] v:f32[8]", "q k v", []*wire.Attribute{onnxtest.Int("num_heads", 4), onnxtest.Int("unidirectional", 1)}, true},
		{"GroupQueryAttention", "q:f32[1,1,1099511627776] k:f32[1,1,1099511627776] v:f32[1,1,1099511627776] n:i32[1] all:i32[]", "q k v _ _ n all",
			[]*wire.Attribute{onnxtest.Int("num_heads", huge), onnxtest.Int("kv_num_heads", huge), onnxtest.Int("smooth_softmax", 1)}, false},
	} {
		n := onnxtest.Node(c.name, c.operands, "y", c.attributes...)
		n.Domain = "com.microsoft"
		m := onnxtest.Model(17, onnxtest.Graph(c.inputs, "y", n))
		m.OpsetImport = append(m.OpsetImport, &wire.OperatorSetID{Domain: "com.microsoft", Version: 1})
		g, err := onnx.Import(m, onnx.Options{})
		if refused := err != nil || onnx.Unsupported(g) != nil; refused != c.refused {
			t.Errorf("%s of %s: %v", c.name, c.inputs, err)
		}
	}
}
