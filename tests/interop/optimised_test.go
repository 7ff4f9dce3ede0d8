//go:build interop

package interop

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/tests/models"
)

// optimisation is a job for optimise.py.
type optimisation struct {
	Model string `json:"model"`
	Out   string `json:"out"`
	Level string `json:"level"`
}

// outside are fixtures whose weights lie beside the file, where a copy of the
// file that is written elsewhere doesn't find them.
var outside = map[string]bool{"qwen2_external": true}

// TestOptimised: files that ONNX Runtime has optimised hold as many attentions,
// and give the recorded outputs.
func TestOptimised(t *testing.T) {
	cases, err := models.Cases()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, level := range []string{"basic", "extended"} {
		var jobs []optimisation
		var made []models.Case
		for _, c := range cases {
			if outside[c.Name] {
				continue
			}
			jobs = append(jobs, optimisation{c.Model, filepath.Join(dir, level, c.Name+".onnx"), level})
			made = append(made, c)
		}
		if err := os.MkdirAll(filepath.Join(dir, level), 0o755); err != nil {
			t.Fatal(err)
		}
		judge(t, dir, "optimise.py", runtimes, jobs, len(jobs))
		for i, c := range made {
			if err := asRecorded(c, jobs[i].Out); err != nil {
				t.Errorf("%s, level %s: %v", c.Name, level, err)
			}
		}
	}
}

// asRecorded runs an optimised file on the recorded inputs.
func asRecorded(c models.Case, path string) error {
	before, err := parallax.Explain(c.Model)
	if err != nil {
		return err
	}
	m, err := parallax.Load(path)
	if err != nil {
		return err
	}
	defer m.Close()
	if got, want := fused(m.Remarks()), fused(before); got != want {
		return fmt.Errorf("%s, before %s", got, want)
	}
	sets, err := c.Sets()
	if err != nil {
		return err
	}
	for _, s := range sets {
		out, err := m.Run(context.Background(), s.Inputs)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		for name, want := range s.Outputs {
			if diff := far(out[name], want, c.RTol, c.ATol); diff != "" {
				return fmt.Errorf("%s: %s: %s", s.Name, name, diff)
			}
		}
	}
	return nil
}

// far says where x is not y, as numpy.allclose compares, NaN being NaN; "": nowhere.
func far(x, y *tensor.Tensor, rtol, atol float64) string {
	if x == nil || !tensor.SameShape(x.Shape, y.Shape) {
		return fmt.Sprintf("%s, want %s", x, y)
	}
	for i := range y.Len() {
		a, b := x.FloatAt(i), y.FloatAt(i)
		if a == b || math.IsNaN(a) && math.IsNaN(b) {
			continue
		}
		if !(math.Abs(a-b) <= atol+rtol*math.Abs(b)) {
			return fmt.Sprintf("element %d of %s is %g, want %g", i, y, a, b)
		}
	}
	return ""
}
