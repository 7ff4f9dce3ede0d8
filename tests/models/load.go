package models

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// Load imports a model file as it is, before any pass; its external data stays
// open until the test ends.
func Load(t testing.TB, file string) *ir.Graph {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Decode(data)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	files, err := onnx.DirFS(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	g, err := onnx.Import(m, onnx.Options{Files: files})
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return g
}
