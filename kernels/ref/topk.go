package ref

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// TopK gives the k greatest or least elements along an axis, best first, and
// their indices; among equals the lower index comes first. NaN is the least.
func TopK(values, indices *tensor.Tensor, a *attr.TopK, x, k *tensor.Tensor) error {
	axis, err := normalAxis(a.Axis, x.Rank())
	if err != nil {
		return err
	}
	count, err := scalarInt(k, "k")
	if err != nil {
		return err
	}
	if count < 0 || count > x.Shape[axis] {
		return fmt.Errorf("k = %d of an axis of size %d", count, x.Shape[axis])
	}
	if values == nil {
		values = &tensor.Tensor{}
	}
	if indices == nil {
		indices = &tensor.Tensor{}
	}
	return compute(list{values, indices}, list{x}, func(k arith, out, in list) error {
		shape := slices.Clone(in[0].Shape)
		shape[axis] = count
		out[0].Reset(in[0].DType, shape...)
		out[1].Reset(tensor.Int64, shape...)
		k.topK(out[0], out[1], in[0], spanOf(in[0].Shape, axis), count, a.Largest)
		return nil
	})
}

func (numbers[T, A]) topK(values, indices, x *tensor.Tensor, axis span, k int, largest bool) {
	vs, is, xs := tensor.Data[T](values), tensor.Data[int64](indices), tensor.Data[T](x)
	order := make([]int, axis.n)
	axis.lines(func(start int) {
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			c := cmp.Compare(xs[start+a*axis.inner], xs[start+b*axis.inner])
			if largest {
				return -c
			}
			return c
		})
		outer, inner := start/(axis.n*axis.inner), start%axis.inner
		for i, from := range order[:k] {
			at := (outer*k+i)*axis.inner + inner
			vs[at], is[at] = xs[start+from*axis.inner], int64(from)
		}
	})
}
