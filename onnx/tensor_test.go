package onnx_test

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

func elems(t *tensor.Tensor) string {
	parts := make([]string, t.Len())
	for i := range parts {
		parts[i] = t.FormatElem(i)
	}
	return strings.Join(parts, " ")
}

// TestTypedData: every element type from its typed field.
func TestTypedData(t *testing.T) {
	int32s := func(d wire.DataType, n int64, list ...int32) *wire.Tensor {
		return &wire.Tensor{DataType: d, Dims: []int64{n}, Int32Data: wire.PackVarints(list)}
	}
	uint64s := func(d wire.DataType, list ...uint64) *wire.Tensor {
		return &wire.Tensor{DataType: d, Dims: []int64{int64(len(list))}, Uint64Data: wire.PackVarints(list)}
	}
	cases := []struct {
		tensor *wire.Tensor
		want   string // elements, or part of the error
	}{
		{floats("", []int64{2}, 1, -2), "1 -2"},
		{&wire.Tensor{DataType: wire.Double, Dims: []int64{1}, DoubleData: wire.PackFixed([]float64{0.5})}, "0.5"},
		{&wire.Tensor{DataType: wire.Complex64, Dims: []int64{1}, FloatData: wire.PackFixed([]float32{1, 2})}, "(1+2i)"},
		{int64s("", []int64{2}, -1, 1<<40), "-1 1099511627776"},
		{uint64s(wire.Uint64, 1<<63), "9223372036854775808"},
		{uint64s(wire.Uint32, 1<<31), "2147483648"},
		{uint64s(wire.Uint32, 1<<32), "no uint32"},
		{int32s(wire.Int32, 1, -5), "-5"},
		{int32s(wire.Int16, 1, -5), "-5"},
		{int32s(wire.Int8, 2, -5, 127), "-5 127"},
		{int32s(wire.Uint8, 1, 255), "255"},
		{int32s(wire.Uint8, 1, 256), "no uint8"},
		{int32s(wire.Uint16, 1, 65535), "65535"},
		{int32s(wire.Bool, 3, 0, 1, 7), "false true true"},
		{int32s(wire.Float16, 1, 0x3c00), "1"},
		{int32s(wire.BFloat16, 1, 0x4000), "2"},
		{int32s(wire.Float8E5M2, 1, 0x3c), "1"},
		{int32s(wire.Int4, 3, 0xf1, 0x02), "1 -1 2"},
		{int32s(wire.Int4, 3, 0xf1), "needs 2 entries in int32_data, there are 1"},
		{&wire.Tensor{DataType: wire.String, Dims: []int64{1, 1}, StringData: [][]byte{[]byte("é")}}, `"é"`},
		{&wire.Tensor{DataType: wire.String, Dims: []int64{2}, StringData: [][]byte{[]byte("é")}}, "needs 2 strings"},
		{&wire.Tensor{DataType: wire.Bool, Dims: []int64{2}, RawData: []byte{0, 9}}, "false true"},
		{&wire.Tensor{DataType: wire.Float, Dims: []int64{0, 3}}, ""},
		{&wire.Tensor{DataType: wire.Float, RawData: []byte{0, 0, 128, 63}}, "1"},
		{&wire.Tensor{DataType: wire.Float, Segment: &wire.Segment{}}, "segments"},
	}
	for _, c := range cases {
		x, err := onnx.ReadTensor(c.tensor)
		switch {
		case err != nil && (c.want == "" || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %s", c.tensor.DataType, err, c.want)
		case err == nil && elems(x) != c.want:
			t.Errorf("%s: %s, want %s", c.tensor.DataType, elems(x), c.want)
		}
	}
}

// TestWriteTensor: every element type comes back.
func TestWriteTensor(t *testing.T) {
	for d := tensor.Float32; d.Valid(); d++ {
		for _, shape := range [][]int{{}, {0}, {3}, {2, 3}} {
			x := tensor.New(d, shape...)
			b, err := wire.EncodeTensor(onnx.WriteTensor("x", x))
			if err != nil {
				t.Fatal(err)
			}
			name, back, err := onnx.ReadValue(b, ir.Type{})
			if err != nil || name != "x" || !back.(*tensor.Tensor).Equal(x) {
				t.Errorf("%s: %v, error %v", x, back, err)
			}
		}
	}
}

// TestShared: raw data is not copied, wherever it lies.
func TestShared(t *testing.T) {
	raw := make([]byte, 9)[1:]
	x, err := onnx.ReadTensor(&wire.Tensor{DataType: wire.Float, Dims: []int64{2}, RawData: raw})
	if err != nil {
		t.Fatal(err)
	}
	if unsafe.SliceData(x.Bytes()) != unsafe.SliceData(raw) {
		t.Error("the elements were copied")
	}
}

// TestReadValue: test data of boxed types.
func TestReadValue(t *testing.T) {
	f32 := ir.Unranked(tensor.Float32)
	seq := &wire.Sequence{Name: "s", ElemType: wire.ValueTensor, Tensor: []*wire.Tensor{floats("", []int64{1}, 1), floats("", nil, 2)}}
	b, err := wire.EncodeSequence(seq)
	if err != nil {
		t.Fatal(err)
	}
	name, v, err := onnx.ReadValue(b, ir.SequenceOf(f32))
	if s, ok := v.(*tensor.Sequence); err != nil || name != "s" || !ok || len(s.Elems) != 2 {
		t.Errorf("sequence %q: %v, error %v", name, v, err)
	}
	if b, err = wire.EncodeOptional(&wire.Optional{ElemType: wire.ValueTensor}); err != nil {
		t.Fatal(err)
	}
	if _, v, err = onnx.ReadValue(b, ir.OptionalOf(f32)); err != nil || v.(*tensor.Optional).Elem != nil {
		t.Errorf("optional: %v, error %v", v, err)
	}
	m := &wire.Map{KeyType: wire.Int64, Keys: []int64{4, 5}, Values: seq}
	if b, err = wire.EncodeMap(m); err != nil {
		t.Fatal(err)
	}
	if _, v, err = onnx.ReadValue(b, ir.MapOf(tensor.Int64, f32)); err != nil || len(v.(*tensor.Map).Values) != 2 {
		t.Errorf("map: %v, error %v", v, err)
	}
	if _, _, err = onnx.ReadValue([]byte{0xff}, f32); err == nil {
		t.Error("garbage is a tensor")
	}
}
