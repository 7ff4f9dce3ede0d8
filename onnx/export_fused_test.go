package onnx_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx"
)

// specs are specifications of the fused node, one for each of its parts.
var specs = []struct {
	name   string
	change func(a *attr.Attention)
	native bool // ai.onnx Attention expresses it
}{
	{"plain", func(a *attr.Attention) {}, true},
	{"packed", func(a *attr.Attention) { a.Layout = attr.LayoutBSD }, true},
	{"grouped", func(a *attr.Attention) { a.KVHeads = 2 }, true},
	{"softcap", func(a *attr.Attention) { a.Softcap = 30 }, true},
	{"causal from the top", func(a *attr.Attention) { a.Causal = attr.CausalTopLeft }, true},
	{"causal from the bottom", func(a *attr.Attention) { a.Causal = attr.CausalBottomRight }, true},
	{"mask", func(a *attr.Attention) { a.Masks, a.EmptyRow = 1, attr.EmptyRowNaN }, false},
	{"mask with empty rows of zeros", func(a *attr.Attention) { a.Masks = 1 }, true},
	{"mask with filled rows", func(a *attr.Attention) {
		a.Masks, a.EmptyRow, a.FillValue = 1, attr.EmptyRowFilled, -math.MaxFloat32
	}, true},
	{"two masks", func(a *attr.Attention) { a.Masks = 2 }, true},
	{"formula", func(a *attr.Attention) { a.Masks, a.Visible = 2, "k<=q|m0==m1" }, true},
	{"bias by distance", func(a *attr.Attention) { a.Biases, a.Relative = 1, 1 }, true},
	{"bias", func(a *attr.Attention) { a.Biases, a.EmptyRow = 1, attr.EmptyRowNaN }, false},
	{"causal from the top, NaN in empty rows, of which there are none", func(a *attr.Attention) {
		a.Causal, a.EmptyRow = attr.CausalTopLeft, attr.EmptyRowNaN
	}, true},
	{"causal from the bottom, NaN in empty rows", func(a *attr.Attention) {
		a.Causal, a.EmptyRow = attr.CausalBottomRight, attr.EmptyRowNaN
	}, false},
	{"two biases", func(a *attr.Attention) { a.Biases = 2 }, true},
	{"past", func(a *attr.Attention) { a.HasPast, a.HasPresent = true, true }, true},
	{"present without a past", func(a *attr.Attention) { a.HasPresent = true }, true},
	{"ranges", func(a *attr.Attention) { a.HasRanges = true }, true},
	{"sink", func(a *attr.Attention) { a.HasSink = true }, false},
	{"window", func(a *attr.Attention) { a.Causal, a.WindowLeft = attr.CausalBottomRight, 4 }, true},
	{"probe", func(a *attr.Attention) { a.Probe, a.HasProbe = attr.ProbeLearned, true }, false},
	{"probe, causal, packed, grouped", func(a *attr.Attention) {
		a.Probe, a.HasProbe, a.Causal, a.Layout, a.KVHeads = attr.ProbeLearned, true, attr.CausalBottomRight, attr.LayoutBSD, 2
	}, false},
	{"uniform", func(a *attr.Attention) {
		a.Probe, a.HasProbe, a.Weights = attr.ProbeLearned, true, attr.WeightsUniform
	}, false},
	{"linear", func(a *attr.Attention) {
		a.Probe, a.HasProbe, a.Weights, a.Affine = attr.ProbeLearned, true, attr.WeightsUniform, attr.AffineNone
	}, false},
}

// fusedGraph is a graph of one fused node.
func fusedGraph(t testing.TB, change func(a *attr.Attention)) *ir.Graph {
	t.Helper()
	a := attr.New[attr.Attention]()
	a.Heads, a.KVHeads, a.Scale = 4, 4, 1/math.Sqrt(5)
	change(a)
	g := ir.NewGraph("fused")
	dim := sym.Symbol
	rows := func(length string, heads int) ir.Type {
		if a.Layout == attr.LayoutBSD {
			return ir.TensorOf(tensor.Float32, sym.Shape{dim("B"), dim(length), sym.Const(int64(heads * 8))})
		}
		return ir.TensorOf(tensor.Float32, sym.Shape{dim("B"), sym.Const(int64(heads)), dim(length), sym.Const(8)})
	}
	keys := dim("S")
	if a.HasPast {
		keys = keys.Add(dim("P"))
	}
	past := ir.TensorOf(tensor.Float32, sym.Shape{dim("B"), sym.Const(int64(a.KVHeads)), dim("P"), sym.Const(8)})
	types := map[string]ir.Type{
		"q": rows("T", a.Heads), "r": rows("T", a.Heads), "k": rows("S", a.KVHeads), "v": rows("S", a.KVHeads),
		"past_k": past, "past_v": past,
		"mask":      ir.TensorOf(tensor.Bool, sym.Shape{dim("B"), sym.Const(1), dim("T"), keys}),
		"bias_0":    ir.TensorOf(tensor.Float32, sym.Shape{sym.Const(4), dim("T"), keys}),
		"relative":  ir.TensorOf(tensor.Float32, sym.Shape{sym.Const(4), sym.Const(1), dim("T").Add(keys).Sub(sym.Const(1))}),
		"mask_0":    ir.TensorOf(tensor.Bool, sym.Shape{dim("B"), sym.Const(1), dim("T"), sym.Const(1)}),
		"mask_1":    ir.TensorOf(tensor.Bool, sym.Shape{dim("B"), sym.Const(1), sym.Const(1), keys}),
		"m0":        ir.TensorOf(tensor.Int64, sym.Shape{dim("B"), sym.Const(1), dim("T"), sym.Const(1)}),
		"m1":        ir.TensorOf(tensor.Int64, sym.Shape{dim("B"), sym.Const(1), sym.Const(1), keys}),
		"bias_1":    ir.TensorOf(tensor.Float32, sym.Shape{dim("T"), keys}),
		"kv_starts": ir.TensorOf(tensor.Int64, sym.Shape{dim("B")}), "kv_lengths": ir.TensorOf(tensor.Int64, sym.Shape{dim("B")}),
		"sink": ir.TensorOf(tensor.Float32, sym.ShapeOf(4)),
	}
	for _, name := range operandsOf(a) {
		g.NewInput(name, types[name])
	}
	n, err := g.AddSpec(ir.Spec{Op: op.Parallax, Attr: a, Outs: a.Outputs(), In: g.Inputs, Name: "attention", Names: []string{"o", "present_k", "present_v"}[:a.Outputs()]})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range n.Out {
		g.AddOutput(v)
	}
	return g
}

