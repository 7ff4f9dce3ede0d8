package op

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// class is a set of element types, named for messages. The sets are those of
// ONNX, but coarser: all widths of a kind are taken together.
type class struct {
	name string
	has  func(tensor.DType) bool
}

var (
	anyElement = class{"any", func(tensor.DType) bool { return true }}
	floats     = class{"float", tensor.DType.IsFloat}
	integers   = class{"integer", tensor.DType.IsInt}
	numbers    = class{"numeric", func(d tensor.DType) bool { return d.IsFloat() || d.IsInt() }}
	ordered    = class{"numeric or bool", func(d tensor.DType) bool { return d.IsFloat() || d.IsInt() || d == tensor.Bool }}
	booleans   = class{"bool", func(d tensor.DType) bool { return d == tensor.Bool }}
)

// check accepts an element type that is not known, too.
func (k class) check(c *ir.Infer, i int) error {
	t := c.Type(i)
	switch {
	case !t.IsTensor():
		return fmt.Errorf("operand %d is %s, want a tensor", i, t)
	case t.DType != tensor.Invalid && !k.has(t.DType):
		return fmt.Errorf("operand %d has elements of type %s, want %s", i, t.DType, k.name)
	}
	return nil
}

// checkAll checks every operand that is present.
func (k class) checkAll(c *ir.Infer) error {
	for i := range c.NumIn() {
		if c.In(i) == nil {
			continue
		}
		if err := k.check(c, i); err != nil {
			return err
		}
	}
	return nil
}

// noneMissing checks that every operand is present.
func noneMissing(c *ir.Infer) error {
	for i := range c.NumIn() {
		if c.In(i) == nil {
			return fmt.Errorf("operand %d is missing", i)
		}
	}
	return nil
}

// classes checks the first operands, one class each; operands that are left out
// pass.
func classes(c *ir.Infer, ks ...class) error {
	for i, k := range ks {
		if i >= c.NumIn() || c.In(i) == nil {
			continue
		}
		if err := k.check(c, i); err != nil {
			return err
		}
	}
	return nil
}

// commonElement returns the element type that the given operands share. Those
// left out or of unknown type have no say.
func commonElement(c *ir.Infer, operands ...int) (tensor.DType, error) {
	found := tensor.Invalid
	for _, i := range operands {
		if c.In(i) == nil {
			continue
		}
		d := c.Type(i).DType
		switch {
		case d == tensor.Invalid || d == found:
		case found == tensor.Invalid:
			found = d
		default:
			return found, fmt.Errorf("element types %s and %s differ", found, d)
		}
	}
	return found, nil
}

// allOperands lists the positions of all operands.
func allOperands(c *ir.Infer) []int {
	list := make([]int, c.NumIn())
	for i := range list {
		list[i] = i
	}
	return list
}

// wantRank checks that operand i has rank n, if its rank is known. The result
// tells whether it is known.
func wantRank(c *ir.Infer, i, n int) (known bool, err error) {
	rank, known := c.Type(i).Rank()
	if known && rank != n {
		return true, fmt.Errorf("operand %d has rank %d, want %d", i, rank, n)
	}
	return known, nil
}

// minRank is wantRank for at least n.
func minRank(c *ir.Infer, i, n int) (known bool, err error) {
	rank, known := c.Type(i).Rank()
	if known && rank < n {
		return true, fmt.Errorf("operand %d has rank %d, want at least %d", i, rank, n)
	}
	return known, nil
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

// normalAxes is normalAxis for a list without repetition.
func normalAxes(axes []int64, rank int) ([]int, error) {
	out := make([]int, len(axes))
	seen := make([]bool, rank)
	for i, a := range axes {
		if a < int64(-rank) || a >= int64(rank) {
			return nil, fmt.Errorf("axis %d is out of range for rank %d", a, rank)
		}
		axis, _ := normalAxis(int(a), rank)
		if seen[axis] {
			return nil, fmt.Errorf("axis %d is given twice", axis)
		}
		seen[axis] = true
		out[i] = axis
	}
	return out, nil
}

// differ reports whether two sizes are different whatever the symbols are.
func differ(a, b sym.Dim) bool {
	order, known := a.Compare(b)
	return known && order != 0
}

// shapeFits wants the shape of an operand, called what in the error, to be another one.
func shapeFits(what string, got, want sym.Shape) error {
	differs := len(got) != len(want)
	for i := range min(len(got), len(want)) {
		differs = differs || differ(got[i], want[i])
	}
	if differs {
		return fmt.Errorf("the %s is %s, want %s", what, got, want)
	}
	return nil
}

// nonNegative reports whether d is a size for certain.
func nonNegative(d sym.Dim) bool { return sym.ProvablyLE(sym.Const(0), d) }

// agree returns what is known of a size that is both a and b: the number if
// either is one, else a. what names the size in the error.
func agree(what string, a, b sym.Dim) (sym.Dim, error) {
	if differ(a, b) {
		return a, fmt.Errorf("%s %s and %s differ", what, a, b)
	}
	if _, ok := a.IsConst(); !ok {
		if _, ok := b.IsConst(); ok {
			return b, nil
		}
	}
	return a, nil
}

// sizeOf1D returns the number of elements of a vector operand if it is a number.
func sizeOf1D(v *ir.Value) (int, bool) {
	shape, ok := v.Type.ConstShape()
	if !ok || len(shape) != 1 {
		return 0, false
	}
	return shape[0], true
}

// fresh is the size along axis of all outputs together, where they share it.
func fresh(c *ir.Infer, axis int) sym.Dim {
	for i, v := range c.Node.Out {
		if v != nil {
			return c.Fresh(i, axis)
		}
	}
	return c.Fresh(0, axis)
}

// setLike gives output 0 the type t with elements d.
func setLike(c *ir.Infer, t ir.Type, d tensor.DType) {
	t.DType = d
	c.Set(0, t)
}

// maxRank bounds the rank that inference makes up: from the length of a shape
// operand, or by indices that add axes, which could double the rank at each node
// of a hostile file. Nothing real comes near.
const maxRank = 64

func checkMaxRank(rank int) error {
	if rank > maxRank {
		return fmt.Errorf("rank %d is above %d", rank, maxRank)
	}
	return nil
}

// setFreshRank gives output 0 rank fresh sizes, or no rank if rank is negative.
func setFreshRank(c *ir.Infer, d tensor.DType, rank int) error {
	if err := checkMaxRank(rank); err != nil {
		return err
	}
	if rank < 0 {
		c.Set(0, ir.Unranked(d))
		return nil
	}
	c.SetTensor(0, d, c.FreshShape(0, rank))
	return nil
}
