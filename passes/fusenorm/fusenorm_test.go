package fusenorm_test

import (
	"testing"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/fusenorm"
	"github.com/parallax-go/parallax/passes/passtest"
)

var onCPU = passes.Options{Catalog: catalog.New(), Target: kernels.CPU}

func TestPass(t *testing.T) { passtest.Files(t, fusenorm.Pass, onCPU) }

// TestValuesStay: a few roundings of each type are allowed. The nodes round at
// each of some ten steps, the fused operator once. The constants of Gelu are good
// to 1e-6.
func TestValuesStay(t *testing.T) {
	passtest.Values(t, fusenorm.Pass, sym.Bindings{"batch": 2, "seq": 3, "size": 5, "rows": 2},
		map[tensor.DType]float64{tensor.Float16: 6e-3, tensor.Float32: 5e-6, tensor.Float64: 1e-12}, onCPU)
}

// TestFilesKeepInstanceNorms: a group norm is for a target that has one.
func TestFilesKeepInstanceNorms(t *testing.T) {
	src := `graph {
  input %x : f32[batch,4,6]
  const %one : f32[2] = [1, 1]
  const %zero : f32[2] = [0, 0]
  %v = Reshape(%x, i64[3] = [0, 2, -1])
  %n = InstanceNormalization(%v, %one, %zero)
  %y = Reshape(%n, i64[3] = [0, 4, 6])
  output %y
}`
	if got, want := passtest.Apply(t, fusenorm.Pass, src).Canonical(), passtest.Parse(t, src).Canonical(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
