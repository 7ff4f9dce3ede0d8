package onnx

import (
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// transformAxis is DFT before opset 20, whose axis was an attribute.
func transformAxis(c *call) ([]*ir.Value, error) {
	axis, err := c.int("axis", 1)
	if err != nil {
		return nil, err
	}
	for len(c.in) < 2 {
		c.in = append(c.in, nil)
	}
	c.in = append(c.in[:2], c.b.Int(axis))
	return plain(c)
}

// cosineWindow is a − b·cos(2πk/n) + d·cos(4πk/n) of k from 0 to size − 1: n is the
// size if the window repeats, and one less if it ends as it begins.
func cosineWindow(a, b, d float64) builder {
	return one(func(c *call) (*ir.Value, error) {
		size, err := c.operand(0)
		if err != nil {
			return nil, err
		}
		periodic, err := c.int("periodic", 1)
		if err != nil {
			return nil, err
		}
		to, err := c.int("output_datatype", int64(tensor.Float32))
		if err != nil {
			return nil, err
		}
		element, err := elementType(wire.DataType(to))
		if err != nil {
			return nil, err
		}
		n := c.cast(size, tensor.Float64)
		if periodic == 0 {
			n = c.sub(n, c.numberLike(n, 1))
		}
		k := c.cast(c.count(c.integers(size)), tensor.Float64)
		turn := c.b.Op(op.Div, nil, c.scaled(k, 2*math.Pi), c.reshape(n))
		cos := func(x *ir.Value) *ir.Value { return c.b.Op(op.Cos, nil, x) }
		w := c.sub(c.numberLike(turn, a), c.scaled(cos(turn), b))
		if d != 0 {
			w = c.add(w, c.scaled(cos(c.scaled(turn, 2)), d))
		}
		return c.b.Op(op.Cast, &attr.Cast{To: c.numeric(element), Saturate: true}, w), nil
	})
}
