package match_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes/match"
)

// graph is a graph under construction whose mistakes fail the test.
type graph struct {
	*ir.Graph
	t *testing.T
}

func newGraph(t *testing.T) graph { return graph{ir.NewGraph("test"), t} }

func (g graph) input(name string, dims ...any) *ir.Value {
	shape := make(sym.Shape, len(dims))
	for i, d := range dims {
		switch d := d.(type) {
		case int:
			shape[i] = sym.Const(int64(d))
		case string:
			shape[i] = sym.Symbol(d)
		}
	}
	return g.NewInput(name, ir.TensorOf(tensor.Float32, shape))
}

func (g graph) op(o *ir.Op, attrs any, in ...*ir.Value) *ir.Value {
	g.t.Helper()
	n, err := g.Add(o, attrs, 1, in...)
	if err != nil {
		g.t.Fatal(err)
	}
	return n.Out[0]
}

func (g graph) scalar(x float32) *ir.Value { return g.NewConst("", tensor.Scalar(x)) }

func (g graph) ints(x ...int64) *ir.Value { return g.NewConst("", tensor.Of([]int{len(x)}, x)) }

func TestAllYieldsEveryBinding(t *testing.T) {
	g := newGraph(t)
	x, y := g.input("x", 2), g.input("y", 2)
	product := g.op(op.Mul, nil, g.op(op.Add, nil, x, y), y)
	p := match.Op(op.Mul, match.Op(op.Add, match.Var("a"), match.Var("b")), match.Var("a"))

	var got []string
	for b := range match.All(p, product) {
		got = append(got, b.Value("a").Name+b.Value("b").Name)
		if len(b.Nodes) != 2 || b.Nodes[0] != product.Def {
			t.Errorf("covered nodes %v, want the product and the sum", b.Nodes)
		}
	}
	if diff := cmp.Diff([]string{"yx"}, got); diff != "" {
		t.Errorf("(x+y)·y fits Mul(Add(a, b), a) with a = y only:\n%s", diff)
	}

	got = nil
	for b := range match.All(match.Op(op.Add, match.Var("a"), match.Var("b")), product.Def.In[0]) {
		got = append(got, b.Value("a").Name+b.Value("b").Name)
	}
	if diff := cmp.Diff([]string{"xy", "yx"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPatterns(t *testing.T) {
	g := newGraph(t)
	x := g.input("x", 2)
	neg := g.op(op.Neg, nil, x)
	cast := g.op(op.Cast, &attr.Cast{To: tensor.Float64, Saturate: true}, x)
	half := g.NewConst("", tensor.Of([]int{1}, []tensor.Half{tensor.HalfOf(0.1)}))
	clip := g.op(op.Clip, nil, x, nil, g.scalar(3))
	sum := g.op(op.Add, nil, neg, g.scalar(2))
	twice := g.op(op.Mul, nil, neg, neg)
	square := g.op(op.Mul, nil, g.scalar(5), g.scalar(5))
	g.AddOutput(sum)

	toF64 := func(a any) bool { return a.(*attr.Cast).To == tensor.Float64 }
	tests := []struct {
		name    string
		pattern match.Pattern
		value   *ir.Value
		want    bool
		reason  string
	}{
		{"any", match.Any(), x, true, ""},
		{"operator", match.Op(op.Neg, match.Any()), neg, true, ""},
		{"other operator", match.Op(op.Abs, match.Any()), neg, false, "want Abs, got Neg"},
		{"operator of an input", match.Op(op.Abs, match.Any()), x, false, "want Abs, got graph input f32[2]"},
		{"swapped", match.Op(op.Add, match.Scalar(2), match.Op(op.Neg, match.Any())), sum, true, ""},
		{"not swapped", match.Op(op.Sub, match.Any(), match.Any()), sum, false, "want Sub, got Add"},
		{"deep", match.Op(op.Add, match.Op(op.Neg, match.Op(op.Exp, match.Any())), match.Any()), sum, false, "want Exp, got graph input f32[2]"},
		{"wrong constant", match.Op(op.Add, match.Op(op.Neg, match.Any()), match.Scalar(3)), sum, false, "want 3, got constant 2"},
		{"constant as its type holds it", match.Scalar(0.1), half, true, ""},
		{"condition", match.ScalarWhere("a positive number", func(x float64) bool { return x > 0 }), half, true, ""},
		{"operand left out", match.Op(op.Clip, match.Any(), match.Maybe(match.Scalar(0)), match.Scalar(3)), clip, true, ""},
		{"operand missing", match.Op(op.Clip, match.Any(), match.Scalar(0), match.Scalar(3)), clip, false, "want 0, got an operand left out"},
		{"operand too many", match.Op(op.Clip, match.Any()), clip, false, "want Clip, got Clip"},
		{"trailing operand left out", match.Op(op.Clip, match.Any(), match.Maybe(match.Any()), match.Any(), match.Maybe(match.Any())), clip, true, ""},
		{"same value", match.Op(op.Mul, match.Var("v"), match.Var("v")), twice, true, ""},
		{"equal constants", match.Op(op.Mul, match.Var("v"), match.Var("v")), square, true, ""},
		{"other value", match.Op(op.Add, match.Var("v"), match.Var("v")), sum, false, ""},
		{"or", match.Or(match.Op(op.Abs, match.Any()), match.Op(op.Neg, match.Any())), neg, true, ""},
		{"through, there", match.Op(op.Cast, match.Through(op.Neg, match.Var("x"))), cast, true, ""},
		{"attribute", match.Op(op.Cast, match.Any()).Attr("to f64", toF64), cast, true, ""},
		{"attribute differs", match.Op(op.Cast, match.Any()).Attr("to f32", func(a any) bool { return !toF64(a) }), cast, false, "want to f32, got Cast"},
		{"sole reader", match.Op(op.Neg, match.Any()).Sole(), neg, false, "want one reader, got Neg"},
		{"second output", match.Output(1, op.Neg, match.Any()), neg, false, "want Neg, got Neg"},
		{"name at a wrong place", match.Op(op.Add, match.Op(op.Neg, match.Var("v")), match.Var("v")), sum, false, "want %0 \"x\", got constant 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, got := match.First(test.pattern, test.value)
			why := match.Explain(test.pattern, test.value)
			if got != test.want || (why == nil) != test.want {
				t.Fatalf("fits: %t, want %t; reason %+v", got, test.want, why)
			}
			if why == nil || test.reason == "" {
				return
			}
			if text := "want " + why.Want + ", got " + why.Got; text != test.reason {
				t.Errorf("reason %q, want %q", text, test.reason)
			}
		})
	}
}

// TestBudget is a search with 2^40 ways to swap operands and none that fits.
func TestBudget(t *testing.T) {
	g := newGraph(t)
	v, w, p := g.input("x", 2), g.input("y", 2), match.Op(op.Exp, match.Any())
	for range 40 {
		v, w = g.op(op.Add, nil, v, w), g.op(op.Add, nil, w, v)
		p = match.Op(op.Add, p, match.Any())
	}
	if why := match.Explain(p, v); why == nil || why.Got != "too many ways to try" {
		t.Errorf("reason %+v", why)
	}
	if _, ok := match.First(p, v); ok {
		t.Error("it fits")
	}
}
