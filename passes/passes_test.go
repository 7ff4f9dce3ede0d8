package passes_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
)

// line is a graph of n negations, one after another.
func line(t *testing.T, n int) *ir.Graph {
	t.Helper()
	g := ir.NewGraph("line")
	v := g.NewInput("x", ir.TensorOf(tensor.Float32, sym.ShapeOf(2)))
	for range n {
		m, err := g.Add(op.Neg, nil, 1, v)
		if err != nil {
			t.Fatal(err)
		}
		v = m.Out[0]
	}
	g.AddOutput(v)
	return g
}

func pass(name string, run func(*passes.Context, *ir.Graph) error) passes.Pass {
	return passes.Pass{Name: name, Doc: "of this test", Run: run}
}

func nothing(*passes.Context, *ir.Graph) error { return nil }

// shorten takes the last negation off, if it is allowed to.
func shorten(c *passes.Context, g *ir.Graph) error {
	c.Work(1)
	if c.Allow("shorten") {
		g.SetOutput(0, g.Last().In[0])
	}
	return nil
}

func TestRunAccounts(t *testing.T) {
	g := line(t, 5)
	var dumps []string
	o := &passes.Options{Verify: true, DumpAfter: func(pass string, g *ir.Graph) { dumps = append(dumps, pass) }}
	r, err := passes.Run(context.Background(), g, []passes.Pass{pass("a", shorten), pass("b", nothing), pass("c", shorten)}, o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, dumps); diff != "" {
		t.Error(diff)
	}
	for i := range r.Stats {
		r.Stats[i].Time = 0
	}
	want := []passes.Stat{
		{Pass: "a", Before: 5, After: 4, Rewrites: map[string]int{"shorten": 1}, Work: 1},
		{Pass: "b", Before: 4, After: 4},
		{Pass: "c", Before: 4, After: 3, Rewrites: map[string]int{"shorten": 1}, Work: 1},
	}
	if diff := cmp.Diff(want, r.Stats); diff != "" {
		t.Error(diff)
	}
}

func TestRunStopsAfter(t *testing.T) {
	g := line(t, 5)
	list := []passes.Pass{pass("a", shorten), pass("b", shorten), pass("c", shorten), pass("d", nothing)}
	r, err := passes.Run(context.Background(), g, list, &passes.Options{StopAfter: 2})
	if err != nil {
		t.Fatal(err)
	}
	if g.Len() != 3 || !r.Stopped || len(r.Stats) != 3 {
		t.Errorf("%d nodes, stopped %t, %d passes ran; want 3 nodes, and a stop in the third pass", g.Len(), r.Stopped, len(r.Stats))
	}
}

func TestRunErrors(t *testing.T) {
	failure := errors.New("it failed")
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	tests := []struct {
		name string
		ctx  context.Context
		list []passes.Pass
		want string
	}{
		{"a pass fails", nil, []passes.Pass{pass("good", nothing), pass("bad", func(*passes.Context, *ir.Graph) error { return failure })}, "pass bad: it failed"},
		{"a pass breaks the graph", nil, []passes.Pass{pass("bad", func(_ *passes.Context, g *ir.Graph) error {
			g.First().Out[0].Type.DType = tensor.Float64
			return nil
		})}, "pass bad: node"},
		{"cancelled", cancelled, []passes.Pass{pass("good", nothing)}, "context canceled"},
		{"no name", nil, []passes.Pass{pass("", nothing)}, "pass 0 has no name"},
		{"no documentation", nil, []passes.Pass{{Name: "a", Run: nothing}}, "pass a has no documentation"},
		{"no function", nil, []passes.Pass{{Name: "a", Doc: "b"}}, "pass a does nothing"},
		{"twice", nil, []passes.Pass{pass("a", nothing), pass("a", nothing)}, "pass a is listed twice"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx := test.ctx
			if ctx == nil {
				ctx = context.Background()
			}
			_, err := passes.Run(ctx, line(t, 2), test.list, &passes.Options{Verify: true})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestRunNamesThePassThatPanics(t *testing.T) {
	defer func() {
		if r := recover(); r == nil || !strings.Contains(r.(string), `pass bad on graph "line": a mistake`) {
			t.Errorf("panic %v", r)
		}
	}()
	bad := pass("bad", func(*passes.Context, *ir.Graph) error { panic("a mistake") })
	_, err := passes.Run(context.Background(), line(t, 1), []passes.Pass{bad}, nil)
	t.Errorf("no panic, error %v", err)
}

func TestRemarks(t *testing.T) {
	g := line(t, 2)
	verdicts := pass("verdicts", func(c *passes.Context, g *ir.Graph) error {
		c.Remark(g.First(), passes.Remark{Anchor: "first", Verdict: passes.Refused})
		c.Remark(g.Last(), passes.Remark{Anchor: "last", Verdict: passes.Native})
		c.Remark(g.First(), passes.Remark{Anchor: "first", Verdict: passes.Fused})
		return nil
	})
	r, err := passes.Run(context.Background(), g, []passes.Pass{verdicts}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []passes.Remark{{Anchor: "first", Verdict: passes.Fused}, {Anchor: "last", Verdict: passes.Native}}
	if diff := cmp.Diff(want, r.Remarks); diff != "" {
		t.Errorf("the later verdict counts, the order is that of the first:\n%s", diff)
	}
}
