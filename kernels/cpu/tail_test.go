package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/ref"
)

// few are integers small enough to be equal now and then, with what is special
// among floats.
func few(rng *rand.Rand, d tensor.DType, shape ...int) *tensor.Tensor {
	t := tensor.New(d, shape...)
	for i := range t.Len() {
		switch v := rng.IntN(14); {
		case d == tensor.Bool:
			t.SetInt(i, int64(v%2))
		case d.IsInt():
			t.SetInt(i, int64(v-4))
		default:
			t.SetFloat(i, append([]float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 0.5, -1.5, 1e30, -1e30, 3e9}, 0, 1, 2, -1, -2)[v])
		}
	}
	return t
}

// sameAsRef checks that a kernel gives the reference's elements, to the bit or
// within a few units of the type.
func sameAsRef(t *testing.T, ctxs []*Ctx, name string, units float64, fast func(c *Ctx, z *tensor.Tensor) error, slow func(z *tensor.Tensor) error) {
	t.Helper()
	got := same(t, name, ctxs, fast)
	var want tensor.Tensor
	if err := slow(&want); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if got.DType != want.DType || !tensor.SameShape(got.Shape, want.Shape) {
		t.Fatalf("%s: got %s, want %s", name, got, &want)
	}
	for i := range want.Len() {
		if want.DType.IsInt() {
			if got.IntAt(i) != want.IntAt(i) {
				t.Fatalf("%s: element %d is %d, want %d", name, i, got.IntAt(i), want.IntAt(i))
			}
			continue
		}
		x, y := got.FloatAt(i), want.FloatAt(i)
		if x != y && !(math.IsNaN(x) && math.IsNaN(y)) && !(math.Abs(x-y) <= units*2*epsilon(want.DType)*math.Abs(y)+subnormal(want.DType)*units) {
			t.Fatalf("%s: element %d is %g, want %g", name, i, x, y)
		}
	}
}

var pairShapes = [][2][]int{{{3, 4001}, {3, 4001}}, {{5, 1}, {5, 6}}, {{}, {3}}, {{2, 3, 1, 5}, {1, 4, 5}}, {{0, 3}, {1, 3}}, {{100, 97}, {97}}}

func TestComparisons(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(13, 1))
	for _, f := range []struct {
		name   string
		fast   func(c *Ctx, z, x, y *tensor.Tensor) error
		slow   func(z, x, y *tensor.Tensor) error
		dtypes []tensor.DType
	}{
		{"Equal", Equal, ref.Equal, append([]tensor.DType{tensor.Bool}, plain...)},
		{"Less", Less, ref.Less, plain},
		{"LessOrEqual", LessOrEqual, ref.LessOrEqual, plain},
		{"Greater", Greater, ref.Greater, plain},
		{"GreaterOrEqual", GreaterOrEqual, ref.GreaterOrEqual, plain},
		{"And", And, ref.And, []tensor.DType{tensor.Bool}},
		{"Or", Or, ref.Or, []tensor.DType{tensor.Bool}},
		{"Xor", Xor, ref.Xor, []tensor.DType{tensor.Bool}},
	} {
		for _, d := range f.dtypes {
			for _, s := range pairShapes {
				x, y := few(rng, d, s[0]...), few(rng, d, s[1]...)
				sameAsRef(t, ctxs, fmt.Sprintf("%s %s %v", f.name, d, s), 0,
					func(c *Ctx, z *tensor.Tensor) error { return f.fast(c, z, x, y) },
					func(z *tensor.Tensor) error { return f.slow(z, x, y) })
			}
		}
		half := tensor.New(tensor.Float16, 2)
		if err := f.fast(&Ctx{}, &tensor.Tensor{}, half, half); err == nil {
			t.Errorf("%s of f16 is no error", f.name)
		}
	}
	x := few(rng, tensor.Bool, 3, 4001)
	sameAsRef(t, ctxs, "Not", 0, func(c *Ctx, z *tensor.Tensor) error { return Not(c, z, x) }, func(z *tensor.Tensor) error { return ref.Not(z, x) })
}

var plain = []tensor.DType{tensor.Float32, tensor.Float64, tensor.Int8, tensor.Int16, tensor.Int32, tensor.Int64,
	tensor.Uint8, tensor.Uint16, tensor.Uint32, tensor.Uint64}

