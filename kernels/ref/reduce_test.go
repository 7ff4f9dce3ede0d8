package ref

import (
	"math"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

func TestReduce(t *testing.T) {
	type reduction func(z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error
	x := f32([]int{2, 2}, 1, 2, -3, 4)
	drop, keep := &attr.Reduce{}, &attr.Reduce{KeepDims: true}
	for _, c := range []struct {
		name          string
		f             reduction
		a             *attr.Reduce
		x, axes, want *tensor.Tensor
	}{
		{"sum of columns", ReduceSum, drop, x, list1(0), vec(-2, 6)},
		{"sum of all", ReduceSum, keep, x, nil, f32([]int{1, 1}, 4)},
		{"no axes", ReduceSum, &attr.Reduce{NoopWithEmptyAxes: true}, x, list1(), x},
		{"mean of integers", ReduceMean, drop, list1(1, 2, -8), nil, i64(nil, -1)},
		{"max with NaN", ReduceMax, drop, vec(1, nan, 2), nil, f32(nil, nan)},
		{"max of nothing", ReduceMax, drop, f32([]int{0, 2}), list1(0), vec(-inf, -inf)},
		{"min of nothing", ReduceMin, drop, of[int8](), nil, tensor.Scalar[int8](127)},
		{"max of booleans", ReduceMax, drop, boolean([]int{2, 2}, false, true, false, false), list1(-1), of(true, false)},
		{"product", ReduceProd, drop, list1(3, -2), nil, i64(nil, -6)},
		{"L1", ReduceL1, keep, x, list1(1), f32([]int{2, 1}, 3, 7)},
		{"L2", ReduceL2, drop, vec(3, 4), nil, f32(nil, 5)},
		{"squares", ReduceSumSquare, drop, x, list1(1), vec(5, 25)},
		{"log sum", ReduceLogSum, drop, vec(1), nil, f32(nil, 0)},
		{"log sum exp", ReduceLogSumExp, drop, vec(1000, 1000), nil, f32(nil, float32(1000+math.Log(2)))},
		{"log sum exp of −inf", ReduceLogSumExp, drop, vec(-inf, -inf), nil, f32(nil, -inf)},
		{"f64 sums", ReduceSum, drop, vec(1e8, 1, -1e8), nil, f32(nil, 1)},
	} {
		check(t, c.name, c.want, func(z *tensor.Tensor) error { return c.f(z, c.a, c.x, c.axes) })
	}
	checkError(t, "axis", []string{"axis 2", "rank 2"}, func(z *tensor.Tensor) error { return ReduceSum(z, drop, x, list1(2)) })
}

func TestArgReduce(t *testing.T) {
	x := f32([]int{2, 3}, 1, 5, 5, nan, 2, nan)
	for _, c := range []struct {
		name string
		a    attr.ArgReduce
		want *tensor.Tensor
	}{
		{"first", attr.ArgReduce{Axis: 1}, list1(1, 0)},
		{"last", attr.ArgReduce{Axis: -1, SelectLast: true, KeepDims: true}, i64([]int{2, 1}, 2, 0)},
	} {
		check(t, c.name, c.want, func(z *tensor.Tensor) error { return ArgMax(z, &c.a, x) })
	}
	check(t, "minimum", list1(0, 0), func(z *tensor.Tensor) error { return ArgMin(z, &attr.ArgReduce{Axis: 1}, x) })
	checkError(t, "empty", []string{"axis 0", "empty"}, func(z *tensor.Tensor) error { return ArgMax(z, &attr.ArgReduce{}, f32([]int{0, 2})) })
}

func TestCumSum(t *testing.T) {
	x := i64([]int{2, 3}, 1, 2, 3, 4, 5, 6)
	for _, c := range []struct {
		a    attr.CumSum
		axis int64
		want []int64
	}{
		{attr.CumSum{}, 1, []int64{1, 3, 6, 4, 9, 15}},
		{attr.CumSum{Exclusive: true}, -1, []int64{0, 1, 3, 0, 4, 9}},
		{attr.CumSum{Reverse: true}, 0, []int64{5, 7, 9, 4, 5, 6}},
		{attr.CumSum{Reverse: true, Exclusive: true}, 1, []int64{5, 3, 0, 11, 6, 0}},
	} {
		check(t, attr.Format(&c.a), i64([]int{2, 3}, c.want...), func(z *tensor.Tensor) error {
			return CumSum(z, &c.a, x, i64(nil, c.axis))
		})
	}
}

func TestTopK(t *testing.T) {
	x := f32([]int{1, 5}, 3, 1, 3, nan, 2)
	for _, c := range []struct {
		name    string
		a       attr.TopK
		values  []float32
		indices []int64
	}{
		{"greatest", attr.TopK{Axis: -1, Largest: true}, []float32{3, 3, 2}, []int64{0, 2, 4}},
		{"least", attr.TopK{Axis: 1}, []float32{nan, 1, 2}, []int64{3, 1, 4}},
	} {
		indices := &tensor.Tensor{}
		check(t, c.name, f32([]int{1, 3}, c.values...), func(z *tensor.Tensor) error { return TopK(z, indices, &c.a, x, list1(3)) })
		if want := i64([]int{1, 3}, c.indices...); !indices.Equal(want) {
			t.Errorf("%s: indices are %s, want %s", c.name, show(indices), show(want))
		}
	}
	checkError(t, "k", []string{"k = 6", "size 5"}, func(z *tensor.Tensor) error {
		return TopK(z, &tensor.Tensor{}, &attr.TopK{Axis: -1}, x, list1(6))
	})
}
