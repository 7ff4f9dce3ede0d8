package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// movable reports whether elements of type d can be moved as bytes.
func movable(d tensor.DType) bool { return d != tensor.String && d.Bits() >= 8 }

// Concat joins operands along an axis, of any type of whole bytes.
func Concat(_ *Ctx, z *tensor.Tensor, a *attr.Axis, xs ...*tensor.Tensor) error {
	if len(xs) == 0 || xs[0].Rank() > maxRank {
		return fmt.Errorf("Concat: operands %v, want at least one, of rank up to %d", xs, maxRank)
	}
	first := xs[0]
	axis, ok := normalAxis(a.Axis, first.Rank())
	if !ok || !movable(first.DType) {
		return fmt.Errorf("Concat: operand %s along axis %d", first, a.Axis)
	}
	var shape [maxRank]int
	copy(shape[:], first.Shape)
	shape[axis] = 0
	for _, x := range xs {
		if x.DType != first.DType || x.Rank() != first.Rank() ||
			!tensor.SameShape(x.Shape[:axis], first.Shape[:axis]) || !tensor.SameShape(x.Shape[axis+1:], first.Shape[axis+1:]) {
			return fmt.Errorf("Concat: operands %s and %s along axis %d", first, x, axis)
		}
		shape[axis] += x.Shape[axis]
	}
	z.Reset(first.DType, shape[:first.Rank()]...)
	size := first.DType.Bytes(elements(shape[axis+1 : first.Rank()]))
	pitch, at, out := shape[axis]*size, 0, z.Bytes()
	for _, x := range xs {
		row, in := x.Shape[axis]*size, x.Bytes()
		for r := range elements(shape[:axis]) {
			copy(out[r*pitch+at:][:row], in[r*row:])
		}
		at += row
	}
	return nil
}

// Gather takes the entries of x along an axis that the indices say, of any type
// of whole bytes.
func Gather(_ *Ctx, z *tensor.Tensor, a *attr.Axis, x, indices *tensor.Tensor) error {
	axis, ok := normalAxis(a.Axis, x.Rank())
	if !ok || !movable(x.DType) || !indices.DType.IsInt() || x.Rank()+indices.Rank() > maxRank {
		return fmt.Errorf("Gather: operands %s and %s along axis %d", x, indices, a.Axis)
	}
	var shape [2 * maxRank]int
	if err := reset(z, x.DType, append(append(append(shape[:0], x.Shape[:axis]...), indices.Shape...), x.Shape[axis+1:]...)); err != nil {
		return fmt.Errorf("Gather: %w", err)
	}
	n, count := x.Shape[axis], indices.Len()
	size := x.DType.Bytes(elements(x.Shape[axis+1:]))
	out, in := z.Bytes(), x.Bytes()
	for k := range count {
		i := indices.IntAt(k)
		if i < 0 {
			i += int64(n)
		}
		if i < 0 || i >= int64(n) {
			return fmt.Errorf("Gather: index %d is out of range for axis %d of %s", indices.IntAt(k), axis, x)
		}
		for r := range elements(x.Shape[:axis]) {
			copy(out[(r*count+k)*size:][:size], in[(r*n+int(i))*size:])
		}
	}
	return nil
}
