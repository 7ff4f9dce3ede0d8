package cli

import (
	"math"
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
)

func TestULPs(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	cases := []struct {
		d    tensor.DType
		x, y float64
		want float64
	}{
		{tensor.Float32, 1, 1, 0},
		{tensor.Float32, nan, nan, 0},
		{tensor.Float32, inf, inf, 0},
		{tensor.Float32, 0, math.Copysign(0, -1), 0},
		{tensor.Float32, 1, 1 + 0x1p-23, 1},
		{tensor.Float32, 1, 1 - 0x1p-24, 1},
		{tensor.Float32, -2, -2 - 0x1p-22, 1},
		{tensor.Float32, 0, math.SmallestNonzeroFloat32, 1},
		{tensor.Float32, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 2},
		{tensor.Float32, 0x1p-126, 0x1p-126 - 0x1p-149, 1},
		{tensor.Float32, 1, 2, 1 << 23},
		{tensor.Float64, 1, 1 + 0x1p-52, 1},
		{tensor.Float64, 1e300, math.Nextafter(1e300, inf), 1},
		{tensor.Float64, 5e-324, -5e-324, 2},
		{tensor.Float16, 1, 1 + 0x1p-10, 1},
		{tensor.BFloat16, 1, 1 + 0x1p-7, 1},
		{tensor.Float32, 1, nan, inf},
		{tensor.Float32, inf, 1, inf},
		{tensor.Float64, math.MaxFloat64, -math.MaxFloat64, 2 * (0x1p63 - 0x1p52)},
		{tensor.Int64, 1, 2, 0},
	}
	for _, c := range cases {
		for _, got := range []float64{ulps(c.d, c.x, c.y), ulps(c.d, c.y, c.x)} {
			if got != c.want {
				t.Errorf("%s: %g and %g are %g apart, want %g", c.d, c.x, c.y, got, c.want)
			}
		}
	}
	for _, x := range []float32{1.5, 3e-40, 7e37, -2e-3} {
		up := math.Nextafter32(x, float32(inf))
		if got := ulps(tensor.Float32, float64(x), float64(up)); got != 1 {
			t.Errorf("%g and the next number are %g apart", x, got)
		}
	}
}
