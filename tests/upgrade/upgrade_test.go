package upgrade

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/tests/models"
)

// convert upgrades a model in a temporary file.
func convert(t *testing.T, model, form string, weights map[string]*tensor.Tensor) (string, *parallax.Written) {
	t.Helper()
	out := filepath.Join(t.TempDir(), form+".onnx")
	w, err := parallax.Convert(model, out, parallax.ConvertOptions{Form: form, Upgrade: "parallax", Weights: weights})
	if err != nil {
		t.Fatal(err)
	}
	return out, w
}

// TestOutputs checks that upgraded models give the bits of the originals, on both
// targets, and that the file holds as many Parallax nodes as were made. The inline
// form is a decomposition, whose scale is rounded to the element type: it is
// compared with the fixture's tolerance.
func TestOutputs(t *testing.T) {
	cases, err := models.Cases()
	if err != nil {
		t.Fatal(err)
	}
	upgraded := 0
	for _, c := range cases {
		sets, err := c.Sets()
		if err != nil {
			t.Fatal(err)
		}
		t.Run(c.Name+"/function", func(t *testing.T) {
			out, w := convert(t, c.Model, "function", nil)
			upgraded += len(w.Upgrade.Upgraded)
			readsBack(t, c.Model, out, w)
			for _, target := range []kernels.Target{kernels.CPU, kernels.Ref} {
				same(t, c.Model, out, target, sets, models.Case{})
			}
		})
		t.Run(c.Name+"/inline", func(t *testing.T) {
			out, w := convert(t, c.Model, "inline", nil)
			readsBack(t, c.Model, out, w)
			same(t, c.Model, out, kernels.CPU, sets, c)
		})
	}
	if upgraded < 50 {
		t.Errorf("%d attentions were upgraded in all: too few to mean anything", upgraded)
	}
}

// same compares two models on recorded inputs, within the tolerance of c.
func same(t *testing.T, original, upgraded string, target kernels.Target, sets []models.Set, c models.Case) {
	t.Helper()
	for _, s := range sets {
		want, got := run(t, original, target, s.Inputs), run(t, upgraded, target, s.Inputs)
		for name := range want {
			if diff := firstDifference(got[name], want[name], c.RTol, c.ATol); diff != "" {
				t.Errorf("%s, %s, %s: %s", target, s.Name, name, diff)
			}
		}
	}
}

// readsBack compares what explain finds in the file with what it found before, and
// what was upgraded.
func readsBack(t *testing.T, original, out string, w *parallax.Written) {
	t.Helper()
	was, is := count(t, original), count(t, out)
	n := len(w.Upgrade.Upgraded)
	if is[passes.KindParallax] != was[passes.KindParallax]+n || is[passes.KindAttention] != was[passes.KindAttention]-n {
		t.Errorf("%d upgraded: %v, %v before", n, is, was)
	}
	if len(w.Remarks) != n {
		t.Errorf("%d upgraded, verdicts on %d", n, len(w.Remarks))
	}
}

// count returns how many nodes of each kind explain finds.
func count(t *testing.T, model string) map[passes.Kind]int {
	t.Helper()
	remarks, err := parallax.Explain(model)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[passes.Kind]int{}
	for _, r := range remarks {
		if r.Verdict != passes.Refused {
			kinds[r.Kind]++
		}
	}
	return kinds
}

func run(t *testing.T, model string, target kernels.Target, in map[string]*tensor.Tensor) map[string]*tensor.Tensor {
	t.Helper()
	m, err := parallax.Load(model, parallax.WithTarget(target))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	out, err := m.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// firstDifference compares values; NaN equals NaN, and −0 equals 0.
func firstDifference(got, want *tensor.Tensor, rtol, atol float64) string {
	if got == nil || got.DType != want.DType || !tensor.SameShape(got.Shape, want.Shape) {
		return fmt.Sprintf("%v, want %v", got, want)
	}
	for i := range want.Len() {
		if !want.DType.IsFloat() {
			if got.FormatElem(i) != want.FormatElem(i) {
				return fmt.Sprintf("element %d is %s, want %s", i, got.FormatElem(i), want.FormatElem(i))
			}
			continue
		}
		x, y := got.FloatAt(i), want.FloatAt(i)
		if x != y && !(math.IsNaN(x) && math.IsNaN(y)) && !(math.Abs(x-y) <= atol+rtol*math.Abs(y)) {
			return fmt.Sprintf("element %d is %g, want %g", i, x, y)
		}
	}
	return ""
}
