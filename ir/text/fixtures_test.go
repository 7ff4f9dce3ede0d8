package text_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/std"
	"github.com/parallax-go/parallax/tests/models"
)

// TestFixtures prints and parses every fixture model, as it is imported and
// after the passes.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("../../tests/testdata/*/*/model.onnx")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d models found (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			g := models.Load(t, file)
			again(t, g)
			if _, err := passes.Run(t.Context(), g, std.Passes(), nil); err != nil {
				t.Fatal(err)
			}
			again(t, g)
		})
	}
}

// again checks that g, its printed form read again, and its clone print alike.
func again(t *testing.T, g *ir.Graph) {
	t.Helper()
	printed := g.String()
	parsed, err := text.Parse(printed)
	if err != nil {
		t.Fatalf("%.300v", err)
	}
	if err := parsed.Verify(); err != nil {
		t.Fatalf("the graph that was read: %v", err)
	}
	clone, _ := g.Clone()
	if err := clone.Verify(); err != nil {
		t.Fatalf("the clone: %v", err)
	}
	for what, h := range map[string]*ir.Graph{"read again": parsed, "cloned": clone} {
		if other := h.String(); other != printed {
			t.Fatalf("%s, it prints otherwise:\n%s", what, firstDifference(printed, other))
		}
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return "-" + x[i] + "\n+" + y[i]
		}
	}
	return "one is longer"
}
