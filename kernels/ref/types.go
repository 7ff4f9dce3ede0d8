package ref

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
)

// list is a list of operands or outputs; nil stands for one that is left out.
type list []*tensor.Tensor

type integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

// number is the element types that are computed in.
type number interface{ integer | float32 | float64 }

// accumulator is what sums of numbers are kept in.
type accumulator interface{ float64 | int64 | uint64 }

// arith is everything that is computed in a number type. There is one
// implementation, numbers, and a row per type in arithmetic.
type arith interface {
	unary(code unaryCode, z, x *tensor.Tensor)
	binary(code binaryCode, z, x, y *tensor.Tensor, r *rows)
	compare(code compareCode, z, x, y *tensor.Tensor, r *rows)
	clip(z, x, lo, hi *tensor.Tensor)
	toFloat(x *tensor.Tensor) []float64
	fromFloat(z *tensor.Tensor, x []float64)
	toInt(x *tensor.Tensor) []int64
	fromInt(z *tensor.Tensor, x []int64)
	matMul(z, x, y *tensor.Tensor, p *products)
	gemm(z, x, y, c *tensor.Tensor, g *gemmPlan)
	einsum(z *tensor.Tensor, xs list, p *einsumPlan)
	reduce(code reduceCode, z, x *tensor.Tensor, n int)
	argReduce(z, x *tensor.Tensor, n int, least, last bool)
	cumSum(z, x *tensor.Tensor, axis span, exclusive, reverse bool)
	topK(values, indices, x *tensor.Tensor, axis span, k int, largest bool)
	accumulate(code binaryCode, z, updates *tensor.Tensor, at []int, n int)
	sequence(z, start, delta *tensor.Tensor)
}

// numbers computes in T and sums in A.
type numbers[T number, A accumulator] struct{}

var arithmetic = map[tensor.DType]arith{
	tensor.Float32: numbers[float32, float64]{},
	tensor.Float64: numbers[float64, float64]{},
	tensor.Int8:    numbers[int8, int64]{},
	tensor.Int16:   numbers[int16, int64]{},
	tensor.Int32:   numbers[int32, int64]{},
	tensor.Int64:   numbers[int64, int64]{},
	tensor.Uint8:   numbers[uint8, uint64]{},
	tensor.Uint16:  numbers[uint16, uint64]{},
	tensor.Uint32:  numbers[uint32, uint64]{},
	tensor.Uint64:  numbers[uint64, uint64]{},
}

// isFloat reports whether T is a float type.
func isFloat[T number]() bool {
	one := T(1)
	return one/2 != 0
}

// compute calls f on operands of one type in which numbers are computed. 16-bit
// floats are widened to f32 first, and the outputs rounded to them afterwards.
func compute(out, in list, f func(k arith, out, in list) error) error {
	d, err := commonType(in)
	if err != nil {
		return err
	}
	if isHalf(d) {
		return widened(d, out, in, f)
	}
	k, ok := arithmetic[d]
	if !ok {
		return fmt.Errorf("elements of type %s are not numbers that can be computed with", d)
	}
	return f(k, out, in)
}

// commonType returns the element type of all operands that are present.
func commonType(in list) (tensor.DType, error) {
	d := tensor.Invalid
	for i, t := range in {
		switch {
		case t == nil || t.DType == d:
		case d == tensor.Invalid:
			d = t.DType
		default:
			return d, fmt.Errorf("operand %d has elements of type %s, want %s", i, t.DType, d)
		}
	}
	if d == tensor.Invalid {
		return d, fmt.Errorf("no operand is given")
	}
	return d, nil
}

// present checks that no operand of a variadic operator is left out.
func present(in list) error {
	for i, t := range in {
		if t == nil {
			return fmt.Errorf("operand %d is missing", i)
		}
	}
	return nil
}

func isHalf(d tensor.DType) bool { return d == tensor.Float16 || d == tensor.BFloat16 }

func widened(d tensor.DType, out, in list, f func(k arith, out, in list) error) error {
	wideIn, wideOut := make(list, len(in)), make(list, len(out))
	for i, t := range in {
		if t != nil {
			wideIn[i] = tensor.Of(t.Shape, widen(t))
		}
	}
	for i, t := range out {
		if t != nil {
			wideOut[i] = &tensor.Tensor{}
		}
	}
	if err := f(arithmetic[tensor.Float32], wideOut, wideIn); err != nil {
		return err
	}
	for i, t := range out {
		if t != nil {
			narrow(t, d, wideOut[i])
		}
	}
	return nil
}

// widen returns the elements of a tensor of 16-bit floats.
func widen(t *tensor.Tensor) []float32 {
	wide := make([]float32, t.Len())
	if t.DType == tensor.Float16 {
		for i, v := range tensor.Data[tensor.Half](t) {
			wide[i] = v.Float32()
		}
		return wide
	}
	for i, v := range tensor.Data[tensor.Brain](t) {
		wide[i] = v.Float32()
	}
	return wide
}

// narrow makes z the tensor x rounded to d, or a copy of x if x is not f32:
// an output of indices.
func narrow(z *tensor.Tensor, d tensor.DType, x *tensor.Tensor) {
	if x.DType != tensor.Float32 {
		z.CopyFrom(x)
		return
	}
	z.Reset(d, x.Shape...)
	roundTo(z, tensor.Data[float32](x))
}

// roundTo writes x to z, a tensor of 16-bit floats that has its shape already.
func roundTo(z *tensor.Tensor, x []float32) {
	if z.DType == tensor.Float16 {
		to := tensor.Data[tensor.Half](z)
		for i, v := range x {
			to[i] = tensor.HalfOf(v)
		}
		return
	}
	to := tensor.Data[tensor.Brain](z)
	for i, v := range x {
		to[i] = tensor.BrainOf(v)
	}
}
