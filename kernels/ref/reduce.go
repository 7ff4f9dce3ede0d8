package ref

import (
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

type reduceCode uint8

const (
	redSum reduceCode = iota
	redMean
	redMax
	redMin
	redProd
	redL1
	redL2
	redSumSquare
	redLogSum
	redLogSumExp
)

// ReduceSum is the sum over the axes.
func ReduceSum(z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return reduce(redSum, z, a, x, axes)
}

// ReduceMean is the mean over the axes; that of integers rounds towards zero.
func ReduceMean(z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return reduce(redMean, z, a, x, axes)
}

// ReduceMax is the maximum over the axes: of nothing, the least value.
func ReduceMax(z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return reduce(redMax, z, a, x, axes)
}

// ReduceMin is the minimum over the axes: of nothing, the greatest value.
func ReduceMin(z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return reduce(redMin, z, a, x, axes)
}

// ReduceProd is the product over the axes.
func ReduceProd(z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return reduce(redProd, z, a, x, axes)
}

// ReduceL1 is the sum of magnitudes over the axes.
func ReduceL1(z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return reduce(redL1, z, a, x, axes)
}

// ReduceL2 is the root of the sum of squares over the axes.
func ReduceL2(z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return reduce(redL2, z, a, x, axes)
}

// ReduceSumSquare is the sum of squares over the axes.
func ReduceSumSquare(z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return reduce(redSumSquare, z, a, x, axes)
}

// ReduceLogSum is the logarithm of the sum over the axes.
func ReduceLogSum(z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return reduce(redLogSum, z, a, x, axes)
}

// ReduceLogSumExp is log Σ exp(x) over the axes.
func ReduceLogSumExp(z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return reduce(redLogSumExp, z, a, x, axes)
}

func reduce(code reduceCode, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	if x.DType == tensor.Bool && (code == redMax || code == redMin) {
		return reduceBool(code, z, a, x, axes)
	}
	over, err := reducedAxes(a, x, axes)
	if err != nil {
		return err
	}
	shape, n := reducedShape(x.Shape, over, a.KeepDims)
	return compute(list{z}, list{x}, func(k arith, out, in list) error {
		rows, err := lastAxes(in[0], over)
		if err != nil {
			return err
		}
		if err := reset(out[0], in[0].DType, shape...); err != nil {
			return err
		}
		k.reduce(code, out[0], rows, n)
		return nil
	})
}

// reduceBool orders false before true.
func reduceBool(code reduceCode, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	bytes, err := tensor.FromBytes(tensor.Uint8, x.Shape, x.Bytes())
	if err != nil {
		return err
	}
	out := &tensor.Tensor{}
	if err := reduce(code, out, a, bytes, axes); err != nil {
		return err
	}
	return Cast(z, &attr.Cast{To: tensor.Bool}, out)
}

// reducedAxes tells for each axis of x whether it is reduced: all of them where
// no axes are given, unless that means none.
func reducedAxes(a *attr.Reduce, x, axes *tensor.Tensor) ([]bool, error) {
	if axes == nil || axes.Len() == 0 {
		over := make([]bool, x.Rank())
		for i := range over {
			over[i] = !a.NoopWithEmptyAxes
		}
		return over, nil
	}
	list, err := ints(axes, "axes")
	if err != nil {
		return nil, err
	}
	return normalAxes(list, x.Rank())
}

// reducedShape returns the shape of the result and how many elements each of
// its elements is made of.
func reducedShape(shape []int, over []bool, keep bool) (result []int, n int) {
	n = 1
	for axis, size := range shape {
		switch {
		case !over[axis]:
			result = append(result, size)
			continue
		case keep:
			result = append(result, 1)
		}
		n *= size
	}
	return result, n
}

// lastAxes returns x with the given axes moved to the end.
func lastAxes(x *tensor.Tensor, over []bool) (*tensor.Tensor, error) {
	var kept, moved []int
	for axis, o := range over {
		if o {
			moved = append(moved, axis)
		} else {
			kept = append(kept, axis)
		}
	}
	perm := append(kept, moved...)
	if slices.IsSorted(perm) {
		return x, nil
	}
	t := &tensor.Tensor{}
	return t, permuted(t, x, x.Shape, perm, nil)
}

func (numbers[T, A]) reduce(code reduceCode, z, x *tensor.Tensor, n int) {
	zs, xs := tensor.Data[T](z), tensor.Data[T](x)
	for i := range zs {
		zs[i] = reduceRow[T, A](code, xs[i*n:(i+1)*n])
	}
}

func reduceRow[T number, A accumulator](code reduceCode, x []T) T {
	switch code {
	case redMax:
		return extreme(x, true)
	case redMin:
		return extreme(x, false)
	case redLogSumExp:
		return fromReal[T](logSumExp(x))
	}
	sum := total[T, A](code, x)
	switch code {
	case redMean:
		if !isFloat[T]() && len(x) == 0 {
			return 0
		}
		return T(sum / A(len(x)))
	case redL2:
		return fromReal[T](math.Sqrt(float64(sum)))
	case redLogSum:
		return fromReal[T](math.Log(float64(sum)))
	}
	return T(sum)
}

// total adds up x, its magnitudes or its squares, or multiplies it up.
func total[T number, A accumulator](code reduceCode, x []T) A {
	var sum A
	switch code {
	case redProd:
		sum = 1
		for _, v := range x {
			sum *= A(v)
		}
	case redL1:
		for _, v := range x {
			if v < 0 {
				v = -v
			}
			sum += A(v)
		}
	case redL2, redSumSquare:
		for _, v := range x {
			sum += A(A(v) * A(v))
		}
	default:
		for _, v := range x {
			sum += A(v)
		}
	}
	return sum
}

func extreme[T number](x []T, greatest bool) T {
	if len(x) == 0 {
		lo, hi := bounds[T]()
		if greatest {
			return lo
		}
		return hi
	}
	best := x[0]
	for _, v := range x[1:] {
		if greatest {
			best = max(best, v)
		} else {
			best = min(best, v)
		}
	}
	return best
}

// bounds are the limits of T; of floats, the infinities.
func bounds[T number]() (lo, hi T) {
	if isFloat[T]() {
		inf := math.Inf(1)
		return T(-inf), T(inf)
	}
	return limits[T]()
}

// fromReal is T(v), defined for every v.
func fromReal[T number](v float64) T {
	if isFloat[T]() {
		return T(v)
	}
	lo, hi := limits[T]()
	return saturate(v, lo, hi)
}

func logSumExp[T number](x []T) float64 {
	top := float64(extreme(x, true))
	if len(x) == 0 || math.IsInf(top, 0) {
		return top
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(float64(v) - top)
	}
	return top + math.Log(sum)
}
