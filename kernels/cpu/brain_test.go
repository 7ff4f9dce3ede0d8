package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
	"github.com/parallax-go/parallax/kernels/par"
)

// eachLevel runs f on every instruction level of the processor.
func eachLevel(t *testing.T, f func(t *testing.T)) {
	for _, k := range simd.Levels() {
		t.Run(k.Level, func(t *testing.T) {
			before := simd.Active
			simd.Active, vec = k, k
			defer func() { simd.Active, vec = before, before }()
			f(t)
		})
	}
}

// asIn is t rounded to type d, as the type it has.
func asIn(d tensor.DType, t *tensor.Tensor) *tensor.Tensor {
	narrow, r := tensor.New(d, t.Shape...), tensor.New(t.DType, t.Shape...)
	for i := range t.Len() {
		narrow.SetFloat(i, t.FloatAt(i))
		r.SetFloat(i, narrow.FloatAt(i))
	}
	return r
}

// asMultiplied is a left operand as a product in bf16 takes it.
func asMultiplied(x *tensor.Tensor) *tensor.Tensor {
	if simd.Active.Pairs() == nil {
		return x
	}
	return asIn(tensor.BFloat16, x)
}

// TestBrainProducts compares products in bf16 with float64 on the rounded operands,
// as exactly as those in f32: only the operands are rounded. A row has the same
// bits in a product of many rows, and alone.
func TestBrainProducts(t *testing.T) {
	ctxs := contexts(t)
	eachLevel(t, func(t *testing.T) {
		rng, columns := rand.New(rand.NewPCG(31, 1)), simd.Active.Columns
		for _, d := range []tensor.DType{tensor.Float32, tensor.BFloat16, tensor.Float16} {
			for _, m := range []int{0, 1, 3, 16, 17, 33, 100, 330} {
				for _, s := range [][2]int{{1, 1}, {7, columns}, {64, 2*columns + 3}, {0, 5}, {maxPartial + 33, 9 * columns}} {
					if m*s[0]*s[1] > 1<<22 && (d != tensor.Float32 || simd.Active.Pairs() == nil) {
						continue // it takes long, and shows nothing that others don't
					}
					testBrain(t, ctxs, rng, d, m, s[0], s[1])
				}
			}
		}
	})
}

func testBrain(t *testing.T, ctxs []*Ctx, rng *rand.Rand, d tensor.DType, m, k, n int) {
	t.Helper()
	name := fmt.Sprintf("%s %dx%dx%d", d, m, k, n)
	x, w := normals(rng, d, m, k), normals(rng, tensor.Float32, k, n)
	var packed, packedT tensor.Tensor
	if err := PackBrain(nil, &packed, w); err != nil {
		t.Fatal(err)
	}
	if err := PackBrainT(nil, &packedT, turned(w)); err != nil {
		t.Fatal(err)
	}
	if !packed.Equal(&packedT) {
		t.Fatalf("%s: PackBrain and PackBrainT differ", name)
	}
	out := same(t, name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return MatMulPacked(c, out, x, &packed) })
	left, right := asMultiplied(x), asIn(tensor.BFloat16, w)
	if m*k*n < 1<<20 {
		checkProduct(t, name, out, m, n, k, func(_, i, j, p int) float64 { return left.FloatAt(i*k+p) * right.FloatAt(p*n+j) })
	}
	for _, i := range []int{0, m / 2, m - 1} {
		if m == 0 {
			return
		}
		row := alone(t, ctxs[0], x, i, &packed)
		for j := range n {
			if row.FloatAt(j) != out.FloatAt(i*n+j) {
				t.Fatalf("%s: row %d, column %d has other bits alone", name, i, j)
			}
		}
	}
}

