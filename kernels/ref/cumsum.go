package ref

import (
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// CumSum is the running sum along an axis, the element itself included unless
// Exclusive, from the end if Reverse.
func CumSum(z *tensor.Tensor, a *attr.CumSum, x, axis *tensor.Tensor) error {
	which, err := scalarInt(axis, "the axis")
	if err != nil {
		return err
	}
	if which, err = normalAxis(which, x.Rank()); err != nil {
		return err
	}
	return compute(list{z}, list{x}, func(k arith, out, in list) error {
		out[0].Reset(in[0].DType, in[0].Shape...)
		k.cumSum(out[0], in[0], spanOf(in[0].Shape, which), a.Exclusive, a.Reverse)
		return nil
	})
}

func (numbers[T, A]) cumSum(z, x *tensor.Tensor, axis span, exclusive, reverse bool) {
	zs, xs := tensor.Data[T](z), tensor.Data[T](x)
	axis.lines(func(start int) {
		step := axis.inner
		if reverse {
			start, step = start+(axis.n-1)*axis.inner, -axis.inner
		}
		var sum A
		for i := range axis.n {
			at := start + i*step
			before := sum
			sum += A(xs[at])
			if zs[at] = T(sum); exclusive {
				zs[at] = T(before)
			}
		}
	})
}
