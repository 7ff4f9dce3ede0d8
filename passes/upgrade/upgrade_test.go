package upgrade_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/passtest"
	"github.com/parallax-go/parallax/passes/upgrade"
)

func TestPaths(t *testing.T) { passtest.Files(t, upgrade.Pass(nil, &upgrade.Report{})) }

// TestValues checks that the graphs of the files give the same values after the
// pass: a probe of zeros changes no bit.
func TestValues(t *testing.T) {
	passtest.Each(t, func(t *testing.T, src string) {
		g := passtest.Parse(t, src)
		in := inputs(g)
		want, err := eval.Graph(g, in)
		if err != nil {
			t.Fatal(err)
		}
		report := run(t, g, nil)
		if len(report.Upgraded) != 1 {
			t.Fatalf("%+v", report)
		}
		got, err := eval.Graph(g, in)
		if err != nil {
			t.Fatal(err)
		}
		if !got[0].Equal(want[0]) {
			t.Errorf("other values: %s", cmp.Diff(tensor.Data[float32](want[0]), tensor.Data[float32](got[0])))
		}
	})
}

func run(t *testing.T, g *ir.Graph, weights map[string]*tensor.Tensor) *upgrade.Report {
	t.Helper()
	var report upgrade.Report
	list := []passes.Pass{upgrade.Pass(weights, &report)}
	if _, err := passes.Run(context.Background(), g, list, &passes.Options{Verify: true}); err != nil {
		t.Fatal(err)
	}
	return &report
}

// inputs makes contents for g's inputs: numbers that are not alike, and sizes of
// two to five.
func inputs(g *ir.Graph) []*tensor.Tensor {
	sizes := map[string]int64{"b": 2, "t": 3, "p": 2, "s": 5}
	var list []*tensor.Tensor
	for i, v := range g.Inputs {
		shape, err := v.Type.Shape.Eval(sizes)
		if err != nil {
			panic(err)
		}
		x := tensor.New(v.Type.DType, shape...)
		for j := range x.Len() {
			switch {
			case v.Type.DType.IsFloat():
				x.SetFloat(j, float64((7*j+3*i)%11)/8-0.6)
			default:
				x.SetInt(j, int64((j+1)%3))
			}
		}
		list = append(list, x)
	}
	return list
}

const (
	head = "graph {\n  input %x : f32[b,t,4]\n  input %y : f32[b,t,4]\n"
	tail = "  %o = ai.parallax.Parallax(%q, %k, %v) {heads=2, kv_heads=2, scale=0.5, layout=bsd}\n  output %o\n}\n"
	rest = "  %k = MatMul(%x, f32[4,4] = fill 0.2)\n  %v = MatMul(%x, f32[4,4] = fill 0.3)\n" + tail
	x    = "MatMul(%x, f32[4,4] = fill 0.1)\n"
)

