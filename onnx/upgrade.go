package onnx

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// alignedBroadcast is the broadcast before opset 7: the second operand's axes
// are some of the first's in a row, beginning at axis, or the last ones.
func alignedBroadcast(c *call) ([]*ir.Value, error) {
	broadcast, err := c.int("broadcast", 0)
	if err != nil {
		return nil, err
	}
	if broadcast == 0 || c.raw["axis"] == nil {
		return plain(c)
	}
	axis, err := c.int("axis", 0)
	if err != nil {
		return nil, err
	}
	a, err := c.shape(0)
	if err != nil {
		return nil, err
	}
	b, err := c.shape(1)
	if err != nil {
		return nil, err
	}
	if axis < 0 {
		axis += int64(len(a))
	}
	missing := int64(len(a)-len(b)) - axis
	if axis < 0 || missing < 0 {
		return nil, fmt.Errorf("operand 1 of rank %d can't be broadcast at axis %d of rank %d", len(b), axis, len(a))
	}
	c.in[1] = trailingOnes(c, c.in[1], len(b), int(missing))
	return plain(c)
}

// trailingOnes appends n axes of size 1 to v of the given rank.
func trailingOnes(c *call, v *ir.Value, rank, n int) *ir.Value {
	if n == 0 {
		return v
	}
	axes := make([]int64, n)
	for i := range axes {
		axes[i] = int64(rank + i)
	}
	return c.b.Op(op.Unsqueeze, nil, v, c.b.Ints(axes...))
}

// perChannelSlope is PRelu before opset 7: one slope, or one per channel, x's
// axis 1.
func perChannelSlope(c *call) ([]*ir.Value, error) {
	slope, err := c.shape(1)
	if err != nil {
		return nil, err
	}
	if len(slope) == 1 && !slope[0].Is(1) {
		x, err := c.shape(0)
		if err != nil {
			return nil, err
		}
		c.in[1] = trailingOnes(c, c.in[1], 1, max(len(x)-2, 0))
	}
	return plain(c)
}

// flattened is an operator that up to opset 12 saw its operand as a matrix: the
// axes before axis, and the ones from it on. inner works on the last axis.
func flattened(inner func(c *call, x *ir.Value) (*ir.Value, error)) builder {
	return func(c *call) ([]*ir.Value, error) {
		axis, err := c.int("axis", 1)
		if err != nil {
			return nil, err
		}
		x, err := c.operand(0)
		if err != nil {
			return nil, err
		}
		rank, known := x.Type.Rank()
		if axis == -1 || known && axis == int64(rank)-1 {
			y, err := inner(c, x)
			return []*ir.Value{y}, err
		}
		if int64(int(axis)) != axis {
			return nil, fmt.Errorf("axis %d is out of range", axis)
		}
		y, err := inner(c, c.b.Op(op.Flatten, &attr.Axis{Axis: int(axis)}, x))
		if err != nil {
			return nil, err
		}
		shape := c.b.Op(op.Shape, attr.New[attr.Shape](), x)
		return []*ir.Value{c.b.Op(op.Reshape, &attr.Reshape{AllowZero: true}, y, shape)}, nil
	}
}

func lastAxis(c *call, x *ir.Value) (*ir.Value, error) {
	return c.b.Op(c.rule.op, &attr.Axis{Axis: -1}, x), nil
}

func hardmax(c *call, x *ir.Value) (*ir.Value, error) { return hardmaxOf(c, x, -1) }

func hardmaxAlongAxis(c *call) ([]*ir.Value, error) {
	axis, err := c.int("axis", -1)
	if err != nil {
		return nil, err
	}
	x, err := c.shape(0)
	if err != nil {
		return nil, err
	}
	if axis < -int64(len(x)) || axis >= int64(len(x)) {
		return nil, fmt.Errorf("axis %d is out of range for rank %d", axis, len(x))
	}
	y, err := hardmaxOf(c, c.in[0], int(axis))
	return []*ir.Value{y}, err
}

// hardmaxOf is 1 at the first maximum along axis and 0 elsewhere.
func hardmaxOf(c *call, x *ir.Value, axis int) (*ir.Value, error) {
	d, err := c.number(0)
	if err != nil {
		return nil, err
	}
	values := tensor.New(d, 2)
	values.SetFloat(1, 1)
	at := c.b.Op(op.ArgMax, &attr.ArgReduce{Axis: axis}, x)
	depth := c.b.Op(op.Gather, &attr.Axis{}, c.b.Op(op.Shape, attr.New[attr.Shape](), x), c.b.Int(int64(axis)))
	return c.b.Op(op.OneHot, &attr.Axis{Axis: axis}, at, depth, c.b.Const(values)), c.b.Err()
}

