package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// TestThinProducts: many short rows at once give the bits that few of them give, which
// go through tiles.
func TestThinProducts(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(35, 1))
	const rows = 3*thinRows + 77
	for _, s := range [][2]int{{2, 2}, {4, 4}, {3, 15}, {15, 2}, {12, 12}, {16, 4}, {4, 16}} {
		for _, a := range []attr.Linear{
			{Weights: 1, Activation: attr.ActivationNone, Norm: attr.LinearNormNone, Steps: attr.LinearStepsNone},
			{Weights: 1, Biased: []int{0}, Activation: attr.ActivationNone, Norm: attr.LinearNormNone, Steps: attr.LinearStepsNone},
			{Weights: 1, Biased: []int{0}, Activation: attr.ActivationGelu, Norm: attr.LinearNormNone, Steps: attr.LinearStepsNone},
		} {
			x, w, bias := normals(rng, tensor.Float32, rows, s[0]), normals(rng, tensor.Float32, s[0], s[1]), normals(rng, tensor.Float32, s[1])
			var packed tensor.Tensor
			if err := PackB(nil, &packed, w); err != nil {
				t.Fatal(err)
			}
			rest := []*tensor.Tensor{&packed, bias}[:1]
			if len(a.Biased) > 0 {
				rest = rest[:2]
			}
			linear := func(x *tensor.Tensor) func(c *Ctx, z *tensor.Tensor) error {
				return func(c *Ctx, z *tensor.Tensor) error { return Linear(c, []*tensor.Tensor{z}, &a, x, rest...) }
			}
			got := tensor.Data[float32](same(t, "Linear", ctxs, linear(x)))
			for from := 0; from < rows; from += thinRows - 1 {
				n := min(thinRows-1, rows-from)
				few := tensor.New(tensor.Float32, n, s[0])
				copy(tensor.Data[float32](few), tensor.Data[float32](x)[from*s[0]:])
				want := tensor.Data[float32](same(t, "Linear of few rows", ctxs, linear(few)))
				for i, v := range want {
					if g := got[from*s[1]+i]; g != v {
						t.Fatalf("%v, %+v: row %d column %d is %g, want %g", s, a, from+i/s[1], i%s[1], g, v)
					}
				}
			}
		}
	}
}

// BenchmarkThinProduct is the mixing of 4 heads over 196 × 196 scores.
func BenchmarkThinProduct(b *testing.B) {
	c, x := NewCtx(par.New(1)), tensor.New(tensor.Float32, 196*196, 4)
	var packed, z tensor.Tensor
	if err := PackB(nil, &packed, tensor.New(tensor.Float32, 4, 4)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := MatMulPacked(c, &z, x, &packed); err != nil {
			b.Fatal(err)
		}
	}
}
