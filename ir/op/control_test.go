package op

import (
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

func typeOf(t *testing.T, text string) ir.Type {
	t.Helper()
	return addOperand(t, ir.NewGraph(""), text).Type
}

// must returns the only output of a node added to g.
func must(t *testing.T, g *ir.Graph, o *ir.Op, a any, in ...*ir.Value) *ir.Value {
	t.Helper()
	n, err := g.Add(o, a, 1, in...)
	if err != nil {
		t.Fatal(err)
	}
	return n.Out[0]
}

func TestIf(t *testing.T) {
	// Each branch makes its output of the captured x.
	same := func(t *testing.T, r *ir.Graph, x *ir.Value) *ir.Value { return must(t, r, Exp, nil, x) }
	transposed := func(t *testing.T, r *ir.Graph, x *ir.Value) *ir.Value {
		return must(t, r, Transpose, attr.New[attr.Transpose](), x)
	}
	flat := func(t *testing.T, r *ir.Graph, x *ir.Value) *ir.Value {
		return must(t, r, Flatten, &attr.Axis{Axis: 1}, x)
	}
	size := func(t *testing.T, r *ir.Graph, x *ir.Value) *ir.Value { return must(t, r, Size, nil, x) }
	half := func(t *testing.T, r *ir.Graph, x *ir.Value) *ir.Value {
		return must(t, r, Cast, &attr.Cast{To: tensor.Float16}, x)
	}
	nonZero := func(t *testing.T, r *ir.Graph, x *ir.Value) *ir.Value { return must(t, r, NonZero, nil, x) }
	for _, test := range []struct {
		name, cond, x string
		yes, no       func(*testing.T, *ir.Graph, *ir.Value) *ir.Value
		want          string // types, or ! and part of the error
	}{
		{"same", "bool[]", "f32[b,s,4]", same, same, "f32[b,s,4]"},
		{"sizes differ", "bool[1]", "f32[b,s,b]", same, transposed, "f32[b,s,b]"},
		{"one size differs", "bool[]", "f32[b,4]", same, transposed, "f32[new0_0,new0_1]"},
		{"ranks differ", "bool[]", "f32[b,s,4]", same, flat, "f32[*]"},
		{"contents", "bool[]", "f32[b,s,4]", size, size, "i64[]={4*b*s}"},
		{"born inside", "bool[]", "f32[b,s]", nonZero, nonZero, "i64[2,new0_1]"},
		{"elements differ", "bool[]", "f32[b]", same, half, "! output 0: element types of f32[b] and f16[b] differ"},
		{"condition", "i64[]", "f32[b]", same, same, "! the condition is i64[], want a boolean"},
		{"two conditions", "bool[2]", "f32[b]", same, same, "! the condition has 2 elements, want one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := ir.NewGraph("")
			cond := g.NewInput("", typeOf(t, test.cond))
			x := g.NewInput("", typeOf(t, test.x))
			branch := func(f func(*testing.T, *ir.Graph, *ir.Value) *ir.Value) *ir.Graph {
				r := g.NewRegion("")
				r.AddOutput(f(t, r, r.Capture(x)))
				return r
			}
			n, err := g.AddSpec(ir.Spec{Op: If, In: []*ir.Value{cond, x, x}, Outs: 1, Regions: []*ir.Graph{branch(test.yes), branch(test.no)}})
			checkNode(t, n, err, test.want)
		})
	}
}

