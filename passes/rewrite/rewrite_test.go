package rewrite_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

func same(c *ir.Infer) error {
	c.Set(0, c.Type(0))
	return nil
}

// widen gives its result a shape that inference knows less about.
func widen(c *ir.Infer) error {
	c.Set(0, ir.Unranked(c.Type(0).DType))
	return nil
}

var (
	neg    = &ir.Op{Name: "Neg", MinIn: 1, MaxIn: 1, MinOut: 1, MaxOut: 1, Infer: same}
	add    = &ir.Op{Name: "Add", MinIn: 2, MaxIn: 2, MinOut: 1, MaxOut: 1, Infer: same}
	opaque = &ir.Op{Name: "Opaque", MinIn: 1, MaxIn: 1, MinOut: 1, MaxOut: 1, Infer: widen}
	vec    = ir.TensorOf(tensor.Float32, sym.ShapeOf(2))
)

// doubleNeg replaces −(−x) by x.
var doubleNeg = rewrite.Rule{
	Label: "double negation", Doc: "−(−x) is x", Roots: []*ir.Op{neg},
	Match: func(_ *passes.Context, n *ir.Node) *rewrite.Patch {
		inner := n.In[0].Def
		if inner == nil || inner.Op != neg {
			return nil
		}
		return rewrite.NewPatch(n, "").Cover(inner).Replace(n.Out[0], inner.In[0])
	},
}

// build makes nodes one after another; each spec names what it reads.
func build(t *testing.T, specs ...ir.Spec) (*ir.Graph, map[string]*ir.Value) {
	t.Helper()
	g := ir.NewGraph("test")
	values := map[string]*ir.Value{"x": g.NewInput("x", vec)}
	for _, s := range specs {
		n, err := g.AddSpec(s)
		if err != nil {
			t.Fatal(err)
		}
		values[n.Out[0].Name] = n.Out[0]
	}
	return g, values
}

func node(name string, op *ir.Op, in ...*ir.Value) ir.Spec {
	return ir.Spec{Op: op, Name: "node_" + name, Names: []string{name}, Outs: 1, In: in}
}

