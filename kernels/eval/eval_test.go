package eval

import (
	"errors"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// add is g.AddSpec for one output and a graph that is known to be right.
func add(t *testing.T, g *ir.Graph, s ir.Spec) []*ir.Value {
	t.Helper()
	if s.Outs == 0 {
		s.Outs = 1
	}
	n, err := g.AddSpec(s)
	if err != nil {
		t.Fatal(err)
	}
	return n.Out
}

func intType(shape ...int) ir.Type { return ir.TensorOf(tensor.Int64, sym.ShapeOf(shape...)) }

var boolType = ir.TensorOf(tensor.Bool, sym.Shape{})

func ints(shape []int, v ...int64) *tensor.Tensor { return tensor.Of(shape, v) }

func run(t *testing.T, g *ir.Graph, in ...*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	out, err := Graph(g, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func want(t *testing.T, what string, got, want *tensor.Tensor) {
	t.Helper()
	if !got.Equal(want) {
		t.Errorf("%s is %s, want %s", what, describe([]*tensor.Tensor{got}), describe([]*tensor.Tensor{want}))
	}
}

func TestIf(t *testing.T) {
	g := ir.NewGraph("g")
	condition, x := g.NewInput("condition", boolType), g.NewInput("x", intType())
	var bodies []*ir.Graph
	for _, o := range []*ir.Op{op.Neg, op.Abs} {
		r := g.NewRegion(o.Name)
		r.AddOutput(add(t, r, ir.Spec{Op: o, In: []*ir.Value{r.Capture(x)}})[0])
		bodies = append(bodies, r)
	}
	g.AddOutput(add(t, g, ir.Spec{Op: op.If, In: []*ir.Value{condition, x, x}, Regions: bodies})[0])
	want(t, "then", run(t, g, tensor.Scalar(true), tensor.Scalar[int64](5))[0], tensor.Scalar[int64](-5))
	want(t, "else", run(t, g, tensor.Scalar(false), tensor.Scalar[int64](-5))[0], tensor.Scalar[int64](5))
}

// TestLoop sums a captured step while the sum is below a captured limit.
func TestLoop(t *testing.T) {
	g := ir.NewGraph("g")
	trips, start := g.NewInput("trips", intType()), g.NewInput("start", intType())
	step, limit := g.NewInput("step", intType()), g.NewInput("limit", intType())
	body := g.NewRegion("body")
	body.NewInput("i", intType())
	body.NewInput("go", boolType)
	sum := body.NewInput("sum", intType())
	next := add(t, body, ir.Spec{Op: op.Add, In: []*ir.Value{sum, body.Capture(step)}})[0]
	body.AddOutput(add(t, body, ir.Spec{Op: op.Less, In: []*ir.Value{next, body.Capture(limit)}})[0])
	body.AddOutput(next)
	body.AddOutput(sum)
	for _, v := range add(t, g, ir.Spec{Op: op.Loop, In: []*ir.Value{trips, nil, start, step, limit}, Outs: 2, Regions: []*ir.Graph{body}}) {
		g.AddOutput(v)
	}
	scalar := tensor.Scalar[int64]
	for _, c := range []struct {
		name               string
		trips, step, limit int64
		last               int64
		seen               []int64
	}{
		{"by count", 3, 2, 100, 6, []int64{0, 2, 4}},
		{"by condition", 99, 5, 10, 10, []int64{0, 5}},
		{"not at all", 0, 5, 10, 0, nil},
	} {
		out := run(t, g, scalar(c.trips), scalar(0), scalar(c.step), scalar(c.limit))
		want(t, c.name+": last", out[0], scalar(c.last))
		want(t, c.name+": seen", out[1], ints([]int{len(c.seen)}, c.seen...))
	}
}

// TestScan runs over columns from the last to the first, and puts the results
// back in their order.
func TestScan(t *testing.T) {
	g := ir.NewGraph("g")
	start, x := g.NewInput("start", intType(2)), g.NewInput("x", intType(2, 3))
	body := g.NewRegion("body")
	sum, column := body.NewInput("sum", intType(2)), body.NewInput("column", intType(2))
	next := add(t, body, ir.Spec{Op: op.Add, In: []*ir.Value{sum, column}})[0]
	body.AddOutput(next)
	body.AddOutput(next)
	a := &attr.Scan{ScanInputs: 1, InputAxes: []int{1}, InputDirections: []int{1}, OutputAxes: []int{-1}, OutputDirections: []int{1}}
	for _, v := range add(t, g, ir.Spec{Op: op.Scan, Attr: a, In: []*ir.Value{start, x}, Outs: 2, Regions: []*ir.Graph{body}}) {
		g.AddOutput(v)
	}
	out := run(t, g, ints([]int{2}, 0, 100), ints([]int{2, 3}, 1, 2, 3, 4, 5, 6))
	want(t, "state", out[0], ints([]int{2}, 6, 115))
	want(t, "sums", out[1], ints([]int{2, 3}, 6, 5, 3, 115, 111, 106))
}

// TestErrorsHavePlaces wants the innermost node named, once.
func TestErrorsHavePlaces(t *testing.T) {
	g := ir.NewGraph("g")
	x := g.NewInput("x", ir.TensorOf(tensor.Int64, sym.Shape{sym.Symbol("n")}))
	yes, no := g.NewRegion("yes"), g.NewRegion("no")
	index := yes.NewConst("", tensor.Scalar[int64](7))
	entry := add(t, yes, ir.Spec{Op: op.Gather, Attr: &attr.Axis{}, In: []*ir.Value{yes.Capture(x), index}, Name: "inner"})[0]
	yes.AddOutput(entry)
	no.AddOutput(no.NewConst("", tensor.Scalar[int64](0)))
	condition := g.NewConst("", tensor.Scalar(true))
	g.AddOutput(add(t, g, ir.Spec{Op: op.If, In: []*ir.Value{condition, x}, Regions: []*ir.Graph{yes, no}, Name: "outer"})[0])
	_, err := Graph(g, []*tensor.Tensor{ints([]int{2}, 1, 2)})
	var placed *ir.Error
	if !errors.As(err, &placed) || placed.Node != "inner" || !strings.Contains(err.Error(), "index 7") {
		t.Errorf("error is %v, want index 7 at node inner", err)
	}
	if _, err := Graph(g, nil); err == nil {
		t.Error("no error for a missing input")
	}
}