// checkNode compares a node's outputs, or the error that it was refused with.
func checkNode(t *testing.T, n *ir.Node, err error, want string) {
	t.Helper()
	if text, bad := strings.CutPrefix(want, "! "); bad {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("got error %v, want %q", err, text)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := describe(n); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := n.Graph().Verify(); err != nil {
		t.Error(err)
	}
}

func TestLoop(t *testing.T) {
	for _, test := range []struct {
		name, trips, cond string
		first, in         string // the carried value outside and in the body
		grow              bool   // the body doubles the value's axis 0
		want              string
	}{
		{"fixed shape", "i64[]", "bool[]", "f32[b,4]", "f32[b,4]", false, "f32[b,4]; f32[new1_0,b,4]"},
		{"forever", "_", "_", "f32[b,4]", "f32[b,4]", false, "f32[b,4]; f32[new1_0,b,4]"},
		{"grows, declared with a fresh size", "i64[]", "_", "f32[b,4]", "f32[body,4]", true, "f32[new0_0,4]; f32[new1_0,new1_1,4]"},
		{"grows, declared unranked", "i64[]", "_", "f32[b,4]", "f32[*]", true, "f32[*]; f32[*]"},
		{"grows, declared fixed", "i64[]", "_", "f32[b,4]", "f32[b,4]", true, "! carried value 0 is f32[b,4] in the body, which f32[2*b,4] is not"},
		{"enters as another type", "i64[]", "_", "f32[b,4]", "f16[b,4]", false, "! carried value 0 is f16[b,4] in the body"},
		{"trip count", "f32[]", "_", "f32[b,4]", "f32[b,4]", false, "! operand 0 has elements of type f32, want integer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := ir.NewGraph("")
			trips, cond, first := addOperand(t, g, test.trips), addOperand(t, g, test.cond), addOperand(t, g, test.first)
			body := g.NewRegion("body")
			body.NewInput("i", typeOf(t, "i64[]"))
			going := body.NewInput("going", typeOf(t, "bool[]"))
			x := body.NewInput("x", typeOf(t, test.in))
			y := must(t, body, Exp, nil, x)
			if test.grow {
				y = must(t, body, Concat, &attr.Axis{Axis: 0}, x, x)
			}
			for _, v := range []*ir.Value{going, y, y} {
				body.AddOutput(v)
			}
			n, err := g.AddSpec(ir.Spec{Op: Loop, In: []*ir.Value{trips, cond, first}, Outs: 2, Regions: []*ir.Graph{body}})
			checkNode(t, n, err, test.want)
		})
	}
}

func TestLoopArity(t *testing.T) {
	g := ir.NewGraph("")
	body := g.NewRegion("body")
	body.NewInput("i", typeOf(t, "i64[]"))
	body.AddOutput(body.NewInput("going", typeOf(t, "bool[]")))
	for _, test := range []struct {
		in   []*ir.Value
		outs int
		want string
	}{
		{[]*ir.Value{nil}, 1, "want the trip count and the condition"},
		{[]*ir.Value{nil, nil, g.NewInput("", typeOf(t, "f32[]"))}, 1, "the body has 2 inputs, want 3"},
		{[]*ir.Value{nil, nil}, 1, "the body has 1 outputs and the node 1"},
	} {
		_, err := g.AddSpec(ir.Spec{Op: Loop, In: test.in, Outs: test.outs, Regions: []*ir.Graph{body}})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got error %v, want %q", err, test.want)
		}
	}
}

