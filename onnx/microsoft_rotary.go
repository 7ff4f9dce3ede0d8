package onnx

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// rotary is com.microsoft RotaryEmbedding: positions are given, or the first of
// them alone. ONNX Runtime's kernel
// doesn't look at the attribute scale.
func rotary(c *call) ([]*ir.Value, error) {
	a := c.attr.(*attr.RotaryEmbedding)
	x, positions, cos, sin := c.arg("input"), c.integers(c.arg("position_ids")), c.arg("cos_cache"), c.arg("sin_cache")
	shape, err := c.shapeOf(x)
	if err != nil {
		return nil, err
	}
	pairs, err := c.pairs(cos)
	if err != nil {
		return nil, err
	}
	length := len(shape) - 2
	switch len(shape) {
	case 3:
		if err := setRotaryHeads(a, shape[2].IsConst, pairs); err != nil {
			return nil, err
		}
	case 4:
		a.Heads = 0
	default:
		return nil, fmt.Errorf("input is %s, want rank 3 or 4", x.Type)
	}
	if a.RotaryDim == 0 {
		a.RotaryDim = int(2 * pairs)
	}
	rank, err := c.rankOf(positions)
	if err != nil {
		return nil, err
	}
	tokens := c.concat(0, c.size(x, 0), c.size(x, length))
	switch {
	case rank == 1:
		positions = c.expand(c.add(positions, c.count(c.size(x, length))), tokens)
	case positions.Type.Shape[0].Is(1) && !shape[0].Is(1): // exporters write them for one batch entry
		positions = c.expand(positions, tokens)
	}
	return []*ir.Value{c.b.Op(op.RotaryEmbedding, a, x, cos, sin, positions)}, nil
}

// setRotaryHeads finds how many heads are packed in the last axis: without
// num_heads each is as large as the table turns.
func setRotaryHeads(a *attr.RotaryEmbedding, hidden func() (int64, bool), pairs int64) error {
	if a.Heads > 0 && a.RotaryDim > 0 {
		return nil
	}
	n, ok := hidden()
	switch {
	case !ok:
		return notSupported("the hidden size is not constant")
	case pairs < 1 || n%(2*pairs) != 0:
		return fmt.Errorf("hidden size %d with %d angles", n, pairs)
	}
	a.Heads = int(n / (2 * pairs))
	return nil
}

// gemmaRotary is com.microsoft GemmaRotaryEmbedding: x·cos + rotated x·sin of
// angles that are given.
func gemmaRotary(c *call) ([]*ir.Value, error) {
	angles := c.arg("emb")
	d, err := c.elementOf(c.arg("q"))
	if err != nil {
		return nil, err
	}
	table := func(o *ir.Op) *ir.Value { return c.unsqueeze(c.cast(c.b.Op(o, nil, angles), d), 1) }
	cos, sin := table(op.Cos), table(op.Sin)
	turn := func(x, turned string) *ir.Value {
		return c.add(c.mul(c.arg(x), cos), c.mul(c.arg(turned), sin))
	}
	return []*ir.Value{turn("q", "q_rot"), turn("k", "k_rot")}, nil
}
