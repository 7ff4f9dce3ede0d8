package onnx_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

const testdata = "../tests/testdata"

// models lists the model files below testdata.
func models(t testing.TB) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(testdata, func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".onnx" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d models below %s, error %v", len(paths), testdata, err)
	}
	return paths
}

// load imports the model at path.
func load(t testing.TB, path string) (*wire.Model, *ir.Graph) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := onnx.DirFS(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	g, err := onnx.Import(m, onnx.Options{Files: dir})
	if err != nil {
		t.Fatal(err)
	}
	return m, g
}

func TestFixtures(t *testing.T) {
	for _, path := range models(t) {
		t.Run(strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), testdata+"/"), func(t *testing.T) {
			m, g := load(t, path)
			if err := g.Verify(); err != nil {
				t.Fatal(err)
			}
			if u := onnx.Unsupported(g); u != nil {
				t.Error(u)
			}
			if len(g.Inputs) != len(m.Graph.Input) || len(g.Outputs()) != len(m.Graph.Output) {
				t.Errorf("%d inputs and %d outputs, the file has %d and %d",
					len(g.Inputs), len(g.Outputs()), len(m.Graph.Input), len(m.Graph.Output))
			}
			for i, out := range m.Graph.Output {
				if g.OutputName(i) != out.Name {
					t.Errorf("output %d is called %q, want %q", i, g.OutputName(i), out.Name)
				}
			}
		})
	}
}
