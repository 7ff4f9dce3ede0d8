package layout_test

import (
	"testing"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/layout"
	"github.com/parallax-go/parallax/passes/passtest"
)

func onCPU() *passes.Options { return &passes.Options{Catalog: catalog.New(), Target: kernels.CPU} }

func TestFiles(t *testing.T) { passtest.Files(t, layout.Pass, *onCPU()) }

// TestValuesStay: the same numbers are read from another place.
func TestValuesStay(t *testing.T) {
	passtest.Values(t, layout.Pass, sym.Bindings{"b": 2, "t": 3, "p": 4}, map[tensor.DType]float64{tensor.Float32: 0}, *onCPU())
}

// TestNoTarget: a file that is written transposes anyway.
func TestNoTarget(t *testing.T) {
	passtest.Each(t, func(t *testing.T, src string) {
		if before, after := passtest.Parse(t, src).Canonical(), passtest.Apply(t, layout.Pass, src).Canonical(); before != after {
			t.Errorf("got\n%s\nwant\n%s", after, before)
		}
	})
}
