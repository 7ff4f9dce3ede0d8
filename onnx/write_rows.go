package onnx

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// write puts rows into a cache along an axis from a place per batch entry on, at
// [B]; both have the batch first and the same rank.
func (c *call) write(cache, rows, at *ir.Value, axis int) *ir.Value {
	places := c.add(c.unsqueeze(at, 1), c.unsqueeze(c.count(c.size(rows, axis)), 0)) // [B, n]
	return c.writeAt(cache, rows, places, axis)
}

// writeAt is write with the place of every row, [B, n].
func (c *call) writeAt(cache, rows, places *ir.Value, axis int) *ir.Value {
	rank, _ := rows.Type.Rank()
	var ones []int64
	for i := 1; i < rank; i++ {
		if i != axis {
			ones = append(ones, int64(i))
		}
	}
	if len(ones) > 0 {
		places = c.unsqueeze(places, ones...)
	}
	index := c.expand(places, c.b.Op(op.Shape, attr.New[attr.Shape](), rows))
	return c.b.Op(op.ScatterElements, &attr.ScatterElements{Axis: axis, Reduction: "none"}, cache, index, rows)
}

// tensorScatter is TensorScatter: a cache with rows written from a place per
// batch entry on, which may wrap around.
func tensorScatter(c *call) (*ir.Value, error) {
	cache, rows := c.arg("past_cache"), c.arg("update")
	rank, err := c.rankOf(rows)
	if err != nil {
		return nil, err
	}
	axis, err := c.int("axis", -2)
	if err != nil {
		return nil, err
	}
	if axis < 0 {
		axis += int64(rank)
	}
	if axis < 1 || axis >= int64(rank) {
		return nil, fmt.Errorf("axis %d of rank %d, want one after the batch", axis, rank)
	}
	mode, err := c.text("mode", "linear")
	if err != nil {
		return nil, err
	}
	n := c.size(rows, int(axis))
	steps := c.unsqueeze(c.count(n), 0)
	places := c.expand(steps, c.concat(0, c.size(rows, 0), n))
	if at := c.arg("write_indices"); at != nil {
		places = c.add(c.unsqueeze(c.integers(at), 1), steps)
	}
	switch mode {
	case "linear":
	case "circular":
		places = c.b.Op(op.Mod, attr.New[attr.Mod](), places, c.size(cache, int(axis)))
	default:
		return nil, fmt.Errorf("attribute mode is %q, want linear or circular", mode)
	}
	return c.writeAt(cache, rows, places, int(axis)), nil
}
