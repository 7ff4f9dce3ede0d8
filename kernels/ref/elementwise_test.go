package ref

import (
	"math"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

var nan, inf = float32(math.NaN()), float32(math.Inf(1))

func TestBinary(t *testing.T) {
	mod := func(fmod bool) func(z, x, y *tensor.Tensor) error {
		return func(z, x, y *tensor.Tensor) error { return Mod(z, &attr.Mod{Fmod: fmod}, x, y) }
	}
	shift := func(left bool) func(z, x, y *tensor.Tensor) error {
		return func(z, x, y *tensor.Tensor) error { return BitShift(z, &attr.BitShift{Left: left}, x, y) }
	}
	for _, c := range []struct {
		name       string
		f          func(z, x, y *tensor.Tensor) error
		x, y, want *tensor.Tensor
	}{
		{"column + row", Add, f32([]int{2, 1}, 10, 20), vec(1, 2, 3), f32([]int{2, 3}, 11, 12, 13, 21, 22, 23)},
		{"scalar − vector", Sub, tensor.Scalar[int8](1), of[int8](1, 2, -128), of[int8](0, -1, -127)},
		{"wrapping product", Mul, of[uint8](16, 255), of[uint8](16, 2), of[uint8](0, 254)},
		{"truncated quotient", Div, list1(7, -7, 7, -7), list1(2, 2, -2, -2), list1(3, -3, -3, 3)},
		{"quotient by zero", Div, of[int32](5, 0, math.MinInt32), of[int32](0, 0, -1), of[int32](0, 0, math.MinInt32)},
		{"float by zero", Div, vec(1, -1), vec(0, 0), vec(inf, -inf)},
		{"mod, divisor's sign", mod(false), list1(7, -7, 7, -7, 3), list1(3, 3, -3, -3, 0), list1(1, 2, -2, -1, 0)},
		{"mod, dividend's sign", mod(true), list1(7, -7, 7, -7), list1(3, 3, -3, -3), list1(1, -1, 1, -1)},
		{"fmod of floats", mod(true), vec(5.5, -5.5), vec(2, 2), vec(1.5, -1.5)},
		{"max with NaN", func(z, x, y *tensor.Tensor) error { return Max(z, x, y) }, vec(1, nan, 3), vec(2, 1, nan), vec(2, nan, nan)},
		{"min of u64", func(z, x, y *tensor.Tensor) error { return Min(z, x, y) }, of[uint64](math.MaxUint64, 1), of[uint64](5, 7), of[uint64](5, 1)},
		{"mean", func(z, x, y *tensor.Tensor) error { return Mean(z, x, y, y) }, vec(3), vec(6), vec(5)},
		{"pow of integers", Pow, list1(2, -2, 5, -1, 1), list1(10, 3, -1, -3, -9), list1(1024, -8, 0, -1, 1)},
		{"float to an integer power", Pow, vec(2, 4), list1(3, -1), vec(8, 0.25)},
		{"integer to a float power", Pow, list1(4, 2), vec(0.5, 0.5), list1(2, 1)},
		{"prelu", PRelu, f32([]int{2, 2}, -2, 2, -4, 4), f32([]int{2, 1}, 0.5, 0.25), f32([]int{2, 2}, -1, 2, -1, 4)},
		{"bits", BitwiseAnd, of[int8](-1, 6), of[int8](12, 3), of[int8](12, 2)},
		{"shift left", shift(true), of[uint8](129, 1), of[uint8](1, 9), of[uint8](2, 0)},
		{"shift right", shift(false), of[uint64](1<<63, 8), of[uint64](63, 64), of[uint64](1, 0)},
		{"xor", Xor, boolean([]int{2, 1}, true, false), boolean([]int{2}, true, false), boolean([]int{2, 2}, false, true, true, false)},
		{"equal strings", Equal, str([]int{2}, "a", "b"), str([]int{1}, "b"), boolean([]int{2}, false, true)},
		{"equal NaN", Equal, vec(nan, 1), vec(nan, 1), boolean([]int{2}, false, true)},
		{"less u64", Less, of[uint64](math.MaxUint64), of[uint64](1), of(false)},
		{"greater or equal", GreaterOrEqual, vec(1, 2, nan), vec(2, 2, 1), of(false, true, false)},
		{"empty", Add, f32([]int{0, 1}), vec(1, 2), f32([]int{0, 2})},
	} {
		check(t, c.name, c.want, func(z *tensor.Tensor) error { return c.f(z, c.x, c.y) })
	}
}

// TestHalves wants what f32 gives, rounded once.
func TestHalves(t *testing.T) {
	r := seeded()
	for _, d := range []tensor.DType{tensor.Float16, tensor.BFloat16} {
		x, y := random(r, d, 3, 5), random(r, d, 5)
		want := &tensor.Tensor{}
		if err := Mul(want, cast(x, tensor.Float32), cast(y, tensor.Float32)); err != nil {
			t.Fatal(err)
		}
		check(t, "Mul of "+d.String(), cast(want, d), func(z *tensor.Tensor) error { return Mul(z, x, y) })
		if err := MatMul(want, cast(x, tensor.Float32), cast(y, tensor.Float32)); err != nil {
			t.Fatal(err)
		}
		check(t, "MatMul of "+d.String(), cast(want, d), func(z *tensor.Tensor) error { return MatMul(z, x, y) })
	}
}

// TestBroadcast compares with the definition: every index of the result is
// looked up in the operands, at 0 along axes of size 1. Rows are longer than a
// chunk.
func TestBroadcast(t *testing.T) {
	r := seeded()
	for range 300 {
		rank := 1 + r.IntN(4)
		full := make([]int, rank)
		for i := range full {
			full[i] = 1 + r.IntN(4)
		}
		if r.IntN(10) == 0 {
			full[rank-1] = chunk + 5
		}
		part := func() *tensor.Tensor {
			shape := append([]int{}, full[r.IntN(rank):]...)
			for i := range shape {
				if r.IntN(2) == 0 {
					shape[i] = 1
				}
			}
			return random(r, tensor.Int64, shape...)
		}
		x, y := part(), part()
		shape, err := broadcast(x.Shape, y.Shape)
		if err != nil {
			t.Fatal(err)
		}
		want := tensor.New(tensor.Int64, shape...)
		for i := range want.Len() {
			want.SetInt(i, x.IntAt(lookup(i, shape, x.Shape))-y.IntAt(lookup(i, shape, y.Shape)))
		}
		check(t, x.String()+" − "+y.String(), want, func(z *tensor.Tensor) error { return Sub(z, x, y) })
	}
}

// lookup returns the place in an operand of shape s of element i of a result.
func lookup(i int, shape, s []int) int {
	at, step := 0, 1
	for axis := len(shape) - 1; axis >= 0; axis-- {
		k := i % shape[axis]
		i /= shape[axis]
		if own := axis - (len(shape) - len(s)); own >= 0 {
			if s[own] > 1 {
				at += k * step
			}
			step *= s[own]
		}
	}
	return at
}

func TestUnary(t *testing.T) {
	gelu := func(how string) func(z, x *tensor.Tensor) error {
		return func(z, x *tensor.Tensor) error { return Gelu(z, &attr.Gelu{Approximate: how}, x) }
	}
	for _, c := range []struct {
		name    string
		f       func(z, x *tensor.Tensor) error
		x, want *tensor.Tensor
	}{
		{"abs", Abs, of[int8](-128, -1, 0, 5), of[int8](-128, 1, 0, 5)},
		{"sign", Sign, vec(-2, 0, 3), vec(-1, 0, 1)},
		{"relu of NaN", Relu, vec(-1, nan, 2), vec(0, nan, 2)},
		{"neg of unsigned", Neg, of[uint8](1), of[uint8](255)},
		{"halves to even", Round, vec(0.5, 1.5, 2.5, -0.5, -1.5), vec(0, 2, 2, float32(math.Copysign(0, -1)), -2)},
		{"softplus far out", Softplus, vec(1000, -1000), vec(1000, 0)},
		{"sigmoid far out", Sigmoid, vec(1000, -1000, 0), vec(1, 0, 0.5)},
		{"gelu", gelu("none"), vec(1), vec(0.8413447460685429)},
		{"gelu by tanh", gelu("tanh"), vec(1), vec(0.8411919906082768)},
		{"erf of integers", Erf, of[int32](0, 5), of[int32](0, 0)},
		{"bitwise not", BitwiseNot, of[uint16](0, 0xff00), of[uint16](0xffff, 0x00ff)},
		{"not", Not, of(true, false), of(false, true)},
		{"NaN", IsNaN, vec(nan, inf, 1), of(true, false, false)},
	} {
		check(t, c.name, c.want, func(z *tensor.Tensor) error { return c.f(z, c.x) })
	}
}

func TestClipAndWhere(t *testing.T) {
	check(t, "lo > hi", vec(1, 1, 1), func(z *tensor.Tensor) error {
		return Clip(z, vec(0, 5, 9), f32(nil, 4), f32(nil, 1))
	})
	check(t, "no lower limit", list1(-9, 3), func(z *tensor.Tensor) error { return Clip(z, list1(-9, 7), nil, i64(nil, 3)) })
	check(t, "where", str([]int{2, 2}, "a", "y", "b", "y"), func(z *tensor.Tensor) error {
		return Where(z, boolean([]int{2}, true, false), str([]int{2, 1}, "a", "b"), str(nil, "y"))
	})
}

func TestCast(t *testing.T) {
	for _, c := range []struct {
		name    string
		to      tensor.DType
		x, want *tensor.Tensor
	}{
		{"truncation", tensor.Int32, vec(1.9, -1.9), of[int32](1, -1)},
		{"saturation", tensor.Int32, vec(3e38, -3e38, nan), of[int32](math.MaxInt32, math.MinInt32, 0)},
		{"saturation of i64", tensor.Int64, vec(inf, -inf), list1(math.MaxInt64, math.MinInt64)},
		{"u32 above i32", tensor.Uint32, vec(3e9, -1), of[uint32](3000000000, 0)},
		{"low bits", tensor.Uint8, vec(-1, 300), of[uint8](255, 44)},
		{"wrapping", tensor.Int8, list1(300, -129), of[int8](44, 127)},
		{"bool of NaN", tensor.Bool, vec(nan, 0, -0.5), of(true, false, true)},
		{"of bool", tensor.Float32, of(true, false), vec(1, 0)},
		{"to text", tensor.String, vec(1, 0.25, 1e-7, inf), str([]int{4}, "1.0", "0.25", "1e-07", "INF")},
		{"of text", tensor.Float32, str([]int{4}, "3.141592e2", "-INF", "nan", " 7 "), vec(314.1592, -inf, nan, 7)},
		{"of long text", tensor.Int64, str([]int{1}, "9007199254740993"), list1(9007199254740993)},
		{"of u64", tensor.Float64, of[uint64](1 << 63), of[float64](1 << 63)},
	} {
		check(t, c.name, c.want, func(z *tensor.Tensor) error { return Cast(z, &attr.Cast{To: c.to}, c.x) })
	}
	checkError(t, "no number", []string{"element 1", `"x"`}, func(z *tensor.Tensor) error {
		return Cast(z, &attr.Cast{To: tensor.Int8}, str([]int{2}, "1", "x"))
	})
}
