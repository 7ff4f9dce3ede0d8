package cpu

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// exp32 is within 1.5 units in the last place of float64's, over all magnitudes;
// results below the normal range within as many of the least number.
func TestExpOfOne(t *testing.T) {
	worst, at := 0.0, float32(0)
	for bits := uint32(0); bits < 0x7f800000; bits += 4099 {
		for _, x := range []float32{math.Float32frombits(bits), -math.Float32frombits(bits)} {
			want, got := math.Exp(float64(x)), exp32(x)
			if math.Abs(want) > math.MaxFloat32 && math.IsInf(float64(got), 0) {
				continue
			}
			_, exponent := math.Frexp(want)
			unit := math.Ldexp(1, max(exponent-24, -149))
			if err := math.Abs(float64(got)-want) / unit; !(err <= worst) {
				worst, at = err, x
			}
		}
	}
	t.Logf("%.2f units at %g", worst, at)
	if !(worst <= 1.5) {
		t.Errorf("off by %g units at %g", worst, at)
	}
	if nan := exp32(float32(math.NaN())); nan == nan {
		t.Errorf("of NaN it is %g", nan)
	}
	inf := float32(math.Inf(1))
	if exp32(inf) != inf || exp32(-inf) != 0 {
		t.Errorf("at infinity: %g and %g, want +Inf and 0", exp32(inf), exp32(-inf))
	}
}

// Each operator on three types; 12 003 elements make several chunks.
func TestUnary(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(6, 6))
	geluOf := func(approximate string) func(c *Ctx, z, x *tensor.Tensor) error {
		return func(c *Ctx, z, x *tensor.Tensor) error { return Gelu(c, z, &attr.Gelu{Approximate: approximate}, x) }
	}
	phi := func(x float64) float64 { return (1 + math.Erf(x/math.Sqrt2)) / 2 }
	for _, f := range []struct {
		name string
		got  func(c *Ctx, z, x *tensor.Tensor) error
		want func(x float64) float64
	}{
		{"Relu", Relu, func(x float64) float64 { return math.Max(x, 0) }},
		{"Neg", Neg, func(x float64) float64 { return -x }},
		{"Sqrt", Sqrt, math.Sqrt},
		{"Reciprocal", Reciprocal, func(x float64) float64 { return 1 / x }},
		{"Exp", Exp, math.Exp},
		{"Tanh", Tanh, math.Tanh},
		{"Erf", Erf, math.Erf},
		{"Sigmoid", Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
		{"Gelu", geluOf("none"), func(x float64) float64 { return x * phi(x) }},
		{"Gelu tanh", geluOf("tanh"), func(x float64) float64 {
			return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
		}},
	} {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
			x := normals(rng, d, 3, 4001)
			z := same(t, f.name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return f.got(c, out, x) })
			for i := range x.Len() {
				want := f.want(x.FloatAt(i))
				// 4 units of f32; Gelu's cancel against x for negative x; and the
				// rounding to the type of the result.
				limit := 8*epsilon(tensor.Float32)*(math.Abs(want)+math.Abs(x.FloatAt(i))) + 1.001*epsilon(d)*math.Abs(want) + subnormal(d)
				if got := z.FloatAt(i); !(math.Abs(got-want) <= limit) && !(math.IsNaN(got) && math.IsNaN(want)) {
					t.Fatalf("%s %s: of %g is %g, want %g", f.name, d, x.FloatAt(i), got, want)
				}
			}
		}
	}
}

// subnormal is half of the least positive number of type d.
func subnormal(d tensor.DType) float64 {
	if d == tensor.Float16 {
		return 1.0 / (1 << 25)
	}
	return math.SmallestNonzeroFloat32
}

func TestBinaryBroadcast(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(7, 7))
	for _, f := range []struct {
		name string
		got  func(c *Ctx, z, x, y *tensor.Tensor) error
		want func(x, y float64) float64
		off  float64 // of f32, beside the rounding
	}{
		{"Add", Add, func(x, y float64) float64 { return x + y }, 0},
		{"Sub", Sub, func(x, y float64) float64 { return x - y }, 0},
		{"Mul", Mul, func(x, y float64) float64 { return x * y }, 0},
		{"Div", Div, func(x, y float64) float64 { return x / y }, 0},
		{"Pow", Pow, math.Pow, 4 * epsilon(tensor.Float32)},
	} {
		for _, s := range [][2][]int{
			{{3, 4}, {3, 4}}, {{3, 4}, {}}, {{}, {3, 4}}, {{5, 6}, {6}}, {{6}, {5, 6}}, {{5, 1}, {5, 6}}, {{5, 1}, {1, 6}},
			{{2, 3, 1, 5}, {1, 4, 5}}, {{2, 1, 4, 1}, {2, 3, 1, 5}}, {{1, 1}, {1}}, {{0, 3}, {1, 3}}, {{100, 97}, {97}}, {{3, 1, 1500}, {3, 2, 1}},
		} {
			for _, d := range []tensor.DType{tensor.Float32, tensor.BFloat16} {
				x, y := normals(rng, d, s[0]...), normals(rng, d, s[1]...)
				name := fmt.Sprintf("%s %v %s", f.name, s, d)
				z := same(t, name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return f.got(c, out, x, y) })
				eachBroadcast(z.Shape, func(i int, at func(*tensor.Tensor) float64) {
					want := f.want(at(x), at(y))
					if got := z.FloatAt(i); !(math.Abs(got-want) <= (1.001*epsilon(d)+f.off)*math.Abs(want)) && !(math.IsNaN(got) && math.IsNaN(want)) {
						t.Fatalf("%s: element %d is %g, want %g", name, i, got, want)
					}
				}, x, y)
			}
		}
	}
}

