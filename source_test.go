package parallax_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/tests/models"
)

// TestWaysToOpen loads a model with external data by path, copied, and through an
// fs.FS, and expects the same bits.
func TestWaysToOpen(t *testing.T) {
	dir := filepath.Join(models.Root(), "tests", "testdata", "models", "qwen2_external")
	c := models.Case{Dir: dir}
	sets, err := c.Sets()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "model.onnx")
	ways := map[string]func() (*parallax.Source, error){
		"mapped": func() (*parallax.Source, error) { return parallax.Open(path) },
		"copied": func() (*parallax.Source, error) { return parallax.Open(path, parallax.WithCopy()) },
		"fs":     func() (*parallax.Source, error) { return parallax.OpenFS(os.DirFS(dir), "model.onnx") },
	}
	want := run(t, ways["mapped"], sets[0])
	for name, open := range ways {
		got := run(t, open, sets[0])
		for output := range want {
			if !got[output].Equal(want[output]) {
				t.Errorf("%s: output %s differs from the mapped model's", name, output)
			}
		}
	}
}

func run(t *testing.T, open func() (*parallax.Source, error), set models.Set) map[string]*tensor.Tensor {
	t.Helper()
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	out, err := m.Run(context.Background(), set.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
