package onnx_test

import (
	"strings"
	"testing"

	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

func branch(nodes ...*wire.Node) *wire.Graph { return graph("", "out", nodes...) }

type scopeCase struct {
	name  string
	model *wire.Model
	want  string
}

// scopes are models of names, functions and subgraphs.
func scopes() []scopeCase {
	initialised := graph("x:f32[2] w:f32[2]", "z", node("Add", "x w", "z"))
	initialised.Initializer = []*wire.Tensor{floats("w", []int64{2}, 3, 4)}

	captures := graph("c:bool[] x:f32[2]", "z",
		node("Relu", "x", "h"),
		node("If", "c", "z",
			body("then_branch", branch(node("Add", "h x", "out"))),
			body("else_branch", branch(node("Mul", "x w", "out")))))
	captures.Initializer = []*wire.Tensor{floats("w", []int64{2}, 3, 4)}

	shadowed := graph("c:bool[] x:f32[2]", "z",
		node("Relu", "x", "h"),
		node("If", "c", "z",
			body("then_branch", branch(node("Exp", "x", "h"), node("Neg", "h", "out"))),
			body("else_branch", branch(node("Neg", "h", "out")))))

	nested := graph("c:bool[] x:f32[2]", "z", node("If", "c", "z",
		body("then_branch", branch(node("If", "c", "out",
			body("then_branch", branch(node("Neg", "x", "out"))),
			body("else_branch", branch(node("Exp", "x", "out")))))),
		body("else_branch", branch(node("Abs", "x", "out")))))

	passing := graph("c:bool[] x:f32[2]", "z", node("If", "c", "z",
		body("then_branch", graph("", "x")), body("else_branch", branch(node("Exp", "x", "out")))))

	counting := graph("n:i64[] c:bool[] x:f32[2]", "z s", node("Loop", "n c x", "z s",
		body("body", graph("i:i64[] k:bool[] v:f32[2]", "k o o", node("Add", "v x", "o")))))

	growing := graph("n:i64[] x:f32[m,2]", "z", node("Loop", "n _ x", "z",
		body("body", graph("i:i64[] k:bool[] v:f32", "k o", node("Concat", "v x", "o", integer("axis", 0))))))

	scanning := graph("s:f32[3] x:f32[5,3]", "z y", node("Scan", "s x", "z y", integer("num_scan_inputs", 1),
		body("body", graph("a:f32[3] b:f32[3]", "o p", node("Add", "a b", "o"), node("Neg", "b", "p")))))

	return []scopeCase{
		{"unsorted", model(18, graph("x:f32[2]", "z", node("Neg", "y", "z"), node("Exp", "x", "y"))), "a = Exp(x); b = Neg(a); → b"},
		{"an input with an initializer is a constant", model(18, initialised), "a = Add(x, [3 4]); → a"},
		{"an input passed on", model(18, graph("x:f32[2]", "x")), "→ x"},
		{"optional operands left out", model(18, graph("x:f32[2] k:f32[]", "z", node("Clip", "x _ k", "z"))), "a = Clip(x, _, k); → a"},
		{"captures", model(18, captures), "a = Relu(x); b = If(c, a, x, x) {a = Add(h, x); → a} {a = Mul(x, [3 4]); → a}; → b"},
		{"shadowing", model(18, shadowed), "a = Relu(x); b = If(c, x, a) {a = Exp(x); b = Neg(a); → b} {a = Neg(h); → a}; → b"},
		{"nested captures", model(18, nested), "a = If(c, c, x, x) {a = If(c, x, x) {a = Neg(x); → a} {a = Exp(x); → a}; → a} {a = Abs(x); → a}; → a"},
		{"a branch that passes on", model(18, passing), "a = If(c, x, x) {→ x} {a = Exp(x); → a}; → a"},
		{"Loop", model(18, counting), "a,b = Loop(n, c, x, x) {a = Add(v, x); → k, a, a}; → a, b"},
		{"Loop that grows", model(18, growing), "a = Loop(n, _, x, x) {a = Concat(v, x); → k, a}; → a"},
		{"Scan", model(18, scanning), "a,b = Scan(s, x) {num_scan_inputs=1} {a = Add(a, b); b = Neg(b); → a, b}; → a, b"},
		{"function", model(18, graph("x:f32[2]", "z", call("F", "x", "y"), call("F", "y", "z")),
			function("F", "a", "b", node("Neg", "a", "t"), node("Exp", "t", "b"))), "a = Neg(x); b = Exp(a); c = Neg(b); d = Exp(c); → d"},
		{"function in a function", model(18, graph("x:f32[2]", "z", call("F", "x", "z")),
			function("F", "a", "b", call("G", "a", "b")), function("G", "a", "b", node("Exp", "a", "b"))), "a = Exp(x); → a"},
		{"function with an optional input", model(18, graph("x:f32[2]", "z", call("F", "x", "z")),
			function("F", "a m", "b", node("Clip", "a m", "b"))), "a = Clip(x); → a"},
		{"function attributes", model(18, graph("x:f32[2,3]", "z", call("F", "x", "z", integer("axis", 0))),
			function("F", "a", "b", node("Softmax", "a", "b", reference("axis", "axis", wire.AttributeInt)))), "a = Softmax(x); → a"},
		{"function attribute not given", model(18, graph("x:f32[2,3]", "z", call("F", "x", "z")),
			function("F", "a", "b", node("Softmax", "a", "b", reference("axis", "axis", wire.AttributeInt)))), "a = Softmax(x) {axis=-1}; → a"},
		{"function of another opset", model(18, graph("x:f32[1,2]", "z", call("F", "x", "z")), func() *wire.Function {
			f := function("F", "a", "b", node("Squeeze", "a", "b", integers("axes", 0)))
			f.OpsetImport[0].Version = 11
			return f
		}()), "a = Squeeze(x, [0]); → a"},
		{"function with a default", model(18, graph("x:f32[2,3]", "z", call("F", "x", "z")), func() *wire.Function {
			f := function("F", "a", "b", node("Softmax", "a", "b", reference("axis", "along", wire.AttributeInt)))
			f.AttributeProto = []*wire.Attribute{integer("along", 0)}
			return f
		}()), "a = Softmax(x); → a"},
		{"function that captures in a branch", model(18, graph("c:bool[] x:f32[2]", "z", call("F", "c x", "z")),
			function("F", "k a", "b", node("Neg", "a", "t"), node("If", "k", "b",
				body("then_branch", branch(node("Exp", "t", "out"))), body("else_branch", branch(node("Identity", "a", "out")))))),
			"a = Neg(x); b = If(c, a, x) {a = Exp(F/t); → a} {a = Identity(x); → a}; → b"},
	}
}

func TestScopes(t *testing.T) {
	for _, c := range scopes() {
		t.Run(c.name, func(t *testing.T) {
			if got := brief(imported(t, c.model)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestProvenance: nodes of a function are called after the call, and the values
// that leave it as the caller calls them.
func TestProvenance(t *testing.T) {
	g := imported(t, model(18, graph("x:f32[2]", "z", call("F", "x", "z")),
		function("F", "a", "b", node("Neg", "a", "t"), node("Exp", "t", "b"))))
	var got []string
	for n := range g.Nodes() {
		got = append(got, n.Name+" → "+n.Out[0].Name)
	}
	want := "F/Neg → F/t, F/Exp → z"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got %s, want %s", s, want)
	}
}

// TestInputTypes: what a declaration says and leaves open.
func TestInputTypes(t *testing.T) {
	g := imported(t, model(18, graph("x:f32[2,?,n,2*n] y:i64 z:u8[] d:f32[u7_0]", "x")))
	want := []string{"f32[2,x_dim1,n,2*n]", "i64[*]", "u8[]", "f32[dim_u7_0]"}
	for i, v := range g.Inputs {
		if got := v.Type.String(); got != want[i] {
			t.Errorf("input %s is %s, want %s", v.Name, got, want[i])
		}
	}
}

// TestOpaqueCaptures: an opaque node reads what its subgraphs capture, and is
// written back under the names of the day.
func TestOpaqueCaptures(t *testing.T) {
	g := imported(t, model(18, graph("x:f32[2] y:f32[2]", "z",
		node("Exp", "y", "h"),
		call("Each", "x", "z", body("body", graph("a:f32[2]", "b", node("Add", "a h", "b")))))))
	n := g.Last()
	if len(n.In) != 2 || n.In[1].Name != "h" {
		t.Fatalf("operands %v, want x and h", n.In)
	}
	n.In[1].Name = "renamed"
	m, err := onnx.Export(g, onnx.ExportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	each := m.Graph.Node[1]
	if got := each.Attribute[0].G.Node[0].Input[1]; got != "renamed" || len(each.Input) != 1 {
		t.Errorf("the body reads %q, the node %v", got, each.Input)
	}
	back := again(t, g, onnx.ExportOptions{})
	if back.Last().Op != n.Op || len(back.Last().In) != 2 {
		t.Errorf("read again: %s of %v", back.Last().Op.Name, back.Last().In)
	}
}
