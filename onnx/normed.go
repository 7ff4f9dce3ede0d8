package onnx

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// training is BatchNormalization by the statistics of the batch, which it gives, too,
// mixed with those that it is given.
func training(c *call) ([]*ir.Value, error) {
	on, err := c.int("training_mode", 0)
	if err != nil {
		return nil, err
	}
	if on == 0 {
		return inference(c)
	}
	momentum, err := c.float("momentum", 0.9)
	if err != nil {
		return nil, err
	}
	x, err := c.shape(0)
	if err != nil {
		return nil, err
	}
	if len(c.in) != 5 || len(x) < 2 {
		return nil, fmt.Errorf("%d operands and rank %d, want 5 and at least 2", len(c.in), len(x))
	}
	axes := []int64{0}
	for i := 2; i < len(x); i++ {
		axes = append(axes, int64(i))
	}
	mean, variance := c.moments(c.in[0], axes...)
	flat := func(v *ir.Value) *ir.Value { return c.reshape(v, -1) }
	mix := func(old, new *ir.Value) *ir.Value {
		return c.add(c.scaled(old, momentum), c.cast(c.scaled(new, 1-momentum), old.Type.DType))
	}
	mean, variance = flat(mean), flat(variance)
	y := c.b.Op(op.BatchNormalization, c.attr, c.in[0], c.in[1], c.in[2], c.cast(mean, c.in[3].Type.DType), c.cast(variance, c.in[4].Type.DType))
	return []*ir.Value{y, mix(c.in[3], mean), mix(c.in[4], variance)}, nil
}

// moments are the mean and the mean square distance from it over axes, which stay with
// size 1.
func (c *call) moments(x *ir.Value, axes ...int64) (mean, variance *ir.Value) {
	over := func(x *ir.Value) *ir.Value {
		return c.b.Op(op.ReduceMean, &attr.Reduce{KeepDims: true}, x, c.b.Ints(axes...))
	}
	mean = over(x)
	from := c.sub(x, mean)
	return mean, over(c.mul(from, from))
}

// meanVariance is MeanVarianceNormalization: (x − mean)/(deviation + 1e-9).
func meanVariance(c *call) (*ir.Value, error) {
	axes := []int64{0, 2, 3}
	if a := c.raw["axes"]; a != nil {
		var err error
		if axes, err = ints(a); err != nil {
			return nil, err
		}
	}
	x, err := c.operand(0)
	if err != nil {
		return nil, err
	}
	mean, variance := c.moments(x, axes...)
	deviation := c.b.Op(op.Sqrt, nil, variance)
	return c.b.Op(op.Div, nil, c.sub(x, mean), c.add(deviation, c.numberLike(x, 1e-9))), nil
}

// globalNorm is GlobalLpPool: the p-norm over the spatial axes.
func globalNorm(c *call) (*ir.Value, error) {
	p, err := c.int("p", 2)
	if err != nil {
		return nil, err
	}
	x, err := c.shape(0)
	if err != nil {
		return nil, err
	}
	if len(x) < 3 || p < 1 {
		return nil, fmt.Errorf("the %d-norm of an operand of rank %d, want a positive one, and at least 3", p, len(x))
	}
	var axes []int64
	for i := 2; i < len(x); i++ {
		axes = append(axes, int64(i))
	}
	reduced := func(o *ir.Op, x *ir.Value) *ir.Value {
		return c.b.Op(o, &attr.Reduce{KeepDims: true}, x, c.b.Ints(axes...))
	}
	switch p {
	case 1:
		return reduced(op.ReduceL1, c.in[0]), nil
	case 2:
		return reduced(op.ReduceL2, c.in[0]), nil
	}
	power := func(x *ir.Value, by float64) *ir.Value { return c.b.Op(op.Pow, nil, x, c.numberLike(x, by)) }
	return power(reduced(op.ReduceSum, power(c.b.Op(op.Abs, nil, c.in[0]), float64(p))), 1/float64(p)), nil
}

// localResponse is LRN: x/(bias + alpha·mean of squares)^beta, the mean being of size
// channels around, of which those that are not there are zero.
func localResponse(c *call) (*ir.Value, error) {
	size, err := c.int("size", 0)
	if err != nil {
		return nil, err
	}
	var numbers [3]float64
	for i, a := range []struct {
		name string
		own  float64
	}{{"alpha", 1e-4}, {"beta", 0.75}, {"bias", 1}} {
		if numbers[i], err = c.float(a.name, a.own); err != nil {
			return nil, err
		}
	}
	shape, err := c.shape(0)
	if err != nil {
		return nil, err
	}
	if len(shape) < 3 || size < 1 || int64(int32(size)) != size {
		return nil, fmt.Errorf("size %d of an operand of rank %d, want a positive one, and at least 3", size, len(shape))
	}
	x, before := c.in[0], int(size-1)/2
	pool := attr.New[attr.Pool]()
	pool.CountIncludePad = true
	pool.Kernel, pool.Pads = []int{int(size), 1}, []int{before, 0, int(size) - 1 - before, 0}
	rows := c.unsqueeze(c.reshape(c.mul(x, x), 0, 0, -1), 1) // [batch, 1, channel, …]
	mean := c.reshapeTo(c.b.Op(op.AveragePool, pool, rows), c.sizes(x, 0, len(shape)))
	divisor := c.add(c.scaled(mean, numbers[0]), c.numberLike(x, numbers[2]))
	return c.b.Op(op.Div, nil, x, c.b.Op(op.Pow, nil, divisor, c.numberLike(x, numbers[1]))), nil
}