// number is element for types that numbers can be written in.
func (c *call) number(i int) (tensor.DType, error) {
	d, err := c.element(i)
	if err == nil && !d.IsFloat() && !d.IsInt() {
		err = fmt.Errorf("operand %d has elements of type %s, want numbers", i, d.Long())
	}
	return d, err
}

// inference is BatchNormalization with one output: the others are of training.
func inference(c *call) ([]*ir.Value, error) {
	if c.outs > 1 {
		return nil, notSupported("it has the outputs of training")
	}
	return plain(c)
}

// scalePerGroup is GroupNormalization 18, which had a scale and a bias per group;
// since 21 they are per channel.
func scalePerGroup(c *call) ([]*ir.Value, error) {
	x, err := c.shape(0)
	if err != nil {
		return nil, err
	}
	if len(x) < 2 || len(c.in) != 3 {
		return nil, fmt.Errorf("%d operands and rank %d, want 3 and at least 2", len(c.in), len(x))
	}
	channels, ok := x[1].IsConst()
	groups := int64(c.attr.(*attr.GroupNormalization).Groups)
	switch {
	case !ok:
		return nil, notSupported("the number of channels, %s, is not constant", x[1])
	case groups < 1 || channels%groups != 0:
		return nil, fmt.Errorf("%d channels in %d groups", channels, groups)
	}
	for i := 1; i < 3; i++ {
		v, err := c.operand(i)
		if err != nil {
			return nil, err
		}
		column := c.b.Op(op.Unsqueeze, nil, v, c.b.Ints(1))
		table := c.b.Op(op.Expand, nil, column, c.b.Ints(groups, channels/groups))
		c.in[i] = c.b.Op(op.Reshape, attr.New[attr.Reshape](), table, c.b.Ints(channels))
	}
	return plain(c)
}

// castToName is Cast 1, which names the type.
func castToName(c *call) ([]*ir.Value, error) {
	a := c.raw["to"]
	if a == nil {
		return nil, fmt.Errorf("attribute to is missing")
	}
	if err := wantType(a, wire.AttributeString); err != nil {
		return nil, err
	}
	for d := wire.Float; tensor.DType(d).Valid(); d++ {
		if d.String() == string(a.S) {
			c.attr.(*attr.Cast).To = tensor.DType(d)
			return plain(c)
		}
	}
	return nil, fmt.Errorf("attribute to is %q, which is no element type", a.S)
}

// roundsUp checks the attribute of casts to the 8-bit power-of-two type.
func roundsUp(c *call) error {
	if a := c.raw["round_mode"]; a != nil && string(a.S) != "up" {
		return notSupported("round_mode has to be up")
	}
	return nil
}

func castRoundingUp(c *call) ([]*ir.Value, error) {
	if err := roundsUp(c); err != nil {
		return nil, err
	}
	return plain(c)
}

// castLike is a Cast to the type of the second operand, which is not read.
func castLike(c *call) ([]*ir.Value, error) {
	if err := roundsUp(c); err != nil {
		return nil, err
	}
	x, err := c.operand(0)
	if err != nil {
		return nil, err
	}
	d, err := c.element(1)
	if err != nil {
		return nil, err
	}
	saturate, err := c.int("saturate", 1)
	if err != nil {
		return nil, err
	}
	return []*ir.Value{c.b.Op(op.Cast, &attr.Cast{To: d, Saturate: saturate != 0}, x)}, nil
}

func bitShift(c *call) ([]*ir.Value, error) {
	a := c.raw["direction"]
	if a == nil || string(a.S) != "LEFT" && string(a.S) != "RIGHT" {
		return nil, fmt.Errorf("attribute direction has to be LEFT or RIGHT")
	}
	c.attr.(*attr.BitShift).Left = string(a.S) == "LEFT"
	return plain(c)
}

// flatWithoutAxis takes the operand as a vector if no axis is given.
func flatWithoutAxis(c *call) ([]*ir.Value, error) {
	if a := c.raw["axis"]; a != nil {
		if err := setField(fieldOf(c.attr, "axis"), a); err != nil {
			return nil, err
		}
		return plain(c)
	}
	x, err := c.operand(0)
	if err != nil {
		return nil, err
	}
	c.in[0] = c.b.Op(op.Reshape, attr.New[attr.Reshape](), x, c.b.Ints(-1))
	return plain(c)
}

// splitInto checks num_outputs, which only repeats how many there are.
func splitInto(c *call) ([]*ir.Value, error) {
	n, err := c.int("num_outputs", int64(c.outs))
	if err != nil {
		return nil, err
	}
	if n != int64(c.outs) {
		return nil, fmt.Errorf("num_outputs is %d, the node has %d", n, c.outs)
	}
	return plain(c)
}