func TestRefusals(t *testing.T) {
	tests := []struct {
		name, body string
		check, got string
	}{
		{"a query that is an input", "  %q = Identity(%y)\n" + rest, "query is a projection", `the input %1 "y"`},
		{"a query that is a parameter", "  %q = Expand(f32[1,1,4] = fill 1, %shape)\n" + rest, "query is a projection", "Expand q"},
		{"a product of two computed values", "  %yt = Transpose(%y) {perm=[0,2,1]}\n  %m = MatMul(%yt, %x)\n  %q = MatMul(%x, %m)\n" + rest,
			"query is a projection", `a product of the input %0 "x" and MatMul m`},
		{"a sum of two projections", "  %a = " + x + "  %c = MatMul(%y, f32[4,4] = fill 0.1)\n  %q = Add(%a, %c)\n" + rest,
			"query is a projection", "a sum of several: a and c"},
		{"the end of the block before", "  %up = " + x + "  %gelu = Gelu(%up)\n  %down = MatMul(%gelu, f32[4,4] = fill 0.2)\n  %h = Add(%x, %down)\n" +
			"  %q = LayerNormalization(%h, f32[4] = fill 1)\n" + rest,
			"query is a projection", `a sum of MatMul down and the input %0 "x", which that is computed from`},
		{"an activation after the projection", "  %a = " + x + "  %q = Tanh(%a)\n" + rest, "query is a projection", "Tanh q"},
		{"a square of the projection", "  %a = " + x + "  %q = Pow(%a, f32 = 2)\n" + rest, "path of the query", "Pow q"},
		{"rows that are not of the projection", "  %a = " + x + "  %first = Slice(%y, i64 = [0], i64 = [1], i64 = [1])\n" +
			"  %q = Concat(%first, %a) {axis=1}\n" + rest, "path of the query", "Concat q"},
		{"cross-attention", "  %q = " + x + "  %k = MatMul(%y, f32[4,4] = fill 0.2)\n  %v = MatMul(%y, f32[4,4] = fill 0.3)\n" + tail,
			"self-attention", `the input %1 "y"`},
		{"keys of a cache alone", "  %q = " + x + "  %k = Identity(%y)\n  %v = Identity(%y)\n" + tail, "self-attention", `the input %1 "y"`},
		{"quantised weights of an operator that we have", "  %wf = DequantizeLinear(u8[4,4] = fill 3, f32 = 0.1)\n  %q = MatMul(%x, %wf)\n" + rest,
			"weights are floats", "MatMul q of DequantizeLinear wf"},
		{"products of integers", "  %xq, %xs, %xz = DynamicQuantizeLinear(%x)\n  %i = MatMulInteger(%xq, u8[4,4] = fill 3, %xz)\n  %f = Cast(%i) {to=f32}\n  %q = Mul(%f, %xs)\n" + rest,
			"weights are floats", "MatMulInteger i"},
		{"quantised weights", "  %wf = Opaque(u8[4,4] = fill 3) {op_type=\"DequantizeLinear\"} : f32[4,4]\n  %q = MatMul(%x, %wf)\n" + rest,
			"weights are floats", "MatMul q of DequantizeLinear wf"},
		{"quantised weights that are transposed", "  %wf = DequantizeLinear(u8[4,4] = fill 3, f32 = 0.1)\n  %wt = Transpose(%wf) {perm=[1,0]}\n  %q = MatMul(%x, %wt)\n" + rest,
			"weights are floats", "MatMul q of DequantizeLinear wf"},
		{"packed weights of an operator that is not known", "  %q = Opaque(%x, u8[4,2] = fill 3) {domain=\"com.microsoft\", op_type=\"MatMulNBits\"} : f32[b,t,4]\n" + rest,
			"weights are floats", "com.microsoft.MatMulNBits q"},
		{"a probe that is there", "  %q = " + x + "  %k = " + x + "  %v = " + x +
			"  %o = ai.parallax.Parallax(%q, %k, %v, %y) {heads=2, kv_heads=2, scale=0.5, layout=bsd, probe=learned, has_r=true}\n  output %o\n}\n",
			"softmax attention", "probe learned"},
		{"linear attention", "  %q = " + x + "  %k = " + x + "  %v = " + x +
			"  %o = ai.parallax.Parallax(%q, %k, %v) {heads=2, kv_heads=2, scale=0.5, layout=bsd, weights=uniform}\n  output %o\n}\n",
			"softmax attention", "weights uniform"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := head + tt.body
			src = strings.Replace(src, "%shape", "i64 = [2, 3, 4]", 1)
			g := passtest.Parse(t, src)
			before := g.Canonical()
			report := run(t, g, nil)
			if len(report.Refused) != 1 || len(report.Upgraded) != 0 {
				t.Fatalf("%+v", report)
			}
			r := report.Refused[0]
			if r.Reason.Check != tt.check || !strings.Contains(r.Reason.Got, tt.got) || r.Reason.Want == "" || r.Anchor != "o" {
				t.Errorf("%+v, want check %q, got %q", r, tt.check, tt.got)
			}
			if g.Canonical() != before {
				t.Errorf("the graph has changed:\n%s", g)
			}
		})
	}
}

// TestNames checks that W_R is called after the query's weights where they have a
// name of the model's, else after the projection.
func TestNames(t *testing.T) {
	tests := []struct{ weights, node, want string }{
		{"model.layers.0.q_proj.weight", "node_linear", "model.layers.0.q_proj.W_R"},
		{"onnx::MatMul_81", "/layers.0/q_proj/MatMul", "/layers.0/q_proj/MatMul.W_R"},
		{"val_3", "node_linear", "node_linear.W_R"},
		{"w", "", "w.W_R"},
		{"", "", "W_R"},
		{"taken", "", "taken.W_R_1"},
	}
	for _, tt := range tests {
		g := passtest.Parse(t, head+"  %q = "+x+"  output %x \"taken.W_R\"\n"+rest)
		q := g.First()
		q.Name, q.In[1].Name = tt.node, tt.weights
		report := run(t, g, nil)
		if got := report.Upgraded[0].Parameters[0].Name; got != tt.want {
			t.Errorf("weights %q of node %q: %q, want %q", tt.weights, tt.node, got, tt.want)
		}
	}
}

