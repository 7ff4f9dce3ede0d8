package foldaffine_test

import (
	"testing"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/foldaffine"
	"github.com/parallax-go/parallax/passes/passtest"
)

var onCPU = passes.Options{Catalog: catalog.New(), Target: kernels.CPU}

func TestPass(t *testing.T) { passtest.Files(t, foldaffine.Pass, onCPU) }

// TestValuesStay, for a target and for a file.
func TestValuesStay(t *testing.T) {
	for _, o := range []passes.Options{onCPU, {}} {
		passtest.Values(t, foldaffine.Pass, sym.Bindings{"b": 2, "s": 3, "h": 4, "w": 5},
			map[tensor.DType]float64{tensor.Float16: 1e-2, tensor.BFloat16: 6e-2, tensor.Float32: 5e-6, tensor.Float64: 1e-12}, o)
	}
}

// TestFilesKeepBatchNorms: what can't be folded is written out for a target alone.
func TestFilesKeepBatchNorms(t *testing.T) {
	src := `graph {
  input %x : f32[b,2,s]
  const %c : f32[2] = [1, 2]
  %y = BatchNormalization(%x, %c, %c, %c, %c)
  output %y
}`
	for _, o := range []passes.Options{{}, {Catalog: catalog.New(), Target: kernels.Ref}} {
		if got, want := passtest.Apply(t, foldaffine.Pass, src, o).Canonical(), passtest.Parse(t, src).Canonical(); got != want {
			t.Errorf("target %q: got\n%s\nwant\n%s", o.Target, got, want)
		}
	}
}
