package fuserope_test

import (
	"testing"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes/fuserope"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestPass(t *testing.T) { passtest.Files(t, fuserope.Pass) }

// TestValuesStay: two products and a sum are rounded, all of them or the result
// alone; terms are up to four times as large as the result.
func TestValuesStay(t *testing.T) {
	passtest.Values(t, fuserope.Pass, sym.Bindings{"batch": 2, "seq": 3, "rows": 3},
		map[tensor.DType]float64{tensor.Float16: 8e-3, tensor.Float32: 1e-6, tensor.Float64: 0})
}
