package ref

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

type compareCode uint8

const (
	opEqual compareCode = iota
	opLess
	opLessOrEqual
)

// Equal tells where x = y, broadcast, for elements of every type.
func Equal(z, x, y *tensor.Tensor) error {
	d, err := commonType(list{x, y})
	if err != nil {
		return err
	}
	switch {
	case d == tensor.String:
		return equalBy(z, x, y, x.Strings(), y.Strings())
	case d == tensor.Bool:
		return equalBy(z, x, y, tensor.Data[bool](x), tensor.Data[bool](y))
	case d == tensor.Complex64:
		return equalBy(z, x, y, tensor.Data[complex64](x), tensor.Data[complex64](y))
	case d == tensor.Complex128:
		return equalBy(z, x, y, tensor.Data[complex128](x), tensor.Data[complex128](y))
	}
	if _, ok := arithmetic[d]; !ok && !isHalf(d) {
		return equalBy(z, x, y, load(x), load(y))
	}
	return comparison(opEqual, z, x, y)
}

func equalBy[T comparable](z, x, y *tensor.Tensor, xs, ys []T) error {
	r, err := resetBool(z, x, y)
	if err != nil {
		return err
	}
	zip(r, tensor.Data[bool](z), xs, ys, equalRow)
	return nil
}

func equalRow[T comparable](z []bool, x, y []T) {
	for i := range z {
		z[i] = x[i] == y[i]
	}
}

// Less tells where x < y, broadcast.
func Less(z, x, y *tensor.Tensor) error { return comparison(opLess, z, x, y) }

// LessOrEqual tells where x ≤ y, broadcast.
func LessOrEqual(z, x, y *tensor.Tensor) error { return comparison(opLessOrEqual, z, x, y) }

// Greater tells where x > y, broadcast.
func Greater(z, x, y *tensor.Tensor) error { return comparison(opLess, z, y, x) }

// GreaterOrEqual tells where x ≥ y, broadcast.
func GreaterOrEqual(z, x, y *tensor.Tensor) error { return comparison(opLessOrEqual, z, y, x) }

func comparison(code compareCode, z, x, y *tensor.Tensor) error {
	return compute(list{z}, list{x, y}, func(k arith, out, in list) error {
		r, err := resetBool(out[0], in[0], in[1])
		if err != nil {
			return err
		}
		k.compare(code, out[0], in[0], in[1], r)
		return nil
	})
}

// resetBool makes z booleans of the shape that x and y broadcast to.
func resetBool(z, x, y *tensor.Tensor) (*rows, error) {
	shape, err := broadcast(x.Shape, y.Shape)
	if err != nil {
		return nil, err
	}
	return newRows(shape, x.Shape, y.Shape), reset(z, tensor.Bool, shape...)
}

func (numbers[T, A]) compare(code compareCode, z, x, y *tensor.Tensor, r *rows) {
	zip(r, tensor.Data[bool](z), tensor.Data[T](x), tensor.Data[T](y), func(z []bool, x, y []T) {
		switch code {
		case opEqual:
			equalRow(z, x, y)
		case opLess:
			for i := range z {
				z[i] = x[i] < y[i]
			}
		case opLessOrEqual:
			for i := range z {
				z[i] = x[i] <= y[i]
			}
		}
	})
}

// IsNaN tells which elements are NaN.
func IsNaN(z, x *tensor.Tensor) error { return test(z, x, math.IsNaN) }

// IsInf tells which elements are infinite, of the signs asked for.
func IsInf(z *tensor.Tensor, a *attr.IsInf, x *tensor.Tensor) error {
	return test(z, x, func(v float64) bool {
		return a.DetectPositive && math.IsInf(v, 1) || a.DetectNegative && math.IsInf(v, -1)
	})
}

func test(z, x *tensor.Tensor, f func(float64) bool) error {
	if !x.DType.IsFloat() {
		return fmt.Errorf("elements of type %s, want floats", x.DType)
	}
	z.Reset(tensor.Bool, x.Shape...)
	to := tensor.Data[bool](z)
	for i, v := range load(x) {
		to[i] = f(v)
	}
	return nil
}
