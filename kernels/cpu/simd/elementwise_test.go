package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// sizes are those at which loops end in other ways: within a vector, at its end,
// within a turn of four.
var sizes = []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 300}

// eachLevel runs f for every level of the processor.
func eachLevel(t *testing.T, f func(t *testing.T, k *Kernels)) {
	for _, k := range Levels() {
		t.Run(k.Level, func(t *testing.T) { f(t, k) })
	}
}

// ulps is how far got is from want in units in the last place, those of the least
// normal number below it.
func ulps(got float32, want float64) float64 {
	if math.IsNaN(want) || math.IsInf(want, 0) || math.Abs(want) > math.MaxFloat32 {
		if got != got && want != want || float64(got) == want || math.IsInf(float64(got), int(math.Copysign(1, want))) {
			return 0
		}
		return math.Inf(1)
	}
	_, exponent := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(exponent-24, -149))
}

func phi(x float64) float64     { return math.Erfc(-x/math.Sqrt2) / 2 }
func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func sign(x float64) float64 {
	if x == 0 || x != x {
		return x
	}
	return math.Copysign(1, x)
}

// TestFunctions compares each function of one operand with float64 over the whole
// range of arguments. The limits are what was seen, rounded up.
func TestFunctions(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, f := range []struct {
			name string
			got  func(n int, z, x *float32)
			want func(float64) float64
			ulps float64
			abs  float64 // or within this of it
		}{
			{"Exp", k.Exp, math.Exp, 2, 0},
			{"Tanh", k.Tanh, math.Tanh, 3, 0},
			{"Erf", k.Erf, math.Erf, 3.5, 0},
			{"Sigmoid", k.Sigmoid, sigmoid, 3.5, 1.2e-38},                                 // below the normal numbers it may be 0
			{"Silu", k.Silu, func(x float64) float64 { return x * sigmoid(x) }, 4, 1e-36}, // where the sigmoid is below them
			// The exponent is rounded: beside that, a rounding of x is allowed, as the
			// formula with 1 + erf leaves in f32.
			{"QuickGelu", k.QuickGelu, func(x float64) float64 { return x * sigmoid(1.702*x) }, 4, 1e-7},
			{"Gelu", k.Gelu, func(x float64) float64 { return x * phi(x) }, 4, 1e-7},
			{"GeluTanh", k.GeluTanh, func(x float64) float64 {
				return x * sigmoid(2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))
			}, 4, 1e-7},
			{"HardSwish", k.HardSwish, func(x float64) float64 { return x * (math.Max(0, math.Min(6, x+3)) / 6) }, 3, 1e-7}, // x + 3 is rounded
			{"Relu", k.Relu, func(x float64) float64 { return math.Max(x, 0) }, 0, 0},
			{"Neg", k.Neg, func(x float64) float64 { return -x }, 0, 0},
			{"Abs", k.Abs, math.Abs, 0, 0},
			{"Sqrt", k.Sqrt, math.Sqrt, 0.5, 0},
			{"Reciprocal", k.Reciprocal, func(x float64) float64 { return 1 / x }, 0.5, 0},
			{"Root", k.Root, func(x float64) float64 { return math.Pow(x, 0.5) }, 0.5, 0},
			{"InverseRoot", k.InverseRoot, func(x float64) float64 { return math.Pow(x, -0.5) }, 1.5, 0},
			{"Log", k.Log, math.Log, 1.5, 0},
			{"Sin", k.Sin, math.Sin, 1.5, 0},
			{"Cos", k.Cos, math.Cos, 1.5, 0},
			{"Asin", k.Asin, math.Asin, 2.5, 0},
			{"Acos", k.Acos, math.Acos, 2, 0},
			{"Atan", k.Atan, math.Atan, 2, 0},
			{"Softplus", k.Softplus, func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }, 3, 0},
			{"Mish", k.Mish, func(x float64) float64 { return x * math.Tanh(max(x, 0)+math.Log1p(math.Exp(-math.Abs(x)))) }, 3.5, 1e-36}, // where eˣ is below the normal numbers
			{"Softsign", k.Softsign, func(x float64) float64 { return x / (1 + math.Abs(x)) }, 1.5, 0},
			{"Sign", k.Sign, sign, 0, 0},
			{"Floor", k.Floor, math.Floor, 0, 0},
			{"Ceil", k.Ceil, math.Ceil, 0, 0},
			{"Round", k.Round, math.RoundToEven, 0, 0},
			{"Elu", func(n int, z, x *float32) { k.Elu(n, z, x, 1, 1, 1) }, func(x float64) float64 {
				if x > 0 {
					return x
				}
				return math.Expm1(x)
			}, 2.5, 0},
		} {
			var x []float32
			for bits := uint32(0); bits < 0x7f800000; bits += 4099 {
				x = append(x, math.Float32frombits(bits), -math.Float32frombits(bits))
			}
			x = append(x, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)))
			for i := -40000; i < 40000; i++ { // where quarters of turns and powers of e change
				x = append(x, float32(float64(i)*math.Pi/4), float32(float64(i)/8), float32(float64(i)/40000))
			}
			z := make([]float32, len(x))
			f.got(len(x), &z[0], &x[0])
			worst, where := 0.0, float32(0)
			for i, v := range x {
				if (f.name == "Sin" || f.name == "Cos") && math.Abs(float64(v)) > 1<<17 {
					continue
				}
				want := f.want(float64(v))
				if err := ulps(z[i], want); err > worst && !(math.Abs(float64(z[i])-want) <= f.abs) {
					worst, where = err, v
				}
			}
			t.Logf("%s: %.2f units at %g", f.name, worst, where)
			if !(worst <= f.ulps) {
				t.Errorf("%s: off by %g units at %g", f.name, worst, where)
			}
		}
	})
}

