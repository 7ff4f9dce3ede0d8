package fold_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/fold"
)

// TestQuantisedWeights: weights that are larger in f32 than any constant may be are made
// floats for a target that runs them, and left for a file.
func TestQuantisedWeights(t *testing.T) {
	const rows, columns = 1024, 1536
	steps := func(b *ir.Builder, d tensor.DType) *ir.Value { return b.Const(tensor.New(d, rows, columns)) }
	scales := func(b *ir.Builder, shape ...int) *ir.Value { return b.Const(tensor.New(tensor.Float32, shape...)) }
	for name, weights := range map[string]func(b *ir.Builder) *ir.Value{
		"blocks of u4, transposed": func(b *ir.Builder) *ir.Value {
			w := b.Op(op.DequantizeLinear, &attr.Quantize{Axis: 1, BlockSize: 32}, steps(b, tensor.Uint4), scales(b, rows, columns/32))
			return b.Op(op.Transpose, &attr.Transpose{Perm: []int{1, 0}}, w)
		},
		"written out": func(b *ir.Builder) *ir.Value {
			w := b.Op(op.Cast, &attr.Cast{To: tensor.Float32}, steps(b, tensor.Int8))
			w = b.Op(op.Mul, nil, b.Op(op.Sub, nil, w, scales(b, columns)), scales(b, columns))
			return b.Op(op.Reshape, attr.New[attr.Reshape](), w, b.Ints(columns, -1))
		},
		"integers of 16 bits": func(b *ir.Builder) *ir.Value {
			w := b.Op(op.Transpose, &attr.Transpose{Perm: []int{1, 0}}, b.Op(op.DequantizeLinear, attr.New[attr.Quantize](), steps(b, tensor.Int16), scales(b)))
			return w
		},
	} {
		for _, target := range []kernels.Target{kernels.CPU, ""} {
			g := ir.NewGraph("")
			x := g.NewInput("x", ir.TensorOf(tensor.Float32, sym.Shape{sym.Symbol("b"), sym.Const(columns)}))
			b := ir.NewBuilder(g)
			y := b.Op(op.MatMul, nil, x, weights(b))
			if err := b.Err(); err != nil {
				t.Fatal(err)
			}
			b.Commit(nil)
			g.AddOutput(y)
			before := g.Len()
			if _, err := passes.Run(context.Background(), g, []passes.Pass{fold.Rest}, &passes.Options{Target: target, Verify: true}); err != nil {
				t.Fatal(err)
			}
			want := before
			if target != "" {
				want = 1
			}
			if diff := cmp.Diff(want, g.Len()); diff != "" {
				t.Errorf("%s for target %q: nodes (-want +got)\n%s", name, target, diff)
			}
		}
	}
}

// TestExpandedSteps: what has more elements than the weights that it is made of is none.
func TestExpandedSteps(t *testing.T) {
	g := ir.NewGraph("")
	b := ir.NewBuilder(g)
	x := g.NewInput("x", ir.TensorOf(tensor.Float32, sym.Shape{sym.Const(2048), sym.Const(1024)}))
	column := b.Op(op.Cast, &attr.Cast{To: tensor.Float32}, b.Const(tensor.New(tensor.Uint8, 2048, 1)))
	table := b.Op(op.Add, nil, column, b.Const(tensor.New(tensor.Float32, 1024)))
	g.AddOutput(b.Op(op.Add, nil, x, table))
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	b.Commit(nil)
	if _, err := passes.Run(context.Background(), g, []passes.Pass{fold.Rest}, &passes.Options{Target: kernels.CPU, Verify: true}); err != nil {
		t.Fatal(err)
	}
	if g.Len() != 2 {
		t.Errorf("%d nodes, want the table and the sum", g.Len())
	}
}
