//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/tests/models"
)

var torch = environment{"gradient-venv", "onnx2torch, torch", []string{
	"torch==2.8.0", "torchvision==0.23.0", "onnx2torch==1.5.15", "onnx==1.22.0", "numpy",
}}

// gradientJob is one upgraded file for gradient.py.
type gradientJob struct {
	Model      string   `json:"model"`
	Data       string   `json:"data"`
	Parameters []string `json:"parameters"`
}

// TestGradients takes the inline form into PyTorch: it computes the recorded
// outputs there, and its gradient with respect to each W_R and gate is that of
// finite differences. The opset is the newest whose operators the importer knows
// and that the file can be written at.
func TestGradients(t *testing.T) {
	cases := []struct {
		model string
		opset int
	}{
		{"bert_sdpa_ts14", 14},     // key padding
		{"gpt2_ts13", 13},          // a packed projection by Gemm
		{"gpt2_kv_eager", 17},      // packed, with a past
		{"t5_enc_dec", 15},         // relative positions; cross-attention stays
		{"vit_ts12", 13},           // no mask
		{"llama_ts17", 15},         // rotary embedding, grouped heads
		{"qwen3_qknorm_kv", 15},    // a norm of each head: a gate
		{"mistral_sliding_kv", 15}, // a window
		{"einsum_bhqk", 15},
		{"static_shapes", 15},
	}
	known, err := models.Cases()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var jobs []gradientJob
	for _, tt := range cases {
		out := filepath.Join(dir, tt.model+".onnx")
		c := caseOf(t, known, tt.model)
		w, err := parallax.Convert(c.Model, out, parallax.ConvertOptions{Form: "inline", Opset: tt.opset, Upgrade: "parallax"})
		if err != nil {
			t.Fatalf("%s: %v", tt.model, err)
		}
		job := gradientJob{Model: out, Data: c.Dir}
		for _, u := range w.Upgrade.Upgraded {
			for _, p := range u.Parameters {
				job.Parameters = append(job.Parameters, p.Name)
			}
		}
		if len(job.Parameters) == 0 {
			t.Errorf("%s: nothing was upgraded", tt.model)
		}
		jobs = append(jobs, job)
	}
	judge(t, dir, "gradient.py", torch, jobs, len(jobs))
}

func caseOf(t *testing.T, all []models.Case, name string) models.Case {
	t.Helper()
	for _, c := range all {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no fixture %s", name)
	return models.Case{}
}

// TestUpgrade gives upgraded models, in each form, to ONNX's checker and to ONNX
// Runtime: the outputs are those that were recorded of the originals.
func TestUpgrade(t *testing.T) {
	cases, err := models.Cases()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var jobs []job
	for _, form := range []string{"function", "attention", "inline"} {
		for _, c := range cases {
			out := filepath.Join(dir, form, c.Name+".onnx")
			if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
				t.Fatal(err)
			}
			if _, err := parallax.Convert(c.Model, out, parallax.ConvertOptions{Form: form, Upgrade: "parallax"}); err != nil {
				t.Errorf("%s, form %s: %v", c.Name, form, err)
				continue
			}
			jobs = append(jobs, job{out, c.Dir, c.RTol, c.ATol})
		}
	}
	check(t, dir, jobs)
}