func TestCasts(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(13, 2))
	tested := 0
	for from := range tensor.DType(27) {
		for to := range tensor.DType(27) {
			if !from.Valid() || !to.Valid() || !CanCast(from, to) {
				continue
			}
			tested++
			x := few(rng, from, 3, 4001)
			if from == tensor.Int64 {
				for i := range 100 { // what other types don't hold
					x.SetInt(i, rng.Int64()>>rng.IntN(64))
				}
			}
			a := &attr.Cast{To: to, Saturate: true}
			sameAsRef(t, ctxs, fmt.Sprintf("Cast from %s to %s", from, to), 0,
				func(c *Ctx, z *tensor.Tensor) error { return Cast(c, z, a, x) },
				func(z *tensor.Tensor) error { return ref.Cast(z, a, x) })
		}
	}
	if tested < 9+len(conversions) {
		t.Errorf("%d pairs of types were tested, want 9 of floats and %d more", tested, len(conversions))
	}
}

func TestMoreUnary(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(13, 3))
	swish := func(alpha float32) (func(c *Ctx, z, x *tensor.Tensor) error, func(z, x *tensor.Tensor) error) {
		a := &attr.Unary{Alpha: alpha}
		return func(c *Ctx, z, x *tensor.Tensor) error { return Swish(c, z, a, x) }, func(z, x *tensor.Tensor) error { return ref.Swish(z, a, x) }
	}
	of := func(f func(c *Ctx, z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error, alpha float32) func(c *Ctx, z, x *tensor.Tensor) error {
		return func(c *Ctx, z, x *tensor.Tensor) error { return f(c, z, &attr.Unary{Alpha: alpha, Beta: 4.5}, x) }
	}
	ofRef := func(f func(z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error, alpha float32) func(z, x *tensor.Tensor) error {
		return func(z, x *tensor.Tensor) error { return f(z, &attr.Unary{Alpha: alpha, Beta: 4.5}, x) }
	}
	silu, siluRef := swish(1)
	quick, quickRef := swish(attr.QuickGeluAlpha)
	for _, f := range []struct {
		name  string
		fast  func(c *Ctx, z, x *tensor.Tensor) error
		slow  func(z, x *tensor.Tensor) error
		units float64
	}{
		{"Abs", Abs, ref.Abs, 0}, {"Floor", Floor, ref.Floor, 0}, {"Ceil", Ceil, ref.Ceil, 0}, {"Round", Round, ref.Round, 0},
		{"Sin", Sin, ref.Sin, 2}, {"Cos", Cos, ref.Cos, 2}, {"Log", Log, ref.Log, 2}, {"Sign", Sign, ref.Sign, 0},
		{"Asin", Asin, ref.Asin, 3}, {"Acos", Acos, ref.Acos, 3}, {"Atan", Atan, ref.Atan, 3},
		{"Softplus", Softplus, ref.Softplus, 4}, {"Softsign", Softsign, ref.Softsign, 2}, {"Mish", Mish, ref.Mish, 4},
		{"Elu", of(Elu, 0.7), ofRef(ref.Elu, 0.7), 4}, {"Selu", of(Selu, 1.7), ofRef(ref.Selu, 1.7), 4}, {"Celu", of(Celu, 1.3), ofRef(ref.Celu, 1.3), 4},
		{"Tan", Tan, ref.Tan, 0}, {"Sinh", Sinh, ref.Sinh, 0}, {"Cosh", Cosh, ref.Cosh, 0}, {"Asinh", Asinh, ref.Asinh, 0}, {"Acosh", Acosh, ref.Acosh, 0},
		{"Atanh", Atanh, ref.Atanh, 0}, {"Shrink", of(Shrink, 1), ofRef(ref.Shrink, 1), 1},
		{"ThresholdedRelu", of(ThresholdedRelu, 0.5), ofRef(ref.ThresholdedRelu, 0.5), 0},
		{"LeakyRelu", of(LeakyRelu, 0.1), ofRef(ref.LeakyRelu, 0.1), 1},
		{"HardSigmoid", of(HardSigmoid, 0.2), ofRef(ref.HardSigmoid, 0.2), 1},
		{"HardSwish", HardSwish, ref.HardSwish, 4},
		{"Swish", silu, siluRef, 4}, {"Swish of 1.702", quick, quickRef, 8}, // x·1.702 is rounded before eˣ
	} {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
			for _, x := range []*tensor.Tensor{normals(rng, d, 3, 4001), few(rng, d, 77)} {
				sameAsRef(t, ctxs, fmt.Sprintf("%s %s", f.name, x), f.units,
					func(c *Ctx, z *tensor.Tensor) error { return f.fast(c, z, x) },
					func(z *tensor.Tensor) error { return f.slow(z, x) })
			}
		}
	}
	if err := Swish(&Ctx{}, &tensor.Tensor{}, &attr.Unary{Alpha: 2}, tensor.New(tensor.Float32, 2)); err == nil {
		t.Error("Swish of 2 is no error")
	}
}