// operandsOf names a's operands in contract order.
func operandsOf(a *attr.Attention) []string {
	list := []string{"q", "k", "v"}
	add := func(present bool, names ...string) {
		if present {
			list = append(list, names...)
		}
	}
	add(a.HasProbe, "r")
	add(a.Biases > a.Relative, "bias_0")
	add(a.Biases > 1, "bias_1")
	add(a.Relative > 0, "relative")
	add(a.Masks == 1, "mask")
	add(a.Masks == 2 && a.Visible == "", "mask_0", "mask_1")
	add(a.Masks == 2 && a.Visible != "", "m0", "m1")
	add(a.HasPast, "past_k", "past_v")
	add(a.HasRanges, "kv_starts", "kv_lengths")
	add(a.HasSink, "sink")
	return list
}

func count(g *ir.Graph, o *ir.Op) (found int) {
	for n := range g.All() {
		if n.Op == o {
			found++
		}
	}
	return found
}

// TestFusedForms: a function is read back as the very node; Attention is written
// where it means the same; inline there is neither.
func TestFusedForms(t *testing.T) {
	for _, s := range specs {
		t.Run(s.name, func(t *testing.T) {
			g := fusedGraph(t, s.change)
			back := again(t, g, onnx.ExportOptions{})
			if diff := cmp.Diff(g.Canonical(), back.Canonical()); diff != "" {
				t.Error(diff)
			}
			native := again(t, g, onnx.ExportOptions{Form: onnx.FormAttention})
			if got := count(native, op.Attention) == 1; got != s.native || count(native, op.Attention)+count(native, op.Parallax) != 1 {
				t.Errorf("as Attention: %t, want %t\n%s", got, s.native, native)
			}
			inline := again(t, g, onnx.ExportOptions{Form: onnx.FormInline})
			if count(inline, op.Attention)+count(inline, op.Parallax) != 0 {
				t.Errorf("inline:\n%s", inline)
			}
			for i, v := range inline.Outputs() {
				if inline.OutputName(i) != g.OutputName(i) || v.Type.DType != tensor.Float32 {
					t.Errorf("output %d is %q %s", i, inline.OutputName(i), v.Type)
				}
			}
		})
	}
}

// TestFusedOldOpset: the decomposition needs no opset above 18.
func TestFusedOldOpset(t *testing.T) {
	for _, s := range specs {
		g := fusedGraph(t, s.change)
		for _, form := range []string{onnx.FormFunction, onnx.FormAttention} {
			if got := again(t, g, onnx.ExportOptions{Form: form, Opset: 18}).Canonical(); got != g.Canonical() {
				t.Errorf("%s: %s", s.name, cmp.Diff(g.Canonical(), got))
			}
		}
	}
}

// TestEditedFunction: a function whose body was changed means its body.
func TestEditedFunction(t *testing.T) {
	g := fusedGraph(t, func(a *attr.Attention) { a.Causal = attr.CausalTopLeft })
	m, err := onnx.Export(g, onnx.ExportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	edited := false
	for _, n := range m.Functions[0].Node {
		if n.OpType == "LessOrEqual" {
			n.OpType, edited = "Less", true
		}
	}
	back := imported(t, m)
	if !edited || count(back, op.Parallax) != 0 || count(back, op.Less) != 1 {
		t.Errorf("edited %t:\n%s", edited, back)
	}
}

// TestSharedFunction: nodes that differ in sizes alone share one function.
func TestSharedFunction(t *testing.T) {
	g := fusedGraph(t, func(*attr.Attention) {})
	n := g.First()
	for range 2 {
		if _, err := g.Add(op.Parallax, attr.Clone(n.Attr), 1, n.In...); err != nil {
			t.Fatal(err)
		}
	}
	m, err := onnx.Export(g, onnx.ExportOptions{})
	if err != nil || len(m.Functions) != 1 || !strings.HasPrefix(m.Functions[0].Name, "Parallax_") {
		t.Fatalf("%d functions, error %v", len(m.Functions), err)
	}
	if got := count(imported(t, m), op.Parallax); got != 3 {
		t.Errorf("%d fused nodes, want 3", got)
	}
}

// TestExactProbe: what has no decomposition can't be written.
func TestExactProbe(t *testing.T) {
	g := fusedGraph(t, func(a *attr.Attention) { a.Probe, a.Ridge = attr.ProbeExact, 1 })
	_, err := onnx.Export(g, onnx.ExportOptions{})
	if !errors.Is(err, op.ErrNoDecomposition) {
		t.Errorf("error %v", err)
	}
}
