package onnxgo

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/owulveryck/onnx-go"
	"github.com/owulveryck/onnx-go/backend/simple"
	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/onnxtest"
	gorgonia "gorgonia.org/tensor"
)

// TestModel runs every fixture. onnx-go can run none of them with its own back
// end: tests/gorgonnx holds what that says to some.
func TestModel(t *testing.T) {
	files, err := filepath.Glob("../../tests/testdata/*/*/model.onnx")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		dir := filepath.Dir(file)
		name := filepath.Join(filepath.Base(filepath.Dir(dir)), filepath.Base(dir))
		t.Run(name, func(t *testing.T) { runModel(t, name) })
	}
}

func runModel(t *testing.T, name string) {
	f := readFixture(t, name)
	backend := NewGraph()
	defer backend.Close()
	model := NewModel(backend)
	err := model.UnmarshalBinary(f.model)
	if f.external {
		if err == nil || !strings.Contains(err.Error(), "no folder") {
			t.Errorf("external data: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range f.inputs {
		if err := model.SetInput(i, x); err != nil {
			t.Fatal(err)
		}
	}
	if err := backend.Run(); err != nil {
		t.Fatal(err)
	}
	outputs, err := model.GetOutputTensors()
	if err != nil {
		t.Fatal(err)
	}
	f.wantClose(t, outputs)
}

// encoded returns a model with one dynamic input, x·x.
func encoded(t *testing.T, nodes ...*wire.Node) []byte {
	t.Helper()
	if nodes == nil {
		nodes = []*wire.Node{onnxtest.Node("Mul", "x x", "y")}
	}
	data, err := wire.Encode(onnxtest.Model(17, onnxtest.Graph("x:f32[n,2]", "y", nodes...)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func read(t *testing.T, data []byte) (*Graph, *Model) {
	t.Helper()
	backend := NewGraph()
	model := NewModel(backend)
	if err := model.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	return backend, model
}

func TestModelAsGraph(t *testing.T) {
	backend, model := read(t, encoded(t))
	if got := model.GetInputTensors(); len(got) != 1 || !got[0].Shape().Eq(gorgonia.Shape{1, 2}) {
		t.Errorf("inputs before they are set are %v", got)
	}
	x, ok := model.GetNodeByName("x")
	if !ok || x.ID() != model.Input[0] || x.(onnx.Namer).GetName() != "x" {
		t.Errorf("node of x: %v %v", x, ok)
	}
	if _, ok := model.GetNodeByName("z"); ok {
		t.Error("there is a node for z")
	}
	e := backend.WeightedEdge(model.Output[0], model.Input[0])
	if e == nil || e.Weight() != 0 {
		t.Errorf("edge %v", e)
	}
	for _, n := range []int{3, 1} { // the shape may change between runs
		data := make([]float32, 2*n)
		data[1] = 3
		if err := model.SetInput(0, gorgonia.New(gorgonia.WithShape(n, 2), gorgonia.WithBacking(data))); err != nil {
			t.Fatal(err)
		}
		if err := backend.Run(); err != nil {
			t.Fatal(err)
		}
		out, err := model.GetOutputTensors()
		if err != nil || !out[0].Shape().Eq(gorgonia.Shape{n, 2}) || out[0].Data().([]float32)[1] != 9 {
			t.Fatalf("%v, %v", out, err)
		}
	}
}

func TestWrongInputs(t *testing.T) {
	backend, model := read(t, encoded(t))
	for _, i := range []int{-1, 1} {
		if err := model.SetInput(i, gorgonia.New(gorgonia.FromScalar(float32(1)))); !errors.Is(err, parallax.ErrInput) {
			t.Errorf("input %d: %v", i, err)
		}
	}
	if err := backend.Run(); !errors.Is(err, parallax.ErrInput) {
		t.Errorf("nothing set: %v", err)
	}
	for name, x := range map[string]gorgonia.Tensor{
		"rank":    gorgonia.New(gorgonia.WithShape(2), gorgonia.Of(gorgonia.Float32)),
		"size":    gorgonia.New(gorgonia.WithShape(1, 3), gorgonia.Of(gorgonia.Float32)),
		"element": gorgonia.New(gorgonia.WithShape(1, 2), gorgonia.Of(gorgonia.Float64)),
		"int":     gorgonia.New(gorgonia.WithShape(1, 2), gorgonia.Of(gorgonia.Int)),
		"sparse":  gorgonia.CSRFromCoord(gorgonia.Shape{1, 2}, []int{0}, []int{1}, []float32{1}),
	} {
		if err := model.SetInput(0, x); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := backend.Run(); !errors.Is(err, parallax.ErrInput) || !strings.Contains(err.Error(), `"x"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNotImplemented(t *testing.T) {
	err := NewModel(NewGraph()).UnmarshalBinary(encoded(t, onnxtest.Node("Frob", "x", "u"), onnxtest.Node("Nicate", "u", "y")))
	e, ok := err.(*onnx.ErrNotImplemented)
	if !ok || e.Operator != "Frob" || !strings.Contains(e.Message, "Nicate") {
		t.Errorf("%T %v", err, err)
	}
}

func TestUnmarshalInto(t *testing.T) {
	var none *Graph
	for name, backend := range map[string]onnx.Backend{"nil": nil, "nil graph": none} {
		err := NewModel(backend).UnmarshalBinary(encoded(t))
		if _, ok := err.(*onnx.InvalidUnmarshalError); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := NewModel(simple.NewSimpleGraph()).UnmarshalBinary(encoded(t)); err == nil || !strings.Contains(err.Error(), "*simple.Graph") {
		t.Errorf("another back end: %v", err)
	}
	backend, model := read(t, encoded(t))
	if err := model.UnmarshalBinary(encoded(t)); err == nil {
		t.Error("a second model is read into one graph")
	}
	if err := backend.Close(); err != nil {
		t.Error(err)
	}
	if err := model.SetInput(0, gorgonia.New(gorgonia.WithShape(1, 2), gorgonia.Of(gorgonia.Float32))); err != nil {
		t.Error(err)
	}
	if err := backend.Run(); !errors.Is(err, parallax.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestSequenceInput(t *testing.T) {
	g := onnxtest.Graph("", "y", onnxtest.Node("Identity", "s", "y"))
	g.Input = []*wire.ValueInfo{
		{Name: "s", Type: &wire.Type{Sequence: &wire.ElemType{Elem: &wire.Type{Tensor: &wire.TensorType{ElemType: wire.Float}}}}},
	}
	data, err := wire.Encode(onnxtest.Model(17, g))
	if err != nil {
		t.Fatal(err)
	}
	if err := NewModel(NewGraph()).UnmarshalBinary(data); err == nil || !strings.Contains(err.Error(), "tensors only") {
		t.Error(err)
	}
}

// TestBadBytes reads damaged models: whatever comes of it is an error or a model.
func TestBadBytes(t *testing.T) {
	whole := readFixture(t, "models/sdpa_bool_mask").model
	for cut := 0; cut < len(whole); cut += 97 {
		NewModel(NewGraph()).UnmarshalBinary(whole[:cut])
		damaged := append([]byte(nil), whole...)
		damaged[cut] ^= 0xff
		model := NewModel(NewGraph())
		if model.UnmarshalBinary(damaged) == nil {
			model.GetInputTensors()
		}
	}
	if err := NewModel(NewGraph()).UnmarshalBinary([]byte{0}); err == nil {
		t.Error("one zero byte is a model")
	}
	for _, data := range [][]byte{nil, {0}, {0xff, 0xff}} {
		if x, err := NewTensor(data); err == nil {
			t.Errorf("% x is a tensor: %v", data, x)
		}
	}
}
