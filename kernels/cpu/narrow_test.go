package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// widened is t as f32.
func widened(t *tensor.Tensor) *tensor.Tensor {
	w := tensor.New(tensor.Float32, t.Shape...)
	for i := range t.Len() {
		w.SetFloat(i, t.FloatAt(i))
	}
	return w
}

// TestNarrowWeights: a weight of 16 bits stays that small, and gives the bits of
// the same weight widened beforehand, whether a product reads it as it lies, as
// for one tile of rows, or through scratch.
func TestNarrowWeights(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(21, 1))
	columns, rows := simd.Active.Columns, simd.Active.Rows
	for _, d := range []tensor.DType{tensor.Float16, tensor.BFloat16} {
		for _, m := range []int{1, 2, rows, rows + 1, 3*rows - 1, 11 * rows} {
			for _, n := range []int{1, columns, 2*columns + 1, 9 * columns} {
				for _, k := range []int{1, 6, maxPartial + 9} {
					w, x := normals(rng, d, k, n), normals(rng, tensor.Float32, m, k)
					var narrow, wide tensor.Tensor
					if err := PackB(nil, &narrow, w); err != nil {
						t.Fatal(err)
					}
					if narrow.DType != d {
						t.Fatalf("a weight of %s is packed as %s", d, narrow.DType)
					}
					if err := PackB(nil, &wide, widened(w)); err != nil {
						t.Fatal(err)
					}
					name := fmt.Sprintf("%s %dx%dx%d", d, m, k, n)
					got := same(t, name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return MatMulPacked(c, out, x, &narrow) })
					want := same(t, name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return MatMulPacked(c, out, x, &wide) })
					if !got.Equal(want) {
						t.Fatalf("%s: other bits than with the weight widened beforehand", name)
					}
				}
			}
		}
	}
}

// BenchmarkNarrowWeights is one row times weights that don't fit the caches near
// the processor.
func BenchmarkNarrowWeights(b *testing.B) {
	rng := rand.New(rand.NewPCG(22, 1))
	const k, n = 4096, 4096
	for _, m := range []int{1, 4, 16, 64} {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
			b.Run(fmt.Sprintf("%d/%s", m, d), func(b *testing.B) {
				w, x := tensor.New(d, k, n), normals(rng, tensor.Float32, m, k)
				var packed, out tensor.Tensor
				if err := PackB(nil, &packed, w); err != nil {
					b.Fatal(err)
				}
				c := &Ctx{}
				for b.Loop() {
					if err := MatMulPacked(c, &out, x, &packed); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
