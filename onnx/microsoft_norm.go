package onnx

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// skipNorm is SkipLayerNormalization: the outputs are the norm of the sum, its
// statistics, and the sum.
func skipNorm(c *call) ([]*ir.Value, error) {
	sum := c.add(c.arg("input"), c.arg("skip"), c.arg("bias"))
	in := []*ir.Value{sum, c.arg("gamma")}
	if beta := c.arg("beta"); beta != nil {
		in = append(in, beta)
	}
	if !c.wants(1) && !c.wants(2) {
		y := c.b.Op(op.LayerNormalization, c.attr, in...)
		return []*ir.Value{y, nil, nil, sum}, nil
	}
	return append(c.b.Ops(op.LayerNormalization, c.attr, 3, in...), sum), nil
}

// skipSimplifiedNorm is SkipSimplifiedLayerNormalization, which subtracts no
// mean.
func skipSimplifiedNorm(c *call) ([]*ir.Value, error) {
	if c.wants(1) {
		return nil, notSupported("it has the output of a mean, which it doesn't compute")
	}
	sum := c.add(c.arg("input"), c.arg("skip"), c.arg("bias"))
	outs := []*ir.Value{c.b.Op(op.RMSNormalization, c.attr, sum, c.arg("gamma")), nil, nil, sum}
	if c.wants(2) {
		outs[2] = c.deviation(sum)
	}
	return outs, nil
}

// simplifiedNorm is ai.onnx SimplifiedLayerNormalization of ONNX Runtime.
func simplifiedNorm(c *call) ([]*ir.Value, error) {
	outs := []*ir.Value{c.b.Op(op.RMSNormalization, c.attr, c.arg("x"), c.arg("scale")), nil}
	if !c.wants(1) {
		return outs, nil
	}
	a := c.attr.(*attr.LayerNormalization)
	if shape, err := c.shape(0); err != nil || a.Axis != -1 && a.Axis != len(shape)-1 {
		return nil, notSupported("it has the output of statistics over several axes")
	}
	outs[1] = c.deviation(c.arg("x"))
	return outs, nil
}

// deviation is 1/√(mean x² + ε) over the last axis, in f32.
func (c *call) deviation(x *ir.Value) *ir.Value {
	x = c.cast(x, tensor.Float32)
	square := c.b.Op(op.ReduceMean, &attr.Reduce{KeepDims: true}, c.mul(x, x), c.b.Ints(-1))
	epsilon := c.b.Float(tensor.Float32, float64(c.attr.(*attr.LayerNormalization).Epsilon))
	return c.b.Op(op.Reciprocal, nil, c.b.Op(op.Sqrt, nil, c.add(square, epsilon)))
}

// embedNorm is EmbedLayerNormalization.
func embedNorm(c *call) ([]*ir.Value, error) {
	return c.embed(c.arg("position_ids"), func(name string, take func(*ir.Value) *ir.Value) *ir.Value { return take(c.arg(name)) })
}

// embed is the norm of the sum of embeddings. Its second output counts the ones of the
// mask. Positions may be nil: they count from 0; numbers gives what is taken of a table
// or a gain in floats.
func (c *call) embed(positions *ir.Value, numbers func(name string, take func(*ir.Value) *ir.Value) *ir.Value) ([]*ir.Value, error) {
	ids := c.arg("input_ids")
	rows := func(table string, index *ir.Value) *ir.Value {
		return numbers(table, func(x *ir.Value) *ir.Value { return c.b.Op(op.Gather, &attr.Axis{}, x, index) })
	}
	all := func(x *ir.Value) *ir.Value { return x }
	var place *ir.Value
	if positions != nil {
		place = rows("position_embedding", positions)
	} else {
		length := c.size(ids, 1)
		place = numbers("position_embedding", func(x *ir.Value) *ir.Value { return c.sliceAt(x, 0, c.b.Ints(0), length) })
	}
	sum := c.add(rows("word_embedding", ids), place)
	if segments := c.arg("segment_ids"); segments != nil {
		if c.arg("segment_embedding") == nil {
			return nil, fmt.Errorf("segment_ids without segment_embedding")
		}
		sum = c.add(sum, rows("segment_embedding", segments))
	}
	outs := []*ir.Value{c.b.Op(op.LayerNormalization, c.attr, sum, numbers("gamma", all), numbers("beta", all)), nil, sum}
	if c.wants(1) {
		outs[1] = c.onesPerRow(ids, c.arg("mask"))
	}
	return outs, nil
}

// onesPerRow counts the ones of each row of a mask; without one it is 0 for each
// row of ids.
func (c *call) onesPerRow(ids, mask *ir.Value) *ir.Value {
	if mask == nil {
		return c.zeros(tensor.Int32, c.size(ids, 0))
	}
	ones := c.b.Op(op.Equal, nil, mask, c.cast(c.b.Int(1), mask.Type.DType))
	return c.b.Op(op.ReduceSum, &attr.Reduce{}, c.cast(ones, tensor.Int32), c.b.Ints(1))
}

// groupNorm is com.microsoft GroupNorm: channels may come last, and SiLU follow.
func groupNorm(c *call) ([]*ir.Value, error) {
	y, err := c.groupNorm(c.arg("x"))
	return []*ir.Value{y}, err
}

// skipGroupNorm adds what it skips first, and gives the sum, too.
func skipGroupNorm(c *call) ([]*ir.Value, error) {
	skip := c.arg("skip")
	rank, err := c.rankOf(skip)
	if err != nil {
		return nil, err
	}
	if rank == 2 { // [N, C]
		last, err := c.int("channels_last", 1)
		if err != nil {
			return nil, err
		}
		axes := []int64{1, 2}
		if last == 0 {
			axes = []int64{2, 3}
		}
		skip = c.unsqueeze(skip, axes...)
	}
	bias := c.arg("bias")
	if last, err := c.int("channels_last", 1); err == nil && last == 0 && bias != nil {
		bias = c.reshape(bias, -1, 1, 1)
	}
	sum := c.add(c.arg("x"), skip, bias)
	y, err := c.groupNorm(sum)
	return []*ir.Value{y, sum}, err
}

func (c *call) groupNorm(x *ir.Value) (*ir.Value, error) {
	last, err := c.int("channels_last", 1)
	if err != nil {
		return nil, err
	}
	silu, err := c.int("activation", 0)
	if err != nil {
		return nil, err
	}
	if last != 0 {
		x = c.transpose(x, 0, 3, 1, 2)
	}
	d := x.Type.DType
	y := c.b.Op(op.GroupNormalization, c.attr, x, c.cast(c.arg("gamma"), d), c.cast(c.arg("beta"), d))
	if last != 0 {
		y = c.transpose(y, 0, 2, 3, 1)
	}
	switch silu {
	case 0:
		return y, nil
	case 1:
		return c.swish(y, 1), nil
	}
	return nil, fmt.Errorf("attribute activation is %d, want 0 or 1", silu)
}
