package onnx_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	irtext "github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// decomposed reports whether m holds the decomposition of a node of g.
func decomposed(g *ir.Graph, m *wire.Model) bool {
	for n := range g.Nodes() {
		if n.Op.Decompose != nil && !holds(m, n.Op.Name) {
			return true
		}
	}
	return false
}

func holds(m *wire.Model, operator string) bool {
	return slices.ContainsFunc(m.Graph.Node, func(n *wire.Node) bool { return n.OpType == operator })
}

// TestDecomposed: what came with later opsets is written out at those before,
// and means the same.
func TestDecomposed(t *testing.T) {
	const x, rotary = "input %x : f32[b,2,s,6]\n", "input %c : f32[b,s,3]\ninput %d : f32[b,s,3]\n"
	cases := []struct {
		name, graph string
		since       int // written as it is from there on
	}{
		{"gelu", x + "%y = Gelu(%x)", 20},
		{"gelu by tanh", x + "%y = Gelu(%x) {approximate=tanh}", 20},
		{"rms norm", x + "input %w : f32[6]\n%y = RMSNormalization(%x, %w) {epsilon=0.01}", 23},
		{"rms norm of two axes", x + "input %w : f32[s,6]\n%y = RMSNormalization(%x, %w) {axis=2}", 23},
		{"rms norm of f16", "input %x : f16[b,6]\ninput %w : f16[6]\n%y = RMSNormalization(%x, %w)", 23},
		{"rotary embedding", x + rotary + "%y = RotaryEmbedding(%x, %c, %d)", 23},
		{"of pairs", x + rotary + "%y = RotaryEmbedding(%x, %c, %d) {interleaved=true}", 23},
		{"of packed heads", "input %x : f32[b,s,12]\n" + rotary + "%y = RotaryEmbedding(%x, %c, %d) {num_heads=2}", 23},
		{"of a part", x + "input %c : f32[b,s,2]\ninput %d : f32[b,s,2]\n%y = RotaryEmbedding(%x, %c, %d) {rotary_embedding_dim=4}", 23},
		{"of a part's pairs", x + "input %c : f32[b,s,1]\ninput %d : f32[b,s,1]\n%y = RotaryEmbedding(%x, %c, %d) {interleaved=true, rotary_embedding_dim=2}", 23},
		{"with positions", x + "input %p : i64[b,s]\ninput %c : f32[9,3]\ninput %d : f32[9,3]\n%y = RotaryEmbedding(%x, %c, %d, %p)", 23},
		{"of f64", "input %x : f64[b,2,s,6]\ninput %c : f64[b,s,3]\ninput %d : f64[b,s,3]\n%y = RotaryEmbedding(%x, %c, %d)", math.MaxInt},
		{"linear", x + "input %w : f32[6,4]\ninput %r : f32[b,2,s,4]\ninput %g : f32[4]\n" +
			"_, %y = ai.parallax.Linear(%x, %w, %g, %r, %g, %g) {activation=silu, biased=[0], has_residual=true, norm=layer, has_shift=true}", math.MaxInt},
		{"gated linear", x + "input %w : f32[4,6]\n%y = ai.parallax.Linear(%x, %w, %w) {weights=2, trans_b=true, gated=true, activation=gelu_tanh}", math.MaxInt},
		{"fused convolution", x + "input %w : f32[3,2,1,3]\ninput %c : f32[3]\ninput %r : f32[b,3,s,4]\n" +
			"%y = ai.parallax.FusedConv(%x, %w, %c, %r) {activation=clip, alpha=-1, beta=2, has_bias=true, has_residual=true, residual_first=true}", math.MaxInt},
		{"fused convolution of rows", x + "input %w : f32[6,1,1,3]\n" +
			"%y = ai.parallax.FusedConv(%x, %w) {group=6, activation=silu, channels_last=true}", math.MaxInt},
		{"elementwise", x + "input %m : bool[s,1]\n%y = ai.parallax.Elementwise(%x, %m) {program=\"t0=silu(x0);t1=where(x1,t0,-1);t2=gelu(t1);t3=quick_gelu(x0);t4=max(t2,t3);pow(t4,2)\"}", math.MaxInt},
		{"elementwise of f16", "input %x : f16[b,6]\ninput %w : f16[6]\n%y = ai.parallax.Elementwise(%x, %w) {program=\"t0=mul(x0,x1);t1=gelu_tanh(t0);add(t1,0.5)\"}", math.MaxInt},
		{"tables for the whole batch", x + "input %c : f32[1,s,3]\ninput %d : f32[1,s,3]\n%y = RotaryEmbedding(%x, %c, %d)", math.MaxInt},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g, err := irtext.Parse("graph {\n" + c.graph + "\noutput %y\n}")
			if err != nil {
				t.Fatal(err)
			}
			for _, opset := range []int{18, 20, 23} {
				m, err := onnx.Export(g, onnx.ExportOptions{Opset: opset})
				if err != nil {
					t.Fatal(err)
				}
				if got, want := !decomposed(g, m), opset >= c.since; got != want {
					t.Errorf("at opset %d it is written as itself: %t, want %t", opset, got, want)
				}
				compare(t, g, imported(t, m))
			}
		})
	}
}

// compare evaluates both graphs on the same inputs.
func compare(t *testing.T, g, h *ir.Graph) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	in := make([]*tensor.Tensor, len(g.Inputs))
	for i, v := range g.Inputs {
		shape, err := v.Type.Shape.Eval(sym.Bindings{"b": 2, "s": 3})
		if err != nil {
			t.Fatal(err)
		}
		in[i] = tensor.New(v.Type.DType, shape...)
		for j := range in[i].Len() {
			if v.Type.DType.IsInt() {
				in[i].SetInt(j, int64(r.IntN(9)))
			} else {
				in[i].SetFloat(j, r.NormFloat64())
			}
		}
	}
	want, err := eval.Graph(g, in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := eval.Graph(h, in)
	if err != nil {
		t.Fatal(err)
	}
	// A few roundings of results below 10.
	limit := 1e-5
	if want[0].DType == tensor.Float16 {
		limit = 0.02
	}
	for i := range want[0].Len() {
		if x, y := want[0].FloatAt(i), got[0].FloatAt(i); !(math.Abs(x-y) <= limit) {
			t.Fatalf("element %d is %v, want %v\n%s", i, y, x, strings.TrimSpace(h.Canonical()))
		}
	}
}
