package main

import (
	"math"
	"slices"
	"testing"
)

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
		{"exp", expCoefficients, math.Exp, -math.Ln2 / 2, math.Ln2 / 2},
		{"rough exp", roughExpCoefficients, math.Exp, -math.Ln2 / 2, math.Ln2 / 2},
		{"gelu", geluCoefficients, func(x float64) float64 {
			x = max(x, 1e-9)
			return -math.Log2(math.Erfc(x/math.Sqrt2)) / x
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