// eachBroadcast visits the elements of a shape; at reads what an operand holds
// there.
func eachBroadcast(shape []int, f func(i int, at func(*tensor.Tensor) float64), operands ...*tensor.Tensor) {
	index := make([]int, len(shape))
	for i := range elements(shape) {
		rest := i
		for axis := len(shape) - 1; axis >= 0; axis-- {
			index[axis], rest = rest%shape[axis], rest/shape[axis]
		}
		f(i, func(t *tensor.Tensor) float64 {
			flat := 0
			for axis, n := range t.Shape {
				flat *= n
				if n != 1 {
					flat += index[len(index)-len(t.Shape)+axis]
				}
			}
			return t.FloatAt(flat)
		})
	}
}

// Powers of special numbers by special exponents, in every way in which they meet.
func TestPowSpecial(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	special := []float32{-2, -inf, inf, 0, float32(math.Copysign(0, -1)), 3, 0.1, 1, -1, nan, 2, 0.5, -0.5, 4, 5e6, -5e6, 4194305, -3, 1e-42}
	x, y := tensor.Of([]int{len(special), 1}, special), tensor.Of([]int{len(special)}, special)
	c := &Ctx{}
	var vectors, left, right tensor.Tensor
	whole := tensor.New(tensor.Float32, len(special), len(special))
	if err := errors.Join(Add(c, whole, x, tensor.New(tensor.Float32, len(special))), Pow(c, &vectors, whole, y)); err != nil {
		t.Fatal(err)
	}
	for i, v := range special {
		if err := errors.Join(Pow(c, &left, x, tensor.Scalar(v)), Pow(c, &right, tensor.Scalar(v), y)); err != nil {
			t.Fatal(err)
		}
		for j, w := range special {
			check := func(how string, got, x, y float32) {
				want := float32(math.Pow(float64(x), float64(y)))
				if !(math.Abs(float64(got-want)) <= 4e-7*math.Abs(float64(want))) && got != want && (got == got || want == want) {
					t.Errorf("%s: %g to the power of %g is %g, want %g", how, x, y, got, want)
				}
			}
			check("vectors", tensor.Data[float32](&vectors)[i*len(special)+j], v, w)
			check("by a number", tensor.Data[float32](&left)[j], w, v)
			check("of a number", tensor.Data[float32](&right)[j], v, w)
		}
	}
}

func TestWhere(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(8, 8))
	for _, s := range [][3][]int{{{3, 4}, {3, 4}, {3, 4}}, {{4}, {3, 4}, {}}, {{3, 1}, {}, {1, 4}}, {{}, {2, 3}, {3}}, {{200, 1, 150}, {200, 2, 150}, {1}}} {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Int64, tensor.Bool, tensor.Float16} {
			cond, x, y := normals(rng, tensor.Bool, s[0]...), normals(rng, d, s[1]...), normals(rng, d, s[2]...)
			for i := range cond.Len() {
				cond.SetInt(i, int64(rng.IntN(2)))
			}
			z := same(t, "Where", ctxs, func(c *Ctx, out *tensor.Tensor) error { return Where(c, out, cond, x, y) })
			eachBroadcast(z.Shape, func(i int, at func(*tensor.Tensor) float64) {
				want := at(y)
				if at(cond) != 0 {
					want = at(x)
				}
				if z.FloatAt(i) != want {
					t.Fatalf("Where %v %s: element %d", s, d, i)
				}
			}, cond, x, y)
		}
	}
}

func BenchmarkElementwise(b *testing.B) {
	c := NewCtx(par.Default())
	rng := rand.New(rand.NewPCG(9, 9))
	x, y := normals(rng, tensor.Float32, 256, 768), normals(rng, tensor.Float32, 768)
	var z tensor.Tensor
	for _, f := range []struct {
		name string
		f    func() error
	}{
		{"Add", func() error { return Add(c, &z, x, y) }},
		{"Exp", func() error { return Exp(c, &z, x) }},
		{"Gelu", func() error { return Gelu(c, &z, &attr.Gelu{}, x) }},
		{"Softmax", func() error { return Softmax(c, &z, &attr.Axis{Axis: -1}, x) }},
		{"LayerNormalization", func() error {
			return LayerNormalization(c, &z, nil, nil, attr.New[attr.LayerNormalization](), x, y, y)
		}},
		{"Transpose", func() error { return Transpose(c, &z, &attr.Transpose{}, x) }},
	} {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				if err := f.f(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(x.Len())*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gelem/s")
		})
	}
}
