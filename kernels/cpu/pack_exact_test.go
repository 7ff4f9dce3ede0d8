package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// asIn is x with its elements rounded to type d, as f32.
func asIn(d tensor.DType, x *tensor.Tensor) *tensor.Tensor {
	narrow, wide := tensor.New(d, x.Shape...), tensor.New(tensor.Float32, x.Shape...)
	for i := range x.Len() {
		narrow.SetFloat(i, x.FloatAt(i))
		wide.SetFloat(i, narrow.FloatAt(i))
	}
	return wide
}

// TestPackExact: weights in f32 that are numbers of a smaller type are packed in it,
// and one element that is not is enough to leave them as they are.
func TestPackExact(t *testing.T) {
	const k, n = 97, 16*32 + 5
	rng, pool := rand.New(rand.NewPCG(61, 1)), par.New(3)
	t.Cleanup(pool.Close)
	w := normals(rng, tensor.Float32, k, n)
	w.SetFloat(0, 0)
	w.SetFloat(1, math.Copysign(0, -1))
	for _, c := range []struct {
		of   *tensor.Tensor
		odd  float32 // an element of it, or 0
		want tensor.DType
	}{
		{of: w, want: tensor.Float32},
		{of: asIn(tensor.BFloat16, w), want: tensor.BFloat16},
		{of: asIn(tensor.Float16, w), want: tensor.Float16},
		{of: asIn(tensor.BFloat16, w), odd: 1 + 0x1p-12, want: tensor.Float32},
		{of: asIn(tensor.BFloat16, w), odd: float32(math.Inf(-1)), want: tensor.BFloat16},
		{of: asIn(tensor.Float16, w), odd: 0x1p-14, want: tensor.Float16},
		{of: asIn(tensor.Float16, w), odd: 65536, want: tensor.Float32},
		{of: asIn(tensor.Float16, w), odd: 1 + 0x1p-11, want: tensor.Float32},
		{of: normals(rng, tensor.BFloat16, k, n), want: tensor.BFloat16},
	} {
		if c.odd != 0 {
			tensor.Data[float32](c.of)[k*n/2+7] = c.odd
		}
		turned, part := tensor.New(c.of.DType, n, k), tensor.New(c.of.DType, k, n-40)
		for p := range k {
			for j := range n {
				turned.SetFloat(j*k+p, c.of.FloatAt(p*n+j))
				if j < n-40 {
					part.SetFloat(p*(n-40)+j, c.of.FloatAt(p*n+j))
				}
			}
		}
		for _, f := range []struct {
			name    string
			pack    func(pool *par.Pool, packed, w *tensor.Tensor) error
			from    *tensor.Tensor
			columns int
		}{
			{"PackB", PackB, c.of, n}, {"PackBT", PackBT, turned, n}, {"PackColumns", PackColumns(0, n-40), c.of, n - 40}, {"PackB of columns", PackB, part, n - 40},
		} {
			name := fmt.Sprintf("%s of %s, odd %g", f.name, c.want, c.odd)
			var packed tensor.Tensor
			if err := f.pack(pool, &packed, f.from); err != nil {
				t.Fatal(err)
			}
			if packed.DType != c.want {
				t.Fatalf("%s: packed as %s", name, packed.DType)
			}
			for j0 := 0; j0 < f.columns; j0 += vec.Columns {
				width := min(vec.Columns, f.columns-j0)
				for p := range k {
					for j := range width {
						if got, want := packed.FloatAt(j0*k+p*width+j), c.of.FloatAt(p*n+j0+j); math.Float64bits(got) != math.Float64bits(want) {
							t.Fatalf("%s: element (%d, %d) is %g, want %g", name, p, j0+j, got, want)
						}
					}
				}
			}
		}
	}
}

// TestExactProducts: a product of f32 has the same bits however its weight is packed,
// of few rows and of many.
func TestExactProducts(t *testing.T) {
	ctxs := contexts(t)
	eachLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(62, 1))
		const k, n = 300, 131
		for _, d := range []tensor.DType{tensor.BFloat16, tensor.Float16} {
			w := asIn(d, normals(rng, tensor.Float32, k, n))
			var packed tensor.Tensor
			if err := PackB(nil, &packed, w); err != nil {
				t.Fatal(err)
			}
			if packed.DType != d {
				t.Fatalf("packed as %s", packed.DType)
			}
			for _, m := range []int{1, 2, 5, 14, 16, 29, 33, 70, 71, 150} {
				x, name := normals(rng, tensor.Float32, m, k), fmt.Sprintf("%s, %d rows", d, m)
				want := same(t, name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return MatMul(c, out, x, w) })
				got := same(t, name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return MatMulPacked(c, out, x, &packed) })
				if got.DType != tensor.Float32 || !got.Equal(want) {
					t.Fatalf("%s: other bits than unpacked", name)
				}
			}
		}
	})
}
