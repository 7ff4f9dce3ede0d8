package onnx

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// affineGrid are the places of elements of an image, each a number from −1 to 1 for an
// axis, the last axis first, multiplied by a matrix theta with a column for what is
// added.
func affineGrid(c *call) (*ir.Value, error) {
	theta, size := c.arg("theta"), c.arg("size")
	shape, err := c.shapeOf(theta)
	if err != nil {
		return nil, err
	}
	corners, err := c.int("align_corners", 0)
	if err != nil {
		return nil, err
	}
	if len(shape) != 3 || !shape[1].Is(2) && !shape[1].Is(3) {
		return nil, fmt.Errorf("theta is %s, want [batch, 2, 3] or [batch, 3, 4]", theta.Type)
	}
	d, err := c.elementOf(theta)
	if err != nil {
		return nil, err
	}
	axes, _ := shape[1].IsConst()
	spatial := c.slice(size, 0, 2, toEnd)
	parts := []*ir.Value{c.expand(c.b.Float(c.numeric(d), 1), spatial)}
	for axis := range axes {
		places := c.places(c.slice(size, 0, 2+axis, 3+axis), d, corners != 0)
		for right := axis + 1; right < axes; right++ {
			places = c.unsqueeze(places, right-axis)
		}
		parts = append([]*ir.Value{c.expand(places, spatial)}, parts...)
	}
	for i, p := range parts {
		parts[i] = c.reshape(p, -1, 1)
	}
	grid := c.b.Op(op.MatMul, nil, c.concat(1, parts...), c.transpose(theta, 0, 2, 1))
	return c.reshapeTo(grid, c.concat(0, c.size(theta, 0), spatial, c.b.Ints(axes))), nil
}

// places are those of n elements, [n], between −1 and 1: the axis's ends, or with
// corners the middles of the outermost elements.
func (c *call) places(n *ir.Value, d tensor.DType, corners bool) *ir.Value {
	last := c.sub(n, c.b.Ints(1))
	twice := c.mul(c.count(n), c.b.Ints(2))
	length := n
	if corners {
		length = c.b.Op(op.Max, nil, last, c.b.Ints(1))
	}
	return c.b.Op(op.Div, nil, c.cast(c.sub(twice, last), d), c.cast(length, d))
}

// centerCropPad gives axes sizes: what is too long is cut, and what is too short
// padded, equally at both ends or an element more at the end.
func centerCropPad(c *call) (*ir.Value, error) {
	x := c.arg("input_data")
	rank, err := c.rankOf(x)
	if err != nil {
		return nil, err
	}
	axes := make([]int64, rank)
	for i := range axes {
		axes[i] = int64(i)
	}
	if a := c.raw["axes"]; a != nil {
		if axes, err = ints(a); err != nil {
			return nil, err
		}
	}
	zero, two, which := c.b.Ints(0), c.b.Ints(2), c.b.Ints(axes...)
	want := c.integers(c.arg("shape"))
	have := c.b.Op(op.Gather, &attr.Axis{}, c.sizes(x, 0, rank), which)
	half := func(n *ir.Value) *ir.Value { return c.b.Op(op.Div, nil, n, two) }
	excess := func(n, of *ir.Value) *ir.Value { return c.b.Op(op.Max, nil, c.sub(n, of), zero) }
	start := half(excess(have, want))
	missing := excess(want, have)
	before := half(missing)
	cut := c.b.Op(op.Slice, nil, x, start, c.add(start, want), which)
	return c.b.Op(op.Pad, attr.New[attr.Pad](), cut, c.concat(0, before, c.sub(missing, before)), nil, which), nil
}

// reverseSequence reverses the first entries of the time axis, as many as each entry of
// the batch says.
func reverseSequence(c *call) (*ir.Value, error) {
	x, lengths := c.arg("input"), c.integers(c.arg("sequence_lens"))
	rank, err := c.rankOf(x)
	if err != nil {
		return nil, err
	}
	batch, err := c.int("batch_axis", 1)
	if err != nil {
		return nil, err
	}
	time, err := c.int("time_axis", 0)
	if err != nil {
		return nil, err
	}
	if rank < 2 || batch+time != 1 || batch*time != 0 {
		return nil, fmt.Errorf("batch_axis %d and time_axis %d of rank %d, want 0 and 1", batch, time, rank)
	}
	steps := c.unsqueeze(c.count(c.size(x, int(time))), batch)
	lengths = c.unsqueeze(lengths, time)
	last := c.sub(lengths, c.b.Ints(1))
	index := c.where(c.b.Op(op.Less, nil, steps, lengths), c.sub(last, steps), steps)
	for axis := 2; axis < rank; axis++ {
		index = c.unsqueeze(index, int64(axis))
	}
	index = c.expand(index, c.sizes(x, 0, rank))
	return c.b.Op(op.GatherElements, &attr.Axis{Axis: int(time)}, x, index), nil
}

// upsample is Upsample, and Resize of opset 10: a place is that of the result divided by
// the scale, rounded down, or up where Resize shrinks.
func upsample(c *call) (*ir.Value, error) {
	mode, err := c.text("mode", "nearest")
	if err != nil {
		return nil, err
	}
	if mode == "bilinear" {
		mode = "linear"
	}
	if mode != "nearest" && mode != "linear" {
		return nil, fmt.Errorf("attribute mode is %q, want nearest or linear", mode)
	}
	x, scales := c.arg("x"), c.arg("scales")
	if list := c.raw["scales"]; list != nil {
		scales = c.b.Const(vectorOf(list.Floats))
	}
	if scales == nil {
		return nil, fmt.Errorf("scales are missing")
	}
	a := attr.New[attr.Resize]()
	a.Mode, a.Coordinates, a.NearestMode = mode, "asymmetric", "floor"
	if mode == "nearest" && c.node.OpType == "Resize" {
		if a.NearestMode, err = roundingOf(scales); err != nil {
			return nil, err
		}
	}
	return c.b.Op(op.Resize, a, x, nil, scales), nil
}

// roundingOf is how places are rounded for scales, which must be constant.
func roundingOf(scales *ir.Value) (string, error) {
	if scales.Const == nil || !scales.Const.DType.IsFloat() {
		return "", notSupported("the scales are not constant")
	}
	least, most := math.Inf(1), math.Inf(-1)
	for i := range scales.Const.Len() {
		s := scales.Const.FloatAt(i)
		least, most = min(least, s), max(most, s)
	}
	switch {
	case least >= 1:
		return "floor", nil
	case most <= 1:
		return "ceil", nil
	}
	return "", notSupported("some axes are to grow and others to shrink")
}
