package weightsteps_test

import (
	"testing"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/passtest"
	"github.com/parallax-go/parallax/passes/weightsteps"
)

var onCPU = passes.Options{Target: kernels.CPU}

func TestPass(t *testing.T) { passtest.Files(t, weightsteps.Pass, onCPU) }

// TestFile: a graph without a target stays as it is.
func TestFile(t *testing.T) {
	passtest.Each(t, func(t *testing.T, src string) {
		want := passtest.Parse(t, src).Canonical()
		if got := passtest.Apply(t, weightsteps.Pass, src).Canonical(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// TestValuesStay: to the bit.
func TestValuesStay(t *testing.T) {
	passtest.Values(t, weightsteps.Pass, sym.Bindings{"b": 2, "s": 3}, map[tensor.DType]float64{tensor.Float32: 0, tensor.Float16: 0}, onCPU)
}
