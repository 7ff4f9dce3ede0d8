package ref

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// ArgMax is the index of the maximum along an axis: the first one, or the last
// with SelectLast. The first NaN counts as the maximum.
func ArgMax(z *tensor.Tensor, a *attr.ArgReduce, x *tensor.Tensor) error {
	return argReduce(z, a, x, false)
}

// ArgMin is the index of the minimum along an axis, as ArgMax.
func ArgMin(z *tensor.Tensor, a *attr.ArgReduce, x *tensor.Tensor) error {
	return argReduce(z, a, x, true)
}

func argReduce(z *tensor.Tensor, a *attr.ArgReduce, x *tensor.Tensor, least bool) error {
	axis, err := normalAxis(a.Axis, x.Rank())
	if err != nil {
		return err
	}
	over := make([]bool, x.Rank())
	over[axis] = true
	shape, n := reducedShape(x.Shape, over, a.KeepDims)
	if n == 0 && product(shape) > 0 {
		return fmt.Errorf("axis %d of %s is empty", axis, x)
	}
	return compute(list{z}, list{x}, func(k arith, out, in list) error {
		rows, err := lastAxes(in[0], over)
		if err != nil {
			return err
		}
		if err := reset(out[0], tensor.Int64, shape...); err != nil {
			return err
		}
		k.argReduce(out[0], rows, n, least, a.SelectLast)
		return nil
	})
}

func (numbers[T, A]) argReduce(z, x *tensor.Tensor, n int, least, last bool) {
	to, xs := tensor.Data[int64](z), tensor.Data[T](x)
	for i := range to {
		to[i] = int64(argRow(xs[i*n:(i+1)*n], least, last))
	}
}

func argRow[T number](x []T, least, last bool) int {
	best := 0
	for i, v := range x {
		b := x[best]
		better := v > b
		if least {
			better = v < b
		}
		if better || v != v && b == b || last && v == b {
			best = i
		}
	}
	return best
}
