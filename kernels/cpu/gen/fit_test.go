package main

import (
	"math"
	"slices"
	"testing"
)

// fit returns the coefficients, the lowest first, of the polynomial that
// interpolates f at the Chebyshev nodes of [lo, hi]: near the best one of its
// degree.
func fit(f func(float64) float64, lo, hi float64, degree int) []float64 {
	n := degree + 1
	rows := make([][]float64, n)
	for i := range rows {
		x := (lo+hi)/2 + (hi-lo)/2*math.Cos(math.Pi*(float64(i)+.5)/float64(n))
		rows[i] = make([]float64, n+1)
		power := 1.0
		for j := range n {
			rows[i][j] = power
			power *= x
		}
		rows[i][n] = f(x)
	}
	return solve(rows)
}

// solve eliminates, with row pivots.
func solve(rows [][]float64) []float64 {
	n := len(rows)
	for i := range n {
		pivot := i
		for r := i; r < n; r++ {
			if math.Abs(rows[r][i]) > math.Abs(rows[pivot][i]) {
				pivot = r
			}
		}
		rows[i], rows[pivot] = rows[pivot], rows[i]
		for r := range n {
			if r != i {
				k := rows[r][i] / rows[i][i]
				for c := i; c <= n; c++ {
					rows[r][c] -= k * rows[i][c]
				}
			}
		}
	}
	x := make([]float64, n)
	for i := range x {
		x[i] = rows[i][n] / rows[i][i]
	}
	return x
}

// powerSlope is (2ʳ − 1)/r.
func powerSlope(r float64) float64 {
	if r == 0 {
		return math.Ln2
	}
	return math.Expm1(r*math.Ln2) / r
}

// rest is (f(√t)/√t − 1)/t for an odd function; at 0 it is limit.
func rest(f func(float64) float64, t, limit float64) float64 {
	if t < 1e-6 {
		return limit
	}
	s := math.Sqrt(t)
	return (f(s)/s - 1) / t
}

// TestCoefficients: those written down are as near to their functions as those
// that fit gives here, but for the rounding of each to f32.
func TestCoefficients(t *testing.T) {
	for _, x := range []struct {
		name   string
		got    []float64
		f      func(float64) float64
		lo, hi float64
	}{
		{"exp2", exp2Coefficients, math.Exp2, -0.5, 0.5},
		{"weightFloor", weightFloor, powerSlope, 0, 1},
		{"weightNear", weightNear, powerSlope, -0.5, 0.5},
		{"rough exp", roughExpCoefficients, math.Exp, -math.Ln2 / 2, math.Ln2 / 2},
		{"fall", fallCoefficients, func(r float64) float64 { return math.Exp(-r) }, -math.Ln2 / 2, math.Ln2 / 2},
		{"power", powerCoefficients[1:], powerSlope, -0.5, 0.5},
		{"sine", sineCoefficients, func(t float64) float64 { return rest(math.Sin, t, -1./6) }, 0, angleSquare},
		{"cosine", cosineCoefficients, func(t float64) float64 {
			if t < 1e-3 {
				return 1./24 - t/720
			}
			return (math.Cos(math.Sqrt(t)) - 1 + t/2) / (t * t)
		}, 0, angleSquare},
		{"arcsine", arcCoefficients, func(t float64) float64 { return rest(math.Asin, t, 1./6) }, 0, 0.25},
		{"arctangent", arcTanCoefficients, func(t float64) float64 { return rest(math.Atan, t, -1./3) }, 0, 1},
		{"area tangent", areaCoefficients, func(t float64) float64 { return rest(math.Atanh, t, 1./3) }, 0, math.Pow(math.Sqrt2-1, 4)},
		{"log", logCoefficients, func(r float64) float64 {
			if math.Abs(r) < 1e-3 {
				return 1./3 - r/4 + r*r/5
			}
			return (math.Log1p(r) - r + r*r/2) / (r * r * r)
		}, math.Sqrt2/2 - 1, math.Sqrt2 - 1},
		{"gelu", geluCoefficients, func(x float64) float64 {
			x = max(x, 1e-9)
			return math.Log2(math.Erfc(x/math.Sqrt2)) / x
		}, 0, geluFar},
	} {
		best := fit(x.f, x.lo, x.hi, len(x.got)-1)
		worst, limit := 0.0, 0.0
		for i := range 10001 {
			v := x.lo + (x.hi-x.lo)*float64(i)/10000
			want := x.f(v)
			rounding := evaluate(absolute(best), math.Abs(v)) / (1 << 24)
			limit = max(limit, math.Abs(evaluate(best, v)-want)+rounding)
			worst = max(worst, math.Abs(evaluate(x.got, v)-want))
		}
		if !(worst <= limit) {
			t.Errorf("%s: off by %g, want at most %g", x.name, worst, limit)
		}
	}
}

func absolute(c []float64) []float64 {
	list := make([]float64, len(c))
	for i, a := range c {
		list[i] = math.Abs(a)
	}
	return list
}

func evaluate(c []float64, x float64) float64 {
	sum := 0.0
	for _, a := range slices.Backward(c) {
		sum = sum*x + a
	}
	return sum
}
