package onnx_test

import (
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

// wantRefused imports a node of com.microsoft, and wants an error or a reason to refuse
// it that has the given words. Constants are zeros.
func wantRefused(t *testing.T, op, inputs, operands, attributes, constants, want string) {
	t.Helper()
	n := onnxtest.In("com.microsoft", onnxtest.Node(op, operands, "y", attributesOf(t, attributes)...))
	g := onnxtest.Graph(inputs, "y", n)
	for _, c := range onnxtest.Graph(constants, "").Input {
		var shape []int
		for _, d := range c.Type.Tensor.Shape.Dim {
			shape = append(shape, int(d.Value))
		}
		g.Initializer = append(g.Initializer, onnx.WriteTensor(c.Name, tensor.New(tensor.DType(c.Type.Tensor.ElemType), shape...)))
	}
	m := onnxtest.Model(21, g)
	m.OpsetImport = append(m.OpsetImport, &wire.OperatorSetID{Domain: "com.microsoft", Version: 1})
	made, err := onnx.Import(m, onnx.Options{})
	if err == nil {
		u := onnx.Unsupported(made)
		if u == nil {
			t.Fatalf("imported as\n%s", made)
		}
		err = u
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// attributesOf makes attributes of "name=number …".
func attributesOf(t *testing.T, list string) []*wire.Attribute {
	t.Helper()
	var all []*wire.Attribute
	for _, word := range strings.Fields(list) {
		name, text, _ := strings.Cut(word, "=")
		v := tensor.New(tensor.Int64)
		if err := v.ParseElem(0, text); err != nil {
			t.Fatal(err)
		}
		all = append(all, onnxtest.Int(name, v.IntAt(0)))
	}
	return all
}

// TestHostileBlocks: sizes of weights of few bits that don't fit are errors, and what
// is made of attributes takes no memory on their word.
func TestHostileBlocks(t *testing.T) {
	const nBits = "K=32 N=3 bits=4 block_size=16 "
	for _, c := range []struct {
		name, op, inputs, operands, attributes string
		constants                              string // zeros
		want                                   string // words of the error, or of the reason to refuse
	}{
		{"B is short", "MatMulNBits", "a:f32[2,32]", "a b s", nBits, "b:u8[3,2,7] s:f32[3,2]", "operand B is u8[3,2,7], want uint8[3,2,8]"},
		{"B of floats", "MatMulNBits", "a:f32[2,32]", "a b s", nBits, "b:f32[3,2,8] s:f32[3,2]", "operand B is f32[3,2,8], want uint8[3,2,8]"},
		{"B is a scalar", "MatMulNBits", "a:f32[2,32]", "a b s", nBits, "b:u8[] s:f32[3,2]", "operand B is u8[], want"},
		{"few scales", "MatMulNBits", "a:f32[2,32]", "a b s", nBits, "b:u8[3,2,8] s:f32[3,1]", "the zero point is [3,2], want [3,1]"},
		{"few scales in a list", "MatMulNBits", "a:f32[2,32]", "a b s", nBits, "b:u8[3,2,8] s:f32[5]", "Reshape"},
		{"scales of integers", "MatMulNBits", "a:f32[2,32]", "a b s", nBits, "b:u8[3,2,8] s:u8[3,2]", "DequantizeLinear"},
		{"few zero points", "MatMulNBits", "a:f32[2,32]", "a b s z", nBits, "b:u8[3,2,8] s:f32[3,2] z:u8[2]", "operand zero_points: u8[2], want uint8[3,1]"},
		{"zero points of i32", "MatMulNBits", "a:f32[2,32]", "a b s z", nBits, "b:u8[3,2,8] s:f32[3,2] z:i32[3]", "operand zero_points: i32[3], want"},
		{"few zero points in floats", "MatMulNBits", "a:f32[2,32]", "a b s z", nBits, "b:u8[3,2,8] s:f32[3,2] z:f32[5]", "Reshape"},
		{"zero points as input", "MatMulNBits", "a:f32[2,32] z:u8[3]", "a b s z", nBits, "b:u8[3,2,8] s:f32[3,2]", "operand zero_points is not constant"},
		{"another K", "MatMulNBits", "a:f32[2,30]", "a b s", nBits, "b:u8[3,2,8] s:f32[3,2]", "MatMul"},
		{"huge", "MatMulNBits", "a:f32[2,32]", "a b s", "K=4611686018427387904 N=3 bits=4 block_size=16", "b:u8[3,2,8] s:f32[3,2]", "attribute K is 4611686018427387904"},
		{"large", "MatMulNBits", "a:f32[2,32]", "a b s", "K=2147483647 N=2147483647 bits=8 block_size=1048576", "b:u8[3,2,8] s:f32[3,2]", "operand B is u8[3,2,8], want"},
		{"no block", "MatMulNBits", "a:f32[2,32]", "a b s", "K=32 N=3 block_size=0", "b:u8[3,2,8] s:f32[3,2]", "attribute block_size is 0"},
		{"parts of bytes", "MatMulNBits", "a:f32[2,32]", "a b s", "K=32 N=3 block_size=1", "b:u8[3,2,8] s:f32[3,2]", "ends within a byte"},
		{"3 bits", "MatMulNBits", "a:f32[2,32]", "a b s", "K=32 N=3 bits=3 block_size=16", "b:u8[3,2,8] s:f32[3,2]", "weights of 3 bits"},
		{"an index of another length", "MatMulNBits", "a:f32[2,32]", "a b s _ g", nBits, "b:u8[3,2,8] s:f32[3,2] g:i32[31]", "the zero point is [3,32], want [3,31]"},

		{"bnb4: B is short", "MatMulBnb4", "a:f32[2,20]", "a b s", "K=20 N=3 block_size=16 quant_type=1", "b:u8[29] s:f32[4]", "operand B is u8[29], want uint8[30]"},
		{"bnb4: few blocks", "MatMulBnb4", "a:f32[2,20]", "a b s", "K=20 N=3 block_size=16 quant_type=1", "b:u8[30] s:f32[3]", "operand absmax is f32[3], want 4"},
		{"bnb4: large", "MatMulBnb4", "a:f32[2,20]", "a b s", "K=2147483647 N=2147483647 block_size=1 quant_type=1", "b:u8[30] s:f32[4]", "operand B is u8[30], want"},
		{"bnb4: unknown codes", "MatMulBnb4", "a:f32[2,20]", "a b s", "K=20 N=3 block_size=16 quant_type=2", "b:u8[30] s:f32[4]", "attribute quant_type is 2"},
		{"bnb4: no size", "MatMulBnb4", "a:f32[2,20]", "a b s", "K=20 block_size=16 quant_type=1", "b:u8[30] s:f32[4]", "attribute N is -1"},

		{"table: few scales", "GatherBlockQuantized", "i:i64[2]", "d i s", "block_size=16", "d:u8[6,16] s:f32[6,1]", "operand scales is f32[6,1], and operand data u4[6,32]"},
		{"table: scales of another rank", "GatherBlockQuantized", "i:i64[2]", "d i s", "block_size=16", "d:u8[6,16] s:f32[]", "operand scales"},
		{"table: few zero points", "GatherBlockQuantized", "i:i64[2]", "d i s z", "block_size=16", "d:u8[6,16] s:f32[6,2] z:u8[5]", "operand zero_points: u8[5], want uint8[6,1]"},
		{"table: zero points in floats", "GatherBlockQuantized", "i:i64[2]", "d i s z", "block_size=16", "d:u8[6,16] s:f32[6,2] z:f32[6,2]", "operand zero_points is of type float32"},
		{"table: a scalar", "GatherBlockQuantized", "i:i64[2]", "d i s", "block_size=16", "d:u8[] s:f32[6,2]", "the rank of an operand"},
		{"table: axis", "GatherBlockQuantized", "i:i64[2]", "d i s", "block_size=16 quantize_axis=2", "d:u8[6,16] s:f32[6,2]", "attribute quantize_axis is 2, and the rank 2"},
		{"table: blocks along another axis", "GatherBlockQuantized", "i:i64[2]", "d i s", "block_size=16 quantize_axis=0 gather_axis=1", "d:u8[16,6] s:f32[1,12]", "another axis than the last"},
		{"table: as input", "GatherBlockQuantized", "i:i64[2] d:u8[6,16]", "d i s", "block_size=16", "s:f32[6,2]", "operand data is not constant"},
		{"table: no block", "GatherBlockQuantized", "i:i64[2]", "d i s", "block_size=-1", "d:u8[6,16] s:f32[6,2]", "attribute block_size is -1"},
		{"table: huge", "GatherBlockQuantized", "i:i64[2] s:f32[32768,8192]", "d i s", "block_size=16 bits=8", "d:u8[6,16]", "operand scales is f32[32768,8192]"},
	} {
		t.Run(c.name, func(t *testing.T) { wantRefused(t, c.op, c.inputs, c.operands, c.attributes, c.constants, c.want) })
	}
}

// TestHostileScales: operands of steps that don't fit together are errors or refused.
func TestHostileScales(t *testing.T) {
	for _, c := range []struct{ op, inputs, operands, attributes, want string }{
		{"QLinearAdd", "a:u8[3] s:f32[2] z:u8[] b:u8[3]", "a s z b s z s z", "", "Reshape"},
		{"QLinearAdd", "a:f32[3] s:f32[] z:u8[] b:u8[3]", "a s z b s z s z", "", "DequantizeLinear"},
		{"QLinearConcat", "x:u8[3] s:f32[] z:u8[]", "s z x s", "axis=0", "which are not a scale"},
		{"QLinearConcat", "x:u8[3] s:f32[] z:u8[]", "s z x s _ x s z", "axis=0", "operand 4 is missing"},
		{"QLinearGlobalAveragePool", "x:u8[3] s:f32[] z:u8[]", "x s z s z", "channels_last=1", "channels last of u8[3]"},
		{"QGemm", "a:u8[2,3,4] s:f32[] z:u8[] b:u8[4,5]", "a s z b s z", "", "operand a is u8[2,3,4], want a matrix"},
		{"QGemm", "a:u8[3,4] s:f32[] z:u8[] b:u8[3,5]", "a s z b s z", "", "MatMulInteger"},
		{"MatMulIntegerToFloat", "a:u8[3,4] s:f32[] b:u8[4,5] w:f32[4]", "a b s w", "", "Mul"},
		{"QAttention", "x:u8[1,2,8] w:u8[8,23] b:f32[23] s:f32[]", "x w b s s", "num_heads=2", "hidden sizes"},
		{"QAttention", "x:u8[1,2,8] w:u8[] b:f32[24] s:f32[]", "x w b s s", "num_heads=2", "the rank of an operand"},
		{"QEmbedLayerNormalization", "i:i32[1,2] w:u8[4,8] g:u8[8] s:f32[] z:u8[]", "i i w w _ g g _ s s s s s z z z z z", "", "without segment_embedding"},
		{"QEmbedLayerNormalization", "i:i32[1,2] w:u8[4,8] g:u8[8] s:f32[] z:u8[]", "i i w w w g g _ s s _ s s z z z z z", "", "operand segment_embedding or its scale is missing"},
		{"QLinearSoftmax", "x:u8[3] s:f32[] z:u8[]", "x s z s z", "opset=12 axis=5", "Flatten"},
	} {
		t.Run(c.op, func(t *testing.T) { wantRefused(t, c.op, c.inputs, c.operands, c.attributes, "", c.want) })
	}
}
