package graft_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/graft"
	"github.com/parallax-go/parallax/passes/passtest"
	"github.com/parallax-go/parallax/passes/std"
	"github.com/parallax-go/parallax/tests/models"
)

func all(*ir.Node) bool { return true }

const recognition = "fold,unify,canon,cse,dce,fuseparallax,fuseattn"

// grafted runs the passes on a copy of g and takes the fused nodes back. It
// returns how many the passes made.
func grafted(t *testing.T, g *ir.Graph) (made int, failures []graft.Failure) {
	t.Helper()
	list, err := std.Select(recognition)
	if err != nil {
		t.Fatal(err)
	}
	from, clones := g.Clone()
	if _, err := passes.Run(context.Background(), from, list, nil); err != nil {
		t.Fatal(err)
	}
	if failures, err = graft.Fused(g, from, clones, all); err != nil {
		t.Fatal(err)
	}
	if err := g.Verify(); err != nil {
		t.Fatal(err)
	}
	return count(from, op.Parallax), failures
}

func count(g *ir.Graph, o *ir.Op) int {
	n := 0
	for m := range g.All() {
		if m.Op == o {
			n++
		}
	}
	return n
}

// pass does to a graph what a conversion does.
var pass = passes.Pass{
	Name: "graft", Doc: "of this test",
	Run: func(_ *passes.Context, g *ir.Graph) error {
		list, err := std.Select(recognition)
		if err != nil {
			return err
		}
		from, clones := g.Clone()
		if _, err := passes.Run(context.Background(), from, list, nil); err != nil {
			return err
		}
		_, err = graft.Fused(g, from, clones, all)
		return err
	},
}

func TestGraft(t *testing.T) { passtest.Files(t, pass) }

// TestFixtures checks that every fused node comes over, and that nodes which have
// no part in attention stay as they were.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("../../tests/testdata/*models/*/model.onnx")
	if err != nil || len(files) == 0 {
		t.Fatalf("no models: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			g := models.Load(t, file)
			activations, lookups := count(g, op.Erf), count(g, op.Gather)
			made, failures := grafted(t, g)
			for _, f := range failures {
				t.Errorf("%+v", f.Reason)
			}
			if got := count(g, op.Parallax); got != made {
				t.Errorf("%d fused nodes, the copy has %d", got, made)
			}
			if a, b := count(g, op.Erf), count(g, op.Gather); a != activations || b > lookups {
				t.Errorf("%d Erf and %d Gather, the file has %d and %d", a, b, activations, lookups)
			}
		})
	}
}
