package ref

import (
	"math"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// TestRandom: mean and deviation are those asked for; a seed draws the same again, and
// none others.
func TestRandom(t *testing.T) {
	x := tensor.New(tensor.Int64, 100, 100)
	for _, c := range []struct {
		name            string
		f               func(z *tensor.Tensor, a *attr.Random, x *tensor.Tensor) error
		mean, deviation float64
	}{
		{"uniform", RandomUniformLike, 3, 2 / math.Sqrt(3)},
		{"normal", RandomNormalLike, 1, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := func(seed float32) *tensor.Tensor {
				z := &tensor.Tensor{}
				if err := c.f(z, &attr.Random{DType: tensor.Float32, A: 1, B: 5, Seed: seed}, x); err != nil {
					t.Fatal(err)
				}
				return z
			}
			z := run(7)
			v := load(z)
			mean, squares := average(v), 0.0
			for _, x := range v {
				squares += (x - mean) * (x - mean)
			}
			if deviation := math.Sqrt(squares / float64(len(v))); math.Abs(mean-c.mean) > 0.2 || math.Abs(deviation-c.deviation) > 0.2 {
				t.Errorf("mean %g and deviation %g, want %g and %g", mean, deviation, c.mean, c.deviation)
			}
			if !run(7).Equal(z) || run(8).Equal(z) || run(0).Equal(run(0)) {
				t.Error("the same seed draws others, or others the same")
			}
		})
	}
	checkError(t, "integers", []string{"i64"}, func(z *tensor.Tensor) error { return RandomNormalLike(z, &attr.Random{}, x) })
}
