package ref

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Unique gives the different entries of x along an axis, in order or as they come, where
// each comes first, which of them each entry of x is, and how often each comes.
func Unique(z, first, which, counts *tensor.Tensor, a *attr.Unique, x *tensor.Tensor) error {
	axis, err := normalAxis(a.Axis, x.Rank())
	if err != nil {
		return err
	}
	compare, err := entryOrder(x, axis)
	if err != nil {
		return err
	}
	order := make([]int, x.Shape[axis])
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, compare)
	var groups [][]int
	for i, entry := range order {
		if i == 0 || compare(order[i-1], entry) != 0 {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], entry)
	}
	if !a.Sorted {
		slices.SortFunc(groups, func(g, h []int) int { return cmp.Compare(g[0], h[0]) })
	}
	firsts, sizes, of := make([]int64, len(groups)), make([]int64, len(groups)), make([]int64, len(order))
	for i, g := range groups {
		firsts[i], sizes[i] = int64(g[0]), int64(len(g))
		for _, entry := range g {
			of[entry] = int64(i)
		}
	}
	for _, out := range []struct {
		t    *tensor.Tensor
		list []int64
	}{{first, firsts}, {which, of}, {counts, sizes}} {
		if out.t != nil {
			out.t.Reset(tensor.Int64, len(out.list))
			copy(tensor.Data[int64](out.t), out.list)
		}
	}
	return Gather(z, &attr.Axis{Axis: axis}, x, tensor.Of([]int{len(firsts)}, firsts))
}

// entryOrder compares entries along an axis, element by element.
func entryOrder(x *tensor.Tensor, axis int) (func(i, j int) int, error) {
	var element func(i, j int) int
	switch d := x.DType; {
	case d == tensor.String:
		element = func(i, j int) int { return cmp.Compare(x.Strings()[i], x.Strings()[j]) }
	case d == tensor.Uint64:
		element = func(i, j int) int { return cmp.Compare(tensor.Data[uint64](x)[i], tensor.Data[uint64](x)[j]) }
	case d.IsInt():
		element = func(i, j int) int { return cmp.Compare(x.IntAt(i), x.IntAt(j)) }
	case d.IsFloat() || d == tensor.Bool:
		element = func(i, j int) int { return cmp.Compare(x.FloatAt(i), x.FloatAt(j)) }
	default:
		return nil, fmt.Errorf("elements of type %s have no order", d)
	}
	s := spanOf(x.Shape, axis)
	return func(i, j int) int {
		for o := range s.outer {
			for k := range s.inner {
				if c := element((o*s.n+i)*s.inner+k, (o*s.n+j)*s.inner+k); c != 0 {
					return c
				}
			}
		}
		return 0
	}, nil
}
