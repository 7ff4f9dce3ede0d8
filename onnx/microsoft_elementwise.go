package onnx

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// biasGelu is the Gelu of a sum; a bias may be left out.
func biasGelu(approximate string) builder {
	return func(c *call) ([]*ir.Value, error) {
		x := c.in[0]
		if len(c.in) > 1 {
			x = c.add(x, c.in[1])
		}
		return []*ir.Value{c.b.Op(op.Gelu, &attr.Gelu{Approximate: approximate}, x)}, nil
	}
}

// quickGelu takes a sigmoid for the Gelu's distribution.
func quickGelu(c *call) ([]*ir.Value, error) {
	alpha, err := c.float("alpha", 1.702)
	return []*ir.Value{c.swish(c.arg("x"), alpha)}, err
}

// biasSplitGelu multiplies the first half of the last axis with the Gelu of the
// second.
func biasSplitGelu(c *call) ([]*ir.Value, error) {
	halves := c.b.Ops(op.Split, &attr.Axis{Axis: -1}, 2, c.add(c.arg("x"), c.arg("bias")))
	return []*ir.Value{c.mul(halves[0], c.b.Op(op.Gelu, attr.New[attr.Gelu](), halves[1]))}, nil
}

func biasAdd(c *call) ([]*ir.Value, error) {
	return []*ir.Value{c.add(c.arg("x"), c.arg("bias"), c.arg("skip"))}, nil
}

// biasDropout drops nothing in inference.
func biasDropout(c *call) ([]*ir.Value, error) {
	if training := c.arg("training_mode"); training != nil && !isZero(training) {
		return nil, notSupported("it drops elements: training_mode is not constant false")
	}
	sum := c.add(c.arg("data"), c.arg("bias"), c.arg("residual"))
	if !c.wants(1) {
		return []*ir.Value{sum}, nil
	}
	mask := c.expand(c.b.Const(tensor.Scalar(true)), c.b.Op(op.Shape, attr.New[attr.Shape](), sum))
	return []*ir.Value{sum, mask}, nil
}

// biasSoftmax is the Softmax of a sum along all axes from one on; the bias lacks
// axes of the data, or has them of size 1.
func biasSoftmax(c *call) ([]*ir.Value, error) {
	data, bias := c.arg("data"), c.arg("bias")
	shape, err := c.shapeOf(data)
	if err != nil {
		return nil, err
	}
	axis, err := c.int("axis", 1)
	if err != nil {
		return nil, err
	}
	rank := int64(len(shape))
	if axis < 0 {
		axis += rank
	}
	if axis < 0 || axis >= rank {
		return nil, fmt.Errorf("axis %d of rank %d", axis, rank)
	}
	own, err := c.rankOf(bias)
	if err != nil {
		return nil, err
	}
	if axis != rank-1 || own != int(rank) {
		return nil, notSupported("a softmax over several axes, or a bias of another rank than the data's")
	}
	return []*ir.Value{c.b.Op(op.Softmax, &attr.Axis{Axis: -1}, c.add(data, bias))}, nil
}

// rangeByOne counts by one unless it is told a step; its operands may be lists
// of one.
func rangeByOne(c *call) ([]*ir.Value, error) {
	in := []*ir.Value{c.reshape(c.arg("start")), c.reshape(c.arg("limit")), c.arg("delta")}
	if in[2] == nil {
		in[2] = c.cast(c.b.Int(1), in[0].Type.DType)
	}
	in[2] = c.reshape(in[2])
	return []*ir.Value{c.b.Op(op.Range, nil, in...)}, nil
}

func expandDims(c *call) ([]*ir.Value, error) {
	axis := c.reshape(c.integers(c.arg("axis")), 1)
	return []*ir.Value{c.b.Op(op.Unsqueeze, nil, c.arg("x"), axis)}, nil
}

// embedding is a lookup; what else it has is of training.
func embedding(c *call) ([]*ir.Value, error) {
	return []*ir.Value{c.b.Op(op.Gather, &attr.Axis{}, c.arg("weight"), c.arg("indices"))}, nil
}

// flatPads is Pad whose list of pads may be a matrix of one row.
func flatPads(c *call) ([]*ir.Value, error) {
	c.in[1] = c.reshape(c.in[1], -1)
	if len(c.in) > 2 && c.in[2] != nil {
		c.in[2] = c.reshape(c.in[2])
	}
	return plain(c)
}
