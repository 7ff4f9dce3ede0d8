package fuseepilogue_test

import (
	"context"
	"testing"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/fuseepilogue"
	"github.com/parallax-go/parallax/passes/passtest"
)

var onCPU = passes.Options{Catalog: catalog.New(), Target: kernels.CPU}

func TestPass(t *testing.T) { passtest.Files(t, fuseepilogue.Pass, onCPU) }

// TestValuesStay: the nodes round at each of some steps, a fused product once.
func TestValuesStay(t *testing.T) {
	passtest.Values(t, fuseepilogue.Pass, sym.Bindings{"b": 2, "s": 3, "n": 3, "m": 6},
		map[tensor.DType]float64{tensor.Float16: 1e-2, tensor.BFloat16: 6e-2, tensor.Float32: 5e-6, tensor.Float64: 1e-12}, onCPU)
}

// TestNothingFast: without a target, and with one that has the reference alone,
// the graph stays as it is.
func TestNothingFast(t *testing.T) {
	for _, o := range []passes.Options{{}, {Catalog: catalog.New(), Target: kernels.Ref}, {Catalog: &kernels.Catalog{}, Target: kernels.CPU}} {
		passtest.Each(t, func(t *testing.T, src string) {
			g := passtest.Parse(t, src)
			want := g.Canonical()
			if _, err := passes.Run(context.Background(), g, []passes.Pass{fuseepilogue.Pass}, &o); err != nil {
				t.Fatal(err)
			}
			if got := g.Canonical(); got != want {
				t.Errorf("target %q: got\n%s\nwant\n%s", o.Target, got, want)
			}
		})
	}
}
