package onnx

import (
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// relativeBias is com.microsoft RelativePositionBias: a table by head and by the
// bucket of the distance from query to key (T5, arXiv 1910.10683). Near distances
// have buckets of their own, far ones share them by logarithm.
func relativeBias(c *call) (*ir.Value, error) {
	table := c.arg("bias_table")
	shape, err := c.shapeOf(table)
	if err != nil {
		return nil, err
	}
	buckets, ok := shape[0].IsConst()
	if !ok || buckets < 2 {
		return nil, notSupported("the number of buckets, in %s, is not a known constant", table.Type)
	}
	furthest, err := c.int("max_distance", 0)
	if err != nil {
		return nil, err
	}
	both, err := c.int("is_bidirectional", 0)
	if err != nil {
		return nil, err
	}
	one := c.b.Ints(1)
	positions := func(name string) *ir.Value { return c.count(c.reshapeTo(c.integers(c.arg(name)), one)) }
	distance := c.sub(c.unsqueeze(positions("query_length"), 1), positions("key_length"))
	var after *ir.Value // the half of the buckets that keys after the query have
	if both != 0 {
		buckets /= 2
		ahead := c.b.Op(op.Less, nil, distance, c.b.Int(0))
		after = c.where(ahead, c.b.Int(buckets), c.b.Int(0))
		distance = c.b.Op(op.Abs, nil, distance)
	} else {
		distance = c.b.Op(op.Max, nil, distance, c.b.Int(0))
	}
	near := buckets / 2
	if near < 1 || furthest <= near {
		return nil, notSupported("%d buckets for distances up to %d", buckets, furthest)
	}
	bucket := c.where(c.b.Op(op.Less, nil, distance, c.b.Int(near)), distance, c.farBucket(distance, near, buckets, furthest))
	rows := c.b.Op(op.Gather, &attr.Axis{}, table, c.add(bucket, after))
	return c.unsqueeze(c.transpose(rows, 2, 0, 1), 0), c.b.Err()
}

// farBucket spreads the distances from near to furthest over the buckets from
// near on, by logarithm; those beyond have the last.
func (c *call) farBucket(distance *ir.Value, near, buckets, furthest int64) *ir.Value {
	number := func(v float64) *ir.Value { return c.b.Float(tensor.Float32, v) }
	ratio := c.b.Op(op.Div, nil, c.cast(c.b.Op(op.Max, nil, distance, c.b.Int(1)), tensor.Float32), number(float64(near)))
	share := c.b.Op(op.Div, nil, c.b.Op(op.Log, nil, ratio), number(math.Log(float64(furthest)/float64(near))))
	step := c.integers(c.mul(share, number(float64(buckets-near))))
	return c.b.Op(op.Min, nil, c.add(step, c.b.Int(near)), c.b.Int(buckets-1))
}
