package ir_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/text"
)

func parse(t *testing.T, src string) *ir.Graph {
	t.Helper()
	g, err := text.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func verify(t *testing.T, g *ir.Graph) {
	t.Helper()
	if err := g.Verify(); err != nil {
		t.Fatalf("%v\n%s", err, g)
	}
}

// named returns the value called name, of g or a region.
func named(t *testing.T, g *ir.Graph, name string) *ir.Value {
	t.Helper()
	for r := range g.Graphs() {
		for _, v := range r.Inputs {
			if v.Name == name {
				return v
			}
		}
		for n := range r.Nodes() {
			for _, v := range slices.Concat(n.Out, n.In) {
				if v != nil && v.Name == name {
					return v
				}
			}
		}
	}
	t.Fatalf("there is no value %s in\n%s", name, g)
	return nil
}

const diamond = `graph {
  input %x : f32[n]
  %a = Neg(%x)
  %b = Exp(%a)
  %c = Abs(%a)
  %d = Add(%b, %c)
  output %d
}`

func readers(v *ir.Value) []string {
	var names []string
	for _, u := range v.Uses() {
		if u.Node == nil {
			names = append(names, fmt.Sprint("output ", u.Index))
			continue
		}
		names = append(names, fmt.Sprint(u.Node.Label(), " ", u.Index))
	}
	return names
}

func TestUses(t *testing.T) {
	g := parse(t, diamond)
	a, d := named(t, g, "a"), named(t, g, "d")
	if diff := cmp.Diff([]string{"b 0", "c 0"}, readers(a)); diff != "" {
		t.Errorf("uses of a (-want +got):\n%s", diff)
	}
	if _, sole := a.SoleUse(); sole {
		t.Error("a has a sole use, want two")
	}
	if u, sole := named(t, g, "b").SoleUse(); !sole || u.Node != d.Def || u.Index != 0 {
		t.Errorf("sole use of b is %v (%t), want operand 0 of d", u, sole)
	}
	if _, sole := d.SoleUse(); sole || !d.IsGraphOutput() {
		t.Error("the graph output d counts as used by a node")
	}
}

func TestReplaceUses(t *testing.T) {
	g := parse(t, diamond)
	x, a, d := named(t, g, "x"), named(t, g, "a"), named(t, g, "d")
	g.ReplaceUses(a, x)
	g.Remove(a.Def)
	g.ReplaceUses(d, named(t, g, "b"))
	g.Remove(d.Def)
	verify(t, g)
	want := "graph {\n  input %0 : f32[n]\n  %1 = Exp(%0) : f32[n]\n  %2 = Abs(%0) : f32[n]\n  output %1\n}\n"
	if diff := cmp.Diff(want, g.Canonical()); diff != "" {
		t.Errorf("graph (-want +got):\n%s", diff)
	}
}

func TestRemoveInUse(t *testing.T) {
	g := parse(t, diamond)
	defer func() {
		if r := fmt.Sprint(recover()); !strings.HasPrefix(r, "BUG: ") {
			t.Errorf("removing a node in use: %v, want a BUG", r)
		}
	}()
	g.Remove(named(t, g, "a").Def)
}

// TestNodesWhileChanging removes and inserts nodes while walking.
func TestNodesWhileChanging(t *testing.T) {
	g := parse(t, diamond)
	var seen []string
	for n := range g.Nodes() {
		seen = append(seen, n.Op.Name)
		b := ir.NewBuilder(g)
		twice := b.Op(n.Op, nil, n.In...)
		b.Commit(n)
		g.ReplaceUses(n.Out[0], twice)
		g.Remove(n)
	}
	verify(t, g)
	if diff := cmp.Diff([]string{"Neg", "Exp", "Abs", "Add"}, seen); diff != "" {
		t.Errorf("walked (-want +got):\n%s", diff)
	}
	if g.Len() != 4 || g.First().Op != op.Neg || g.Last().Op != op.Add {
		t.Errorf("%d nodes from %s to %s", g.Len(), g.First().Op.Name, g.Last().Op.Name)
	}
}

func TestOmittedOutput(t *testing.T) {
	g := ir.NewGraph("g")
	x := g.NewInput("x", ir.TensorOf(tensor.Float32, sym.ShapeOf(5)))
	k := g.NewConst("k", tensor.Of([]int{1}, []int64{2}))
	n, err := g.AddSpec(ir.Spec{Op: op.TopK, Attr: attr.New[attr.TopK](), In: []*ir.Value{x, k}, Outs: 2, Names: []string{ir.OmitOutput, "at"}})
	if err != nil {
		t.Fatal(err)
	}
	if n.Out[0] != nil || n.Out[1].Name != "at" || n.Label() != "at" {
		t.Errorf("outputs %v of node %s, want the second only, called at", n.Out, n.Label())
	}
	verify(t, g)
}

func TestAddThatCannotBeTyped(t *testing.T) {
	g := parse(t, `graph "g" { input %x : f32[2,3] output %x }`)
	before := g.String()
	_, err := g.Add(op.MatMul, nil, 1, g.Inputs[0], g.Inputs[0])
	var at *ir.Error
	if !errors.As(err, &at) || at.Op != "MatMul" || at.Graph != "g" || len(at.Inputs) != 2 {
		t.Errorf("error %#v, want an *ir.Error of MatMul with two operands", err)
	}
	if diff := cmp.Diff(before, g.String()); diff != "" {
		t.Errorf("the graph has changed:\n%s", diff)
	}
}

func TestAddOfWhatCannotBe(t *testing.T) {
	g := parse(t, `graph { input %x : f32[1073741824,1] input %y : f32[1,1073741824] output %x }`)
	_, err := g.Add(op.MatMul, nil, 1, g.Inputs[0], g.Inputs[1])
	if err == nil || !strings.Contains(err.Error(), "f32[1073741824,1073741824], which is too large") {
		t.Errorf("error %v", err)
	}
}

func TestBuilder(t *testing.T) {
	g := parse(t, diamond)
	before := g.String()
	b := ir.NewBuilder(g)
	b.Name, b.Sources = "new", []string{"s"}
	x := g.Inputs[0]
	y := b.Op(op.Mul, nil, b.Op(op.Neg, nil, x), b.Float(tensor.Float32, 2))
	if b.Err() != nil || !y.Type.Equal(x.Type) {
		t.Fatalf("y : %s, error %v", y.Type, b.Err())
	}
	if diff := cmp.Diff(before, g.String()); diff != "" {
		t.Errorf("the graph has changed before Commit:\n%s", diff)
	}
	if len(x.Uses()) != 1 {
		t.Errorf("x has uses %v before Commit, want one", readers(x))
	}
	b.Commit(named(t, g, "b").Def)
	g.ReplaceUses(named(t, g, "b"), y)
	verify(t, g)
	var order []string
	for n := range g.Nodes() {
		order = append(order, n.Label())
	}
	if diff := cmp.Diff([]string{"a", "new", "new", "b", "c", "d"}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"s"}, y.Def.Sources); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

func TestBuilderError(t *testing.T) {
	g := parse(t, diamond)
	b := ir.NewBuilder(g)
	bad := b.Op(op.Neg, nil, g.Inputs[0], g.Inputs[0])
	first := b.Err()
	if first == nil {
		t.Fatal("no error")
	}
	b.Op(op.Add, nil, bad, b.Int(1))
	if b.Err() != first {
		t.Errorf("error %v, want the first: %v", b.Err(), first)
	}
	defer func() {
		if recover() == nil {
			t.Error("a failed builder was committed")
		}
	}()
	b.Commit(nil)
}

func TestBefore(t *testing.T) {
	g := parse(t, diamond)
	// More insertions at one place than numbers between two neighbours.
	d := named(t, g, "d").Def
	for range 100 {
		b := ir.NewBuilder(g)
		b.Op(op.Neg, nil, g.Inputs[0])
		b.Commit(d)
		if !g.Before(g.First(), d) || !g.Before(d.Prev(), d) || g.Before(d, d.Prev()) || g.Before(d, d) {
			t.Fatalf("the order is lost with %d nodes", g.Len())
		}
	}
	for n := range g.Backward() {
		if p := n.Prev(); p != nil && !g.Before(p, n) {
			t.Fatalf("%s is not before %s", p.Label(), n.Label())
		}
	}
}

func TestSort(t *testing.T) {
	g := parse(t, diamond)
	a, b, d := named(t, g, "a").Def, named(t, g, "b").Def, named(t, g, "d").Def
	g.Move(d, a)
	g.Move(b, a)
	if err := g.Verify(); err == nil {
		t.Error("operands after their reader pass Verify")
	}
	if err := g.Sort(); err != nil {
		t.Fatal(err)
	}
	verify(t, g)
	if !g.Before(a, b) || !g.Before(b, d) {
		t.Errorf("order after Sort:\n%s", g)
	}
	again := g.String()
	if err := g.Sort(); err != nil || g.String() != again {
		t.Errorf("sorting a sorted graph changes it (%v)", err)
	}
}

func TestSortCycle(t *testing.T) {
	g := parse(t, diamond)
	a, d := named(t, g, "a").Def, named(t, g, "d")
	a.SetIn(0, d)
	err := g.Sort()
	var at *ir.Error
	if !errors.As(err, &at) {
		t.Fatalf("error %v, want an *ir.Error", err)
	}
	if !slices.Contains([]string{"a", "b", "c", "d"}, at.Node) {
		t.Errorf("the error names %q, which is not on the cycle", at.Node)
	}
}

// TestSortDeep sorts a long chain in reverse order: no recursion per node.
func TestSortDeep(t *testing.T) {
	g := ir.NewGraph("")
	v := g.NewInput("x", ir.TensorOf(tensor.Float32, nil))
	for range 10_000 {
		n, err := g.Add(op.Neg, nil, 1, v)
		if err != nil {
			t.Fatal(err)
		}
		v = n.Out[0]
	}
	g.AddOutput(v)
	for n := range g.Nodes() {
		g.Move(n, g.First())
	}
	if err := g.Sort(); err != nil {
		t.Fatal(err)
	}
	verify(t, g)
}

func TestRetype(t *testing.T) {
	g := parse(t, `graph {
  input %c : bool[]
  input %x : f32[n,4]
  %a = Neg(%x)
  %y = If(%c) region "then" { capture %a %b = Exp(%a) output %b } region "else" { capture %a output %a }
  output %y
}`)
	g.Inputs[1].Type = ir.TensorOf(tensor.Float32, sym.ShapeOf(2, 4))
	if g.Verify() == nil {
		t.Error("stale types pass Verify")
	}
	if err := g.Retype(); err != nil {
		t.Fatal(err)
	}
	verify(t, g)
	for _, name := range []string{"a", "b", "y"} {
		if got := named(t, g, name).Type.String(); got != "f32[2,4]" {
			t.Errorf("%s : %s, want f32[2,4]", name, got)
		}
	}
}

func TestDims(t *testing.T) {
	g := parse(t, `graph {
  input %x : f32[n,4]
  %s = Shape(%x)
  %t = Shape(%x) {start=1}
  const %c : i64 = [1, -2]
  const %f : f32 = [1]
  %y = Opaque(%s, %t, %c, %f) {domain="", op_type=Sink, why=""}
  output %y
}`)
	for _, c := range []struct {
		name string
		dims string
		ints []int64
	}{
		{"s", "[n,4]", nil},
		{"t", "[4]", []int64{4}},
		{"c", "[1,-2]", []int64{1, -2}},
		{"f", "", nil},
		{"x", "", nil},
	} {
		v := named(t, g, c.name)
		dims, ok := v.Dims()
		if got := sym.Shape(dims).String(); ok != (c.dims != "") || ok && got != c.dims {
			t.Errorf("dims of %s: %s (%t), want %s", c.name, got, ok, c.dims)
		}
		ints, ok := v.Ints()
		if diff := cmp.Diff(c.ints, ints); diff != "" || ok != (c.ints != nil) {
			t.Errorf("ints of %s (%t):\n%s", c.name, ok, diff)
		}
	}
	if x, ok := named(t, g, "f").Scalar(); !ok || x != 1 {
		t.Errorf("scalar f is %g (%t), want 1", x, ok)
	}
}

func TestAddSources(t *testing.T) {
	a := &ir.Node{Name: "a"}
	b := &ir.Node{Name: "b", Sources: []string{"a", "c"}}
	n := &ir.Node{Op: op.Neg}
	n.AddSources(a, b, &ir.Node{})
	if diff := cmp.Diff([]string{"a", "c"}, n.Sources); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}
