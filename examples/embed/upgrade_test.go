//go:build real

package main

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax"
)

// TestUpgradedModel makes the model's attention Parallax attention: six layers get
// a W_R, explain finds them in the file, and the embeddings keep their bits.
func TestUpgradedModel(t *testing.T) {
	dir, err := Fetch()
	if err != nil {
		t.Fatal(err)
	}
	e, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	want, err := e.Embed(context.Background(), examples)
	if err != nil {
		t.Fatal(err)
	}

	out := filepath.Join(t.TempDir(), "upgraded.onnx")
	written, err := parallax.Convert(filepath.Join(dir, modelFile), out, parallax.ConvertOptions{Upgrade: "parallax"})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(written.Upgrade.Upgraded); n != 6 || len(written.Upgrade.Refused) > 0 {
		t.Errorf("%d attentions upgraded, want 6; refused: %+v", n, written.Upgrade.Refused)
	}
	upgraded, err := parallax.Load(out)
	if err != nil {
		t.Fatal(err)
	}
	defer upgraded.Close()
	probes := 0
	for _, r := range upgraded.Remarks() {
		if r.Spec != nil && r.Spec.Attention.HasProbe {
			probes++
		}
	}
	if probes != 6 {
		t.Errorf("%d Parallax nodes in the file, want 6", probes)
	}
	got, err := (&Embedder{upgraded, e.tokens}).Embed(context.Background(), examples)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		for j := range want[i] {
			if got[i][j] != want[i][j] {
				t.Fatalf("sentence %d: element %d is %g, want %g", i+1, j, got[i][j], want[i][j])
			}
		}
	}
}
