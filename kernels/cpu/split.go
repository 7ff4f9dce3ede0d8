package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Split cuts x, of any type of whole bytes, along an axis into as many parts as
// there are outputs: of the given sizes, or of equal size with a smaller last
// one. Outputs that are nil are not wanted.
func Split(c *Ctx, outs []*tensor.Tensor, a *attr.Axis, x, sizes *tensor.Tensor) error {
	axis, ok := normalAxis(a.Axis, x.Rank())
	if !ok || !movable(x.DType) || x.Rank() > maxRank || len(outs) == 0 {
		return fmt.Errorf("Split: operand %s along axis %d into %d parts", x, a.Axis, len(outs))
	}
	if sizes != nil && (!sizes.DType.IsInt() || sizes.Len() != len(outs)) {
		return fmt.Errorf("Split: sizes %s for %d parts", sizes, len(outs))
	}
	whole := x.Shape[axis]
	var shape [maxRank]int
	copy(shape[:], x.Shape)
	unit := x.DType.Bytes(elements(x.Shape[axis+1:]))
	pitch, at := whole*unit, 0
	for i, out := range outs {
		n := min(ceilDiv(whole, len(outs)), whole-at)
		if sizes != nil {
			n = int(sizes.IntAt(i))
		}
		if n < 0 || n > whole-at || i == len(outs)-1 && n != whole-at {
			return fmt.Errorf("Split: the sizes of the parts of %s don't add up to %d", x, whole)
		}
		if out != nil {
			shape[axis] = n
			out.Reset(x.DType, shape[:x.Rank()]...)
			if to := out.Bytes(); len(to) > 0 {
				c.copyBlocks(to, n*unit, x.Bytes()[at*unit:], pitch, n*unit, elements(x.Shape[:axis]))
			}
		}
		at += n
	}
	return nil
}
