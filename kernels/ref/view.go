package ref

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Identity copies x.
func Identity(z, x *tensor.Tensor) error { return copyAs(z, x, x.Shape) }

// copyAs copies the elements of x under another shape of as many.
func copyAs(z, x *tensor.Tensor, shape []int) error {
	if n, ok := tensor.Elements(shape); !ok || n != x.Len() {
		return fmt.Errorf("%s has %d elements, shape %s has not", x, x.Len(), tensor.ShapeString(shape))
	}
	z.Reset(x.DType, shape...)
	copy(z.Bytes(), x.Bytes())
	copy(z.Strings(), x.Strings())
	return nil
}

// Shape gives the dims of x from Start to End.
func Shape(z *tensor.Tensor, a *attr.Shape, x *tensor.Tensor) error {
	start, end := clampAxis(a.Start, x.Rank()), clampAxis(a.End, x.Rank())
	dims := x.Shape[min(start, end):end]
	z.Reset(tensor.Int64, len(dims))
	for i, size := range dims {
		z.SetInt(i, int64(size))
	}
	return nil
}

func clampAxis(axis, rank int) int {
	if axis < 0 {
		axis += rank
	}
	return min(max(axis, 0), rank)
}

// Size gives the number of elements of x.
func Size(z, x *tensor.Tensor) error {
	z.Reset(tensor.Int64)
	z.SetInt(0, int64(x.Len()))
	return nil
}

// Reshape gives x another shape: −1 stands for what is left, 0 for the dim of x
// there unless zeros are allowed.
func Reshape(z *tensor.Tensor, a *attr.Reshape, x, shape *tensor.Tensor) error {
	dims, err := ints(shape, "the shape")
	if err != nil {
		return err
	}
	rest := -1
	known := make([]int, 0, len(dims))
	for i, d := range dims {
		switch {
		case d == -1 && rest >= 0:
			return fmt.Errorf("shape %s has −1 twice", tensor.ShapeString(dims))
		case d == -1:
			rest = i
			continue
		case d == 0 && !a.AllowZero:
			if i >= x.Rank() {
				return fmt.Errorf("shape %s has 0 at %d, where %s has no axis", tensor.ShapeString(dims), i, x)
			}
			dims[i] = x.Shape[i]
		}
		known = append(known, dims[i])
	}
	if rest >= 0 {
		if dims[rest], err = restOf(x, known); err != nil {
			return err
		}
	}
	return copyAs(z, x, dims)
}

// restOf returns the size that −1 stands for beside the known sizes.
func restOf(x *tensor.Tensor, known []int) (int, error) {
	n, ok := tensor.Elements(known)
	switch {
	case ok && n == 0 && x.Len() == 0:
		return 0, nil
	case !ok || n == 0 || x.Len()%n != 0:
		return 0, fmt.Errorf("%s can't be reshaped to %s and −1", x, tensor.ShapeString(known))
	}
	return x.Len() / n, nil
}

// Flatten joins the axes before the given one, and those from it on.
func Flatten(z *tensor.Tensor, a *attr.Axis, x *tensor.Tensor) error {
	axis := a.Axis
	if axis < 0 {
		axis += x.Rank()
	}
	if axis < 0 || axis > x.Rank() {
		return fmt.Errorf("axis %d is out of range for rank %d", a.Axis, x.Rank())
	}
	return copyAs(z, x, []int{product(x.Shape[:axis]), product(x.Shape[axis:])})
}

// Squeeze removes axes of size 1: those given, or all.
func Squeeze(z, x, axes *tensor.Tensor) error {
	if axes == nil {
		return copyAs(z, x, slices.DeleteFunc(slices.Clone(x.Shape), func(size int) bool { return size == 1 }))
	}
	list, err := ints(axes, "axes")
	if err != nil {
		return err
	}
	drop, err := normalAxes(list, x.Rank())
	if err != nil {
		return err
	}
	var shape []int
	for axis, size := range x.Shape {
		switch {
		case !drop[axis]:
			shape = append(shape, size)
		case size != 1:
			return fmt.Errorf("axis %d of %s has not size 1", axis, x)
		}
	}
	return copyAs(z, x, shape)
}

// Unsqueeze inserts axes of size 1: the axes are those of the result.
func Unsqueeze(z, x, axes *tensor.Tensor) error {
	list, err := ints(axes, "axes")
	if err != nil {
		return err
	}
	insert, err := normalAxes(list, x.Rank()+len(list))
	if err != nil {
		return err
	}
	shape, next := make([]int, len(insert)), 0
	for axis := range shape {
		if shape[axis] = 1; !insert[axis] {
			shape[axis] = x.Shape[next]
			next++
		}
	}
	return copyAs(z, x, shape)
}