func run(t *testing.T, g *ir.Graph, o *passes.Options, body func(*passes.Context, *ir.Graph) error) *passes.Result {
	t.Helper()
	o.Verify = true
	r, err := passes.Run(context.Background(), g, []passes.Pass{{Name: "test", Doc: "of this test", Run: body}}, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func rules(rs ...rewrite.Rule) func(*passes.Context, *ir.Graph) error {
	return func(c *passes.Context, g *ir.Graph) error { return rewrite.Run(c, g, rs) }
}

// chain is n negations of x with an Add at the end, which is the output.
func chain(t *testing.T, n int) *ir.Graph {
	t.Helper()
	g := ir.NewGraph("chain")
	v := g.NewInput("x", vec)
	for range n {
		m, err := g.Add(neg, nil, 1, v)
		if err != nil {
			t.Fatal(err)
		}
		v = m.Out[0]
	}
	m, err := g.AddSpec(node("y", add, v, v))
	if err != nil {
		t.Fatal(err)
	}
	g.AddOutput(m.Out[0])
	return g
}

func TestRunReachesFixedPoint(t *testing.T) {
	g := chain(t, 101)
	r := run(t, g, &passes.Options{}, rules(doubleNeg))
	if g.Len() != 2 {
		t.Errorf("%d nodes left, want one negation and the sum", g.Len())
	}
	if got := r.Stats[0].Rewrites["double negation"]; got != 50 {
		t.Errorf("%d rewrites, want 50", got)
	}
}

func TestStopAfter(t *testing.T) {
	g := chain(t, 10)
	r := run(t, g, &passes.Options{StopAfter: 3}, rules(doubleNeg))
	if g.Len() != 10-6+1 || !r.Stopped {
		t.Errorf("%d nodes, stopped %t; want 5 nodes and a stop", g.Len(), r.Stopped)
	}
}

func TestWorkIsLinear(t *testing.T) {
	work := func(n int) int {
		return run(t, chain(t, n), &passes.Options{}, rules(doubleNeg)).Stats[0].Work
	}
	if small, large := work(1000), work(10000); large > 12*small {
		t.Errorf("%d steps for 1000 nodes, %d for 10000: more than 12 times as many", small, large)
	}
}

func TestRunPanicsOnRulesThatCycle(t *testing.T) {
	swap := rewrite.Rule{Label: "swap", Doc: "for ever", Roots: []*ir.Op{add}, Match: func(_ *passes.Context, n *ir.Node) *rewrite.Patch {
		p := rewrite.NewPatch(n, "")
		return p.Replace(n.Out[0], p.Op(add, nil, n.In[1], n.In[0]))
	}}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	run(t, chain(t, 1), &passes.Options{}, rules(swap))
}

// TestCommit is about what a single patch does: Neg(Neg(x)) → x for the node
// named outer, in graphs that make that harder.
func TestCommit(t *testing.T) {
	commit := func(t *testing.T, g *ir.Graph, patch func() *rewrite.Patch) (why *passes.Reason) {
		t.Helper()
		run(t, g, &passes.Options{}, func(c *passes.Context, _ *ir.Graph) error {
			why = rewrite.Commit(c, patch())
			return nil
		})
		return why
	}

	t.Run("provenance", func(t *testing.T) {
		g, v := build(t)
		n1, _ := g.AddSpec(node("a", neg, v["x"]))
		n2, _ := g.AddSpec(node("b", neg, n1.Out[0]))
		g.AddOutput(n2.Out[0])
		why := commit(t, g, func() *rewrite.Patch {
			p := rewrite.NewPatch(n2, "test").Cover(n1)
			return p.Replace(n2.Out[0], p.Op(add, nil, v["x"], v["x"]))
		})
		if why != nil {
			t.Fatal(why)
		}
		n := g.Last()
		if g.Len() != 1 || n.Name != "node_b" || n.Out[0].Name != "b" {
			t.Errorf("%d nodes, the last is %q with output %q", g.Len(), n.Name, n.Out[0].Name)
		}
		if diff := cmp.Diff([]string{"node_b", "node_a"}, n.Sources); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("a verdict follows its node", func(t *testing.T) {
		g, v := build(t)
		n1, _ := g.AddSpec(node("a", neg, v["x"]))
		n2, _ := g.AddSpec(node("b", neg, n1.Out[0]))
		g.AddOutput(n2.Out[0])
		r := run(t, g, &passes.Options{Record: true}, func(c *passes.Context, _ *ir.Graph) error {
			c.Remark(n2, passes.Remark{Anchor: "b", Verdict: passes.Fused, Node: n2, Spec: &passes.Spec{}, Before: c.Pieces(n2)})
			p := rewrite.NewPatch(n2, "test").Cover(n1)
			p.Replace(n2.Out[0], p.Op(neg, nil, p.Op(add, nil, v["x"], v["x"])))
			if why := rewrite.Commit(c, p); why != nil {
				t.Fatal(why)
			}
			return nil
		})
		m := r.Remarks[0]
		if m.Node != g.Last() {
			t.Errorf("the node is %v", m.Node)
		}
		if len(m.Before) != 2 || m.Before[1].Name != "node_a" || m.Before[1].In[0].Name != "x" {
			t.Errorf("before there was %+v", m.Before)
		}
	})

	t.Run("a covered node that is read elsewhere stays", func(t *testing.T) {
		g, v := build(t)
		n1, _ := g.AddSpec(node("a", neg, v["x"]))
		n2, _ := g.AddSpec(node("b", neg, n1.Out[0]))
		n3, _ := g.AddSpec(node("c", add, n2.Out[0], n1.Out[0]))
		g.AddOutput(n3.Out[0])
		p := rewrite.NewPatch(n2, "test").Cover(n1)
		p.Replace(n2.Out[0], v["x"])
		if escapes := p.Escapes(); len(escapes) != 1 || escapes[0] != n1.Out[0] {
			t.Errorf("escapes are %v", escapes)
		}
		if why := commit(t, g, func() *rewrite.Patch { return p }); why != nil {
			t.Fatal(why)
		}
		if n1.Graph() == nil || n2.Graph() != nil || n3.In[0] != v["x"] {
			t.Error("want a to stay, b to go, c to read x")
		}
	})

	t.Run("an output keeps its name", func(t *testing.T) {
		g, v := build(t)
		n1, _ := g.AddSpec(node("a", neg, v["x"]))
		n2, _ := g.AddSpec(node("b", neg, n1.Out[0]))
		g.AddOutput(n2.Out[0])
		why := commit(t, g, func() *rewrite.Patch {
			return rewrite.NewPatch(n2, "test").Cover(n1).Replace(n2.Out[0], v["x"])
		})
		if why == nil || why.Check != "output name" || g.Len() != 2 {
			t.Errorf("reason %+v and %d nodes: want a refusal and no change", why, g.Len())
		}
	})

	t.Run("readers before the operands are sorted behind them", func(t *testing.T) {
		g, v := build(t)
		n1, _ := g.AddSpec(node("a", neg, v["x"]))
		early, _ := g.AddSpec(node("early", neg, n1.Out[0]))
		late, _ := g.AddSpec(node("late", neg, v["x"]))
		n2, _ := g.AddSpec(node("b", add, n1.Out[0], late.Out[0]))
		g.AddOutput(n2.Out[0])
		g.AddOutput(early.Out[0])
		why := commit(t, g, func() *rewrite.Patch {
			p := rewrite.NewPatch(n2, "test").Cover(n1)
			both := p.Op(add, nil, v["x"], late.Out[0])
			return p.Replace(n2.Out[0], both).Replace(n1.Out[0], both)
		})
		if why != nil {
			t.Fatal(why)
		}
		if !g.Before(late, early) {
			t.Error("early reads the new value and must come after late")
		}
	})

	t.Run("an operand computed from a replaced value is refused", func(t *testing.T) {
		g, v := build(t)
		n1, _ := g.AddSpec(node("a", neg, v["x"]))
		mask, _ := g.AddSpec(node("mask", opaque, n1.Out[0]))
		n2, _ := g.AddSpec(node("b", add, n1.Out[0], mask.Out[0]))
		g.AddOutput(n2.Out[0])
		why := commit(t, g, func() *rewrite.Patch {
			p := rewrite.NewPatch(n2, "test").Cover(n1)
			both := p.Op(add, nil, v["x"], mask.Out[0])
			return p.Replace(n2.Out[0], both).Replace(n1.Out[0], both)
		})
		if why == nil || why.Check != "escape" {
			t.Errorf("reason %+v, want an escape", why)
		}
	})

	t.Run("a lost shape is refused", func(t *testing.T) {
		g, v := build(t)
		n1, _ := g.AddSpec(node("a", neg, v["x"]))
		n2, _ := g.AddSpec(node("b", neg, n1.Out[0]))
		g.AddOutput(n2.Out[0])
		why := commit(t, g, func() *rewrite.Patch {
			p := rewrite.NewPatch(n1, "test")
			return p.Replace(n1.Out[0], p.Op(opaque, nil, v["x"]))
		})
		if why == nil || why.Check != "types" {
			t.Errorf("reason %+v, want types", why)
		}
	})

	t.Run("types gained are passed on", func(t *testing.T) {
		g, v := build(t)
		n1, _ := g.AddSpec(node("a", opaque, v["x"]))
		n2, _ := g.AddSpec(node("b", neg, n1.Out[0]))
		g.AddOutput(n2.Out[0])
		why := commit(t, g, func() *rewrite.Patch {
			p := rewrite.NewPatch(n1, "test")
			return p.Replace(n1.Out[0], p.Op(neg, nil, v["x"]))
		})
		if why != nil || !n2.Out[0].Type.Equal(vec) {
			t.Errorf("reason %+v, type %s", why, n2.Out[0].Type)
		}
	})
}