// TestEveryLane runs each function on lengths that end in every way, beside pages
// that can't be touched: each element must be what it is alone.
func TestEveryLane(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		unary := map[string]func(n int, z, x *float32){
			"Exp": k.Exp, "Tanh": k.Tanh, "Erf": k.Erf, "Sigmoid": k.Sigmoid, "Silu": k.Silu, "QuickGelu": k.QuickGelu, "Gelu": k.Gelu,
			"GeluTanh": k.GeluTanh, "HardSwish": k.HardSwish, "Relu": k.Relu, "Neg": k.Neg, "Abs": k.Abs, "Sqrt": k.Sqrt, "Reciprocal": k.Reciprocal,
			"Root": k.Root, "InverseRoot": k.InverseRoot, "Log": k.Log, "Sin": k.Sin, "Cos": k.Cos, "Asin": k.Asin, "Acos": k.Acos, "Atan": k.Atan,
			"Softplus": k.Softplus, "Mish": k.Mish, "Softsign": k.Softsign, "Sign": k.Sign, "Floor": k.Floor, "Ceil": k.Ceil, "Round": k.Round,
			"Elu": func(n int, z, x *float32) { k.Elu(n, z, x, 2, 3, 0.5) },
			"Pow": func(n int, z, x *float32) { k.PowNumber(n, z, x, 3) },
			"Add": func(n int, z, x *float32) { k.AddNumber(n, z, x, 3) },
			"Div": func(n int, z, x *float32) { k.NumberDiv(n, z, 3, x) },
		}
		for name, f := range unary {
			for _, n := range sizes {
				for _, atEnd := range []bool{false, true} {
					x, z := guarded(t, n, atEnd), guarded(t, n, atEnd)
					for i := range x {
						x[i] = float32(rng.NormFloat64())
					}
					f(n, &z[0], &x[0])
					for i := range x {
						var one float32
						f(1, &one, &x[i])
						if one != z[i] && one == one {
							t.Fatalf("%s: element %d of %d is %g, alone it is %g", name, i, n, z[i], one)
						}
					}
				}
			}
		}
	})
}

func TestBinary(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, f := range []struct {
			name string
			vv   func(n int, z, x, y *float32)
			vs   func(n int, z, x *float32, y float32)
			sv   func(n int, z *float32, x float32, y *float32)
			want func(x, y float32) float32
		}{
			{"Add", k.Add, k.AddNumber, nil, func(x, y float32) float32 { return x + y }},
			{"Sub", k.Sub, k.SubNumber, k.NumberSub, func(x, y float32) float32 { return x - y }},
			{"Mul", k.Mul, k.MulNumber, nil, func(x, y float32) float32 { return x * y }},
			{"Div", k.Div, k.DivNumber, k.NumberDiv, func(x, y float32) float32 { return x / y }},
			{"Max", k.Max, k.MaxNumber, nil, func(x, y float32) float32 { return max(x, y) }},
			{"Min", k.Min, k.MinNumber, nil, func(x, y float32) float32 { return min(x, y) }},
			{"Leak", k.Leak, k.LeakNumber, k.NumberLeak, func(x, y float32) float32 {
				if x < 0 {
					return x * y
				}
				return x
			}},
		} {
			for _, n := range sizes {
				x, y, z := guarded(t, n, true), guarded(t, n, true), guarded(t, n, true)
				for i := range x {
					x[i], y[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
				}
				check := func(how string, want func(i int) float32) {
					t.Helper()
					for i := range z {
						if z[i] != want(i) {
							t.Fatalf("%s %s: element %d of %d is %g, want %g", f.name, how, i, n, z[i], want(i))
						}
					}
				}
				f.vv(n, &z[0], &x[0], &y[0])
				check("of vectors", func(i int) float32 { return f.want(x[i], y[i]) })
				f.vs(n, &z[0], &x[0], y[0])
				check("and a number", func(i int) float32 { return f.want(x[i], y[0]) })
				if f.sv != nil {
					f.sv(n, &z[0], x[0], &y[0])
					check("of a number and", func(i int) float32 { return f.want(x[0], y[i]) })
				}
			}
		}
	})
}

