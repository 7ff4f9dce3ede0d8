package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// unary is a function applied to every element, in tasks of flat ranges.
type unary struct {
	ctx  *Ctx
	f    func(z, x []float32)
	with func(z, x []float32, p parameters) // instead of f
	p    parameters
	z, x floats
}

// parameters are the numbers that a function depends on.
type parameters [3]float32

// piece is how many elements of 16 bits are widened at a time.
const piece = 1024

// Do computes the elements lo ≤ i < hi.
func (u *unary) Do(lo, hi int) {
	if u.x.f32 != nil {
		u.run(u.z.f32[lo:hi], u.x.f32[lo:hi])
		return
	}
	buf := u.ctx.take(piece)
	for ; lo < hi; lo += piece {
		row := u.x.load(buf, lo, min(piece, hi-lo))
		u.run(row, row)
		u.z.store(lo, row)
	}
	u.ctx.put(buf)
}

// isNone reports whether there is no function.
func (u *unary) isNone() bool { return u.f == nil && u.with == nil }

func (u *unary) run(z, x []float32) {
	if u.f == nil {
		u.with(z, x, u.p)
		return
	}
	u.f(z, x)
}

func (c *Ctx) map1(name string, z, x *tensor.Tensor, cost float64, f func(z, x []float32)) error {
	return c.mapUnary(name, z, x, cost, unary{f: f})
}

// mapUnary runs a function, with its parameters if it has any.
func (c *Ctx) mapUnary(name string, z, x *tensor.Tensor, cost float64, f unary) error {
	if !isFloat(x.DType) {
		return fmt.Errorf("%s: operand %s, want f32, f16 or bf16", name, x)
	}
	z.Reset(x.DType, x.Shape...)
	u := &c.unary
	*u = f
	u.ctx, u.z, u.x = c, floatsOf(z), floatsOf(x)
	c.Pool.Do(x.Len(), c.cutFlat(x.Len(), cost+u.x.narrowCost()), u)
	return nil
}

// The elementwise operators of f32, f16 and bf16, of any shape.

// Relu is max(x, 0).
func Relu(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Relu", z, x, costMove, relu) }

// Neg is −x.
func Neg(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Neg", z, x, costMove, neg) }

// Sqrt is √x.
func Sqrt(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Sqrt", z, x, costDivide, sqrt) }

// Reciprocal is 1/x.
func Reciprocal(c *Ctx, z, x *tensor.Tensor) error {
	return c.map1("Reciprocal", z, x, costDivide, reciprocal)
}

// Exp is eˣ.
func Exp(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Exp", z, x, costExp, exp) }

// Tanh is the hyperbolic tangent.
func Tanh(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Tanh", z, x, costErf, tanh) }

// Erf is the error function.
func Erf(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Erf", z, x, costErf, erf) }

// Sigmoid is 1/(1 + e⁻ˣ).
func Sigmoid(c *Ctx, z, x *tensor.Tensor) error {
	return c.map1("Sigmoid", z, x, costSigmoid, sigmoid)
}

// Gelu is x·Φ(x), by the error function or its approximation by tanh.
func Gelu(c *Ctx, z *tensor.Tensor, a *attr.Gelu, x *tensor.Tensor) error {
	if a.Approximate == "tanh" {
		return c.map1("Gelu", z, x, costErf, geluTanh)
	}
	return c.map1("Gelu", z, x, costErf, gelu)
}

func relu(z, x []float32)       { map1(vec.Relu, z, x) }
func neg(z, x []float32)        { map1(vec.Neg, z, x) }
func sqrt(z, x []float32)       { map1(vec.Sqrt, z, x) }
func reciprocal(z, x []float32) { map1(vec.Reciprocal, z, x) }
func exp(z, x []float32)        { map1(vec.Exp, z, x) }
func tanh(z, x []float32)       { map1(vec.Tanh, z, x) }
func erf(z, x []float32)        { map1(vec.Erf, z, x) }
func sigmoid(z, x []float32)    { map1(vec.Sigmoid, z, x) }
func gelu(z, x []float32)       { map1(vec.Gelu, z, x) }
func geluTanh(z, x []float32)   { map1(vec.GeluTanh, z, x) }
