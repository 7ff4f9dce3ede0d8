package ref

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// MatMulInteger is the matrix product of steps less their zero points, in i32, which
// wraps: those of x are one or one for each row, those of y one or one for each column.
func MatMulInteger(z, x, y, zeroX, zeroY *tensor.Tensor) error {
	a, err := centred(x, zeroX, func() []int { return lineShape(x, zeroX, 2) })
	if err != nil {
		return fmt.Errorf("operand 0: %w", err)
	}
	b, err := centred(y, zeroY, func() []int { return lineShape(y, zeroY, 1) })
	if err != nil {
		return fmt.Errorf("operand 1: %w", err)
	}
	return MatMul(z, a, b)
}

// ConvInteger is the convolution of steps less their zero points, in i32, which wraps:
// of x there is one, of the filters one or one for each. What pads x is its zero point.
func ConvInteger(z *tensor.Tensor, a *attr.Conv, x, filters, zeroX, zeroFilters *tensor.Tensor) error {
	cx, err := centred(x, zeroX, func() []int { return nil })
	if err != nil {
		return fmt.Errorf("operand 0: %w", err)
	}
	cf, err := centred(filters, zeroFilters, func() []int { return filterShape(filters, zeroFilters) })
	if err != nil {
		return fmt.Errorf("operand 1: %w", err)
	}
	sums, err := convolution(z, a, cx, cf, nil)
	if err != nil {
		return err
	}
	to := tensor.Data[int32](z)
	for i, v := range sums {
		to[i] = int32(int64(v))
	}
	return nil
}

// centred is x, of 8 bits, in i32 less its zero points. The shape to broadcast them from
// is asked for if they are more than one; nil: they don't fit.
func centred(x, zero *tensor.Tensor, shape func() []int) (*tensor.Tensor, error) {
	if x.DType != tensor.Int8 && x.DType != tensor.Uint8 {
		return nil, fmt.Errorf("elements of type %s, want i8 or u8", x.DType)
	}
	wide := &tensor.Tensor{}
	if err := Cast(wide, &attr.Cast{To: tensor.Int32}, x); err != nil || zero == nil {
		return wide, err
	}
	if zero.DType != x.DType {
		return nil, fmt.Errorf("the zero points are %s, want elements of type %s", zero, x.DType)
	}
	origin, out := &tensor.Tensor{}, &tensor.Tensor{}
	if err := Cast(origin, &attr.Cast{To: tensor.Int32}, zero); err != nil {
		return nil, err
	}
	fits := true
	if origin.Shape = nil; !isSingle(zero) {
		origin.Shape = shape()
		fits = origin.Shape != nil
	}
	if !fits || Sub(out, wide, origin) != nil || !tensor.SameShape(out.Shape, x.Shape) {
		return nil, fmt.Errorf("the zero points are %s for %s", zero, x)
	}
	return out, nil
}

// lineShape is the shape of zero points of the rows of matrices x, which are the axis 2
// from the end, or of their columns.
func lineShape(x, zero *tensor.Tensor, fromEnd int) []int {
	switch {
	case x.Rank() < 2:
		return nil
	case zero.Rank() == 1 && fromEnd == 2:
		return []int{zero.Len(), 1}
	case zero.Rank() == 1, zero.Rank() == x.Rank() && zero.Shape[x.Rank()-3+fromEnd] == 1:
		return zero.Shape
	}
	return nil
}

// filterShape is the shape of zero points of each filter.
func filterShape(filters, zero *tensor.Tensor) []int {
	if zero.Rank() != 1 || filters.Rank() == 0 {
		return nil
	}
	shape := filled(filters.Rank(), 1)
	shape[0] = zero.Len()
	return shape
}
