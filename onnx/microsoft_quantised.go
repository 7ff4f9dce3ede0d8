package onnx

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Operators on steps of a scale. Those on two tensors at most name their operands
// "x x_scale x_zero_point": [call.numbers] finds all three by the first.

// numbers are the steps of an operand times their scale.
func (c *call) numbers(name string) *ir.Value {
	return c.dequantize(c.arg(name), c.arg(name+"_scale"), c.arg(name+"_zero_point"))
}

// dequantize is scale·(x − zero), of one scale; zero may be nil.
func (c *call) dequantize(x, scale, zero *ir.Value) *ir.Value {
	in := []*ir.Value{x, c.single(scale)}
	if zero != nil {
		in = append(in, c.single(zero))
	}
	return c.b.Op(op.DequantizeLinear, attr.New[attr.Quantize](), in...)
}

// quantize gives numbers in steps of type d, of one scale; zero may be nil.
func (c *call) quantize(y, scale, zero *ir.Value, d tensor.DType) *ir.Value {
	a := attr.New[attr.Quantize]()
	in := []*ir.Value{y, c.single(scale)}
	if zero != nil {
		in = append(in, c.single(zero))
	} else {
		a.OutDType = d
	}
	return c.b.Op(op.QuantizeLinear, a, in...)
}

// single makes a scalar of an operand that may as well be a list of one: a scale and
// its zero point needn't be alike to ONNX Runtime.
func (c *call) single(x *ir.Value) *ir.Value {
	if rank, known := x.Type.Rank(); known && rank == 0 {
		return x
	}
	return c.reshape(x)
}

// quantizing wraps an operator on numbers in one that gives steps, of y_scale and
// y_zero_point, of the type of the operand called like.
func quantizing(like string, f func(c *call) (*ir.Value, error)) builder {
	return func(c *call) ([]*ir.Value, error) {
		y, err := f(c)
		if err != nil {
			return nil, err
		}
		return []*ir.Value{c.quantize(y, c.arg("y_scale"), c.arg("y_zero_point"), c.arg(like).Type.DType)}, nil
	}
}

// ofNumbers is the rule's operator on the operand x.
func ofNumbers(c *call) (*ir.Value, error) { return c.b.Op(c.rule.op, c.attr, c.numbers("x")), nil }

// ofTwo is the rule's operator on the operands a and b.
func ofTwo(c *call) (*ir.Value, error) {
	return c.b.Op(c.rule.op, c.attr, c.numbers("a"), c.numbers("b")), nil
}

// pooled is ofNumbers where the channels may come last.
func pooled(c *call) (*ir.Value, error) {
	last, err := c.int("channels_last", 0)
	if err != nil || last == 0 {
		return c.b.Op(c.rule.op, c.attr, c.numbers("x")), err
	}
	rank, err := c.rankOf(c.arg("x"))
	if err != nil {
		return nil, err
	}
	if rank < 3 {
		return nil, notSupported("channels last of %s", c.arg("x").Type)
	}
	there, back := []int{0, rank - 1}, []int{0}
	for i := 1; i < rank-1; i++ {
		there, back = append(there, i), append(back, i+1)
	}
	y := c.b.Op(c.rule.op, c.attr, c.transpose(c.numbers("x"), there...))
	return c.transpose(y, append(back, 1)...), nil
}

// meanOfNumbers is the mean along the axes that an attribute lists.
func meanOfNumbers(c *call) (*ir.Value, error) { return c.reduced(op.ReduceMean, c.numbers("x")) }

// reduced reduces x along the axes that an attribute lists.
func (c *call) reduced(o *ir.Op, x *ir.Value) (*ir.Value, error) {
	a := c.raw["axes"]
	if a == nil {
		return c.b.Op(o, c.attr, x), nil
	}
	axes, err := ints(a)
	if err != nil {
		return nil, err
	}
	return c.b.Op(o, c.attr, x, c.b.Ints(axes...)), nil
}

// softmaxOfNumbers is the softmax of an opset that an attribute tells: up to 12 it is
// over all axes from one on.
func softmaxOfNumbers(c *call) (*ir.Value, error) {
	opset, err := c.int("opset", 13)
	if err != nil {
		return nil, err
	}
	x := c.numbers("x")
	if opset >= 13 {
		return c.b.Op(op.Softmax, c.attr, x), nil
	}
	flat := c.b.Op(op.Flatten, c.attr, x)
	y := c.b.Op(op.Softmax, &attr.Axis{Axis: -1}, flat)
	return c.reshapeTo(y, c.b.Op(op.Shape, attr.New[attr.Shape](), x)), nil
}

// whereOfNumbers chooses between operands of two scales.
func whereOfNumbers(c *call) (*ir.Value, error) {
	return c.where(c.arg("condition"), c.numbers("x"), c.numbers("z")), nil
}

// concatOfNumbers is QLinearConcat: after the result's scale and zero point come
// triples of steps, scale and zero point.
func concatOfNumbers(c *call) ([]*ir.Value, error) {
	for i := range c.in {
		if _, err := c.operand(i); err != nil {
			return nil, err
		}
	}
	if len(c.in) < 5 || len(c.in)%3 != 2 {
		return nil, notSupported("%d operands, which are not a scale, a zero point and triples", len(c.in))
	}
	var parts []*ir.Value
	for i := 2; i < len(c.in); i += 3 {
		parts = append(parts, c.dequantize(c.in[i], c.in[i+1], c.in[i+2]))
	}
	y := c.b.Op(op.Concat, c.attr, parts...)
	return []*ir.Value{c.quantize(y, c.in[0], c.in[1], c.in[1].Type.DType)}, nil
}

// mixedSteps is QuantizeLinear or DequantizeLinear of com.microsoft, where one of scale
// and zero point may be a scalar and the other a list of one.
func mixedSteps(c *call) ([]*ir.Value, error) {
	if len(c.in) > 2 && c.in[1] != nil {
		scale, zero := c.in[1].Type, c.in[2].Type
		if scale.HasRank && zero.HasRank && len(scale.Shape) != len(zero.Shape) {
			c.in[1], c.in[2] = c.single(c.in[1]), c.single(c.in[2])
		}
	}
	return plain(c)
}

// reduceSumInteger sums in 32 bits, and gives sums of bytes without a sign as such.
func reduceSumInteger(c *call) ([]*ir.Value, error) {
	x := c.arg("x")
	y, err := c.reduced(op.ReduceSum, c.cast(x, tensor.Int32))
	if err == nil && x.Type.DType == tensor.Uint8 {
		y = c.cast(y, tensor.Uint32)
	}
	return []*ir.Value{y}, err
}

// mulInteger multiplies steps less their zero points in 32 bits.
func mulInteger(c *call) ([]*ir.Value, error) {
	centred := func(name string) *ir.Value {
		x := c.cast(c.arg(name), tensor.Int32)
		if zero := c.arg(name + "_zero_point"); zero != nil {
			x = c.sub(x, c.cast(c.single(zero), tensor.Int32))
		}
		return x
	}
	return []*ir.Value{c.mul(centred("a"), centred("b"))}, nil
}
