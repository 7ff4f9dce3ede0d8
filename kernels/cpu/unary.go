package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// unary is a function applied to every element, in tasks of flat ranges.
type unary struct {
	f    func(z, x []float32)
	z, x floats
}

// piece is how many elements of 16 bits are widened at a time.
const piece = 256

// Do computes the elements lo ≤ i < hi.
func (u *unary) Do(lo, hi int) {
	if u.x.f32 != nil {
		u.f(u.z.f32[lo:hi], u.x.f32[lo:hi])
		return
	}
	var buf [piece]float32
	for ; lo < hi; lo += piece {
		row := u.x.load(buf[:], lo, min(piece, hi-lo))
		u.f(row, row)
		u.z.store(lo, row)
	}
}

func (c *Ctx) map1(name string, z, x *tensor.Tensor, f func(z, x []float32)) error {
	if !isFloat(x.DType) {
		return fmt.Errorf("%s: operand %s, want f32, f16 or bf16", name, x)
	}
	z.Reset(x.DType, x.Shape...)
	u := &c.unary
	*u = unary{f, floatsOf(z), floatsOf(x)}
	c.Pool.Do(x.Len(), grain, u)
	return nil
}

// The elementwise operators of f32, f16 and bf16, of any shape.

// Relu is max(x, 0).
func Relu(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Relu", z, x, relu) }

// Neg is −x.
func Neg(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Neg", z, x, neg) }

// Sqrt is √x.
func Sqrt(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Sqrt", z, x, sqrt) }

// Reciprocal is 1/x.
func Reciprocal(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Reciprocal", z, x, reciprocal) }

// Exp is eˣ.
func Exp(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Exp", z, x, exp) }

// Tanh is the hyperbolic tangent.
func Tanh(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Tanh", z, x, tanh) }

// Erf is the error function.
func Erf(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Erf", z, x, erf) }

// Sigmoid is 1/(1 + e⁻ˣ).
func Sigmoid(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Sigmoid", z, x, sigmoid) }

// Gelu is x·Φ(x), by the error function or its approximation by tanh.
func Gelu(c *Ctx, z *tensor.Tensor, a *attr.Gelu, x *tensor.Tensor) error {
	if a.Approximate == "tanh" {
		return c.map1("Gelu", z, x, geluTanh)
	}
	return c.map1("Gelu", z, x, gelu)
}

func relu(z, x []float32) {
	for i, v := range x {
		if v < 0 { // NaN stays
			v = 0
		}
		z[i] = v
	}
}

func neg(z, x []float32) {
	for i, v := range x {
		z[i] = -v
	}
}

func sqrt(z, x []float32) {
	for i, v := range x {
		z[i] = float32(math.Sqrt(float64(v)))
	}
}

func reciprocal(z, x []float32) {
	for i, v := range x {
		z[i] = 1 / v
	}
}

func exp(z, x []float32) {
	for i, v := range x {
		z[i] = exp32(v)
	}
}

func tanh(z, x []float32) {
	for i, v := range x {
		z[i] = tanh32(v)
	}
}

func erf(z, x []float32) {
	for i, v := range x {
		z[i] = erf32(v)
	}
}

func sigmoid(z, x []float32) {
	for i, v := range x {
		z[i] = sigmoid32(v)
	}
}

func gelu(z, x []float32) {
	for i, v := range x {
		z[i] = float32(0.5*v) * (1 + erf32(float32(v*math.Sqrt2/2)))
	}
}

// geluTanh is ½x(1 + tanh(√(2/π)(x + 0.044715x³))).
func geluTanh(z, x []float32) {
	const scale = 0.797884560802865355879892119868763737
	for i, v := range x {
		cube := float32(float32(v*v) * v)
		z[i] = float32(0.5*v) * (1 + tanh32(float32(scale*(v+float32(0.044715*cube)))))
	}
}
