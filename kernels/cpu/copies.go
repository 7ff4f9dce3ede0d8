package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// movable reports whether elements of type d can be moved as bytes.
func movable(d tensor.DType) bool { return d != tensor.String && d.Bits() >= 8 }

// Concat joins operands along an axis, of any type of whole bytes.
func Concat(c *Ctx, z *tensor.Tensor, a *attr.Axis, xs ...*tensor.Tensor) error {
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
		row := x.Shape[axis] * size
		if row > 0 && len(out) > 0 {
			c.copyBlocks(out[at:], pitch, x.Bytes(), row, row, elements(shape[:axis]))
		}
		at += row
	}
	return nil
}
