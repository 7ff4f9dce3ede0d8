package weightsteps_test

import (
	"context"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
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

// TestLargeTable: rows of a large table of 16 bits are gathered before they become f32.
func TestLargeTable(t *testing.T) {
	for size, want := range map[int]*ir.Op{1 << 10: op.Gather, 1 << 20: op.Cast} {
		g := ir.NewGraph("")
		i := g.NewInput("i", ir.TensorOf(tensor.Int64, sym.Shape{sym.Const(3)}))
		b := ir.NewBuilder(g)
		table := b.Op(op.Cast, &attr.Cast{To: tensor.Float32}, b.Const(tensor.New(tensor.Float16, size/8, 8)))
		y := b.Op(op.Gather, &attr.Axis{}, table, i)
		if b.Err() != nil {
			t.Fatal(b.Err())
		}
		b.Commit(nil)
		g.AddNamedOutput("y", y)
		if _, err := passes.Run(context.Background(), g, []passes.Pass{weightsteps.Pass}, &onCPU); err != nil {
			t.Fatal(err)
		}
		if got := g.Outputs()[0].Def.Op; got != want {
			t.Errorf("of %d elements: the last node is %s, want %s", size, got.QualifiedName(), want.QualifiedName())
		}
	}
}