func TestWeights(t *testing.T) {
	normed := head + "  %q1 = " + x + "  %q = RMSNormalization(%q1, f32[4] = fill 2)\n" + rest
	eye := tensor.Of([]int{4, 4}, []float32{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1})
	gate := tensor.Of([]int{4}, []float64{1, 2, 3, 4})
	g := passtest.Parse(t, normed)
	run(t, g, map[string]*tensor.Tensor{"W_R": eye, "W_R.gate": gate})
	want := passtest.Parse(t, head+"  %q1 = "+x+"  %q = RMSNormalization(%q1, f32[4] = fill 2)\n"+
		"  %k = MatMul(%x, f32[4,4] = fill 0.2)\n  %v = MatMul(%x, f32[4,4] = fill 0.3)\n"+
		"  %r = RMSNormalization(%x, f32[4] = [1, 2, 3, 4])\n"+
		"  %o = ai.parallax.Parallax(%q, %k, %v, %r) {heads=2, kv_heads=2, scale=0.5, layout=bsd, probe=learned, has_r=true}\n  output %o\n}\n")
	in := inputs(g)
	a, err := eval.Graph(g, in)
	if err != nil {
		t.Fatal(err)
	}
	b, err := eval.Graph(want, in)
	if err != nil {
		t.Fatal(err)
	}
	if !a[0].Equal(b[0]) {
		t.Errorf("W_R = 1 is not r = norm(x): %s", cmp.Diff(tensor.Data[float32](b[0]), tensor.Data[float32](a[0])))
	}
}

// TestWeightsThatDontFit checks that all faults are told at once.
func TestWeightsThatDontFit(t *testing.T) {
	g := passtest.Parse(t, head+"  %q1 = "+x+"  %q = RMSNormalization(%q1, f32[4] = fill 2)\n"+rest)
	weights := map[string]*tensor.Tensor{"W_R": tensor.New(tensor.Float32, 4, 5), "W_Q": tensor.New(tensor.Float32, 4, 4)}
	_, err := passes.Run(context.Background(), g, []passes.Pass{upgrade.Pass(weights, &upgrade.Report{})}, nil)
	var w *upgrade.WeightsError
	if !errors.As(err, &w) {
		t.Fatalf("error %v", err)
	}
	want := []string{
		"W_R is f32[4,5], want f32[4,4]",
		"W_R.gate f32[4] is missing",
		"W_Q f32[4,4] is no parameter of an upgraded attention",
	}
	if diff := cmp.Diff(want, w.Faults); diff != "" {
		t.Error(diff)
	}
}

// TestSharedWeights checks that layers that share the weights of their queries
// stay, but not one whose query's weights project something else as well.
func TestSharedWeights(t *testing.T) {
	layer := "  %q = " + x + "  %k = MatMul(%x, f32[4,4] = fill 0.2)\n  %v = MatMul(%x, f32[4,4] = fill 0.3)\n" +
		"  %o = ai.parallax.Parallax(%q, %k, %v) {heads=2, kv_heads=2, scale=0.5, layout=bsd}\n"
	second := strings.NewReplacer("%q", "%q2", "%k", "%k2", "%v", "%v2", "%o", "%o2", "%x", "%o").Replace(layer)
	g := passtest.Parse(t, head+layer+second+"  output %o2\n}\n")
	queries := projectionsOf(g, "q", "q2")
	queries[1].In[1].Const = queries[0].In[1].Const
	report := run(t, g, nil)
	if len(report.Upgraded) != 0 || len(report.Refused) != 2 {
		t.Fatalf("%+v", report)
	}
	if r := report.Refused[0].Reason; r.Check != "weights of its own" || !strings.HasSuffix(r.Got, "which q2 has as well") {
		t.Errorf("%+v", r)
	}

	g = passtest.Parse(t, head+layer+"  %other = MatMul(%y, f32[4,4] = fill 0.1)\n  output %other\n  output %o\n}\n")
	queries = projectionsOf(g, "q", "other")
	queries[1].In[1].Const = queries[0].In[1].Const
	if report := run(t, g, nil); len(report.Upgraded) != 1 {
		t.Errorf("%+v", report)
	}
}

// projectionsOf returns the nodes that define the values of the names.
func projectionsOf(g *ir.Graph, names ...string) []*ir.Node {
	nodes := make([]*ir.Node, len(names))
	for n := range g.All() {
		for i, name := range names {
			if n.Out[0].Name == name {
				nodes[i] = n
			}
		}
	}
	return nodes
}

