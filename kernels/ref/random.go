package ref

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// RandomUniformLike draws numbers from A to B, as many as x has elements, whose values do
// not matter.
func RandomUniformLike(z *tensor.Tensor, a *attr.Random, x *tensor.Tensor) error {
	return draw(z, a, x, func(r *rand.Rand) float64 { return float64(a.A) + float64(float64(a.B-a.A)*r.Float64()) })
}

// RandomNormalLike draws numbers of the mean A and the deviation B.
func RandomNormalLike(z *tensor.Tensor, a *attr.Random, x *tensor.Tensor) error {
	return draw(z, a, x, func(r *rand.Rand) float64 { return float64(a.A) + float64(float64(a.B)*r.NormFloat64()) })
}

// draw fills z. With a seed every call draws the same numbers.
func draw(z *tensor.Tensor, a *attr.Random, x *tensor.Tensor, next func(r *rand.Rand) float64) error {
	d := a.DType
	if d == tensor.Invalid {
		d = x.DType
	}
	if !d.IsFloat() {
		return fmt.Errorf("random numbers of type %s, want floats", d)
	}
	if err := reset(z, d, x.Shape...); err != nil {
		return err
	}
	source := rand.NewPCG(uint64(math.Float32bits(a.Seed)), 0)
	if a.Seed == 0 {
		source = rand.NewPCG(rand.Uint64(), rand.Uint64())
	}
	r, out := rand.New(source), make([]float64, z.Len())
	for i := range out {
		out[i] = next(r)
	}
	store(z, out)
	return nil
}
