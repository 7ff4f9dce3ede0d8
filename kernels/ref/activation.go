package ref

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Elu is x, or alpha·(exp(x)−1) below 0.
func Elu(z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	alpha := float64(a.Alpha)
	return apply(z, x, func(v float64) float64 { return below(v, 0, alpha*math.Expm1(v)) })
}

// LeakyRelu is x, or alpha·x below 0.
func LeakyRelu(z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	alpha := float64(a.Alpha)
	return apply(z, x, func(v float64) float64 { return below(v, 0, alpha*v) })
}

// below is v, or other if v is below limit.
func below(v, limit, other float64) float64 {
	if v < limit {
		return other
	}
	return v
}

// ThresholdedRelu is x above alpha, else 0.
func ThresholdedRelu(z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	alpha := float64(a.Alpha)
	return apply(z, x, func(v float64) float64 {
		if v > alpha {
			return v
		}
		return 0
	})
}

// Celu is max(0, x) + min(0, alpha·(exp(x/alpha)−1)).
func Celu(z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	alpha := float64(a.Alpha)
	return apply(z, x, func(v float64) float64 { return max(0, v) + min(0, alpha*math.Expm1(v/alpha)) })
}

// HardSigmoid is max(0, min(1, alpha·x + beta)).
func HardSigmoid(z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	alpha, beta := float64(a.Alpha), float64(a.Beta)
	return apply(z, x, func(v float64) float64 { return max(0, min(1, float64(alpha*v)+beta)) })
}

// Selu is gamma·x, or gamma·alpha·(exp(x)−1) up to 0; gamma is Beta.
func Selu(z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	alpha, gamma := float64(a.Alpha), float64(a.Beta)
	return apply(z, x, func(v float64) float64 { return gamma * below(v, 0, alpha*math.Expm1(v)) })
}

// Shrink moves x towards 0 by Beta where |x| > Alpha, and gives 0 elsewhere.
func Shrink(z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	limit, bias := float64(a.Alpha), float64(a.Beta)
	return apply(z, x, func(v float64) float64 {
		switch {
		case v < -limit:
			return v + bias
		case v > limit:
			return v - bias
		}
		return 0
	})
}

// Swish is x·sigmoid(alpha·x).
func Swish(z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	alpha := float64(a.Alpha)
	return apply(z, x, func(v float64) float64 { return v * sigmoid(alpha*v) })
}

// Gelu is x·Φ(x), or its approximation by tanh.
func Gelu(z *tensor.Tensor, a *attr.Gelu, x *tensor.Tensor) error {
	switch a.Approximate {
	case "none":
		return apply(z, x, func(v float64) float64 { return 0.5 * v * (1 + math.Erf(v/math.Sqrt2)) })
	case "tanh":
		c := math.Sqrt(2 / math.Pi)
		return apply(z, x, func(v float64) float64 {
			return 0.5 * v * (1 + math.Tanh(c*(v+float64(0.044715*v*v*v))))
		})
	}
	return fmt.Errorf("approximate %q is neither none nor tanh", a.Approximate)
}
