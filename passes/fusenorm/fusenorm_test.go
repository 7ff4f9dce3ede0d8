package fusenorm_test

import (
	"testing"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes/fusenorm"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestPass(t *testing.T) { passtest.Files(t, fusenorm.Pass) }

// TestValuesStay: a few roundings of each type are allowed. The nodes round at
// each of some ten steps, the fused operator once. The constants of Gelu are good
// to 1e-6.
func TestValuesStay(t *testing.T) {
	passtest.Values(t, fusenorm.Pass, sym.Bindings{"batch": 2, "seq": 3, "size": 5, "rows": 2},
		map[tensor.DType]float64{tensor.Float16: 6e-3, tensor.Float32: 5e-6, tensor.Float64: 1e-12})
}
