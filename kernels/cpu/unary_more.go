package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// Further operators of one operand, of f32, f16 and bf16, of any shape.

// Abs is |x|.
func Abs(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Abs", z, x, costMove, abs) }

// HardSwish is x·max(0, min(1, x/6 + ½)).
func HardSwish(c *Ctx, z, x *tensor.Tensor) error {
	return c.map1("HardSwish", z, x, costMove, hardSwish)
}

// Floor rounds down.
func Floor(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Floor", z, x, costMove, floor) }

// Ceil rounds up.
func Ceil(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Ceil", z, x, costMove, ceil) }

// Round rounds to the nearest integer, halves to even.
func Round(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Round", z, x, costMove, round) }

// Sign is −1, 0 or 1.
func Sign(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Sign", z, x, costMove, sign) }

// Log is the natural logarithm.
func Log(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Log", z, x, costLog, log) }

// Asin is the arc sine.
func Asin(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Asin", z, x, costArc, asin) }

// Acos is the arc cosine.
func Acos(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Acos", z, x, costArc, acos) }

// Atan is the arc tangent.
func Atan(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Atan", z, x, costArc, atan) }

// Softplus is log(1 + eˣ).
func Softplus(c *Ctx, z, x *tensor.Tensor) error {
	return c.map1("Softplus", z, x, 2*costLog, softplus)
}

// Mish is x·tanh(log(1 + eˣ)).
func Mish(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Mish", z, x, costErf, mish) }

// Softsign is x/(1 + |x|).
func Softsign(c *Ctx, z, x *tensor.Tensor) error {
	return c.map1("Softsign", z, x, costDivide, softsign)
}

// Swish is x·sigmoid(alpha·x) for an alpha of 1 or 1.702: SiLU, or QuickGelu.
func Swish(c *Ctx, z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	switch a.Alpha {
	case 1:
		return c.map1("Swish", z, x, costSigmoid, silu)
	case attr.QuickGeluAlpha:
		return c.map1("Swish", z, x, costSigmoid, quickGelu)
	}
	return fmt.Errorf("Swish: alpha is %g, want 1 or 1.702", a.Alpha)
}

// Operators with parameters.

// Elu is x, or alpha·(eˣ − 1) below 0.
func Elu(c *Ctx, z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	return c.elu("Elu", z, x, 1, a.Alpha, 1)
}

// Selu is gamma·x, or gamma·alpha·(eˣ − 1) below 0; gamma is Beta.
func Selu(c *Ctx, z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	return c.elu("Selu", z, x, a.Beta, float32(a.Alpha*a.Beta), 1)
}

// Celu is x, or alpha·(e^(x/alpha) − 1) below 0.
func Celu(c *Ctx, z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	return c.elu("Celu", z, x, 1, a.Alpha, 1/a.Alpha)
}

func (c *Ctx) elu(name string, z, x *tensor.Tensor, positive, negative, inside float32) error {
	return c.mapUnary(name, z, x, costErf, unary{with: elu, p: parameters{positive, negative, inside}})
}

// LeakyRelu is x, or alpha·x below 0.
func LeakyRelu(c *Ctx, z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	return c.mapUnary("LeakyRelu", z, x, costMove, unary{with: leakyRelu, p: parameters{a.Alpha}})
}

// HardSigmoid is max(0, min(1, alpha·x + beta)).
func HardSigmoid(c *Ctx, z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	return c.mapUnary("HardSigmoid", z, x, costMove, unary{with: hardSigmoid, p: parameters{a.Alpha, a.Beta}})
}

func elu(z, x []float32, p parameters) { vec.Elu(len(x), ptr(z[:len(x)]), ptr(x), p[0], p[1], p[2]) }

func leakyRelu(z, x []float32, p parameters) { leakVS(z, x, p[0]) }

func hardSigmoid(z, x []float32, p parameters) {
	steps := [...]simd.Step{
		{Op: simd.StepLoad, X: ptr(x)},
		{Op: simd.StepMul.OfNumber(), Number: p[0]},
		{Op: simd.StepAdd.OfNumber(), Number: p[1]},
		{Op: simd.StepMin.OfNumber(), Number: 1},
		{Op: simd.StepMax.OfNumber(), Number: 0},
		{Op: simd.StepStore, X: ptr(z[:len(x)])},
	}
	vec.Steps(len(x), len(steps), ptr(steps[:]))
}

var leakOp = binaryOp{"PRelu", leakVV, leakVS, leakSV, costAdd, nil}

// PRelu is x, or slope·x below 0; the slope is broadcast to x.
func PRelu(c *Ctx, z, x, slope *tensor.Tensor) error {
	if err := c.map2(&leakOp, z, x, slope); err != nil {
		return err
	}
	if !tensor.SameShape(z.Shape, x.Shape) {
		return fmt.Errorf("PRelu: slope %s is not broadcast to %s", slope, x)
	}
	return nil
}

func leakVV(z, x, y []float32)                   { map2(vec.Leak, z, x, y) }
func leakVS(z, x []float32, y float32)           { mapVS(vec.LeakNumber, z, x, y) }
func leakSV(z []float32, x float32, y []float32) { mapSV(vec.NumberLeak, z, x, y) }

func floor(z, x []float32)    { map1(vec.Floor, z, x) }
func ceil(z, x []float32)     { map1(vec.Ceil, z, x) }
func round(z, x []float32)    { map1(vec.Round, z, x) }
func sign(z, x []float32)     { map1(vec.Sign, z, x) }
func log(z, x []float32)      { map1(vec.Log, z, x) }
func asin(z, x []float32)     { map1(vec.Asin, z, x) }
func acos(z, x []float32)     { map1(vec.Acos, z, x) }
func atan(z, x []float32)     { map1(vec.Atan, z, x) }
func softplus(z, x []float32) { map1(vec.Softplus, z, x) }
func mish(z, x []float32)     { map1(vec.Mish, z, x) }
func softsign(z, x []float32) { map1(vec.Softsign, z, x) }
