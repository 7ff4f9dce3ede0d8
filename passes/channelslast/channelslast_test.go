package channelslast_test

import (
	"context"
	"testing"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/channelslast"
	"github.com/parallax-go/parallax/passes/passtest"
)

var onCPU = passes.Options{Catalog: catalog.New(), Target: kernels.CPU}

func TestPass(t *testing.T) { passtest.Files(t, channelslast.Pass, onCPU) }

// TestValuesStay: the same numbers are read from another place.
func TestValuesStay(t *testing.T) {
	passtest.Values(t, channelslast.Pass, sym.Bindings{"b": 2, "h": 3, "w": 4, "s": 7}, map[tensor.DType]float64{tensor.Float32: 0, tensor.Float16: 0}, onCPU)
}

// TestNothingFast: without a target, and with one that has the reference alone, the
// convolutions stay as they are.
func TestNothingFast(t *testing.T) {
	for _, o := range []passes.Options{{}, {Target: kernels.CPU}, {Catalog: &kernels.Catalog{}}} {
		passtest.Each(t, func(t *testing.T, src string) {
			g := passtest.Parse(t, src)
			want := g.Canonical()
			if _, err := passes.Run(context.Background(), g, []passes.Pass{channelslast.Pass}, &o); err != nil {
				t.Fatal(err)
			}
			if got := g.Canonical(); got != want {
				t.Errorf("target %q: got\n%s\nwant\n%s", o.Target, got, want)
			}
		})
	}
}
