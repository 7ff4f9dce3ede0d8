package ir_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
)

const nested = `graph "root" {
  input %c : bool[]
  input %x : f32[n]
  input %z : f32[n]
  const %w : f32 = [2, 3]
  %v = Neg(%w)
  %y = If(%c) @"/If" sources ["a", "b"]
    region "then" {
      capture %x
      capture %c
      const %two : f32 = [2, 3]
      %i = If(%c) region { capture %x output %x } region { capture %x %e = Exp(%x) output %e }
      %m = Mul(%two, %two)
      output %i
    }
    region "else" {
      capture %z
      %a = Abs(%z)
      output %a
    }
  output %y
  output %v
}`

func TestCaptures(t *testing.T) {
	g := parse(t, nested)
	verify(t, g)
	n := named(t, g, "y").Def
	if got := names(n.Operands()); got != "c" {
		t.Errorf("operands %s, want c", got)
	}
	if got := names(n.Captures(0)); got != "x c" {
		t.Errorf("captures of the first body: %s, want x c", got)
	}
	if got := names(n.Captures(1)); got != "z" {
		t.Errorf("captures of the second body: %s, want z", got)
	}
	var graphs, nodes int
	for range g.Graphs() {
		graphs++
	}
	for range g.All() {
		nodes++
	}
	if graphs != 5 || nodes != 6 {
		t.Errorf("%d graphs with %d nodes, want 5 with 6", graphs, nodes)
	}
}

func names(values []*ir.Value) string {
	s := ""
	for i, v := range values {
		if i > 0 {
			s += " "
		}
		s += v.Name
	}
	return s
}

func TestClone(t *testing.T) {
	g := parse(t, nested)
	g.DocString, g.Metadata = "doc", map[string]string{"k": "v"}
	before := g.String()
	c, values := g.Clone()
	verify(t, c)
	if diff := cmp.Diff(before, c.String()); diff != "" {
		t.Fatalf("the copy differs:\n%s", diff)
	}
	for r := range g.Graphs() {
		for n := range r.Nodes() {
			for i, v := range n.Out {
				w := values[v]
				if w == nil || w == v || w.Def == n || w.DefIndex != i {
					t.Fatalf("%s leads to %s", v, w)
				}
			}
		}
	}
	if w := named(t, g, "w"); values[w].Const != w.Const {
		t.Error("the contents of a constant are copied")
	}

	// What happens to the copy leaves the original alone.
	c.Metadata["k"] = "w"
	v := named(t, c, "v")
	v.Def.Sources = append(v.Def.Sources, "new")
	c.ReplaceUses(v, named(t, c, "w"))
	c.Remove(v.Def)
	c.NewInput("more", ir.Unranked(tensor.Float32))
	for r := range c.Graphs() {
		r.Name += "!"
	}
	verify(t, c)
	if diff := cmp.Diff(before, g.String()); diff != "" {
		t.Errorf("the original has changed:\n%s", diff)
	}
	if n := g.NewInput("more", ir.Unranked(tensor.Float32)); n.ID != c.Inputs[3].ID {
		t.Errorf("the next number is %d, in the copy %d", n.ID, c.Inputs[3].ID)
	}
}
