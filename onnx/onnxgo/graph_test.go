package onnxgo

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/owulveryck/onnx-go"
	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/onnxtest"
	gorgonia "gorgonia.org/tensor"
)

// backendModels are the fixtures that onnx-go's decoder reads and its own back end
// can't run: see tests/gorgonnx.
var backendModels = []string{
	"models/bart_ts14", "models/bert_eager_ts11", "models/bert_sdpa_ts14", "models/llama_ts17", "models/mha_causal",
	"models/op_attention_3d_bool_mask", "models/sdpa_bool_mask", "models/sdpa_gqa_causal", "models/softmax_opset11_axis3",
	"models/static_shapes", "parallax-models/cov_einsum_ts17", "parallax-models/encoder_ts17", "parallax-models/fla_plain_ts17",
}

func TestBackend(t *testing.T) {
	for _, name := range backendModels {
		t.Run(name, func(t *testing.T) {
			f := readFixture(t, name)
			backend := NewGraph(WithOpset(versionOf(t, f.model)))
			defer backend.Close()
			model := onnx.NewModel(backend)
			if err := model.UnmarshalBinary(f.model); err != nil {
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
		})
	}
}

// versionOf returns the version of ai.onnx that the file says.
func versionOf(t *testing.T, model []byte) int {
	t.Helper()
	m, err := wire.Decode(model)
	if err != nil {
		t.Fatal(err)
	}
	return int(m.OpsetImport[0].Version)
}

// decode has onnx-go decode a model of version 17 into a new graph.
func decode(t *testing.T, g *wire.Graph, opts ...Option) (*Graph, *onnx.Model) {
	t.Helper()
	data, err := wire.Encode(onnxtest.Model(17, g))
	if err != nil {
		t.Fatal(err)
	}
	backend := NewGraph(opts...)
	model := onnx.NewModel(backend)
	if err := model.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	return backend, model
}

func vector(data ...float32) gorgonia.Tensor {
	return gorgonia.New(gorgonia.WithShape(len(data)), gorgonia.WithBacking(data))
}

func run(t *testing.T, backend *Graph, model *onnx.Model, in ...gorgonia.Tensor) [][]float64 {
	t.Helper()
	for i, x := range in {
		if err := model.SetInput(i, x); err != nil {
			t.Fatal(err)
		}
	}
	if err := backend.Run(); err != nil {
		t.Fatal(err)
	}
	out, err := model.GetOutputTensors()
	if err != nil {
		t.Fatal(err)
	}
	var list [][]float64
	for _, x := range out {
		list = append(list, floats(t, x))
	}
	return list
}

func wantEqual(t *testing.T, got any, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestSameOperandTwice: gonum's graphs have one edge between two nodes.
func TestSameOperandTwice(t *testing.T) {
	backend, model := decode(t, onnxtest.Graph("x:f32[n]", "y", onnxtest.Node("Sub", "x x", "u"), onnxtest.Node("Add", "x u", "y")))
	wantEqual(t, run(t, backend, model, vector(1, 2)), [][]float64{{1, 2}})
	wantEqual(t, run(t, backend, model, vector(4, 5, 6)), [][]float64{{4, 5, 6}})
}

// TestOutputReadByOthers: onnx-go does not tell which tensors are outputs.
func TestOutputReadByOthers(t *testing.T) {
	backend, model := decode(t, onnxtest.Graph("x:f32[n]", "u y", onnxtest.Node("Neg", "x", "u"), onnxtest.Node("Exp", "u", "y")))
	wantEqual(t, run(t, backend, model, vector(0)), [][]float64{{0}, {1}})
	wantEqual(t, run(t, backend, model, vector(0, 0)), [][]float64{{0, 0}, {1, 1}})
}

func TestLeftOut(t *testing.T) {
	g := onnxtest.Graph("x:f32[n]", "y", onnxtest.Node("Clip", "x _ high", "u"), onnxtest.Node("Constant", "", "one", onnxtest.Float("value_float", 1)),
		onnxtest.Node("Add", "u one", "w"), onnxtest.Node("LayerNormalization", "w gain", "z _ _"), onnxtest.Node("Add", "w z", "y"))
	g.Initializer = []*wire.Tensor{onnxtest.Floats("high", nil, 3), onnxtest.Floats("gain", []int64{2}, 0, 0)}
	backend, model := decode(t, g)
	wantEqual(t, run(t, backend, model, vector(9, 1)), [][]float64{{4, 2}})
}

// TestInputsChange sets another rank, and another element type.
func TestInputsChange(t *testing.T) {
	backend, model := decode(t, onnxtest.Graph("x:f32[n]", "y", onnxtest.Node("Neg", "x", "y")))
	wantEqual(t, run(t, backend, model, vector(2)), [][]float64{{-2}})
	wantEqual(t, run(t, backend, model, gorgonia.New(gorgonia.FromScalar(float32(3)))), [][]float64{{-3}})
	wantEqual(t, run(t, backend, model, gorgonia.New(gorgonia.WithShape(1, 1), gorgonia.WithBacking([]int64{5}))), [][]float64{{-5}})
}

// TestOtherDomain: onnx-go drops the domain, and the name says which it was.
func TestOtherDomain(t *testing.T) {
	for name, want := range map[string]string{"Softmax": "", "Frob": "", "Parallax": "ai.parallax", "QuickGelu": "com.microsoft"} {
		if got := domainOf(name); got != want {
			t.Errorf("%s is taken for an operator of %q, want %q", name, got, want)
		}
	}
	backend, model := decode(t, onnxtest.Graph("x:f32[n]", "y", onnxtest.In("com.microsoft", onnxtest.Node("QuickGelu", "x", "y"))))
	wantEqual(t, run(t, backend, model, vector(0)), [][]float64{{0}})
}

// TestOpset: a softmax over the middle axis is another one since opset 13.
func TestOpset(t *testing.T) {
	g := func() *wire.Graph {
		return onnxtest.Graph("x:f32[1,2,2]", "y", onnxtest.Node("Softmax", "x", "y", onnxtest.Int("axis", 1)))
	}
	x := gorgonia.New(gorgonia.WithShape(1, 2, 2), gorgonia.WithBacking(make([]float32, 4)))
	backend, model := decode(t, g())
	if err := model.SetInput(0, x); err != nil {
		t.Fatal(err)
	}
	if err := backend.Run(); err == nil || !strings.Contains(err.Error(), "WithOpset") {
		t.Errorf("without a version: %v", err)
	}
	for version, want := range map[int]float64{11: 0.25, 13: 0.5} {
		backend, model = decode(t, g(), WithOpset(version))
		wantEqual(t, run(t, backend, model, x), [][]float64{{want, want, want, want}})
	}
	backend, model = decode(t, onnxtest.Graph("x:f32[1,2,2]", "y", onnxtest.Node("Softmax", "x", "y", onnxtest.Int("axis", -1))))
	wantEqual(t, run(t, backend, model, x), [][]float64{{0.5, 0.5, 0.5, 0.5}})
}

func TestBackendErrors(t *testing.T) {
	if err := NewGraph().Run(); err == nil {
		t.Error("an empty graph runs")
	}
	backend, _ := decode(t, onnxtest.Graph("x:f32[2]", "y", onnxtest.Node("Frob", "x", "y")))
	if err := backend.Run(); !isNotImplemented(err, "Frob") {
		t.Errorf("unknown operator: %T %v", err, err)
	}
	backend, _ = decode(t, onnxtest.Graph("", "y", onnxtest.Node("Neg", "x", "y")))
	if err := backend.Run(); !errors.Is(err, parallax.ErrInput) {
		t.Errorf("operand not set: %v", err)
	}
	backend, _ = decode(t, onnxtest.Graph("x:f32[2]", "y", onnxtest.Node("Add", "x y", "y")))
	if err := backend.Run(); err == nil {
		t.Error("a result of itself is computed")
	}
	backend, model := decode(t, onnxtest.Graph("x:f32[2] z:f32[3]", "y", onnxtest.Node("Add", "x z", "y")))
	model.SetInput(0, vector(1, 2))
	model.SetInput(1, vector(1, 2, 3))
	if err := backend.Run(); !errors.Is(err, parallax.ErrInput) {
		t.Errorf("shapes that don't fit: %v", err)
	}
	data, err := wire.Encode(onnxtest.Model(17, onnxtest.Graph("x:f32[2]", "y", onnxtest.Node("Neg", "x", "y"), onnxtest.Node("Abs", "x", "y"))))
	if err != nil {
		t.Fatal(err)
	}
	if err := onnx.NewModel(NewGraph()).UnmarshalBinary(data); err == nil {
		t.Error("a tensor is computed twice")
	}
}

// TestAnyOperator builds graphs that no file holds: each gives an error or a result.
func TestAnyOperator(t *testing.T) {
	known, _ := operators()
	attributes := []map[string]any{
		nil,
		{"axis": int64(-9), "to": int64(99), "perm": []int64{5}, "equation": "->", "mode": "?"},
		{"value": vector(1), "kernel_shape": []int64{0}, "body": struct{}{}},
	}
	for name := range known {
		for operands := range 5 {
			for _, a := range attributes {
				g := NewGraph()
				result := g.newNode()
				g.AddNode(result)
				for i := range operands {
					x := g.newNode()
					x.tensor = vector(1, 2, 3)
					g.AddNode(x)
					g.SetWeightedEdge(g.NewWeightedEdge(result, x, float64(i)))
				}
				if err := g.ApplyOperation(onnx.Operation{Name: name, Attributes: a}, result); err != nil {
					t.Fatal(err)
				}
				if err := g.Run(); err == nil && result.GetTensor() == nil {
					t.Errorf("%s of %d operands gives nothing", name, operands)
				}
				g.Close()
			}
		}
	}
}

func isNotImplemented(err error, operator string) bool {
	e, ok := err.(*onnx.ErrNotImplemented)
	return ok && e.Operator == operator
}

// TestByHand builds a graph without a decoder.
func TestByHand(t *testing.T) {
	g := NewGraph(WithOptions(parallax.WithThreads(1)))
	defer g.Close()
	x, y := g.NewNode(), (*Node)(nil)
	g.AddNode(x)
	y = g.NewNode().(*Node)
	g.AddNode(y)
	g.SetWeightedEdge(g.NewWeightedEdge(y, x, 0))
	if err := g.ApplyOperation(onnx.Operation{Name: "LeakyRelu", Attributes: map[string]any{"alpha": float32(0.5)}}, y); err != nil {
		t.Fatal(err)
	}
	if err := x.(onnx.DataCarrier).SetTensor(vector(-2, 4)); err != nil {
		t.Fatal(err)
	}
	if err := g.Run(); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, floats(t, y.GetTensor()), []float64{-1, 4})
	if err := g.ApplyOperation(onnx.Operation{Name: "Neg"}); err == nil {
		t.Error("an operation without results")
	}
	if err := g.ApplyOperation(onnx.Operation{Name: "Neg"}, NewGraph().NewNode()); err == nil {
		t.Error("a node of another graph")
	}
	z := g.NewNode()
	g.AddNode(z)
	g.SetWeightedEdge(g.NewWeightedEdge(z, y, 7))
	if err := g.ApplyOperation(onnx.Operation{Name: "Neg"}, z); err != nil {
		t.Fatal(err)
	}
	if err := g.Run(); err == nil || !strings.Contains(err.Error(), "weights") {
		t.Errorf("an edge of weight 7: %v", err)
	}
}
