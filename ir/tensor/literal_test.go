package tensor

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestLiteralsOfAllCodes spells every code of the types of at most 16 bits and
// reads it back.
func TestLiteralsOfAllCodes(t *testing.T) {
	for d := Float32; d < numDTypes; d++ {
		if d.Bits() == 0 || d.Bits() > 16 || d == Bool {
			continue
		}
		x, y := New(d, 1), New(d, 1)
		for code := range 1 << d.Bits() {
			x.Bytes()[0] = byte(code)
			if d.Bits() == 16 {
				x.Bytes()[1] = byte(code >> 8)
			}
			s := x.FormatElem(0)
			if err := y.ParseElem(0, s); err != nil {
				t.Fatalf("%s %#x: %v", d, code, err)
			}
			if !x.Equal(y) && s != "nan" {
				t.Fatalf("%s %#x is spelled %s, which is %x", d, code, s, y.Bytes())
			}
		}
	}
}

func TestLiteralsOfWideTypes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, d := range []DType{Float32, Float64, Int32, Int64, Uint32, Uint64, Complex64, Complex128} {
		x, y := New(d, 1), New(d, 1)
		for range 5_000 {
			for i := range x.Bytes() {
				x.Bytes()[i] = byte(r.Uint32())
			}
			if d.IsFloat() && math.IsNaN(x.FloatAt(0)) || d == Complex64 && anyNaN(Data[complex64](x)[0]) || d == Complex128 && anyNaN(complex64(Data[complex128](x)[0])) {
				continue
			}
			if err := y.ParseElem(0, x.FormatElem(0)); err != nil || !x.Equal(y) {
				t.Fatalf("%s %x is spelled %s, which is %x (%v)", d, x.Bytes(), x.FormatElem(0), y.Bytes(), err)
			}
		}
	}
}

func anyNaN(c complex64) bool { return c != c }

func TestLiteralSpelling(t *testing.T) {
	for _, c := range []struct {
		x    *Tensor
		want string
	}{
		{Scalar[float32](0.1), "0.1"},
		{Scalar(HalfOf(0.1)), "0.1"},
		{Scalar(HalfOf(65504)), "65504"},
		{Scalar(BrainOf(-1.0 / 3)), "-0.334"},
		{Scalar(math.Copysign(0, -1)), "-0"},
		{Scalar(math.Inf(-1)), "-inf"},
		{Scalar(float32(math.NaN())), "nan"},
		{Scalar(true), "true"},
		{Scalar(uint64(math.MaxUint64)), "18446744073709551615"},
		{Scalar(complex64(complex(1, -0.5))), "(1-0.5i)"},
		{OfStrings(nil, []string{"a\n\xff"}), `"a\n\xff"`},
	} {
		if got := c.x.FormatElem(0); got != c.want {
			t.Errorf("%s: %s, want %s", c.x, got, c.want)
		}
	}
}

func TestLiteralErrors(t *testing.T) {
	for _, c := range []struct {
		d DType
		s string
	}{
		{Float32, ""}, {Float32, "1e39"}, {Float32, "x"}, {Float64, "1e309"}, {Float16, "65520"}, {BFloat16, "3.4e38"},
		{Float8E4M3FN, "inf"}, {Float8E4M3FN, "1000"}, {Float8E5M2, "1e6"}, {Float4E2M1, "nan"}, {Float8E8M0, "1e39"},
		{Int8, "128"}, {Int8, "1.5"}, {Uint8, "-1"}, {Int4, "8"}, {Uint2, "4"}, {Int64, "9223372036854775808"},
		{Uint64, "-1"}, {Bool, "2"}, {Complex64, "(1e39+0i)"}, {Complex128, "1+"}, {String, "a"},
	} {
		x := New(c.d, 1)
		if err := x.ParseElem(0, c.s); err == nil {
			t.Errorf("%s: %q is read as %s", c.d, c.s, x.FormatElem(0))
		}
	}
}