// TestBranches checks that the branches of an If, which share weights, share W_R.
func TestBranches(t *testing.T) {
	branch := " region {\n  capture %X : f32[b,t,4] = %x\n  %Q = MatMul(%X, f32[4,4] = fill 0.1)\n" +
		"  %K = MatMul(%X, f32[4,4] = fill 0.2)\n  %V = MatMul(%X, f32[4,4] = fill 0.3)\n" +
		"  %O = ai.parallax.Parallax(%Q, %K, %V) {heads=2, kv_heads=2, scale=0.5, layout=bsd}\n  output %O\n  }"
	part := func(suffix string) string {
		return strings.NewReplacer("%X", "%x"+suffix, "%Q", "%q"+suffix, "%K", "%k"+suffix, "%V", "%v"+suffix, "%O", "%o"+suffix).Replace(branch)
	}
	g := passtest.Parse(t, "graph {\n  input %c : bool[]\n  input %x : f32[b,t,4]\n  %y = If(%c)"+part("1")+part("2")+"\n  output %y\n}\n")
	queries := projectionsOf(g, "q1", "q2")
	queries[1].In[1].Const = queries[0].In[1].Const
	weights := map[string]*tensor.Tensor{"W_R": tensor.New(tensor.Float32, 4, 4)}
	report := run(t, g, weights)
	if len(report.Upgraded) != 2 || report.Upgraded[0].Parameters[0].Name != "W_R" || report.Upgraded[1].Parameters[0].Name != "W_R" {
		t.Fatalf("%+v", report)
	}
	var probes []*tensor.Tensor
	for n := range g.All() {
		if n.Name == "W_R" {
			probes = append(probes, n.In[1].Const)
		}
	}
	if len(probes) != 2 || probes[0] != probes[1] {
		t.Errorf("%d projections by W_R, of one tensor: %t", len(probes), len(probes) == 2 && probes[0] == probes[1])
	}
}

// TestNotFused checks that quantised weights are told of where recognition stumbled
// over what follows from them.
func TestNotFused(t *testing.T) {
	g := passtest.Parse(t, "graph {\n  input %x : f32[b,t,4]\n"+
		"  %w = Opaque(u8[4,4] = fill 3) {op_type=\"DequantizeLinear\"}\n  %q = MatMul(%x, %w)\n  %a = Softmax(%q)\n  %c = Softmax(%x)\n"+
		"  output %a\n  output %c\n}\n")
	reason := &passes.Reason{Check: "softmax axis", Node: "a", Want: "scores of known rank", Got: "f32[*]"}
	list := upgrade.NotFused(g, []passes.Remark{
		{Anchor: "a", Verdict: passes.Refused, Reason: reason, Remedy: "another"},
		{Anchor: "c", Verdict: passes.Refused, Reason: reason, Remedy: "another"},
		{Anchor: "q", Verdict: passes.Fused},
	})
	if len(list) != 2 || list[0].Reason.Check != "weights are floats" || list[0].Reason.Node != "w" || list[1].Reason != *reason || list[1].Remedy != "another" {
		t.Errorf("%+v", list)
	}
}

// TestWorkIsLinear compares the steps for decoders of 8 and of 100 layers.
func TestWorkIsLinear(t *testing.T) {
	layer := "  %qI = MatMul(%xI, f32[4,4] = fill 0.1)\n  %kI = MatMul(%xI, f32[4,4] = fill 0.2)\n  %vI = MatMul(%xI, f32[4,4] = fill 0.3)\n" +
		"  %oI = ai.parallax.Parallax(%qI, %kI, %vI) {heads=2, kv_heads=2, scale=0.5, layout=bsd}\n  %xJ = Add(%xI, %oI)\n"
	work := func(layers int) int {
		src := "graph {\n  input %x0 : f32[b,t,4]\n"
		for i := range layers {
			src += strings.NewReplacer("I", fmt.Sprint(i), "J", fmt.Sprint(i+1)).Replace(layer)
		}
		g := passtest.Parse(t, fmt.Sprintf("%s  output %%x%d\n}\n", src, layers))
		var report upgrade.Report
		r, err := passes.Run(context.Background(), g, []passes.Pass{upgrade.Pass(nil, &report)}, nil)
		if err != nil || len(report.Upgraded) != layers {
			t.Fatalf("%d of %d layers upgraded, %v", len(report.Upgraded), layers, err)
		}
		return r.Stats[0].Work
	}
	if small, large := work(8), work(100); large > 13*small {
		t.Errorf("%d steps for 8 layers, %d for 100", small, large)
	}
}
