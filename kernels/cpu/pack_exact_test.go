package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// packedAt is where a packed weight has row p and column j of the panel at j0.
func packedAt(packed *tensor.Tensor, j0, width, p, j int) int {
	r := packedOperand(packed)
	if r.pairs == unpaired {
		return j0*r.k + p*width + j
	}
	return j0*r.k + (p/2*width+j)*2 + p%2
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
		{of: asIn(tensor.BFloat16, w), odd: float32(math.Inf(-1)), want: tensor.Float16},
		{of: asIn(tensor.Float16, w), odd: 0x1p-14, want: tensor.Float16},
		{of: asIn(tensor.Float16, w), odd: 65536, want: tensor.Float32},
		{of: asIn(tensor.Float16, w), odd: 1 + 0x1p-11, want: tensor.Float32},
		{of: normals(rng, tensor.BFloat16, k, n), want: tensor.BFloat16},
	} {
		if c.odd != 0 {
			tensor.Data[float32](c.of)[k*n/2+7] = c.odd
		}
		part := tensor.New(c.of.DType, k, n-40)
		for p := range k {
			for j := range n - 40 {
				part.SetFloat(p*(n-40)+j, c.of.FloatAt(p*n+j))
			}
		}
		for _, f := range []struct {
			name    string
			pack    func(pool *par.Pool, packed, w *tensor.Tensor) error
			from    *tensor.Tensor
			columns int
		}{
			{"PackB", PackB, c.of, n}, {"PackBT", PackBT, turned(c.of), n}, {"PackColumns", PackColumns(0, n-40), c.of, n - 40}, {"PackB of columns", PackB, part, n - 40},
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
						if got, want := packed.FloatAt(packedAt(&packed, j0, width, p, j)), c.of.FloatAt(p*n+j0+j); math.Float64bits(got) != math.Float64bits(want) {
							t.Fatalf("%s: element (%d, %d) is %g, want %g", name, p, j0+j, got, want)
						}
					}
				}
			}
		}
	}
}

// TestExactProducts: products of f32 by weights that are numbers of 16 bits are as exact
// as others, have the same bits for a row alone and among many, and those of the product
// that is not packed, unless the weight is packed as pairs.
func TestExactProducts(t *testing.T) {
	ctxs := contexts(t)
	eachLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(62, 1))
		for _, d := range []tensor.DType{tensor.BFloat16, tensor.Float16} {
			for _, s := range [][2]int{{300, 131}, {64, 515}, {1030, 33}} {
				k, n := s[0], s[1]
				w := asIn(d, normals(rng, tensor.Float32, k, n))
				var packed tensor.Tensor
				if err := PackB(nil, &packed, w); err != nil {
					t.Fatal(err)
				}
				if packed.DType != d {
					t.Fatalf("packed as %s", packed.DType)
				}
				for _, m := range []int{1, 5, 16, 33, 71} {
					if m > 33 && k > 300 {
						continue // more of the same, for longer
					}
					x, name := normals(rng, tensor.Float32, m, k), fmt.Sprintf("%s, %dx%dx%d", d, m, k, n)
					got := same(t, name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return MatMulPacked(c, out, x, &packed) })
					checkProduct(t, name, got, m, n, k, func(_, i, j, p int) float64 { return x.FloatAt(i*k+p) * w.FloatAt(p*n+j) })
					var want *tensor.Tensor
					if packed.Rank() == 2 {
						want = same(t, name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return MatMul(c, out, x, w) })
					} else {
						want = tensor.New(tensor.Float32, m, n)
						for i := range m {
							copy(tensor.Data[float32](want)[i*n:], tensor.Data[float32](alone(t, ctxs[0], x, i, &packed)))
						}
					}
					if got.DType != tensor.Float32 || !got.Equal(want) {
						t.Fatalf("%s: other bits", name)
					}
				}
			}
		}
	})
}

