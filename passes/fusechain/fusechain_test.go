package fusechain_test

import (
	"testing"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/fusechain"
	"github.com/parallax-go/parallax/passes/passtest"
)

func onCPU() *passes.Options { return &passes.Options{Catalog: catalog.New(), Target: kernels.CPU} }

func TestPass(t *testing.T) { passtest.Files(t, fusechain.Pass, *onCPU()) }

// TestValuesStay: a program rounds to f32 at each step as its operators do; in
// f16 it saves a few roundings.
func TestValuesStay(t *testing.T) {
	passtest.Values(t, fusechain.Pass, sym.Bindings{"batch": 2, "seq": 3}, map[tensor.DType]float64{tensor.Float16: 3e-3, tensor.Float32: 1e-6, tensor.Float64: 0, tensor.Int64: 0}, *onCPU())
}
