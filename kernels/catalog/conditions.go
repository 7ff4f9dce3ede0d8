package catalog

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
)

// condition tells why a kernel can't serve a case.
type condition func(kernels.Case) error

// all holds if every condition does; the first that fails tells why not.
func all(conditions ...condition) condition {
	return func(c kernels.Case) error {
		for _, holds := range conditions {
			if err := holds(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// maxRank is the highest rank that the fast kernels walk.
const maxRank = 8

// ranked holds if the ranks of all operands are known and not too high.
func ranked(c kernels.Case) error {
	for i, o := range c.In {
		if r := o.Rank(); o.Present && (r < 0 || r > maxRank) {
			return fmt.Errorf("operand %d is %s, want a known rank of at most %d", i, o, maxRank)
		}
	}
	return nil
}

func isFloat(d tensor.DType) bool {
	return d == tensor.Float32 || d == tensor.Float16 || d == tensor.BFloat16
}

// floats holds if the first n operands, those left out aside, are of one type
// among f32, f16 and bf16.
func floats(n int) condition {
	return func(c kernels.Case) error {
		first := c.Operand(0).DType
		for i, o := range c.In[:min(n, len(c.In))] {
			if o.Present && (o.DType != first || !isFloat(o.DType)) {
				return fmt.Errorf("operand %d is %s, want f32, f16 or bf16, all alike", i, o)
			}
		}
		return nil
	}
}

// constant holds if operand i is a constant.
func constant(i int) condition {
	return func(c kernels.Case) error {
		if c.Operand(i).Const == nil {
			return fmt.Errorf("operand %d is not a constant", i)
		}
		return nil
	}
}

// exactly holds if there are n operands.
func exactly(n int) condition {
	return func(c kernels.Case) error {
		if len(c.In) != n {
			return fmt.Errorf("%d operands, want %d", len(c.In), n)
		}
		return nil
	}
}

// alike holds if the operands are of one type among those of the list and more.
func alike(list []tensor.DType, more ...tensor.DType) condition {
	return func(c kernels.Case) error {
		first := c.Operand(0).DType
		for i, o := range c.In {
			if o.DType != first || !slices.Contains(list, first) && !slices.Contains(more, first) {
				return fmt.Errorf("operand %d is %s, want numbers of a type of Go, all alike", i, o)
			}
		}
		return nil
	}
}

// oneOf holds if operand i has one of the types.
func oneOf(i int, types ...tensor.DType) condition {
	return func(c kernels.Case) error {
		if o := c.Operand(i); !slices.Contains(types, o.DType) {
			return fmt.Errorf("operand %d is %s, want elements of one of %v", i, o, types)
		}
		return nil
	}
}

// rankUpTo holds if operand i has at most that rank.
func rankUpTo(i, most int) condition {
	return func(c kernels.Case) error {
		if o := c.Operand(i); o.Rank() > most {
			return fmt.Errorf("operand %d is %s, want rank up to %d", i, o, most)
		}
		return nil
	}
}

// rank holds if operand i has that rank.
func rank(i, n int) condition {
	return func(c kernels.Case) error {
		if got := c.Operand(i).Rank(); got != n {
			return fmt.Errorf("operand %d is %s, want rank %d", i, c.Operand(i), n)
		}
		return nil
	}
}

// windowed holds if operand 0 has one to three axes that a window slides over.
func windowed(c kernels.Case) error {
	if r := c.Operand(0).Rank(); r < 3 || r > 5 {
		return fmt.Errorf("operand 0 is %s, want rank 3 to 5", c.Operand(0))
	}
	return nil
}

// rankedResult holds if the rank of the result is known and not too high.
func rankedResult(c kernels.Case) error {
	if r := c.Out[0].Rank(); r < 0 || r > maxRank {
		return fmt.Errorf("the result is %s, want a known rank of at most %d", c.Out[0], maxRank)
	}
	return nil
}

// jointRank holds if the ranks of the first two operands together are not too
// high.
func jointRank(c kernels.Case) error {
	if r := c.Operand(0).Rank() + c.Operand(1).Rank(); r > maxRank {
		return fmt.Errorf("the operands' ranks add up to %d, want at most %d", r, maxRank)
	}
	return nil
}

// resultAlone holds if only the first output is wanted: no statistics, no indices.
func resultAlone(c kernels.Case) error {
	for i, o := range c.Out {
		if i > 0 && o.Present {
			return fmt.Errorf("output %d is wanted, too", i)
		}
	}
	return nil
}

// parametersOf holds if the operands at those positions have the shape of the
// axes that a normalisation is over; axes of size 1 may stand before.
func parametersOf(positions ...int) condition {
	return func(c kernels.Case) error {
		x := c.Operand(0)
		axis := c.Attr.(*attr.LayerNormalization).Axis
		if axis < 0 {
			axis += x.Rank()
		}
		if axis < 0 || axis >= x.Rank() {
			return fmt.Errorf("operand 0 is %s, which has no axis %d", x, axis)
		}
		for _, i := range positions {
			p := c.Operand(i)
			shape := p.Shape
			for len(shape) > x.Rank()-axis && shape[0].Is(1) {
				shape = shape[1:]
			}
			if p.Present && (!p.HasRank || !shape.Equal(x.Shape[axis:])) {
				return fmt.Errorf("operand %d is %s, want the shape of the axes from %d on of %s", i, p, axis, x)
			}
		}
		return nil
	}
}

// wholeBytes holds if the elements of operand i can be moved as bytes.
func wholeBytes(i int) condition {
	return func(c kernels.Case) error {
		if o := c.Operand(i); o.DType.Bits() < 8 {
			return fmt.Errorf("operand %d is %s, want elements of whole bytes", i, o)
		}
		return nil
	}
}

// words holds if the elements of operand i are of 1, 2, 4 or 8 bytes.
func words(i int) condition {
	return func(c kernels.Case) error {
		switch o := c.Operand(i); o.DType.Bits() {
		case 8, 16, 32, 64:
			return nil
		default:
			return fmt.Errorf("operand %d is %s, want elements of 1, 2, 4 or 8 bytes", i, o)
		}
	}
}
