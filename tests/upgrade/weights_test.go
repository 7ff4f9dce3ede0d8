package upgrade

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/cmd/cli"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/tensor/npy"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/tests/models"
)

// trained makes contents for the parameters of an upgrade, in float64 as a
// training loop may save them.
func trained(w *parallax.Written) (map[string]*tensor.Tensor, []npy.Array) {
	all, list := map[string]*tensor.Tensor{}, []npy.Array{}
	for _, u := range w.Upgrade.Upgraded {
		for _, p := range u.Parameters {
			t := tensor.New(tensor.Float64, p.Shape...)
			for i := range t.Len() {
				t.SetFloat(i, float64((i*7+len(all))%13)/26-0.25)
			}
			all[p.Name] = t
			list = append(list, npy.Array{Name: p.Name, Tensor: t})
		}
	}
	return all, list
}

// TestWeights puts trained weights in by the command and by the library: both
// files are the same, the outputs are others than before, and the function and
// the inline form agree on both targets.
func TestWeights(t *testing.T) {
	for _, name := range []string{"bert_sdpa", "gpt2_ts13", "llama_gqa_eager", "qwen3_qknorm_kv", "t5_enc_dec"} {
		t.Run(name, func(t *testing.T) {
			c := fixture(t, name)
			_, w := convert(t, c.Model, "function", nil)
			weights, list := trained(w)
			function, _ := convert(t, c.Model, "function", weights)
			inline, _ := convert(t, c.Model, "inline", weights)
			sameFile(t, function, byCommand(t, c.Model, list))

			sets, err := c.Sets()
			if err != nil {
				t.Fatal(err)
			}
			in := sets[0].Inputs
			want := run(t, function, kernels.Ref, in)
			changed := false
			for output := range want {
				changed = changed || firstDifference(run(t, c.Model, kernels.Ref, in)[output], want[output], c.RTol, c.ATol) != ""
			}
			if !changed {
				t.Error("the weights change nothing")
			}
			for _, other := range []map[string]*tensor.Tensor{run(t, function, kernels.CPU, in), run(t, inline, kernels.CPU, in), run(t, inline, kernels.Ref, in)} {
				for output := range want {
					if diff := firstDifference(other[output], want[output], c.RTol, c.ATol); diff != "" {
						t.Errorf("%s: %s", output, diff)
					}
				}
			}
		})
	}
}

func fixture(t *testing.T, name string) models.Case {
	t.Helper()
	cases, err := models.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no fixture %s", name)
	return models.Case{}
}

// byCommand converts with --weights.
func byCommand(t *testing.T, model string, weights []npy.Array) string {
	t.Helper()
	dir := t.TempDir()
	file, out := filepath.Join(dir, "trained.npz"), filepath.Join(dir, "out.onnx")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := npy.WriteArchive(f, weights); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	args := []string{"convert", model, "-o", out, "--upgrade", "parallax", "--weights", file}
	if code := cli.Main(args, nil, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	return out
}

func sameFile(t *testing.T, a, b string) {
	t.Helper()
	x, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x, y) {
		t.Errorf("%s and %s differ", a, b)
	}
}
