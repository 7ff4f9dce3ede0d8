package cpu

import (
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

const (
	// sineReach is how large angles may be for the vector kernels: positions in texts
	// of 131 072 tokens, in radians.
	sineReach = 1 << 17
	// reachPiece is how many elements are looked at before a kernel runs on them.
	reachPiece = 256
)

// Sin is the sine of f32, f16 or bf16.
func Sin(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Sin", z, x, costSine, sin) }

// Cos is the cosine.
func Cos(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Cos", z, x, costSine, cos) }

func sin(z, x []float32) { sines(vec.Sin, math.Sin, z, x) }
func cos(z, x []float32) { sines(vec.Cos, math.Cos, z, x) }

// sines is near of angles up to sineReach, and far of others: which of them an
// element has depends on itself alone, not on where a range was cut.
func sines(near func(n int, z, x *float32), far func(float64) float64, z, x []float32) {
	for i := 0; i < len(x); i += reachPiece {
		j := min(i+reachPiece, len(x))
		if reach(x[i:j]) <= sineReach {
			map1(near, z[i:j], x[i:j])
			continue
		}
		for k := i; k < j; k++ {
			if v := float64(x[k]); math.Abs(v) <= sineReach {
				map1(near, z[k:k+1], x[k:k+1])
			} else {
				z[k] = float32(far(v))
			}
		}
	}
}

// reach is the greatest magnitude in x, NaN passed over.
func reach(x []float32) float32 {
	var most [1]float32
	vec.Reach(len(x), ptr(most[:]), ptr(x))
	return most[0]
}
