package ref

import (
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

type binaryCode uint8

const (
	opAdd binaryCode = iota
	opSub
	opMul
	opDiv
	opMod  // the sign of the divisor
	opFmod // the sign of the dividend
	opMax
	opMin
	opPRelu
)

// Add is x + y, broadcast.
func Add(z, x, y *tensor.Tensor) error { return binary(opAdd, z, x, y) }

// Sub is x − y, broadcast.
func Sub(z, x, y *tensor.Tensor) error { return binary(opSub, z, x, y) }

// Mul is x·y, broadcast.
func Mul(z, x, y *tensor.Tensor) error { return binary(opMul, z, x, y) }

// Div is x/y, broadcast. Integers round towards zero, and n/0 is 0.
func Div(z, x, y *tensor.Tensor) error { return binary(opDiv, z, x, y) }

// PRelu is x, or slope·x below 0; slope broadcasts to x.
func PRelu(z, x, slope *tensor.Tensor) error { return binary(opPRelu, z, x, slope) }

// Mod is the remainder of x/y, broadcast; of an integer by 0 it is 0.
func Mod(z *tensor.Tensor, a *attr.Mod, x, y *tensor.Tensor) error {
	if a.Fmod {
		return binary(opFmod, z, x, y)
	}
	return binary(opMod, z, x, y)
}

func binary(code binaryCode, z, x, y *tensor.Tensor) error {
	return compute(list{z}, list{x, y}, func(k arith, out, in list) error {
		return binaryOf(k, code, out[0], in[0], in[1])
	})
}

func binaryOf(k arith, code binaryCode, z, x, y *tensor.Tensor) error {
	shape, err := broadcast(x.Shape, y.Shape)
	if err != nil {
		return err
	}
	if err := reset(z, x.DType, shape...); err != nil {
		return err
	}
	k.binary(code, z, x, y, newRows(shape, x.Shape, y.Shape))
	return nil
}

func (numbers[T, A]) binary(code binaryCode, z, x, y *tensor.Tensor, r *rows) {
	zip(r, tensor.Data[T](z), tensor.Data[T](x), tensor.Data[T](y), func(z, x, y []T) {
		binaryRow(code, z, x, y)
	})
}

// binaryRow computes one run. z may be x.
func binaryRow[T number](code binaryCode, z, x, y []T) {
	switch code {
	case opAdd:
		for i := range z {
			z[i] = x[i] + y[i]
		}
	case opSub:
		for i := range z {
			z[i] = x[i] - y[i]
		}
	case opMul:
		for i := range z {
			z[i] = x[i] * y[i]
		}
	case opMax:
		for i := range z {
			z[i] = max(x[i], y[i])
		}
	case opMin:
		for i := range z {
			z[i] = min(x[i], y[i])
		}
	case opPRelu:
		for i := range z {
			if z[i] = x[i]; x[i] < 0 {
				z[i] = x[i] * y[i]
			}
		}
	default:
		divisionRow(code, z, x, y)
	}
}

func divisionRow[T number](code binaryCode, z, x, y []T) {
	whole := !isFloat[T]()
	for i := range z {
		switch {
		case whole && y[i] == 0:
			z[i] = 0
		case code == opDiv:
			z[i] = x[i] / y[i]
		default:
			z[i] = remainder(x[i], y[i], whole, code == opMod)
		}
	}
}

// remainder has the sign of x, or that of y if floored.
func remainder[T number](x, y T, whole, floored bool) T {
	var r T
	if whole {
		q := x / y
		r = x - q*y
	} else {
		r = T(math.Mod(float64(x), float64(y)))
	}
	if floored && r != 0 && (r < 0) != (y < 0) {
		r += y
	}
	return r
}

// Max is the greatest of all operands, broadcast; NaN wins.
func Max(z *tensor.Tensor, xs ...*tensor.Tensor) error { return foldAll(opMax, z, xs) }

// Min is the least of all operands, broadcast; NaN wins.
func Min(z *tensor.Tensor, xs ...*tensor.Tensor) error { return foldAll(opMin, z, xs) }

// Sum is the sum of all operands, broadcast.
func Sum(z *tensor.Tensor, xs ...*tensor.Tensor) error { return foldAll(opAdd, z, xs) }

// Mean is the mean of all operands, broadcast.
func Mean(z *tensor.Tensor, xs ...*tensor.Tensor) error {
	return compute(list{z}, xs, func(k arith, out, in list) error {
		sum, n := &tensor.Tensor{}, tensor.New(in[0].DType)
		if err := foldOf(k, opAdd, sum, in); err != nil {
			return err
		}
		n.SetFloat(0, float64(len(in)))
		return binaryOf(k, opDiv, out[0], sum, n)
	})
}

func foldAll(code binaryCode, z *tensor.Tensor, xs list) error {
	return compute(list{z}, xs, func(k arith, out, in list) error { return foldOf(k, code, out[0], in) })
}

func foldOf(k arith, code binaryCode, z *tensor.Tensor, xs list) error {
	if err := present(xs); err != nil {
		return err
	}
	shapes := make([][]int, len(xs))
	for i, x := range xs {
		shapes[i] = x.Shape
	}
	shape, err := broadcast(shapes...)
	if err != nil {
		return err
	}
	if err := Expand(z, xs[0], shapeTensor(shape)); err != nil {
		return err
	}
	for _, x := range xs[1:] {
		k.binary(code, z, z, x, newRows(shape, shape, x.Shape))
	}
	return nil
}

// shapeTensor is shape as an operand.
func shapeTensor(shape []int) *tensor.Tensor {
	t := tensor.New(tensor.Int64, len(shape))
	for i, size := range shape {
		t.SetInt(i, int64(size))
	}
	return t
}
