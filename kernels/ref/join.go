package ref

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Concat joins the operands along an axis.
func Concat(z *tensor.Tensor, a *attr.Axis, xs ...*tensor.Tensor) error {
	return move(z, xs, func(k cells, z *tensor.Tensor, in list) error {
		axis, shape, err := concatShape(a.Axis, in)
		if err != nil {
			return err
		}
		if err := reset(z, in[0].DType, shape...); err != nil {
			return err
		}
		s, at := spanOf(shape, axis), 0
		for o := range s.outer {
			for _, x := range in {
				n := x.Shape[axis] * s.inner
				k.run(z, at, x, o*n, n)
				at += n
			}
		}
		return nil
	})
}

func concatShape(axis int, xs list) (int, []int, error) {
	if err := present(xs); err != nil {
		return 0, nil, err
	}
	axis, err := normalAxis(axis, xs[0].Rank())
	if err != nil {
		return 0, nil, err
	}
	shape := slices.Clone(xs[0].Shape)
	for i, x := range xs[1:] {
		if x.Rank() != len(shape) || !slices.Equal(without(x.Shape, axis), without(shape, axis)) {
			return 0, nil, fmt.Errorf("operand %d is %s and can't be joined to %s along axis %d", i+1, x, xs[0], axis)
		}
		shape[axis] += x.Shape[axis]
	}
	return axis, shape, nil
}

// Pad puts pads[i] elements before and pads[i+n] after axis i of the n given
// ones; negative numbers cut off. The modes are constant (value, or 0), reflect,
// edge and wrap.
func Pad(z *tensor.Tensor, a *attr.Pad, x, pads, value, axes *tensor.Tensor) error {
	if value != nil && (value.Len() != 1 || value.DType != x.DType) {
		return fmt.Errorf("the value is %s, want one element of type %s", value, x.DType)
	}
	before, shape, err := padShape(x, pads, axes)
	if err != nil {
		return err
	}
	source, ok := padModes[a.Mode]
	switch {
	case !ok:
		return fmt.Errorf("mode %q is not known", a.Mode)
	case a.Mode != "constant" && x.Len() == 0 && product(shape) > 0:
		return fmt.Errorf("%s is empty: there is nothing to pad it with", x)
	}
	return move(z, list{x, value}, func(k cells, z *tensor.Tensor, in list) error {
		if err := reset(z, in[0].DType, shape...); err != nil {
			return err
		}
		k.pick(z, in[0], padSources(x.Shape, shape, before, source), 1, in[1])
		return nil
	})
}

// padShape returns how many elements come before each axis, and the shape of
// the result.
func padShape(x, pads, axes *tensor.Tensor) (before, shape []int, err error) {
	counts, err := ints(pads, "pads")
	if err != nil {
		return nil, nil, err
	}
	which := make([]int, x.Rank())
	for i := range which {
		which[i] = i
	}
	if axes != nil {
		if which, err = ints(axes, "axes"); err != nil {
			return nil, nil, err
		}
	}
	if _, err := normalAxes(which, x.Rank()); err != nil {
		return nil, nil, err
	}
	if len(counts) != 2*len(which) {
		return nil, nil, fmt.Errorf("%d pads for %d axes", len(counts), len(which))
	}
	before, shape = make([]int, x.Rank()), slices.Clone(x.Shape)
	for i, a := range which {
		axis, _ := normalAxis(a, x.Rank())
		lo, hi := counts[i], counts[i+len(which)]
		if max(lo, hi) > tensor.MaxElements || min(lo, hi) < -x.Shape[axis] || lo+hi < -x.Shape[axis] {
			return nil, nil, fmt.Errorf("pads %d and %d of axis %d of %s", lo, hi, axis, x)
		}
		before[axis] = lo
		shape[axis] += lo + hi
	}
	return before, shape, nil
}

// padModes tell which index of an axis of size n stands at index i, which may be
// outside; −1: the value.
var padModes = map[string]func(i, n int) int{
	"constant": func(i, n int) int {
		if i < 0 || i >= n {
			return -1
		}
		return i
	},
	"edge": func(i, n int) int { return min(max(i, 0), n-1) },
	"wrap": func(i, n int) int { return (i%n + n) % n },
	"reflect": func(i, n int) int {
		if n == 1 {
			return 0
		}
		period := 2 * (n - 1)
		i = (i%period + period) % period
		return min(i, period-i)
	},
}

// padSources returns for every element of the result where it comes from.
func padSources(from, to, before []int, source func(i, n int) int) []int {
	if product(to) == 0 {
		return nil
	}
	places := []int{0}
	for axis, size := range to {
		n := from[axis]
		next := make([]int, 0, len(places)*size)
		index := make([]int, size)
		for i := range index {
			index[i] = source(i-before[axis], n)
		}
		for _, p := range places {
			for _, i := range index {
				if p < 0 || i < 0 {
					next = append(next, -1)
				} else {
					next = append(next, p*n+i)
				}
			}
		}
		places = next
	}
	return places
}
