package ref

import (
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Softmax is exp(x) divided by its sum along the axis.
func Softmax(z *tensor.Tensor, a *attr.Axis, x *tensor.Tensor) error {
	return alongAxis(z, a.Axis, x, func(line []float64) {
		_, sum := shiftedExp(line)
		for i, v := range line {
			line[i] = v / sum
		}
	})
}

// LogSoftmax is the logarithm of Softmax.
func LogSoftmax(z *tensor.Tensor, a *attr.Axis, x *tensor.Tensor) error {
	return alongAxis(z, a.Axis, x, func(line []float64) {
		exps := append([]float64{}, line...)
		top, sum := shiftedExp(exps)
		for i, v := range line {
			line[i] = v - top - math.Log(sum)
		}
	})
}

// shiftedExp makes line exp(x − max x) and returns the maximum and the sum.
func shiftedExp(line []float64) (top, sum float64) {
	top = math.Inf(-1)
	for _, v := range line {
		top = max(top, v)
	}
	for i, v := range line {
		line[i] = math.Exp(v - top)
		sum += line[i]
	}
	return top, sum
}

// alongAxis makes z what f makes of every line of x along an axis.
func alongAxis(z *tensor.Tensor, axis int, x *tensor.Tensor, f func(line []float64)) error {
	axis, err := normalAxis(axis, x.Rank())
	if err != nil {
		return err
	}
	if err := wantReal(x); err != nil {
		return err
	}
	z.Reset(x.DType, x.Shape...)
	data, s := load(x), spanOf(x.Shape, axis)
	line := make([]float64, s.n)
	s.lines(func(start int) {
		for i := range line {
			line[i] = data[start+i*s.inner]
		}
		f(line)
		for i, v := range line {
			data[start+i*s.inner] = v
		}
	})
	store(z, data)
	return nil
}
