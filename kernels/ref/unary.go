package ref

import (
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

type unaryCode uint8

const (
	opAbs unaryCode = iota
	opNeg
	opRelu
	opSign
)

// Abs is |x|. The least integer stays itself.
func Abs(z, x *tensor.Tensor) error { return unary(opAbs, z, x) }

// Neg is −x.
func Neg(z, x *tensor.Tensor) error { return unary(opNeg, z, x) }

// Relu is max(x, 0).
func Relu(z, x *tensor.Tensor) error { return unary(opRelu, z, x) }

// Sign is −1, 0 or 1.
func Sign(z, x *tensor.Tensor) error { return unary(opSign, z, x) }

func unary(code unaryCode, z, x *tensor.Tensor) error {
	return compute(list{z}, list{x}, func(k arith, out, in list) error {
		out[0].Reset(in[0].DType, in[0].Shape...)
		k.unary(code, out[0], in[0])
		return nil
	})
}

func (numbers[T, A]) unary(code unaryCode, z, x *tensor.Tensor) {
	zs, xs := tensor.Data[T](z), tensor.Data[T](x)
	switch code {
	case opAbs:
		for i, v := range xs {
			zs[i] = v + 0 // −0 becomes 0
			if v < 0 {
				zs[i] = -v
			}
		}
	case opNeg:
		for i, v := range xs {
			zs[i] = -v
		}
	case opRelu:
		for i, v := range xs {
			zs[i] = max(v, 0)
		}
	case opSign:
		for i, v := range xs {
			zs[i] = signOf(v)
		}
	}
}

func signOf[T number](v T) T {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return T(0) - 1
	}
	return v // 0 or NaN
}

// Functions of one float, computed in f64 and rounded once.

// Acos is the arc cosine.
func Acos(z, x *tensor.Tensor) error { return apply(z, x, math.Acos) }

// Acosh is the inverse hyperbolic cosine.
func Acosh(z, x *tensor.Tensor) error { return apply(z, x, math.Acosh) }

// Asin is the arc sine.
func Asin(z, x *tensor.Tensor) error { return apply(z, x, math.Asin) }

// Asinh is the inverse hyperbolic sine.
func Asinh(z, x *tensor.Tensor) error { return apply(z, x, math.Asinh) }

// Atan is the arc tangent.
func Atan(z, x *tensor.Tensor) error { return apply(z, x, math.Atan) }

// Atanh is the inverse hyperbolic tangent.
func Atanh(z, x *tensor.Tensor) error { return apply(z, x, math.Atanh) }

// Ceil rounds up.
func Ceil(z, x *tensor.Tensor) error { return apply(z, x, math.Ceil) }

// Cos is the cosine.
func Cos(z, x *tensor.Tensor) error { return apply(z, x, math.Cos) }

// Cosh is the hyperbolic cosine.
func Cosh(z, x *tensor.Tensor) error { return apply(z, x, math.Cosh) }

// Erf is the error function.
func Erf(z, x *tensor.Tensor) error { return apply(z, x, math.Erf) }

// Exp is e to the x.
func Exp(z, x *tensor.Tensor) error { return apply(z, x, math.Exp) }

// Floor rounds down.
func Floor(z, x *tensor.Tensor) error { return apply(z, x, math.Floor) }

// Log is the natural logarithm.
func Log(z, x *tensor.Tensor) error { return apply(z, x, math.Log) }

// Reciprocal is 1/x.
func Reciprocal(z, x *tensor.Tensor) error {
	return apply(z, x, func(v float64) float64 { return 1 / v })
}

// Round rounds to the nearest integer, halves to even.
func Round(z, x *tensor.Tensor) error { return apply(z, x, math.RoundToEven) }

// Sigmoid is 1/(1+exp(−x)).
func Sigmoid(z, x *tensor.Tensor) error { return apply(z, x, sigmoid) }

// Sin is the sine.
func Sin(z, x *tensor.Tensor) error { return apply(z, x, math.Sin) }

// Sinh is the hyperbolic sine.
func Sinh(z, x *tensor.Tensor) error { return apply(z, x, math.Sinh) }

// Softplus is log(1 + exp(x)).
func Softplus(z, x *tensor.Tensor) error { return apply(z, x, softplus) }

// Softsign is x/(1+|x|).
func Softsign(z, x *tensor.Tensor) error {
	return apply(z, x, func(v float64) float64 { return v / (1 + math.Abs(v)) })
}

// Sqrt is the square root.
func Sqrt(z, x *tensor.Tensor) error { return apply(z, x, math.Sqrt) }

// Tan is the tangent.
func Tan(z, x *tensor.Tensor) error { return apply(z, x, math.Tan) }

// Tanh is the hyperbolic tangent.
func Tanh(z, x *tensor.Tensor) error { return apply(z, x, math.Tanh) }

// HardSwish is x·max(0, min(1, x/6 + 1/2)).
func HardSwish(z, x *tensor.Tensor) error {
	return apply(z, x, func(v float64) float64 { return v * max(0, min(1, v/6+0.5)) })
}

// Mish is x·tanh(softplus(x)).
func Mish(z, x *tensor.Tensor) error {
	return apply(z, x, func(v float64) float64 { return v * math.Tanh(softplus(v)) })
}

func sigmoid(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

// softplus avoids the overflow of exp(v).
func softplus(v float64) float64 { return max(v, 0) + math.Log1p(math.Exp(-math.Abs(v))) }

// apply gives z the function of every element of x, a tensor of real numbers.
func apply(z, x *tensor.Tensor, f func(float64) float64) error {
	if err := wantReal(x); err != nil {
		return err
	}
	z.Reset(x.DType, x.Shape...)
	switch x.DType {
	case tensor.Float32:
		to := tensor.Data[float32](z)
		for i, v := range tensor.Data[float32](x) {
			to[i] = float32(f(float64(v)))
		}
	case tensor.Float64:
		to := tensor.Data[float64](z)
		for i, v := range tensor.Data[float64](x) {
			to[i] = f(v)
		}
	default:
		data := load(x)
		for i, v := range data {
			data[i] = f(v)
		}
		store(z, data)
	}
	return nil
}
