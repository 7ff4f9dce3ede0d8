package cse_test

import (
	"context"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/cse"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestPass(t *testing.T) { passtest.Files(t, cse.Pass) }

// TestImpure: two random numbers are not one, whatever made them.
func TestImpure(t *testing.T) {
	random := &ir.Op{Name: "Random", MinIn: 1, MaxIn: 1, MinOut: 1, MaxOut: 1, Impure: true, Infer: op.Neg.Infer}
	g := passtest.Parse(t, "graph { input %x : f32[4] output %x }")
	for range 2 {
		n, err := g.Add(random, nil, 1, g.Inputs[0])
		if err != nil {
			t.Fatal(err)
		}
		g.AddOutput(n.Out[0])
	}
	sum, err := g.Add(op.Add, nil, 1, g.First().Out[0], g.Last().Out[0])
	if err != nil {
		t.Fatal(err)
	}
	g.AddOutput(sum.Out[0])
	if _, err := passes.Run(context.Background(), g, []passes.Pass{cse.Pass}, nil); err != nil || g.Len() != 3 {
		t.Errorf("%d nodes left, want 3 (%v)", g.Len(), err)
	}
}
