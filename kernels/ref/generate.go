package ref

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Range is start, start+delta, … short of limit.
func Range(z, start, limit, delta *tensor.Tensor) error {
	for _, t := range (list{start, limit, delta}) {
		if t.Len() != 1 {
			return fmt.Errorf("operands are %s, %s and %s, want scalars", start, limit, delta)
		}
	}
	return compute(list{z}, list{start, limit, delta}, func(k arith, out, in list) error {
		n, err := rangeLength(in[0], in[1], in[2])
		if err != nil {
			return err
		}
		if err := reset(out[0], in[0].DType, n); err != nil {
			return err
		}
		k.sequence(out[0], in[0], in[2])
		return nil
	})
}

// rangeLength is ⌈(limit − start)/delta⌉, or 0 if that is negative.
func rangeLength(start, limit, delta *tensor.Tensor) (int, error) {
	a, b, step := start.FloatAt(0), limit.FloatAt(0), delta.FloatAt(0)
	n := math.Ceil((b - a) / step)
	switch {
	case step == 0 || math.IsNaN(n) || n > tensor.MaxElements:
		return 0, fmt.Errorf("no range from %g to %g in steps of %g", a, b, step)
	case n < 0:
		return 0, nil
	}
	return int(n), nil
}

func (numbers[T, A]) sequence(z, start, delta *tensor.Tensor) {
	first, step := A(tensor.Data[T](start)[0]), A(tensor.Data[T](delta)[0])
	zs := tensor.Data[T](z)
	for i := range zs {
		zs[i] = T(first + A(A(i)*step))
	}
}

// NonZero gives the indices of the elements that are not zero: a row per axis, a
// column per element. A scalar counts as one element without axes.
func NonZero(z, x *tensor.Tensor) error {
	var found []int
	for i := range x.Len() {
		if !isZero(x, i) {
			found = append(found, i)
		}
	}
	z.Reset(tensor.Int64, x.Rank(), len(found))
	to, strides := tensor.Data[int64](z), stridesOf(x.Shape)
	for axis, stride := range strides {
		for i, place := range found {
			to[axis*len(found)+i] = int64(place / stride % x.Shape[axis])
		}
	}
	return nil
}

func isZero(x *tensor.Tensor, i int) bool {
	switch {
	case x.DType == tensor.String:
		return x.Strings()[i] == ""
	case x.DType == tensor.Complex64:
		return tensor.Data[complex64](x)[i] == 0
	case x.DType == tensor.Complex128:
		return tensor.Data[complex128](x)[i] == 0
	}
	return x.FloatAt(i) == 0
}

// OneHot inserts an axis of size depth: values[1] at the index, values[0]
// elsewhere, and everywhere for an index outside [−depth, depth).
func OneHot(z *tensor.Tensor, a *attr.Axis, indices, depth, values *tensor.Tensor) error {
	if err := wantReal(indices); err != nil {
		return fmt.Errorf("indices: %w", err)
	}
	if values.Rank() != 1 || values.Len() != 2 || depth.Len() != 1 || wantReal(depth) != nil {
		return fmt.Errorf("depth is %s and values are %s, want one number and two elements", depth, values)
	}
	axis, err := normalAxis(a.Axis, indices.Rank()+1)
	if err != nil {
		return err
	}
	size := int(depth.IntAt(0))
	if size < 1 || size > tensor.MaxElements {
		return fmt.Errorf("depth is %d", size)
	}
	shape := slices.Insert(slices.Clone(indices.Shape), axis, size)
	// z first: whether there is memory for it decides whether there is for the table.
	if err := reset(z, values.DType, shape...); err != nil {
		return err
	}
	from, s := make([]int, z.Len()), spanOf(shape, axis)
	for i := range indices.Len() {
		v := indices.IntAt(i)
		if k, err := normalIndex(v, size); err == nil {
			from[(i/s.inner*s.n+k)*s.inner+i%s.inner] = 1
		}
	}
	return picked(z, values, shape, from, 1)
}

// EyeLike has the shape of the matrix x and ones on the diagonal K.
func EyeLike(z *tensor.Tensor, a *attr.EyeLike, x *tensor.Tensor) error {
	if x.Rank() != 2 {
		return fmt.Errorf("operand is %s, want a matrix", x)
	}
	d := a.DType
	if d == tensor.Invalid {
		d = x.DType
	}
	if !d.IsFloat() && !d.IsInt() && d != tensor.Bool {
		return fmt.Errorf("elements of type %s can't be one", d)
	}
	if err := reset(z, d, x.Shape...); err != nil {
		return err
	}
	clear(z.Bytes())
	for i := range x.Shape[0] {
		if j := i + a.K; j >= 0 && j < x.Shape[1] {
			z.SetFloat(i*x.Shape[1]+j, 1)
		}
	}
	return nil
}

// Trilu keeps the triangle of every matrix above, or below, the diagonal k, that
// included, and zeroes the rest.
func Trilu(z *tensor.Tensor, a *attr.Trilu, x, k *tensor.Tensor) error {
	if x.Rank() < 2 {
		return fmt.Errorf("operand is %s, want matrices", x)
	}
	diagonal := 0
	if k != nil {
		var err error
		if diagonal, err = scalarInt(k, "the diagonal"); err != nil {
			return err
		}
	}
	h, w := x.Shape[x.Rank()-2], x.Shape[x.Rank()-1]
	diagonal = min(max(diagonal, -h), w)
	return move(z, list{x}, func(c cells, z *tensor.Tensor, in list) error {
		z.CopyFrom(in[0])
		if z.Len() == 0 {
			return nil
		}
		for row := range z.Len() / w {
			first := min(max(row%h+diagonal, 0), w) // the diagonal's column
			if a.Upper {
				c.clear(z, row*w, first)
			} else if first = min(max(row%h+diagonal+1, 0), w); first < w {
				c.clear(z, row*w+first, w-first)
			}
		}
		return nil
	})
}
