package ref

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir/tensor"
)

// maxBytes bounds one output: far above what evaluates in reasonable time here,
// far below what an allocation fails at without an error.
const maxBytes = 16 << 30

// reset is z.Reset for a shape that comes from operands.
func reset(z *tensor.Tensor, d tensor.DType, shape ...int) error {
	n, ok := tensor.Elements(shape)
	if !ok || d.Bytes(n) > maxBytes || d == tensor.String && n > maxBytes/16 {
		return fmt.Errorf("a result of %s%s is too large", d, tensor.ShapeString(shape))
	}
	z.Reset(d, shape...)
	return nil
}

// broadcast returns the shape that all shapes broadcast to.
func broadcast(shapes ...[]int) ([]int, error) {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	out := make([]int, rank)
	for i := range out {
		out[i] = 1
	}
	for _, s := range shapes {
		for i, size := range s {
			to := &out[rank-len(s)+i]
			switch {
			case size == *to || size == 1:
			case *to == 1:
				*to = size
			default:
				return nil, fmt.Errorf("shapes %s don't broadcast", shapeList(shapes))
			}
		}
	}
	return out, nil
}

func shapeList(shapes [][]int) string {
	s := ""
	for i, shape := range shapes {
		if i > 0 {
			s += " and "
		}
		s += tensor.ShapeString(shape)
	}
	return s
}

// stridesOf returns the row-major strides of shape.
func stridesOf(shape []int) []int {
	strides := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= shape[i]
	}
	return strides
}

// product is the number of elements of a shape known to be valid, or of some of
// its axes.
func product(shape []int) int {
	n := 1
	for _, size := range shape {
		n *= size
	}
	return n
}

// normalAxis counts a negative axis from the end of rank.
func normalAxis(axis, rank int) (int, error) {
	if axis < -rank || axis >= rank {
		return 0, fmt.Errorf("axis %d is out of range for rank %d", axis, rank)
	}
	if axis < 0 {
		axis += rank
	}
	return axis, nil
}

// normalAxes is normalAxis for a list without repetition; the result tells for
// each axis whether it is in the list.
func normalAxes(axes []int, rank int) ([]bool, error) {
	in := make([]bool, rank)
	for _, a := range axes {
		axis, err := normalAxis(a, rank)
		if err != nil {
			return nil, err
		}
		if in[axis] {
			return nil, fmt.Errorf("axis %d is given twice", axis)
		}
		in[axis] = true
	}
	return in, nil
}

// normalIndex counts a negative index from the end of an axis of the given size.
func normalIndex(index int64, size int) (int, error) {
	if index < -int64(size) || index >= int64(size) {
		return 0, fmt.Errorf("index %d is out of range for an axis of size %d", index, size)
	}
	if index < 0 {
		index += int64(size)
	}
	return int(index), nil
}

// span is an axis seen as the middle of three.
type span struct{ outer, n, inner int }

// spanOf has nothing outside and inside if there is no element at all, whatever
// the other sizes multiply to.
func spanOf(shape []int, axis int) span {
	if slices.Contains(shape, 0) {
		return span{n: shape[axis]}
	}
	return span{product(shape[:axis]), shape[axis], product(shape[axis+1:])}
}

// lines calls f with the start of every line along the axis; its elements are
// inner apart.
func (s span) lines(f func(start int)) {
	for o := range s.outer {
		for i := range s.inner {
			f(o*s.n*s.inner + i)
		}
	}
}

// ints returns the contents of an integer operand of rank at most 1; what names
// it in errors.
func ints(t *tensor.Tensor, what string) ([]int, error) {
	if !t.DType.IsInt() || t.Rank() > 1 {
		return nil, fmt.Errorf("%s is %s, want a list of integers", what, t)
	}
	v := make([]int, t.Len())
	for i := range v {
		v[i] = int(clamp(t.IntAt(i), math.MinInt, math.MaxInt))
	}
	return v, nil
}

func clamp(v, lo, hi int64) int64 { return min(max(v, lo), hi) }

// scalarInt returns the only element of an integer operand.
func scalarInt(t *tensor.Tensor, what string) (int, error) {
	if !t.DType.IsInt() || t.Len() != 1 {
		return 0, fmt.Errorf("%s is %s, want one integer", what, t)
	}
	return int(clamp(t.IntAt(0), math.MinInt, math.MaxInt)), nil
}

// without returns shape with an axis left out.
func without(shape []int, axis int) []int {
	return slices.Delete(slices.Clone(shape), axis, axis+1)
}
