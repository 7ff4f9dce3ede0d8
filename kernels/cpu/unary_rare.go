package cpu

import (
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Operators of one operand that models hardly have, in plain Go: of f32, f16 and
// bf16, of any shape.

// Tan is the tangent.
func Tan(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Tan", z, x, costMath, tan) }

// Sinh is the hyperbolic sine.
func Sinh(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Sinh", z, x, costMath, sinh) }

// Cosh is the hyperbolic cosine.
func Cosh(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Cosh", z, x, costMath, cosh) }

// Asinh is the inverse hyperbolic sine.
func Asinh(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Asinh", z, x, costMath, asinh) }

// Acosh is the inverse hyperbolic cosine.
func Acosh(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Acosh", z, x, costMath, acosh) }

// Atanh is the inverse hyperbolic tangent.
func Atanh(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Atanh", z, x, costMath, atanh) }

var (
	tan   = each(math.Tan)
	sinh  = each(math.Sinh)
	cosh  = each(math.Cosh)
	asinh = each(math.Asinh)
	acosh = each(math.Acosh)
	atanh = each(math.Atanh)
)

// each is f of every element, rounded once.
func each(f func(float64) float64) func(z, x []float32) {
	return func(z, x []float32) {
		for i, v := range x {
			z[i] = float32(f(float64(v)))
		}
	}
}

// ThresholdedRelu is x above alpha, else 0.
func ThresholdedRelu(c *Ctx, z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	return c.mapUnary("ThresholdedRelu", z, x, costScalar, unary{with: thresholded, p: parameters{a.Alpha}})
}

// Shrink moves x towards 0 by Beta where |x| > Alpha, and gives 0 elsewhere.
func Shrink(c *Ctx, z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	return c.mapUnary("Shrink", z, x, costScalar, unary{with: shrunk, p: parameters{a.Alpha, a.Beta}})
}

func thresholded(z, x []float32, p parameters) {
	for i, v := range x {
		if !(v > p[0]) {
			v = 0
		}
		z[i] = v
	}
}

func shrunk(z, x []float32, p parameters) {
	limit, bias := p[0], p[1]
	for i, v := range x {
		switch {
		case v < -limit:
			z[i] = v + bias
		case v > limit:
			z[i] = v - bias
		default:
			z[i] = 0
		}
	}
}
