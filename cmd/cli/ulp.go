package cli

import (
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

// grids are the numbers that the float types have: bits of significand, the
// leading one included, and the exponent of the least normal number.
var grids = map[tensor.DType]struct{ bits, least int }{
	tensor.Float64:  {53, -1022},
	tensor.Float32:  {24, -126},
	tensor.Float16:  {11, -14},
	tensor.BFloat16: {8, -126},
}

// ulps is how many steps from one number of type d to the next lead from x to y;
// 0 for types that are not floats. NaN equals NaN, and is infinitely far from
// everything else.
func ulps(d tensor.DType, x, y float64) float64 {
	g, ok := grids[d]
	switch {
	case !ok || x == y || math.IsNaN(x) && math.IsNaN(y):
		return 0
	case math.IsNaN(x-y) || math.IsInf(x-y, 0) && (math.IsInf(x, 0) || math.IsInf(y, 0)):
		return math.Inf(1)
	}
	place := func(v float64) (binade, part float64) {
		v = math.Abs(v)
		if v < math.Ldexp(1, g.least) {
			return 0, math.Ldexp(v, -g.least)
		}
		f, e := math.Frexp(v)
		return float64(e - 1 - g.least), 2 * f
	}
	a, fa := place(x)
	b, fb := place(y)
	if math.Signbit(x) != math.Signbit(y) {
		b, fb = -b, -fb
	}
	return math.Abs(math.Ldexp((a-b)+(fa-fb), g.bits-1))
}