// Angles too great for the vector kernels, beside others.
func TestGreatAngles(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(13, 6))
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
		x := normals(rng, d, 40001)
		for i := range x.Len() {
			if i%3 == 0 {
				x.SetFloat(i, x.FloatAt(i)*math.Pow(10, rng.Float64()*20))
			}
		}
		x.SetFloat(500, sineReach)
		sameAsRef(t, ctxs, "Sin "+d.String(), 2, func(c *Ctx, z *tensor.Tensor) error { return Sin(c, z, x) }, func(z *tensor.Tensor) error { return ref.Sin(z, x) })
		sameAsRef(t, ctxs, "Cos "+d.String(), 2, func(c *Ctx, z *tensor.Tensor) error { return Cos(c, z, x) }, func(z *tensor.Tensor) error { return ref.Cos(z, x) })
	}
}

func TestLogSoftmax(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(13, 8))
	inf := math.Inf(1)
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
		for _, shape := range [][]int{{3, 4001}, {1}, {0}, {0, 5}, {3, 0}, {40, 7}, {2, 3, 1025}, {5, 1}} {
			x := normals(rng, d, shape...)
			a := &attr.Axis{Axis: -1}
			got := same(t, "LogSoftmax", ctxs, func(c *Ctx, z *tensor.Tensor) error { return LogSoftmax(c, z, a, x) })
			var want tensor.Tensor
			if err := ref.LogSoftmax(&want, a, x); err != nil {
				t.Fatal(err)
			}
			for i := range want.Len() {
				near(t, "LogSoftmax", d, got.FloatAt(i), want.FloatAt(i), 12)
			}
		}
		x := tensor.New(d, 4, 3)
		for i, v := range []float64{1, math.NaN(), 2, -inf, 0, 0, 1, inf, 2, -inf, -inf, -inf} {
			x.SetFloat(i, v)
		}
		sameAsRef(t, ctxs, "LogSoftmax of special numbers", 2, func(c *Ctx, z *tensor.Tensor) error { return LogSoftmax(c, z, &attr.Axis{Axis: 1}, x) },
			func(z *tensor.Tensor) error { return ref.LogSoftmax(z, &attr.Axis{Axis: 1}, x) })
	}
	if err := LogSoftmax(&Ctx{}, &tensor.Tensor{}, &attr.Axis{}, tensor.New(tensor.Float32, 2, 3)); err == nil {
		t.Error("the first axis of two is no error")
	}
}

func TestReduceLogSumExp(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(13, 11))
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
		for _, c := range []struct {
			shape []int
			axes  []int64
		}{{[]int{3, 4001}, []int64{1}}, {[]int{500, 7}, []int64{-1}}, {[]int{20, 3, 5}, []int64{2, 1}}, {[]int{3, 5}, []int64{0, 1}}, {[]int{2, 0}, []int64{1}}, {[]int{0, 2}, []int64{1}}} {
			for _, x := range []*tensor.Tensor{normals(rng, d, c.shape...), few(rng, d, c.shape...), constant(d, -math.Inf(1), c.shape...)} {
				a, axes := &attr.Reduce{KeepDims: len(c.axes) == 1}, tensor.Of([]int{len(c.axes)}, c.axes)
				sameAsRef(t, ctxs, fmt.Sprint("ReduceLogSumExp of ", x), 8, func(c *Ctx, z *tensor.Tensor) error { return ReduceLogSumExp(c, z, a, x, axes) },
					func(z *tensor.Tensor) error { return ref.ReduceLogSumExp(z, a, x, axes) })
			}
		}
	}
	if err := ReduceLogSumExp(&Ctx{}, &tensor.Tensor{}, &attr.Reduce{}, tensor.New(tensor.Float32, 2, 3), tensor.Of([]int{1}, []int64{0})); err == nil {
		t.Error("the first axis of two is no error")
	}
}

// constant is a tensor whose elements are all alike.
func constant(d tensor.DType, v float64, shape ...int) *tensor.Tensor {
	t := tensor.New(d, shape...)
	for i := range t.Len() {
		t.SetFloat(i, v)
	}
	return t
}

func TestArg(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(13, 9))
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
		for _, shape := range [][]int{{3, 4001}, {1}, {500, 7}, {2, 3, 256}, {2, 257}, {0, 5}, {2, 512}} {
			for _, x := range []*tensor.Tensor{normals(rng, d, shape...), few(rng, d, shape...), tensor.New(d, shape...)} {
				for i := range 8 {
					a := &attr.ArgReduce{Axis: -1, KeepDims: i&1 != 0, SelectLast: i&2 != 0}
					fast, slow := ArgMax, ref.ArgMax
					if i&4 != 0 {
						fast, slow = ArgMin, ref.ArgMin
					}
					sameAsRef(t, ctxs, fmt.Sprintf("%d of %s", i, x), 0, func(c *Ctx, z *tensor.Tensor) error { return fast(c, z, a, x) },
						func(z *tensor.Tensor) error { return slow(z, a, x) })
				}
			}
		}
	}
	for _, a := range []*attr.ArgReduce{{Axis: 0}, {Axis: 1}, {Axis: 2}} {
		if err := ArgMax(&Ctx{}, &tensor.Tensor{}, a, tensor.New(tensor.Float32, 2, 0)); err == nil {
			t.Errorf("axis %d of [2,0] is no error", a.Axis)
		}
	}
}

