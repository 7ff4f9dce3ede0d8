package weightsteps_test

import (
	"testing"

	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/passtest"
	"github.com/parallax-go/parallax/passes/weightsteps"
)

var onCPU = passes.Options{Target: kernels.CPU}

func TestPass(t *testing.T) { passtest.Files(t, weightsteps.Pass, onCPU) }

// TestFile: a graph that may be written gathers nothing that ONNX's Gather does not take.
func TestFile(t *testing.T) {
	passtest.Each(t, func(t *testing.T, src string) {
		g := passtest.Apply(t, weightsteps.Pass, src)
		for n := range g.All() {
			if n.Op == op.Gather && n.In[0].Type.DType.Bits() < 8 {
				t.Errorf("%s gathers %s", n.Label(), n.In[0].Type)
			}
		}
	})
}

// TestValuesStay: to the bit.
func TestValuesStay(t *testing.T) {
	passtest.Values(t, weightsteps.Pass, sym.Bindings{"b": 2, "s": 3}, map[tensor.DType]float64{tensor.Float32: 0, tensor.Float16: 0}, onCPU)
}
