package onnx

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// randomOfShape is RandomUniform and RandomNormal, whose shape is an attribute.
func randomOfShape(c *call) (*ir.Value, error) {
	a := c.raw["shape"]
	if a == nil {
		return nil, fmt.Errorf("attribute shape is missing")
	}
	shape, err := ints(a)
	if err != nil {
		return nil, err
	}
	return c.b.Op(c.rule.op, c.attr, c.zeros(tensor.Float32, c.b.Ints(shape...))), nil
}

// bernoulli is 1 where a number from 0 to 1 that is drawn is below x.
func bernoulli(c *call) (*ir.Value, error) {
	x, err := c.operand(0)
	if err != nil {
		return nil, err
	}
	seed, err := c.float("seed", 0)
	if err != nil {
		return nil, err
	}
	d, err := c.element(0)
	if err != nil {
		return nil, err
	}
	uniform := attr.New[attr.Random]()
	uniform.Seed = float32(seed)
	cast := &attr.Cast{To: d, Saturate: true}
	if a := c.raw["dtype"]; a != nil {
		if err := setField(fieldOf(cast, "to"), a); err != nil {
			return nil, err
		}
	}
	return c.b.Op(op.Cast, cast, c.b.Op(op.Less, nil, c.b.Op(op.RandomUniformLike, uniform, x), x)), nil
}
