package simd

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// narrowed is n elements of another type at the end of guarded floats.
func narrowed[T uint8 | uint16 | uint64](t testing.TB, n int) []T {
	size := int(unsafe.Sizeof(T(0)))
	x := guarded(t, (n*size+3)/4, true)
	all := unsafe.Slice((*T)(unsafe.Pointer(&x[0])), len(x)*4/size)
	return all[len(all)-n:]
}

func TestGatherRows(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		rng := rand.New(rand.NewPCG(25, 26))
		for rows := range 11 {
			panel := filled(t, rng, max(rows, 1)*k.Columns, true, 0, 1)[:rows*k.Columns]
			x, offsets := scatterRows(t, rng, panel, k.Columns)
			z := guarded(t, rows*k.Columns+1, true)
			z[rows*k.Columns] = 7
			k.GatherRows(rows, &z[0], &x[0], &offsets[0])
			for i, want := range panel {
				if z[i] != want {
					t.Fatalf("of %d rows, element %d is %g, want %g", rows, i, z[i], want)
				}
			}
			if z[rows*k.Columns] != 7 {
				t.Fatalf("of %d rows: wrote behind them", rows)
			}
		}
	})
}

func TestChoose(t *testing.T) {
	eachRow(t, func(t *testing.T, k *Kernels, rng *rand.Rand, n int, atEnd bool) {
		x, y, z, c := filled(t, rng, n, atEnd, 0, 1), filled(t, rng, n, atEnd, 0, 1), guarded(t, n, atEnd), narrowed[uint8](t, n)
		for i := range c {
			c[i] = uint8(rng.IntN(2))
		}
		x[n/2] = math.Float32frombits(0x7f800001) // moved as it is, though it is a signalling NaN
		check := func(name string, x, y func(i int) float32) {
			t.Helper()
			for i := range z {
				want := y(i)
				if c[i] != 0 {
					want = x(i)
				}
				if math.Float32bits(z[i]) != math.Float32bits(want) {
					t.Fatalf("%s of %d: element %d is %g, want %g", name, n, i, z[i], want)
				}
			}
		}
		of := func(x []float32) func(i int) float32 { return func(i int) float32 { return x[i] } }
		seven := func(int) float32 { return 7 }
		k.Choose(n, &z[0], &c[0], &x[0], &y[0])
		check("Choose", of(x), of(y))
		k.ChooseNumber(n, &z[0], &c[0], &x[0], 7)
		check("ChooseNumber", of(x), seven)
		k.NumberChoose(n, &z[0], &c[0], 7, &y[0])
		check("NumberChoose", seven, of(y))
	})
}

// halfValue is what 16 bits mean as a float16, by its definition.
func halfValue(h uint16) float64 {
	sign := 1 - 2*float64(h>>15)
	exponent, fraction := int(h>>10&31), float64(h&1023)
	switch exponent {
	case 31:
		if fraction != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	case 0:
		return sign * math.Ldexp(fraction, -24)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

func brainValue(h uint16) float64 { return float64(math.Float32frombits(uint32(h) << 16)) }

// TestConversions widens every number of 16 bits, and narrows each, those halfway
// to the next, and what is next to these.
func TestConversions(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, f := range []struct {
			name   string
			value  func(uint16) float64
			widen  func(n int, z *float32, x *uint16)
			narrow func(n int, z *uint16, x *float32)
		}{{"half", halfValue, k.WidenHalf, k.NarrowHalf}, {"brain", brainValue, k.WidenBrain, k.NarrowBrain}} {
			all, wide := make([]uint16, 1<<16), make([]float32, 1<<16)
			for i := range all {
				all[i] = uint16(i)
			}
			f.widen(len(all), &wide[0], &all[0])
			for i, v := range wide {
				if want := f.value(all[i]); float64(v) != want && (v == v || want == want) {
					t.Fatalf("%s: %#x is %g, want %g", f.name, i, v, want)
				}
			}
			for h := range uint16(0x7fff) {
				low, high := f.value(h), f.value(h+1)
				if math.IsNaN(high) || math.IsInf(low, 0) {
					continue
				}
				if math.IsInf(high, 0) { // rounding goes on as if the exponents did
					high = 2*low - f.value(h-1)
				}
				middle := float32(low + (high-low)/2)
				even := h + h&1
				for _, c := range []struct {
					x    float32
					want uint16
				}{{float32(low), h}, {middle, even}, {math.Nextafter32(middle, 0), h}, {math.Nextafter32(middle, float32(math.Inf(1))), h + 1}} {
					for _, sign := range []float32{1, -1} {
						x, got, want := sign*c.x, uint16(0), c.want
						if math.Signbit(float64(x)) {
							want |= 0x8000
						}
						if f.narrow(1, &got, &x); got != want {
							t.Fatalf("%s: %g (%#x) becomes %#x, want %#x", f.name, x, math.Float32bits(x), got, want)
						}
					}
				}
			}
			nan, got := float32(math.NaN()), uint16(0)
			if f.narrow(1, &got, &nan); !math.IsNaN(f.value(got)) {
				t.Errorf("%s: NaN becomes %#x", f.name, got)
			}
		}
	})
}

// TestConversionsOfEachLength compares lanes with what they are alone.
func TestConversionsOfEachLength(t *testing.T) {
	eachRow(t, func(t *testing.T, k *Kernels, rng *rand.Rand, n int, atEnd bool) {
		x, back, narrow := filled(t, rng, n, atEnd, 0, 1), guarded(t, n, atEnd), narrowed[uint16](t, n)
		for _, f := range []struct {
			widen  func(n int, z *float32, x *uint16)
			narrow func(n int, z *uint16, x *float32)
		}{{k.WidenHalf, k.NarrowHalf}, {k.WidenBrain, k.NarrowBrain}} {
			f.narrow(n, &narrow[0], &x[0])
			f.widen(n, &back[0], &narrow[0])
			for i := range x {
				var one uint16
				var wide float32
				f.narrow(1, &one, &x[i])
				f.widen(1, &wide, &one)
				if one != narrow[i] || wide != back[i] {
					t.Fatalf("element %d of %d is %#x and %g, alone it is %#x and %g", i, n, narrow[i], back[i], one, wide)
				}
			}
		}
	})
}
