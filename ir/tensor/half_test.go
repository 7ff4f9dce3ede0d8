package tensor

import (
	"math"
	"math/rand/v2"
	"testing"
)

// float is the value of a binary code with exp exponent and man mantissa bits,
// by the definition of IEEE 754.
func float(code, exp, man int) float64 {
	sign := 1 - 2*float64(code>>(exp+man)&1)
	e, f := code>>man&(1<<exp-1), code&(1<<man-1)
	bias := 1<<(exp-1) - 1
	switch {
	case e == 1<<exp-1 && f != 0:
		return math.NaN()
	case e == 1<<exp-1:
		return math.Inf(int(sign))
	case e == 0:
		return sign * math.Ldexp(float64(f), 1-bias-man)
	}
	return sign * math.Ldexp(float64(1<<man+f), e-bias-man)
}

func same(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
}

// TestHalfAndBrain goes through all codes: widening is exact, narrowing gives
// the code back, and the midpoints between neighbours go to the even one.
func TestHalfAndBrain(t *testing.T) {
	for _, c := range []struct {
		name     string
		exp, man int
		widen    func(int) float32
		narrow   func(float32) int
	}{
		{"Half", 5, 10, func(c int) float32 { return Half(c).Float32() }, func(f float32) int { return int(HalfOf(f)) }},
		{"Brain", 8, 7, func(c int) float32 { return Brain(c).Float32() }, func(f float32) int { return int(BrainOf(f)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			inf := (1<<c.exp - 1) << c.man
			for code := range 1 << 16 {
				want := float(code, c.exp, c.man)
				got := c.widen(code)
				if !same(float64(got), want) {
					t.Fatalf("%#04x widens to %g, want %g", code, got, want)
				}
				back := c.narrow(got)
				if got == got && back != code || got != got && c.widen(back) == c.widen(back) {
					t.Fatalf("%#04x (%g) narrows to %#04x", code, got, back)
				}
			}
			for code := range inf { // positive, finite
				low := float(code, c.exp, c.man)
				gap := float(code+1, c.exp, c.man) - low
				if code == inf-1 {
					gap = low - float(code-1, c.exp, c.man)
				}
				mid := float32(low + gap/2)
				even := code + code&1
				for _, f := range []struct {
					value float32
					want  int
				}{
					{mid, even},
					{math.Nextafter32(mid, 0), code},
					{math.Nextafter32(mid, float32(math.Inf(1))), code + 1},
				} {
					if got := c.narrow(f.value); got != f.want {
						t.Fatalf("%g narrows to %#04x, want %#04x", f.value, got, f.want)
					}
					if got := c.narrow(-f.value); got != f.want|1<<15 {
						t.Fatalf("%g narrows to %#04x, want %#04x", -f.value, got, f.want|1<<15)
					}
				}
			}
		})
	}
}

// TestNoDoubleRounding writes float64s that float32 rounds to a midpoint of the
// narrow type: they must go to the nearest, not to the even one.
func TestNoDoubleRounding(t *testing.T) {
	tiny := math.Ldexp(1, -40)
	for _, c := range []struct {
		d    DType
		mid  float64
		up   float64
		down float64
	}{
		{Float16, 1 + math.Ldexp(1, -11), 1 + math.Ldexp(1, -10), 1},
		{Float16, 1 + math.Ldexp(3, -11), 1 + math.Ldexp(2, -10), 1 + math.Ldexp(1, -10)},
		{BFloat16, 1 + math.Ldexp(1, -8), 1 + math.Ldexp(1, -7), 1},
		{Float8E4M3FN, 1 + math.Ldexp(1, -4), 1 + math.Ldexp(1, -3), 1},
		{Float8E5M2, 1 + math.Ldexp(3, -3), 1.5, 1.25},
	} {
		x := New(c.d, 2)
		x.SetFloat(0, c.mid+tiny)
		x.SetFloat(1, c.mid-tiny)
		if x.FloatAt(0) != c.up || x.FloatAt(1) != c.down {
			t.Errorf("%s: around %g: %g and %g, want %g and %g", c.d, c.mid, x.FloatAt(0), x.FloatAt(1), c.up, c.down)
		}
	}
}

// nearest rounds v to the finite codes of d by search, ties to the even code.
// Codes are enumerated by decoding, so only decode is trusted.
func nearest(d DType, v float64) float64 {
	m := minifloats[d]
	best, bestCode := math.NaN(), 0
	for code := range 1 << (m.exp + m.man) {
		x := float64(m.decode(uint8(code)))
		if x != x || math.IsInf(x, 0) {
			continue
		}
		delta, least := math.Abs(x-math.Abs(v)), math.Abs(best-math.Abs(v))
		if best != best || delta < least || delta == least && code&1 == 0 && bestCode&1 == 1 {
			best, bestCode = x, code
		}
	}
	return best
}

func TestMinifloatRounding(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for d := range minifloats {
		x := New(d, 1)
		for range 20_000 {
			v := float64(float32(math.Ldexp(r.Float64()-0.5, r.IntN(44)-24)))
			x.SetFloat(0, v)
			want := math.Copysign(nearest(d, v), v)
			if got := x.FloatAt(0); got != want && !(got == 0 && want == 0) {
				t.Fatalf("%s: %g becomes %g, want %g", d, v, got, want)
			}
		}
	}
}

// TestMinifloatSpecials has the tables of the ONNX documents "Float stored in 8
// bits" and "Float stored in 4 bits": what infinity, NaN, an overflow and
// negative zero become.
func TestMinifloatSpecials(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		d                      DType
		largest                float64
		infinity               float64 // unsaturated
		nanBits, negativeZero  byte
		least                  float64
		infSaturated, overflow float64
	}{
		{Float8E4M3FN, 448, nan, 0x7f, 0x80, math.Ldexp(1, -9), 448, nan},
		{Float8E4M3FNUZ, 240, nan, 0x80, 0, math.Ldexp(1, -10), 240, nan},
		{Float8E5M2, 57344, inf, 0x7f, 0x80, math.Ldexp(1, -16), 57344, inf},
		{Float8E5M2FNUZ, 57344, nan, 0x80, 0, math.Ldexp(1, -17), 57344, nan},
		{Float4E2M1, 6, 6, 0x7, 0x8, 0.5, 6, 6},
	} {
		x := New(c.d, 1)
		check := func(what string, v float64, saturate bool, want float64) {
			t.Helper()
			x.SetSmallFloat(0, float32(v), saturate)
			if got := x.FloatAt(0); !same(got, want) {
				t.Errorf("%s: %s becomes %g, want %g", c.d, what, got, want)
			}
		}
		check("the largest", c.largest, false, c.largest)
		check("the least", c.least, false, c.least)
		check("infinity", inf, false, c.infinity)
		check("infinity, saturated", inf, true, c.infSaturated)
		check("-infinity, saturated", -inf, true, -c.infSaturated)
		check("twice the largest", 2*c.largest, false, c.overflow)
		check("twice the largest, saturated", 2*c.largest, true, c.largest)
		x.SetFloat(0, nan)
		if x.Bytes()[0] != c.nanBits {
			t.Errorf("%s: NaN is %#x, want %#x", c.d, x.Bytes()[0], c.nanBits)
		}
		x.SetFloat(0, math.Copysign(0, -1))
		if x.Bytes()[0] != c.negativeZero {
			t.Errorf("%s: -0 is %#x, want %#x", c.d, x.Bytes()[0], c.negativeZero)
		}
	}
}

func TestE8M0(t *testing.T) {
	x := New(Float8E8M0, 1)
	for code := range 256 {
		x.Bytes()[0] = byte(code)
		v := x.FloatAt(0)
		if code == 255 {
			if v == v {
				t.Errorf("255 is %g, want NaN", v)
			}
		} else if v != math.Ldexp(1, code-127) {
			t.Errorf("%d is %g", code, v)
		}
		x.SetFloat(0, v)
		if got := int(x.Bytes()[0]); got != code {
			t.Errorf("%g becomes %d, want %d", v, got, code)
		}
	}
	for _, c := range []struct {
		v        float32
		saturate bool
		want     byte
	}{
		{1.5, true, 128}, {-1.5, true, 128}, {math.MaxFloat32, true, 254}, {math.MaxFloat32, false, 255},
		{float32(math.Inf(1)), true, 254}, {float32(math.Inf(1)), false, 255}, {0, true, 0}, {math.SmallestNonzeroFloat32, true, 1},
	} {
		x.SetSmallFloat(0, c.v, c.saturate)
		if got := x.Bytes()[0]; got != c.want {
			t.Errorf("%g (saturate %t) becomes %d, want %d", c.v, c.saturate, got, c.want)
		}
	}
}
