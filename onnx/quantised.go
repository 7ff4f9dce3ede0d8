package onnx

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// The operators whose operands and result are steps are read as the product in integers,
// the number that it stands for, and that number in steps. ONNX's own implementation and
// ONNX Runtime divide the scales by one another first: where the number lies halfway
// between two steps but for rounding, theirs may be the other one.

var (
	qLinearMatMulArgs = operands("a a_scale a_zero_point b b_scale b_zero_point y_scale y_zero_point")
	qLinearConvArgs   = operands("x x_scale x_zero_point w w_scale w_zero_point y_scale y_zero_point bias?")
)

func qLinearMatMul(c *call) (*ir.Value, error) {
	a, b, zeroA, zeroB := c.arg("a"), c.arg("b"), c.sameZero(c.arg("a_zero_point")), c.sameZero(c.arg("b_zero_point"))
	scaleA, err := c.lines(c.arg("a_scale"), 2)
	if err != nil {
		return nil, err
	}
	scaleB, err := c.lines(c.arg("b_scale"), 1)
	if err != nil {
		return nil, err
	}
	var sums *ir.Value
	if a.Type.DType.IsFloat() || b.Type.DType.IsFloat() {
		if zeroA, err = c.lines(zeroA, 2); err != nil {
			return nil, err
		}
		if zeroB, err = c.lines(zeroB, 1); err != nil {
			return nil, err
		}
		sums = c.b.Op(op.MatMul, nil, c.sub(c.float32s(a), zeroA), c.sub(c.float32s(b), zeroB))
	} else {
		sums = c.b.Op(op.MatMulInteger, nil, a, b, zeroA, zeroB)
	}
	return c.requantised(sums, c.mul(scaleA, scaleB), -2)
}

// sameZero is one zero point if all of them are the same constant: those of weights are
// mostly zeros, and ONNX Runtime has no ConvInteger with one for each filter.
func (c *call) sameZero(v *ir.Value) *ir.Value {
	t := v.Const
	if t == nil || t.Len() < 2 || t.DType.Bits() != 8 {
		return v
	}
	first := t.Bytes()[0]
	if slices.ContainsFunc(t.Bytes(), func(b byte) bool { return b != first }) {
		return v
	}
	one := tensor.New(t.DType)
	one.Bytes()[0] = first
	return c.b.Const(one)
}

// lines are scales or zero points in f32 so that they can be broadcast to matrices: one,
// one for each row, the axis 2 from the end, or one for each column.
func (c *call) lines(v *ir.Value, fromEnd int) (*ir.Value, error) {
	rank, err := c.rankFrom0(v)
	if err != nil {
		return nil, err
	}
	x := c.float32s(v)
	switch {
	case rank == 1 && v.Type.Shape[0].Is(1):
		return c.reshape(x), nil
	case rank == 0:
		return x, nil
	}
	for _, name := range []string{"a", "b"} {
		if n, known := c.arg(name).Type.Rank(); !known || n < 2 {
			return nil, notSupported("scales %s of rows or columns, where %s is %s", v.Type, name, c.arg(name).Type)
		}
	}
	if rank == 1 && fromEnd == 2 {
		return c.unsqueeze(x, 1), nil
	}
	return x, nil
}

// rankFrom0 is rankOf for what may be a scalar.
func (c *call) rankFrom0(v *ir.Value) (int, error) {
	rank, known := v.Type.Rank()
	if !known {
		return 0, notSupported("the rank of an operand, %s, is not known", v.Type)
	}
	return rank, nil
}

func (c *call) float32s(x *ir.Value) *ir.Value { return c.cast(x, tensor.Float32) }

// requantised gives sums, each a number of that scale, in steps of the result, which have
// one scale or one for each place along an axis.
func (c *call) requantised(sums, scale *ir.Value, axis int) (*ir.Value, error) {
	to, zero := c.arg("y_scale"), c.arg("y_zero_point")
	rank, err := c.rankFrom0(to)
	if err != nil {
		return nil, err
	}
	if rank > 1 {
		return nil, notSupported("the result's scales are %s", to.Type)
	}
	x := c.mul(c.float32s(sums), scale)
	return c.b.Op(op.QuantizeLinear, &attr.Quantize{Axis: axis, Saturate: true}, x, c.float32s(to), zero), nil
}

func qLinearConv(c *call) (*ir.Value, error) {
	w := c.arg("w")
	rank, err := c.rankFrom0(w)
	if err != nil {
		return nil, err
	}
	scaleX, err := c.ofFilters(c.arg("x_scale"), 0)
	if err != nil {
		return nil, err
	}
	scaleW, err := c.ofFilters(c.arg("w_scale"), rank)
	if err != nil {
		return nil, err
	}
	sums := c.b.Op(op.ConvInteger, c.attr, c.arg("x"), w, c.arg("x_zero_point"), c.sameZero(c.arg("w_zero_point")))
	if bias := c.arg("bias"); bias != nil {
		if bias, err = c.ofFilters(bias, rank); err != nil {
			return nil, err
		}
		sums = c.add(sums, bias)
	}
	return c.requantised(sums, c.mul(scaleX, scaleW), 1)
}

// ofFilters is a vector of a number for each filter so that it can be broadcast to the
// result of filters of a rank; or one number.
func (c *call) ofFilters(v *ir.Value, rank int) (*ir.Value, error) {
	shape, err := c.rankFrom0(v)
	switch {
	case err != nil:
		return nil, err
	case shape == 0:
		return v, nil
	case shape == 1 && v.Type.Shape[0].Is(1):
		return c.reshape(v), nil
	case shape == 1 && rank > 2:
		axes := make([]int64, rank-2)
		for i := range axes {
			axes[i] = int64(i + 1)
		}
		return c.unsqueeze(v, axes...), nil
	}
	return nil, notSupported("%s, where one number for each filter is wanted", v.Type)
}