func TestScan(t *testing.T) {
	for _, test := range []struct {
		name    string
		attrs   attr.Scan
		state   string
		scanned []string
		in      string // the state in the body
		want    string
	}{
		{name: "sum", attrs: attr.Scan{ScanInputs: 1}, state: "f32[b]", scanned: []string{"f32[s,b]"}, in: "f32[b]", want: "f32[b]; f32[s,b]"},
		{name: "axes", attrs: attr.Scan{ScanInputs: 1, InputAxes: []int{1}, OutputAxes: []int{-1}}, state: "f32[b]", scanned: []string{"f32[b,s]"}, in: "f32[b]", want: "f32[b]; f32[b,s]"},
		{name: "lengths agree", attrs: attr.Scan{ScanInputs: 2}, state: "f32[b]", scanned: []string{"f32[s,b]", "f32[7,b]"}, in: "f32[b]", want: "f32[b]; f32[7,b]"},
		{name: "lengths differ", attrs: attr.Scan{ScanInputs: 2}, state: "f32[b]", scanned: []string{"f32[6,b]", "f32[7,b]"}, in: "f32[b]", want: "! lengths 6 and 7 differ"},
		{name: "axis", attrs: attr.Scan{ScanInputs: 1, InputAxes: []int{2}}, state: "f32[b]", scanned: []string{"f32[s,b]"}, in: "f32[b]", want: "! scan input 0: axis 2 is out of range for rank 2"},
		{name: "count", attrs: attr.Scan{ScanInputs: 5}, state: "f32[b]", scanned: []string{"f32[s,b]"}, in: "f32[b]", want: "! num_scan_inputs 5 of 2 operands"},
		{name: "state", attrs: attr.Scan{ScanInputs: 1}, state: "f32[b]", scanned: []string{"f32[s,b]"}, in: "f16[b]", want: "! carried value 0 is f16[b] in the body"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := ir.NewGraph("")
			in := []*ir.Value{addOperand(t, g, test.state)}
			body := g.NewRegion("body")
			state := body.NewInput("state", typeOf(t, test.in))
			for i, text := range test.scanned {
				v := addOperand(t, g, text)
				in = append(in, v)
				axis := entryOr(test.attrs.InputAxes, i, 0)
				body.NewInput("x", ScanSlice(v.Type, axis))
			}
			y := must(t, body, Exp, nil, state)
			body.AddOutput(y)
			body.AddOutput(y)
			n, err := g.AddSpec(ir.Spec{Op: Scan, Attr: &test.attrs, In: in, Outs: 2, Regions: []*ir.Graph{body}})
			checkNode(t, n, err, test.want)
		})
	}
}

func TestOpaqueKeepsDeclaredType(t *testing.T) {
	g := ir.NewGraph("")
	v := must(t, g, Opaque, &attr.Opaque{Domain: "com.example", OpType: "Magic"}, g.NewInput("x", typeOf(t, "f32[b]")))
	want := typeOf(t, "f32[b,7]")
	v.DeclareType(want)
	if err := g.Retype(); err != nil {
		t.Fatal(err)
	}
	if !v.Type.Equal(want) {
		t.Errorf("type %s, want %s", v.Type, want)
	}
}

func TestJoin(t *testing.T) {
	fresh := func(axis int) sym.Dim { return sym.Symbol("new") }
	for _, test := range []struct{ a, b, want string }{
		{"f32[b,4]", "f32[b,4]", "f32[b,4]"},
		{"f32[b,4]", "f32[s,4]", "f32[new,4]"},
		{"f32[b,4]", "f32[b]", "f32[*]"},
		{"?[b]", "f32[b]", "f32[b]"},
		{"?[*]", "f32[b]", "invalid[*]"},
		{"f32[b]", "?[*]", "invalid[*]"},
	} {
		got, err := join(typeOf(t, test.a), typeOf(t, test.b), fresh, sym.Dim.Equal)
		if err != nil || got.String() != test.want {
			t.Errorf("join of %s and %s = %s, %v, want %s", test.a, test.b, got, err, test.want)
		}
	}
	if _, err := join(typeOf(t, "f32[b]"), typeOf(t, "f16[b]"), fresh, sym.Dim.Equal); err == nil {
		t.Error("f32 and f16 joined")
	}
	nothing := typeOf(t, "?[*]")
	if got, err := join(nothing, ir.SequenceOf(nothing), fresh, sym.Dim.Equal); err != nil || !got.Equal(nothing) {
		t.Errorf("nothing joined with a sequence: %s, %v", got, err)
	}
	list := ir.SequenceOf(typeOf(t, "f32[b]"))
	got, err := join(list, ir.SequenceOf(typeOf(t, "f32[s]")), fresh, sym.Dim.Equal)
	if want := ir.SequenceOf(typeOf(t, "f32[new]")); err != nil || !got.Equal(want) {
		t.Errorf("joined sequences: %s, %v, want %s", got, err, want)
	}
}