// TestRuns compares many short runs with the same function of each.
func TestRuns(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	const rows = 5
	type runs func(rows, n int, z, x *float32, ldx int, y *float32, ldy int)
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, f := range []struct {
			name       string
			vv, vs, sv runs
			want       func(x, y float32) float32
		}{
			{"Add", k.AddRuns, k.AddNumberRuns, nil, func(x, y float32) float32 { return x + y }},
			{"Sub", k.SubRuns, k.SubNumberRuns, k.NumberSubRuns, func(x, y float32) float32 { return x - y }},
			{"Mul", k.MulRuns, k.MulNumberRuns, nil, func(x, y float32) float32 { return x * y }},
			{"Div", k.DivRuns, k.DivNumberRuns, k.NumberDivRuns, func(x, y float32) float32 { return x / y }},
		} {
			for _, n := range sizes {
				for _, form := range []struct {
					f            runs
					nx, ny       int // of a run
					ldx, ldy     int
					stepx, stepy int
				}{
					{f.vv, n, n, n, n, 1, 1}, {f.vv, n, n, n, 0, 1, 1}, {f.vv, n, n, 0, n + 2, 1, 1},
					{f.vs, n, 1, n, 1, 1, 0}, {f.vs, n, 1, n + 1, 0, 1, 0}, {f.sv, 1, n, 1, n, 0, 1},
				} {
					if form.f == nil {
						continue
					}
					x := filled(t, rng, (rows-1)*form.ldx+form.nx, true, 0, 1)
					y := filled(t, rng, (rows-1)*form.ldy+form.ny, true, 0, 1)
					z := guarded(t, rows*n, true)
					form.f(rows, n, &z[0], &x[0], form.ldx, &y[0], form.ldy)
					for i := range z {
						r, j := i/n, i%n
						if want := f.want(x[r*form.ldx+j*form.stepx], y[r*form.ldy+j*form.stepy]); z[i] != want {
							t.Fatalf("%s of runs of %d, %+v: element %d is %g, want %g", f.name, n, form, i, z[i], want)
						}
					}
				}
			}
		}
	})
}

// TestPow compares powers with float64: special numbers with each other, and others
// over all magnitudes whose powers are numbers.
func TestPow(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	special := []float32{0, -inf, inf, nan, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 1e-40, -1e-40, 1e38, -1e38, 1.5, -1.5, 7, 1 << 21, -1<<21 + 1, 1e-10}
	special = append(special, float32(math.Copysign(0, -1)))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, x := range special {
			for _, y := range special {
				if math.Abs(float64(y)) >= 1<<22 {
					continue
				}
				var z float32
				k.PowNumber(1, &z, &x, y)
				want := math.Pow(float64(x), float64(y))
				if err := ulps(z, want); !(err <= 2.5) || z == 0 && math.Signbit(float64(z)) != math.Signbit(want) {
					t.Errorf("%g to the power of %g is %g, want %g", x, y, z, want)
				}
			}
		}
		rng := rand.New(rand.NewPCG(21, 22))
		n := 1 << 20
		x, y, z := make([]float32, n), make([]float32, n), make([]float32, n)
		for i := range x {
			x[i] = math.Float32frombits(rng.Uint32N(0x7f800000))
			if i%2 == 0 {
				x[i] = float32(math.Exp(rng.NormFloat64() * math.Pow(10, -4*rng.Float64())))
			}
			y[i] = float32((rng.Float64()*2 - 1) * 150 / (math.Abs(math.Log2(float64(x[i]))) + 1e-4))
		}
		k.Pow(n, &z[0], &x[0], &y[0])
		worst, at := 0.0, 0
		for i := range z {
			if err := ulps(z[i], math.Pow(float64(x[i]), float64(y[i]))); !(err <= worst) {
				worst, at = err, i
			}
		}
		t.Logf("%.2f units: %g to the power of %g", worst, x[at], y[at])
		if !(worst <= 2.5) {
			t.Errorf("%g to the power of %g is %g, off by %g units", x[at], y[at], z[at], worst)
		}
	})
}