func TestIsNaN(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(13, 10))
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
		for _, shape := range [][]int{{3, 8001}, {0}, {}} {
			one := normals(rng, d, shape...)
			if one.Len() > 9000 {
				one.SetFloat(9000, math.NaN())
			}
			for _, x := range []*tensor.Tensor{few(rng, d, shape...), one} {
				sameAsRef(t, ctxs, "IsNaN", 0, func(c *Ctx, z *tensor.Tensor) error { return IsNaN(c, z, x) }, func(z *tensor.Tensor) error { return ref.IsNaN(z, x) })
			}
		}
	}
	if err := IsNaN(&Ctx{}, &tensor.Tensor{}, tensor.New(tensor.Int64, 2)); err == nil {
		t.Error("IsNaN of integers is no error")
	}
}

func TestPRelu(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(13, 7))
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
		for _, s := range [][2][]int{{{3, 4001}, {3, 4001}}, {{5, 6}, {5, 1}}, {{3}, {}}, {{2, 3, 1, 5}, {3, 1, 1}}, {{0, 3}, {1, 3}}} {
			x, y := few(rng, d, s[0]...), few(rng, d, s[1]...)
			sameAsRef(t, ctxs, "PRelu", 0, func(c *Ctx, z *tensor.Tensor) error { return PRelu(c, z, x, y) }, func(z *tensor.Tensor) error { return ref.PRelu(z, x, y) })
		}
	}
	if err := PRelu(&Ctx{}, &tensor.Tensor{}, tensor.New(tensor.Float32, 2), tensor.New(tensor.Float32, 3, 2)); err == nil {
		t.Error("a slope of more elements is no error")
	}
}

func TestLimits(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(13, 4))
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
		for _, s := range pairShapes {
			x, y := few(rng, d, s[0]...), few(rng, d, s[1]...)
			sameAsRef(t, ctxs, "Min", 0, func(c *Ctx, z *tensor.Tensor) error { return Min(c, z, x, y) }, func(z *tensor.Tensor) error { return ref.Min(z, x, y) })
			sameAsRef(t, ctxs, "Max", 0, func(c *Ctx, z *tensor.Tensor) error { return Max(c, z, x, y) }, func(z *tensor.Tensor) error { return ref.Max(z, x, y) })
		}
		limit := func(v float64) *tensor.Tensor {
			l := tensor.New(d)
			l.SetFloat(0, v)
			return l
		}
		x := few(rng, d, 3, 4001)
		for _, l := range [][2]*tensor.Tensor{{nil, nil}, {limit(-1), nil}, {nil, limit(1)}, {limit(-1), limit(1)}, {limit(1), limit(-1)}, {limit(math.NaN()), limit(1)}} {
			sameAsRef(t, ctxs, "Clip", 0, func(c *Ctx, z *tensor.Tensor) error { return Clip(c, z, x, l[0], l[1]) }, func(z *tensor.Tensor) error { return ref.Clip(z, x, l[0], l[1]) })
		}
	}
}

func TestTile(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(13, 5))
	for _, c := range []struct {
		shape   []int
		repeats []int64
	}{{[]int{3, 5}, []int64{2, 3}}, {[]int{3, 5}, []int64{1, 1}}, {[]int{1, 1, 7}, []int64{4, 5, 1}}, {[]int{2, 3, 4, 5}, []int64{2, 1, 3, 2}},
		{[]int{3, 2}, []int64{0, 2}}, {[]int{0, 2}, []int64{3, 2}}, {nil, []int64{}}, {[]int{50, 70}, []int64{3, 1}}} {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Bool, tensor.Int64, tensor.Float16} {
			x, repeats := few(rng, d, c.shape...), tensor.Of([]int{len(c.repeats)}, c.repeats)
			sameAsRef(t, ctxs, fmt.Sprintf("Tile %s by %v", x, c.repeats), 0,
				func(c *Ctx, z *tensor.Tensor) error { return Tile(c, z, x, repeats) },
				func(z *tensor.Tensor) error { return ref.Tile(z, x, repeats) })
		}
	}
	for _, repeats := range [][]int64{{1}, {1, -1}, {1, 1 << 50}} {
		if err := Tile(&Ctx{}, &tensor.Tensor{}, tensor.New(tensor.Float32, 2, 3), tensor.Of([]int{len(repeats)}, repeats)); err == nil {
			t.Errorf("Tile by %v is no error", repeats)
		}
	}
}
