package onnx_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

// TestMutations: a model changed at random is imported or refused, and if it is
// imported it is a graph that passes Verify, and what is exported of it is a model
// again.
func TestMutations(t *testing.T) {
	const rounds = 12
	imports := 0
	for _, path := range models(t) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		dir, err := onnx.DirFS(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		for round := range rounds {
			r := rand.New(rand.NewPCG(uint64(round), uint64(len(b))))
			m, err := wire.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			onnxtest.Mutate(r, m)
			made, err := onnx.Import(m, onnx.Options{Files: dir})
			if err != nil {
				continue
			}
			imports++
			if err := made.Verify(); err != nil {
				t.Errorf("%s, round %d: %v", path, round, err)
			}
			if m, err = onnx.Export(made, onnx.ExportOptions{}); err != nil {
				continue
			}
			if _, err = onnx.Import(m, onnx.Options{}); err != nil {
				t.Errorf("%s, round %d: exported, but: %v", path, round, err)
			}
		}
		dir.Close()
	}
	t.Logf("%d of the changed models are imported", imports)
}
