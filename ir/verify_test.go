package ir

import (
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// pass is an operator whose outputs have the type of its first operand.
var pass = &Op{Name: "Pass", MinIn: 1, MaxIn: 2, MinOut: 1, MaxOut: 1, Infer: samePass}

// body is pass with a region.
var body = &Op{Name: "Body", MinIn: 1, MaxIn: 1, MinOut: 1, MaxOut: 1, Regions: 1, Infer: samePass}

func samePass(c *Infer) error {
	c.Set(0, c.Type(0))
	return nil
}

// broken is a graph to damage: x → Pass "a" → Body "b" (captures a's output,
// holds Pass "in") → Pass "c" (with a constant) → output.
type broken struct {
	g, region   *Graph
	a, b, c, in *Node
	constant    *Value
}

func newBroken(t *testing.T) *broken {
	t.Helper()
	g := NewGraph("g")
	add := func(g *Graph, s Spec) *Node {
		n, err := g.AddSpec(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	f := &broken{g: g}
	x := g.NewInput("x", TensorOf(tensor.Float32, sym.ShapeOf(2)))
	f.a = add(g, Spec{Name: "a", Op: pass, Outs: 1, In: []*Value{x}})
	f.region = g.NewRegion("r")
	captured := f.region.Capture(f.a.Out[0])
	f.in = add(f.region, Spec{Name: "in", Op: pass, Outs: 1, In: []*Value{captured}})
	f.region.AddOutput(f.in.Out[0])
	f.b = add(g, Spec{Name: "b", Op: body, Outs: 1, In: []*Value{f.a.Out[0], f.a.Out[0]}, Regions: []*Graph{f.region}})
	f.constant = g.NewConst("w", tensor.Scalar[float32](1))
	f.c = add(g, Spec{Name: "c", Op: pass, Outs: 1, In: []*Value{f.b.Out[0], f.constant}})
	g.AddOutput(f.c.Out[0])
	if err := g.Verify(); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestVerify(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(*broken)
		want   string
	}{
		{"definition after its use", func(f *broken) { f.g.Move(f.a, nil) }, `node "b" (Body) of (f32[2], f32[2]): operand 0 (%1) is not defined before it is read`},
		{"operand of another graph", func(f *broken) { f.c.SetIn(0, f.in.Out[0]) }, `node "c" (Pass) of (f32[2], f32[]): operand 0 (%3) is not defined before it is read`},
		{"operand changed behind the uses", func(f *broken) { f.c.In[0] = f.a.Out[0] }, `operand 0 (%1) does not list this use`},
		{"use that is none", func(f *broken) { f.c.In[0] = f.a.Out[0] }, `%4 of graph "g" lists a use that is none`},
		{"use by a removed node", func(f *broken) {
			f.g.SetOutput(0, f.b.Out[0])
			f.g.Remove(f.c)
			f.b.Out[0].addUse(Use{Node: f.c, Index: 0})
		}, `%4 of graph "g" lists a use that is none`},
		{"output behind the uses", func(f *broken) { f.g.outputs[0] = f.a.Out[0] }, `output 0 (%1) of graph "g" does not list this use`},
		{"output not defined", func(f *broken) { f.g.SetOutput(0, f.in.Out[0]) }, `output 0 (%3) of graph "g" is not defined before it is read`},
		{"number twice", func(f *broken) { f.in.Out[0].ID = 0 }, `two values have number 0: %0 and %0 "x"`},
		{"number of a constant", func(f *broken) { f.constant.ID = 0 }, `two values have number 0: %0 "w" and %0 "x"`},
		{"output not linked back", func(f *broken) { f.a.Out[0].Def = f.c }, `output 0 (%1) is not linked back`},
		{"graph of a node", func(f *broken) { f.a.graph = f.region }, `node "a" (Pass) of (f32[2]): the node thinks it is in another graph`},
		{"count", func(f *broken) { f.g.count++ }, `graph "g" counts 4 nodes and holds 3`},
		{"stale type", func(f *broken) { f.g.Inputs[0].Type = Unranked(tensor.Float32) }, `node "a" (Pass) of (f32[*]): output 0 (%1) has type f32[2], inferred again f32[*]`},
		{"stale type in a region", func(f *broken) { f.in.Out[0].Type = Unranked(tensor.Int8) }, `node "in" (Pass) of (f32[2]): output 0 (%3) has type i8[*], inferred again f32[2]`},
		{"operands", func(f *broken) { f.a.Op = &Op{Name: "Two", MinIn: 2, MaxIn: 2, MinOut: 1, MaxOut: 1, Infer: samePass} }, `node "a" (Two) of (f32[2]): 1 operands, want 2`},
		{"missing operand", func(f *broken) { f.a.SetIn(0, nil) }, `node "a" (Pass) of (_): operand 0 is missing`},
		{"bodies", func(f *broken) { f.b.Op = pass }, `node "b" (Pass) of (f32[2], f32[2]): 1 bodies, want 0`},
		{"captures without inputs", func(f *broken) { f.region.Captures = 3 }, `graph "r" has 1 inputs, of which 3 are captures`},
		{"captures without operands", func(f *broken) {
			f.region.Captures, f.region.Inputs = 3, append(f.region.Inputs, f.g.NewInput("", Type{}), f.g.NewInput("", Type{}))
		}, `node "b" (Body) of (f32[2], f32[2]): 2 operands are fewer than the bodies capture`},
		{"captures out of step", func(f *broken) { f.b.SetIn(1, f.constant) }, `capture 0 of body 0 has type f32[2], its operand %5 "w" has type f32[]`},
		{"missing capture", func(f *broken) { f.b.SetIn(1, nil) }, `capture 0 of body 0 is missing`},
		{"constant of two graphs", func(f *broken) { f.in.SetIn(0, f.constant) }, `operand 1 (%5 "w") is a constant of graph "r"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newBroken(t)
			c.damage(f)
			err := f.g.Verify()
			if err == nil {
				t.Fatalf("no error, want %s", c.want)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error\n%v\nwant\n%s", err, c.want)
			}
			_ = f.g.String() // a broken graph can be dumped
		})
	}
}
