package fold_test

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
	"github.com/parallax-go/parallax/passes/fold"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestPass(t *testing.T) { passtest.Files(t, fold.Pass) }

// TestLargeWeightsInSteps: they stay, and what is made of them; for a target, the rest of
// them is folded in the end, however much it grows.
func TestLargeWeightsInSteps(t *testing.T) {
	for _, c := range []struct {
		name   string
		pass   passes.Pass
		target kernels.Target
		want   int // nodes that stay
	}{{"first", fold.Pass, kernels.CPU, 3}, {"rest, without a target", fold.Rest, "", 3}, {"rest", fold.Rest, kernels.CPU, 1}} {
		g := ir.NewGraph("")
		x := g.NewInput("x", ir.TensorOf(tensor.Float32, sym.Shape{sym.Const(3), sym.Const(200)}))
		b := ir.NewBuilder(g)
		w := b.Op(op.DequantizeLinear, op.DequantizeLinear.Attr(), b.Const(tensor.New(tensor.Uint4, 300, 200)), b.Const(tensor.Scalar[float32](0.5)))
		y := b.Op(op.MatMul, nil, x, b.Op(op.Transpose, op.Transpose.Attr(), w))
		if b.Err() != nil {
			t.Fatal(b.Err())
		}
		b.Commit(nil)
		g.AddNamedOutput("y", y)
		if _, err := passes.Run(context.Background(), g, []passes.Pass{c.pass}, &passes.Options{Target: c.target}); err != nil {
			t.Fatal(err)
		}
		count := 0
		for range g.Nodes() {
			count++
		}
		if count != c.want {
			t.Errorf("%s: %d nodes stay, want %d:\n%s", c.name, count, c.want, g)
		}
	}
}

// TestLargeScales: for a target, scales of weights become constants whatever their size,
// reshaped or converted; a file keeps what the limit forbids.
func TestLargeScales(t *testing.T) {
	const n, k, size = 4096, 4096, 8 // scales of 8 MB
	for _, c := range []struct {
		name string
		make func(b *ir.Builder) *ir.Value
	}{
		{"reshaped", func(b *ir.Builder) *ir.Value {
			return b.Op(op.Reshape, op.Reshape.Attr(), b.Const(tensor.New(tensor.Float32, n*k/size)), b.Ints(n, k/size))
		}},
		{"converted", func(b *ir.Builder) *ir.Value {
			return b.Op(op.Cast, &attr.Cast{To: tensor.Float32}, b.Const(tensor.New(tensor.Float16, n, k/size)))
		}},
	} {
		for target, want := range map[kernels.Target]int{kernels.CPU: 2, "": 3} {
			g := ir.NewGraph("")
			x := g.NewInput("x", ir.TensorOf(tensor.Float32, sym.Shape{sym.Const(3), sym.Const(n)}))
			b := ir.NewBuilder(g)
			w := b.Op(op.DequantizeLinear, &attr.Quantize{Axis: 1, BlockSize: size, Saturate: true}, b.Const(tensor.New(tensor.Uint4, n, k)), c.make(b))
			y := b.Op(op.MatMul, nil, x, w)
			if b.Err() != nil {
				t.Fatal(b.Err())
			}
			b.Commit(nil)
			g.AddNamedOutput("y", y)
			if got := nodesAfter(t, g, target); got != want {
				t.Errorf("%s, target %q: %d nodes stay, want %d", c.name, target, got, want)
			}
		}
	}
}

// TestWeightsOfWeights: for a target, parts of a large matrix, several in one and sums become
// constants; in a file they stay.
func TestWeightsOfWeights(t *testing.T) {
	const rows, columns = 1024, 2048 // 8 MB
	matrix := func(b *ir.Builder) *ir.Value { return b.Const(tensor.New(tensor.Float32, rows, columns)) }
	for name, weight := range map[string]func(b *ir.Builder) *ir.Value{
		"part": func(b *ir.Builder) *ir.Value {
			return b.Op(op.Slice, nil, matrix(b), b.Ints(0), b.Ints(1500), b.Ints(1))
		},
		"both":  func(b *ir.Builder) *ir.Value { return b.Op(op.Concat, &attr.Axis{Axis: 1}, matrix(b), matrix(b)) },
		"sum":   func(b *ir.Builder) *ir.Value { return b.Op(op.Add, nil, matrix(b), matrix(b)) },
		"scale": func(b *ir.Builder) *ir.Value { return b.Op(op.Mul, nil, matrix(b), b.Const(tensor.Scalar[float32](2))) },
	} {
		for target, want := range map[kernels.Target]int{kernels.CPU: 1, "": 2} {
			g := ir.NewGraph("")
			x := g.NewInput("x", ir.TensorOf(tensor.Float32, sym.Shape{sym.Const(3), sym.Const(rows)}))
			b := ir.NewBuilder(g)
			y := b.Op(op.MatMul, nil, x, weight(b))
			if b.Err() != nil {
				t.Fatal(b.Err())
			}
			b.Commit(nil)
			g.AddNamedOutput("y", y)
			if got := nodesAfter(t, g, target); got != want {
				t.Errorf("%s, target %q: %d nodes stay, want %d", name, target, got, want)
			}
		}
	}
}

// nodesAfter is how many nodes stay after constants are folded for a target.
func nodesAfter(t *testing.T, g *ir.Graph, target kernels.Target) int {
	t.Helper()
	if _, err := passes.Run(context.Background(), g, []passes.Pass{fold.Pass}, &passes.Options{Target: target}); err != nil {
		t.Fatal(err)
	}
	count := 0
	for range g.Nodes() {
		count++
	}
	return count
}