// TestBrainOperands: a product of bf16 by bf16 is as exact, rounded once.
func TestBrainOperands(t *testing.T) {
	ctxs := contexts(t)
	eachLevel(t, func(t *testing.T) {
		const k, n = 300, 131
		rng := rand.New(rand.NewPCG(66, 1))
		w := normals(rng, tensor.BFloat16, k, n)
		for _, m := range []int{1, 16, 40} {
			x, name := normals(rng, tensor.BFloat16, m, k), fmt.Sprintf("%d rows", m)
			got := same(t, name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return matMulPacking(c, out, x, w) })
			if got.DType != tensor.BFloat16 {
				t.Fatalf("the result is %s", got)
			}
			checkProduct(t, name, got, m, n, k, func(_, i, j, p int) float64 { return x.FloatAt(i*k+p) * w.FloatAt(p*n+j) })
		}
	})
}

// TestExactOdd: rows with numbers that have no parts are what multiply-adds give, and
// others are not touched by them; a weight that has such numbers isn't packed as pairs.
func TestExactOdd(t *testing.T) {
	ctxs := contexts(t)
	eachLevel(t, func(t *testing.T) {
		const m, k, n = 40, 600, 70
		rng := rand.New(rand.NewPCG(63, 1))
		w := asIn(tensor.BFloat16, normals(rng, tensor.Float32, k, n))
		x := normals(rng, tensor.Float32, m, k)
		odd := map[int]float64{0: math.Inf(1), 3: math.Inf(-1), 17: math.NaN(), 18: math.MaxFloat32, 39: -0x1.ffp127}
		plain := same(t, "finite", ctxs, func(c *Ctx, out *tensor.Tensor) error { return matMulPacking(c, out, x, w) })
		for i, v := range odd {
			x.SetFloat(i*k+i*7, v)
		}
		got := same(t, "odd", ctxs, func(c *Ctx, out *tensor.Tensor) error { return matMulPacking(c, out, x, w) })
		want := same(t, "unpacked", ctxs, func(c *Ctx, out *tensor.Tensor) error { return MatMul(c, out, x, w) })
		for i := range m {
			from := want
			if _, is := odd[i]; !is {
				from = plain
			}
			for j := range n {
				if a, b := got.FloatAt(i*n+j), from.FloatAt(i*n+j); a != b && (a == a || b == b) {
					t.Fatalf("row %d, column %d is %g, want %g", i, j, a, b)
				}
			}
		}
		w.SetFloat(k*n/2, math.Inf(1))
		var packed tensor.Tensor
		if err := PackB(nil, &packed, w); err != nil {
			t.Fatal(err)
		}
		if packed.Rank() != 2 {
			t.Errorf("a weight with an infinite element is packed as %s", &packed)
		}
	})
}

// matMulPacking is MatMul by a weight that is packed first.
func matMulPacking(c *Ctx, out, x, w *tensor.Tensor) error {
	var packed tensor.Tensor
	if err := PackB(nil, &packed, w); err != nil {
		return err
	}
	return MatMulPacked(c, out, x, &packed)
}

// TestExactBeside: a fused product of some weights that are packed as pairs, and some
// that are not, gives what each gives alone.
func TestExactBeside(t *testing.T) {
	ctxs := contexts(t)
	eachLevel(t, func(t *testing.T) {
		const k, n = 200, 200
		rng := rand.New(rand.NewPCG(64, 1))
		for _, m := range []int{1, 30, 90} {
			x := normals(rng, tensor.Float32, m, k)
			exact, other := asIn(tensor.BFloat16, normals(rng, tensor.Float32, k, n)), normals(rng, tensor.Float32, k, n)
			for _, weights := range [][]*tensor.Tensor{{exact, other}, {other, exact}, {exact, exact}} {
				a := attr.New[attr.Linear]()
				a.Weights = 2
				var packed [2]tensor.Tensor
				for i, w := range weights {
					if err := PackB(nil, &packed[i], w); err != nil {
						t.Fatal(err)
					}
				}
				for _, c := range ctxs {
					outs := []*tensor.Tensor{{}, {}}
					if err := Linear(c, outs, a, x, &packed[0], &packed[1]); err != nil {
						t.Fatal(err)
					}
					for i := range outs {
						var want tensor.Tensor
						if err := MatMulPacked(c, &want, x, &packed[i]); err != nil {
							t.Fatal(err)
						}
						if !outs[i].Equal(&want) {
							t.Fatalf("%d rows: product %d has other bits beside another", m, i)
						}
					}
				}
			}
		}
	})
}
