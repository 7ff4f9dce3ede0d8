package onnx_test

import (
	"testing"

	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// fuzzNodes keeps a run short: what nests is expanded no further.
const fuzzNodes = 2000

// FuzzImport: any model is a graph that passes Verify or an error, and a graph
// that can be exported can be imported again.
func FuzzImport(f *testing.F) {
	seed := func(m *wire.Model) {
		b, err := wire.Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, c := range upgrades {
		seed(model(c.opset, graph(c.inputs, "z", c.node)))
	}
	for _, c := range opaques {
		seed(model(c.opset, graph(c.inputs, "z", c.node)))
	}
	for _, c := range scopes() {
		seed(c.model)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := wire.Decode(b)
		if err != nil {
			return
		}
		g, err := onnx.Import(m, onnx.Options{MaxNodes: fuzzNodes})
		if err != nil {
			return
		}
		if err := g.Verify(); err != nil {
			t.Fatalf("%v\n%s", err, g)
		}
		onnx.Unsupported(g)
		m, err = onnx.Export(g, onnx.ExportOptions{Form: onnx.FormInline})
		if err != nil {
			return
		}
		back, err := onnx.Import(m, onnx.Options{MaxNodes: 10 * fuzzNodes})
		if err != nil {
			t.Fatalf("%v\n%s", err, g)
		}
		if err := back.Verify(); err != nil {
			t.Fatalf("%v\n%s", err, back)
		}
	})
}

// FuzzReadTensor: any tensor is read or refused, and what is read is as large as
// it says.
func FuzzReadTensor(f *testing.F) {
	for _, t := range []*wire.Tensor{floats("x", []int64{2}, 1, 2), int64s("x", nil, 3), bools("x", []int64{1, 2}, 0, 1)} {
		b, err := wire.EncodeTensor(t)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := wire.DecodeTensor(b)
		if err != nil {
			return
		}
		x, err := onnx.ReadTensor(p)
		if err != nil {
			return
		}
		if want := x.DType.Bytes(x.Len()); x.Strings() == nil && len(x.Bytes()) != want {
			t.Fatalf("%s has %d bytes, want %d", x, len(x.Bytes()), want)
		}
	})
}
