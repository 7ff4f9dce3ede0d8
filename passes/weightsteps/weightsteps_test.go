package weightsteps_test

import (
	"testing"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes/passtest"
	"github.com/parallax-go/parallax/passes/weightsteps"
)

func TestPass(t *testing.T) { passtest.Files(t, weightsteps.Pass) }

// TestValuesStay: to the bit.
func TestValuesStay(t *testing.T) {
	passtest.Values(t, weightsteps.Pass, sym.Bindings{"b": 2, "s": 3}, map[tensor.DType]float64{tensor.Float32: 0, tensor.Float16: 0})
}