// alone is row i of x times a packed weight.
func alone(t *testing.T, c *Ctx, x *tensor.Tensor, i int, packed *tensor.Tensor) *tensor.Tensor {
	t.Helper()
	k := x.Shape[1]
	row, out := tensor.New(x.DType, 1, k), &tensor.Tensor{}
	for p := range k {
		row.SetFloat(p, x.FloatAt(i*k+p))
	}
	if err := MatMulPacked(c, out, row, packed); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestLinearBrain: what follows a product in bf16 is what follows any other.
func TestLinearBrain(t *testing.T) {
	ctxs := contexts(t)
	eachLevel(t, func(t *testing.T) {
		for _, c := range linearCases(rand.New(rand.NewPCG(32, 1))) {
			packed := append([]*tensor.Tensor{}, c.in...)
			pack := PackBrain
			if c.a.TransB {
				pack = PackBrainT
			}
			rounded := append([]*tensor.Tensor{asMultiplied(c.in[0])}, c.in[1:]...)
			for i := range c.a.Weights {
				packed[1+i], rounded[1+i] = &tensor.Tensor{}, asIn(tensor.BFloat16, c.in[1+i])
				if err := pack(nil, packed[1+i], c.in[1+i]); err != nil {
					t.Fatal(err)
				}
			}
			checkLinear(t, ctxs, linearCase{c.name, c.a, rounded}, packed)
		}
	})
}

// TestBrainRefuses: weights that are packed for something else.
func TestBrainRefuses(t *testing.T) {
	p := simd.Active.Pairs()
	if p == nil {
		t.Skip("this level has no products in bf16")
	}
	x, out := tensor.New(tensor.Float32, 2, 3), &tensor.Tensor{}
	var pairs, plain tensor.Tensor
	for _, err := range []error{
		PackBrain(nil, &pairs, tensor.New(tensor.Float32, 3, 4)), PackB(nil, &plain, tensor.New(tensor.Float32, 3, 4)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	two := attr.New[attr.Linear]()
	two.Weights = 2
	for _, f := range []struct {
		err  error
		want string
	}{
		{MatMulPacked(&Ctx{}, out, tensor.New(tensor.Float32, 2, 3+simd.PairStep), &pairs), "no product of"},
		{MatMulPacked(&Ctx{}, out, x, tensor.New(tensor.BFloat16, 4, simd.PairStep/2, 3)), "no product of"},
		{MatMulPacked(&Ctx{}, out, x, tensor.New(tensor.Float32, 4, simd.PairStep/2, 2)), "no product of"},
		{Linear(&Ctx{}, dirtyOutputs(2), two, x, &pairs, &plain), "packed for different products"},
		{PackBrain(nil, &plain, tensor.New(tensor.Float32, 3)), "PackBrain: the weight is f32[3]"},
	} {
		if f.err == nil || !strings.Contains(f.err.Error(), f.want) {
			t.Errorf("error %v, want one with %q", f.err, f.want)
		}
	}
}

// TestBrainNaN: NaN and infinities pass through the rounding and the product.
func TestBrainNaN(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		var packed, out tensor.Tensor
		if err := PackBrain(nil, &packed, tensor.Of([]int{2, 1}, []float32{1, 0})); err != nil {
			t.Fatal(err)
		}
		inf := float32(math.Inf(1))
		x := tensor.Of([]int{3, 2}, []float32{float32(math.NaN()), 1, inf, 1, 3, inf})
		if err := MatMulPacked(&Ctx{}, &out, x, &packed); err != nil {
			t.Fatal(err)
		}
		if a, b, c := out.FloatAt(0), out.FloatAt(1), out.FloatAt(2); a == a || !math.IsInf(b, 1) || c == c {
			t.Errorf("got %g, %g, %g, want NaN, ∞, NaN", a, b, c)
		}
	})
}

// BenchmarkBrain is products in bf16 beside those in f32.
func BenchmarkBrain(b *testing.B) {
	rng := rand.New(rand.NewPCG(33, 1))
	for _, s := range [][3]int{{1, 768, 3072}, {1, 4096, 4096}, {16, 768, 3072}, {128, 768, 3072}, {512, 512, 512}} {
		m, k, n := s[0], s[1], s[2]
		x, w := normals(rng, tensor.Float32, m, k), normals(rng, tensor.Float32, k, n)
		for _, form := range []struct {
			name string
			pack func(pool *par.Pool, packed, w *tensor.Tensor) error
		}{{"f32", PackB}, {"bf16", PackBrain}} {
			var packed, out tensor.Tensor
			if err := form.pack(nil, &packed, w); err != nil {
				b.Fatal(err)
			}
			c := &Ctx{}
			b.Run(fmt.Sprintf("%dx%dx%d/%s", m, k, n, form.name), func(b *testing.B) {
				for b.Loop() {
					if err := MatMulPacked(c, &out, x, &packed); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(2*float64(m*k*n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
