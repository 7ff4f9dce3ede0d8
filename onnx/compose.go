package onnx

import (
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// The canonical nodes that builders put operators of several steps together
// from. Nothing is made for an addition of what is left out.

func (c *call) add(x *ir.Value, others ...*ir.Value) *ir.Value {
	for _, y := range others {
		if y != nil {
			x = c.b.Op(op.Add, nil, x, y)
		}
	}
	return x
}

func (c *call) sub(x, y *ir.Value) *ir.Value { return c.b.Op(op.Sub, nil, x, y) }
func (c *call) mul(x, y *ir.Value) *ir.Value { return c.b.Op(op.Mul, nil, x, y) }

// scaled multiplies by a number, but not by 1.
func (c *call) scaled(x *ir.Value, by float64) *ir.Value {
	if by == 1 {
		return x
	}
	return c.mul(x, c.numberLike(x, by))
}

// swish is x·sigmoid(alpha·x), which ai.onnx has no operator for before opset 24.
func (c *call) swish(x *ir.Value, alpha float64) *ir.Value {
	return c.mul(x, c.b.Op(op.Sigmoid, nil, c.scaled(x, alpha)))
}

// numberLike is a constant of x's element type, which must be one of numbers:
// otherwise the node fails.
func (c *call) numberLike(x *ir.Value, v float64) *ir.Value {
	t := tensor.New(c.numeric(x.Type.DType))
	t.SetFloat(0, v)
	return c.b.Const(t)
}

// numeric returns d if numbers can be written in it. Otherwise the node fails,
// and what is built on serves for nothing.
func (c *call) numeric(d tensor.DType) tensor.DType {
	if d.IsFloat() || d.IsInt() {
		return d
	}
	if c.failed == nil {
		c.failed = notSupported("operands of %s, where numbers are needed", d.Long())
	}
	return tensor.Float32
}

func (c *call) where(condition, x, y *ir.Value) *ir.Value {
	return c.b.Op(op.Where, nil, condition, x, y)
}

func (c *call) cast(x *ir.Value, to tensor.DType) *ir.Value {
	if x.Type.DType == to {
		return x
	}
	return c.b.Op(op.Cast, &attr.Cast{To: c.numeric(to), Saturate: true}, x)
}

// integers gives counts and positions the type of sizes.
func (c *call) integers(x *ir.Value) *ir.Value { return c.cast(x, tensor.Int64) }

// reshape takes 0 for a size that stays, and −1 for the rest.
func (c *call) reshape(x *ir.Value, shape ...int64) *ir.Value {
	return c.b.Op(op.Reshape, attr.New[attr.Reshape](), x, c.b.Ints(shape...))
}

func (c *call) reshapeTo(x, shape *ir.Value) *ir.Value {
	return c.b.Op(op.Reshape, &attr.Reshape{AllowZero: true}, x, shape)
}

func (c *call) transpose(x *ir.Value, perm ...int) *ir.Value {
	return c.b.Op(op.Transpose, &attr.Transpose{Perm: perm}, x)
}

func (c *call) unsqueeze(x *ir.Value, axes ...int64) *ir.Value {
	return c.b.Op(op.Unsqueeze, nil, x, c.b.Ints(axes...))
}

func (c *call) expand(x, shape *ir.Value) *ir.Value { return c.b.Op(op.Expand, nil, x, shape) }

func (c *call) concat(axis int, parts ...*ir.Value) *ir.Value {
	return c.b.Op(op.Concat, &attr.Axis{Axis: axis}, parts...)
}

// entry is the entry at index of an axis, which goes.
func (c *call) entry(x *ir.Value, axis int, index int64) *ir.Value {
	return c.b.Op(op.Gather, &attr.Axis{Axis: axis}, x, c.b.Int(index))
}

// toEnd is a bound of slices that no size reaches.
const toEnd = math.MaxInt64

// slice cuts an axis to from ≤ index < to.
func (c *call) slice(x *ir.Value, axis, from, to int64) *ir.Value {
	return c.sliceAt(x, axis, c.b.Ints(from), c.b.Ints(to))
}

// sliceAt is slice with bounds that are computed: lists of one.
func (c *call) sliceAt(x *ir.Value, axis int64, from, to *ir.Value) *ir.Value {
	return c.b.Op(op.Slice, nil, x, from, to, c.b.Ints(axis))
}

// split cuts an axis into parts of constant sizes.
func (c *call) split(x *ir.Value, axis int, sizes ...int64) []*ir.Value {
	return c.b.Ops(op.Split, &attr.Axis{Axis: axis}, len(sizes), x, c.b.Ints(sizes...))
}

// size is one size of x, as a list of one.
func (c *call) size(x *ir.Value, axis int) *ir.Value { return c.sizes(x, axis, axis+1) }

// sizes lists the sizes of the axes from … to−1.
func (c *call) sizes(x *ir.Value, from, to int) *ir.Value {
	return c.b.Op(op.Shape, &attr.Shape{Start: from, End: to}, x)
}

// count is 0, 1, … n−1 of a list of one.
func (c *call) count(n *ir.Value) *ir.Value {
	return c.b.Op(op.Range, nil, c.b.Int(0), c.reshape(n), c.b.Int(1))
}

// zeros makes zeros of a computed shape.
func (c *call) zeros(d tensor.DType, shape *ir.Value) *ir.Value {
	return c.expand(c.b.Const(tensor.New(c.numeric(d))), shape)
}

// one wraps a builder of one value.
func one(f func(c *call) (*ir.Value, error)) builder {
	return func(c *call) ([]*ir.Value, error) {
		v, err := f(c)
		return []*ir.Value{v}, err
	}
}
