package cpu

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/ref"
)

func TestRotaryEmbedding(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(21, 21))
	positions := tensor.Of([]int{2, 3}, []int64{4, 0, 1, 2, 2, -1})
	for _, d := range rowTypes {
		for _, c := range []struct {
			name      string
			a         attr.RotaryEmbedding
			x, table  []int
			positions *tensor.Tensor
		}{
			{"halves", attr.RotaryEmbedding{}, []int{2, 4, 3, 8}, []int{2, 3, 4}, nil},
			{"pairs", attr.RotaryEmbedding{Interleaved: true}, []int{2, 4, 3, 8}, []int{2, 3, 4}, nil},
			{"one table for the batch", attr.RotaryEmbedding{}, []int{2, 4, 3, 8}, []int{1, 3, 4}, nil},
			{"first lanes", attr.RotaryEmbedding{RotaryDim: 4}, []int{2, 4, 3, 9}, []int{1, 3, 2}, nil},
			{"first pairs", attr.RotaryEmbedding{RotaryDim: 6, Interleaved: true}, []int{2, 1, 3, 8}, []int{2, 3, 3}, nil},
			{"packed heads", attr.RotaryEmbedding{Heads: 2}, []int{2, 3, 16}, []int{2, 3, 4}, nil},
			{"positions", attr.RotaryEmbedding{}, []int{2, 4, 3, 8}, []int{5, 4}, positions},
			{"packed heads, positions", attr.RotaryEmbedding{Heads: 4, RotaryDim: 2}, []int{2, 3, 16}, []int{5, 1}, positions},
			{"many rows", attr.RotaryEmbedding{}, []int{1, 9, 133, 64}, []int{1, 133, 32}, nil},
			{"no token", attr.RotaryEmbedding{}, []int{2, 4, 0, 8}, []int{2, 0, 4}, nil},
		} {
			x, cos, sin := normals(rng, d, c.x...), normals(rng, d, c.table...), normals(rng, d, c.table...)
			got := same(t, c.name, ctxs, func(ctx *Ctx, z *tensor.Tensor) error {
				return RotaryEmbedding(ctx, z, &c.a, x, cos, sin, c.positions)
			})
			var want tensor.Tensor
			if err := ref.RotaryEmbedding(&want, &c.a, x, cos, sin, c.positions); err != nil {
				t.Fatal(err)
			}
			if !tensor.SameShape(got.Shape, want.Shape) {
				t.Fatalf("%s: shape %v", c.name, got.Shape)
			}
			for i := range want.Len() {
				// Two products and a sum of terms below 25 are rounded to f32, then
				// both results to the type.
				limit := 3*25*epsilon(tensor.Float32) + 2*epsilon(d)*math.Abs(want.FloatAt(i))
				if g, w := got.FloatAt(i), want.FloatAt(i); !(math.Abs(g-w) <= limit) {
					t.Fatalf("%s, %s: element %d is %g, want %g", c.name, d, i, g, w)
				}
			}
		}
	}
}

func TestRotaryEmbeddingRefuses(t *testing.T) {
	f := func(shape ...int) *tensor.Tensor { return tensor.New(tensor.Float32, shape...) }
	at := tensor.Of([]int{1, 3}, []int64{0, 1, 5})
	for _, c := range []struct {
		name        string
		a           attr.RotaryEmbedding
		x, cos, sin *tensor.Tensor
		positions   *tensor.Tensor
	}{
		{"odd heads", attr.RotaryEmbedding{}, f(1, 2, 3, 5), f(1, 3, 2), f(1, 3, 2), nil},
		{"packed heads of no number", attr.RotaryEmbedding{}, f(1, 3, 8), f(1, 3, 4), f(1, 3, 4), nil},
		{"tables of two shapes", attr.RotaryEmbedding{}, f(1, 2, 3, 8), f(1, 3, 4), f(1, 3, 3), nil},
		{"too few tokens", attr.RotaryEmbedding{}, f(1, 2, 3, 8), f(1, 2, 4), f(1, 2, 4), nil},
		{"table without batch", attr.RotaryEmbedding{}, f(1, 2, 3, 8), f(3, 4), f(3, 4), nil},
		{"position out of range", attr.RotaryEmbedding{}, f(1, 2, 3, 8), f(5, 4), f(5, 4), at},
		{"another type", attr.RotaryEmbedding{}, f(1, 2, 3, 8), tensor.New(tensor.Float16, 1, 3, 4), f(1, 3, 4), nil},
	} {
		var z tensor.Tensor
		if err := RotaryEmbedding(&Ctx{}, &z, &c.a, c.x, c.cos, c.sin, c.positions); err == nil || !strings.HasPrefix(err.Error(), "RotaryEmbedding: ") {
			t.Errorf("%s: error %v", c.name, err)
		}
	}
}

func BenchmarkRotaryEmbedding(b *testing.B) {
	x, table := tensor.New(tensor.Float32, 1, 32, 512, 64), tensor.New(tensor.Float32, 1, 512, 32)
	var z tensor.Tensor
	c := contexts(b)[0]
	b.SetBytes(int64(2 * len(x.Bytes())))
	for b.Loop() {
		if err := RotaryEmbedding(c, &z, &attr.RotaryEmbedding{}, x, table, table, nil); err != nil {
			b.Fatal(err)
		}
	}
}
