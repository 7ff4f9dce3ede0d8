package onnx

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// scaled8 is a tensor of 8-bit integers with the scale and the zero point of its steps;
// zero may be nil. Those of a right operand may be one for each column.
type scaled8 struct{ steps, scale, zero *ir.Value }

// scaled8 finds an operand with its scale and zero point.
func (c *call) scaled8(name string) scaled8 {
	return scaled8{c.arg(name), c.arg(name + "_scale"), c.arg(name + "_zero_point")}
}

// matMulInteger is the product of steps, in 32 bits.
func (c *call) matMulInteger(a, b scaled8) *ir.Value {
	in := []*ir.Value{a.steps, b.steps, a.zero, b.zero}
	for len(in) > 2 && in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	return c.b.Op(op.MatMulInteger, nil, in...)
}

// product is the product of the numbers plus a bias, which may be nil. It is computed
// in f32, since sums of products may be beyond what f16 holds, and has the type of b's
// scale.
func (c *call) product(a, b scaled8, bias *ir.Value) *ir.Value {
	const wide = tensor.Float32
	y := c.mul(c.cast(c.matMulInteger(a, b), wide), c.mul(c.cast(c.single(a.scale), wide), c.cast(b.scale, wide)))
	if bias != nil {
		y = c.add(y, c.cast(bias, wide))
	}
	return c.cast(y, b.scale.Type.DType)
}

// dynamicQuantizeMatMul rounds the left operand to 8 bits first, of a scale that it
// just fits in.
func dynamicQuantizeMatMul(c *call) ([]*ir.Value, error) {
	q := c.b.Ops(op.DynamicQuantizeLinear, nil, 3, c.arg("a"))
	return []*ir.Value{c.product(scaled8{q[0], q[1], q[2]}, c.scaled8("b"), c.arg("bias"))}, nil
}

func matMulIntegerToFloat(c *call) ([]*ir.Value, error) {
	return []*ir.Value{c.product(c.scaled8("a"), c.scaled8("b"), c.arg("bias"))}, nil
}

// quantizedGemm is QGemm: c is in steps of the product's scale. Without a scale of the
// result that is in floats.
func quantizedGemm(c *call) ([]*ir.Value, error) {
	a, err := c.gemmOperand("a", "transA")
	if err != nil {
		return nil, err
	}
	b, err := c.gemmOperand("b", "transB")
	if err != nil {
		return nil, err
	}
	alpha, err := c.float("alpha", 1)
	if err != nil {
		return nil, err
	}
	scale, zero := c.arg("y_scale"), c.arg("y_zero_point")
	if (scale == nil) != (zero == nil) {
		return nil, notSupported("only one of y_scale and y_zero_point is given")
	}
	sums := c.add(c.matMulInteger(a, b), c.arg("c"))
	y := c.mul(c.cast(sums, tensor.Float32), c.scaled(c.mul(a.scale, b.scale), alpha))
	if scale != nil {
		y = c.quantize(y, scale, zero, zero.Type.DType)
	}
	return []*ir.Value{y}, nil
}

// gemmOperand is an operand of QGemm, a matrix that may be turned.
func (c *call) gemmOperand(name, turn string) (scaled8, error) {
	x := c.scaled8(name)
	turned, err := c.int(turn, 0)
	if err != nil {
		return x, err
	}
	rank, err := c.rankOf(x.steps)
	if err != nil {
		return x, err
	}
	if rank != 2 {
		return x, fmt.Errorf("operand %s is %s, want a matrix", name, x.steps.Type)
	}
	if turned != 0 {
		x.steps = c.transpose(x.steps, 1, 0)
	}
	return x, nil
}

// quantizedAttention is QAttention: com.microsoft Attention whose projections are of
// 8-bit integers.
func quantizedAttention(c *call) ([]*ir.Value, error) {
	f, err := c.fuse()
	if err != nil {
		return nil, err
	}
	weights := c.scaled8("weight")
	if err := f.cutProjection(weights.steps, c.product(c.scaled8("input"), weights, c.arg("bias"))); err != nil {
		return nil, err
	}
	return f.ofProjections(c.arg("past"), c.arg("mask_index"), nil, nil)
}

// quantizedEmbedNorm is QEmbedLayerNormalization: tables and gains are of 8 bits. What
// is taken of a table is made floats, not the table.
func quantizedEmbedNorm(c *call) ([]*ir.Value, error) {
	return c.embed(nil, func(name string, take func(*ir.Value) *ir.Value) *ir.Value {
		x := c.scaled8(name)
		if x.steps == nil || x.scale == nil {
			c.failed = fmt.Errorf("operand %s or its scale is missing", name)
			return c.b.Float(tensor.Float32, 0)
		}
		return c.dequantize(take(x.steps), x.scale, x.zero)
	})
}

// quantizedConv is the QLinearConv of com.microsoft, whose channels may come last.
func quantizedConv(c *call) (*ir.Value, error) {
	x, w := c.numbers("x"), c.scaled8("w")
	in := []*ir.Value{x, c.perFilter(w)}
	if bias := c.arg("bias"); bias != nil {
		in = append(in, c.mul(c.cast(bias, tensor.Float32), c.mul(c.single(c.arg("x_scale")), w.scale)))
	}
	return c.b.Op(op.Conv, c.attr, in...), nil
}

// perFilter are the numbers of filters, which have a scale each, or one.
func (c *call) perFilter(w scaled8) *ir.Value {
	a := &attr.Quantize{Axis: 0, Saturate: true}
	if w.zero == nil {
		return c.b.Op(op.DequantizeLinear, a, w.steps, w.scale)
	}
	return c.b.Op(op.DequantizeLinear, a, w.steps, w.scale, w.zero)
}
