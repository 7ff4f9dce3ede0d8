package ref

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// indexed is an operand of integer indices.
func indexed(t *tensor.Tensor) ([]int64, error) {
	if !t.DType.IsInt() {
		return nil, fmt.Errorf("indices have elements of type %s, want integers", t.DType)
	}
	return loadInts(t), nil
}

// picked makes z, of the given shape, pieces of n elements of x that start at
// from.
func picked(z, x *tensor.Tensor, shape, from []int, n int) error {
	return move(z, list{x}, func(k cells, z *tensor.Tensor, in list) error {
		if err := reset(z, in[0].DType, shape...); err != nil {
			return err
		}
		k.pick(z, in[0], from, n, nil)
		return nil
	})
}

// Gather takes the entries of x along an axis that the indices say.
func Gather(z *tensor.Tensor, a *attr.Axis, x, indices *tensor.Tensor) error {
	axis, err := normalAxis(a.Axis, x.Rank())
	if err != nil {
		return err
	}
	index, err := indexed(indices)
	if err != nil {
		return err
	}
	s := spanOf(x.Shape, axis)
	shape := slices.Concat(x.Shape[:axis], indices.Shape, x.Shape[axis+1:])
	if n, ok := tensor.Elements(shape); !ok || n > maxBytes {
		return fmt.Errorf("a result of shape %s is too large", tensor.ShapeString(shape))
	}
	for k, v := range index {
		i, err := normalIndex(v, s.n)
		if err != nil {
			return err
		}
		index[k] = int64(i)
	}
	from := make([]int, 0, s.outer*len(index))
	for o := range s.outer {
		for _, i := range index {
			from = append(from, (o*s.n+int(i))*s.inner)
		}
	}
	return picked(z, x, shape, from, s.inner)
}

// GatherElements takes for every index the element of x at the index's own
// place, with the index put in along the axis.
func GatherElements(z *tensor.Tensor, a *attr.Axis, x, indices *tensor.Tensor) error {
	from, err := elementPlaces(x, indices, a.Axis)
	if err != nil {
		return err
	}
	return picked(z, x, indices.Shape, from, 1)
}

// elementPlaces returns the places in x of the elements that GatherElements and
// ScatterElements are about.
func elementPlaces(x, indices *tensor.Tensor, axis int) ([]int, error) {
	axis, err := normalAxis(axis, x.Rank())
	if err != nil {
		return nil, err
	}
	index, err := indexed(indices)
	if err != nil {
		return nil, err
	}
	if indices.Rank() != x.Rank() {
		return nil, fmt.Errorf("indices are %s for %s", indices, x)
	}
	for i, size := range indices.Shape {
		if i != axis && size > x.Shape[i] && len(index) > 0 {
			return nil, fmt.Errorf("indices are %s for %s: axis %d is longer", indices, x, i)
		}
	}
	strides := stridesOf(x.Shape)
	along := strides[axis]
	strides[axis] = 0
	last := x.Rank() - 1
	places := make([]int, 0, len(index))
	var failed error
	walk(indices.Shape[:last], [][]int{strides[:last]}, func(offsets []int) {
		for k := range indices.Shape[last] {
			i, err := normalIndex(index[len(places)], x.Shape[axis])
			if err != nil && failed == nil {
				failed = err
			}
			places = append(places, offsets[0]+k*strides[last]+i*along)
		}
	})
	return places, failed
}

// GatherND takes slices of x by index tuples, the last axis of indices; the
// first BatchDims axes of both go together.
func GatherND(z *tensor.Tensor, a *attr.GatherND, x, indices *tensor.Tensor) error {
	b := a.BatchDims
	if b < 0 || b >= indices.Rank() || b >= x.Rank() || !slices.Equal(x.Shape[:b], indices.Shape[:b]) {
		return fmt.Errorf("%d batch dims of %s and indices %s", b, x, indices)
	}
	from, err := tuplePlaces(x.Shape, indices, b)
	if err != nil {
		return err
	}
	width := indices.Shape[indices.Rank()-1]
	tail := x.Shape[b+width:]
	return picked(z, x, slices.Concat(indices.Shape[:indices.Rank()-1], tail), from, product(tail))
}

// tuplePlaces returns where in a tensor of the given shape the slices start
// that the index tuples name.
func tuplePlaces(shape []int, indices *tensor.Tensor, batchDims int) ([]int, error) {
	index, err := indexed(indices)
	if err != nil {
		return nil, err
	}
	last := indices.Rank() - 1
	if last < 0 || indices.Shape[last] > len(shape)-batchDims || indices.Shape[last] == 0 {
		return nil, fmt.Errorf("index tuples %s for shape %s", indices, tensor.ShapeString(shape))
	}
	width, strides := indices.Shape[last], stridesOf(shape)
	batches := product(shape[:batchDims])
	tuples := len(index) / width
	places := make([]int, tuples)
	for t := range places {
		if batchDims > 0 {
			places[t] = t / (tuples / batches) * product(shape[batchDims:])
		}
		for k := range width {
			axis := batchDims + k
			i, err := normalIndex(index[t*width+k], shape[axis])
			if err != nil {
				return nil, fmt.Errorf("axis %d: %w", axis, err)
			}
			places[t] += i * strides[axis]
		}
	}
	return places, nil
}

// Compress takes the entries along an axis whose condition holds.
func Compress(z *tensor.Tensor, a *attr.Axis, x, condition *tensor.Tensor) error {
	axis, err := normalAxis(a.Axis, x.Rank())
	if err != nil {
		return err
	}
	if condition.DType != tensor.Bool || condition.Rank() != 1 || condition.Len() > x.Shape[axis] {
		return fmt.Errorf("the condition is %s for axis %d of %s", condition, axis, x)
	}
	var keep []int64
	for i, v := range tensor.Data[bool](condition) {
		if v {
			keep = append(keep, int64(i))
		}
	}
	return Gather(z, a, x, tensor.Of([]int{len(keep)}, keep))
}
