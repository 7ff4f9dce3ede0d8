package parallax_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/op"
)

func TestWriteFileNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "model.onnx")
	err := parallax.WriteFile(path, nil)
	if err == nil || !strings.Contains(err.Error(), path+":") {
		t.Errorf("got %v, want an error that names %s", err, path)
	}
}

// TestFilesAreOfNoTarget: nodes that a target's kernels are for are made for it
// alone, not for a file that other runtimes read.
func TestFilesAreOfNoTarget(t *testing.T) {
	const model = "tests/testdata/models/bert_sdpa/model.onnx"
	ways := map[string]struct {
		use  func(s *parallax.Source, out string) error
		want bool
	}{
		"lowered": {func(s *parallax.Source, _ string) error { _, err := s.Lower(t.Context()); return err }, true},
		"compiled to onnx": {func(s *parallax.Source, out string) error {
			_, err := s.Compile(t.Context(), out, parallax.CompileOptions{Target: "onnx"})
			return err
		}, false},
		"converted": {func(s *parallax.Source, out string) error {
			_, err := s.Convert(t.Context(), out, parallax.ConvertOptions{})
			return err
		}, false},
	}
	for name, way := range ways {
		s, err := parallax.Open(model)
		if err != nil {
			t.Fatal(err)
		}
		if err := way.use(s, filepath.Join(t.TempDir(), "out.onnx")); err != nil {
			t.Fatal(err)
		}
		fused := false
		for n := range s.Graph().All() {
			fused = fused || n.Op == op.Linear
		}
		if fused != way.want {
			t.Errorf("%s: fused products: %t, want %t", name, fused, way.want)
		}
		s.Close()
	}
}
