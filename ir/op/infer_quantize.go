package op

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// The element types of quantisation are those of ONNX, no wider: the widths matter.
var (
	// steps count in a scale.
	steps     = class{"integer of at most 16 bits, or float of at most 8 with a mantissa", isSteps}
	sums      = class{steps.name + ", or i32", func(d tensor.DType) bool { return isSteps(d) || d == tensor.Int32 }}
	bytes     = ofTypes(tensor.Int8, tensor.Uint8)
	reals     = ofTypes(tensor.Float32, tensor.Float16, tensor.BFloat16)
	divisible = ofTypes(tensor.Float32, tensor.Float16, tensor.BFloat16, tensor.Int32)
	// scales of QuantizeLinear may be integers, too.
	scales    = ofTypes(tensor.Float32, tensor.Float16, tensor.BFloat16, tensor.Float8E8M0)
	anyScales = ofTypes(tensor.Float32, tensor.Float16, tensor.BFloat16, tensor.Float8E8M0, tensor.Int32)
)

func isSteps(d tensor.DType) bool {
	return d.IsInt() && d.Bits() <= 16 || d.IsFloat() && d.Bits() <= 8 && d != tensor.Float8E8M0
}

// ofTypes is a class of single types.
func ofTypes(types ...tensor.DType) class {
	name := ""
	for i, d := range types {
		switch {
		case i == 0:
		case i == len(types)-1:
			name += " or "
		default:
			name += ", "
		}
		name += d.String()
	}
	return class{name, func(d tensor.DType) bool { return slices.Contains(types, d) }}
}

// inferQuantize is of QuantizeLinear, whose result has the type of the zero point, or
// that of the attribute: u8 if neither says one.
func inferQuantize(c *ir.Infer) error {
	if err := classes(c, divisible, anyScales, steps); err != nil {
		return err
	}
	a := attrsOf[attr.Quantize](c)
	d := a.OutDType
	if c.NumIn() > 2 && c.In(2) != nil && c.Type(2).DType != tensor.Invalid {
		if z := c.Type(2).DType; d == tensor.Invalid {
			d = z
		} else if d != z {
			return fmt.Errorf("output_dtype %s, and a zero point of type %s", d, z)
		}
	}
	if d == tensor.Invalid {
		d = tensor.Uint8
	}
	if !steps.has(d) {
		return fmt.Errorf("output_dtype %s, want %s", d, steps.name)
	}
	if a.Precision != tensor.Invalid && !reals.has(a.Precision) {
		return fmt.Errorf("precision %s, want %s", a.Precision, reals.name)
	}
	setLike(c, c.Type(0), d)
	return scaleFits(c, a)
}

// inferDequantize is of DequantizeLinear, whose result has the scale's type.
func inferDequantize(c *ir.Infer) error {
	if err := classes(c, sums, scales, sums); err != nil {
		return err
	}
	if c.NumIn() > 2 {
		if _, err := commonElement(c, 0, 2); err != nil {
			return fmt.Errorf("zero point: %w", err)
		}
	}
	a := attrsOf[attr.Quantize](c)
	d := c.Type(1).DType
	if a.OutDType != tensor.Invalid {
		d = a.OutDType
	}
	if d != tensor.Invalid && !reals.has(d) {
		return fmt.Errorf("the result would be of type %s, want %s: output_dtype says it, else the scale", d, reals.name)
	}
	setLike(c, c.Type(0), d)
	return scaleFits(c, a)
}

// scaleFits checks scale and zero point against what they are of: one number; a vector
// along the axis; or, of blocks along the axis, one for each.
func scaleFits(c *ir.Infer, a *attr.Quantize) error {
	if a.BlockSize < 0 {
		return fmt.Errorf("block_size %d is negative", a.BlockSize)
	}
	x, scale := c.Type(0), c.Type(1)
	if !scale.HasRank {
		return nil
	}
	single := isSingle(scale.Shape)
	if c.NumIn() > 2 && c.In(2) != nil && c.Type(2).HasRank {
		zero := c.Type(2).Shape
		if err := shapeFits("zero point", zero, scale.Shape); err != nil && !(single && isSingle(zero)) {
			return err
		}
	}
	if !x.HasRank || single && a.BlockSize == 0 {
		return nil
	}
	axis, err := normalAxis(a.Axis, len(x.Shape))
	if err != nil {
		return err
	}
	want := x.Shape[axis : axis+1]
	if a.BlockSize > 0 {
		want = slices.Clone(x.Shape)
		want[axis] = want[axis].CeilDiv(sym.Const(int64(a.BlockSize)))
	}
	return shapeFits("scale", scale.Shape, want)
}

// isSingle reports whether a shape is that of one number, which some write as a vector.
func isSingle(s sym.Shape) bool { return len(s) == 0 || len(s) == 1 && s[0].Is(1) }

// inferDynamicQuantize gives the steps, their size and the zero point.
func inferDynamicQuantize(c *ir.Infer) error {
	if err := ofTypes(tensor.Float32).check(c, 0); err != nil {
		return err
	}
	setLike(c, c.Type(0), tensor.Uint8)
	c.SetTensor(1, tensor.Float32, sym.Shape{})
	c.SetTensor(2, tensor.Uint8, sym.Shape{})
	return nil
}

// zerosMatch checks the element types of two operands of steps and the zero points
// behind them.
func zerosMatch(c *ir.Infer) error {
	if err := classes(c, bytes, bytes, bytes, bytes); err != nil {
		return err
	}
	for i := range min(2, c.NumIn()-2) {
		if _, err := commonElement(c, i, i+2); err != nil {
			return fmt.Errorf("zero point of operand %d: %w", i, err)
		}
	}
	return nil
}

// inferMatMulInteger is inferMatMul with zero points: of the left operand one, or one
// for each row; of the right one, one for each column.
func inferMatMulInteger(c *ir.Infer) error {
	if err := zerosMatch(c); err != nil {
		return err
	}
	for i := range 2 {
		if _, err := minRank(c, i, 1); err != nil {
			return err
		}
	}
	a, b := c.Type(0), c.Type(1)
	if a.HasRank {
		if err := zerosFit(c, 2, lines(a.Shape, 2)); err != nil {
			return err
		}
	}
	if b.HasRank {
		if err := zerosFit(c, 3, lines(b.Shape, 1)); err != nil {
			return err
		}
	}
	if !a.HasRank || !b.HasRank {
		c.Set(0, ir.Unranked(tensor.Int32))
		return nil
	}
	shape, err := product(a.Shape, b.Shape)
	if err != nil {
		return err
	}
	c.SetTensor(0, tensor.Int32, shape)
	return nil
}

// lines is the shape of a number for each row of matrices, or for each column: the axis
// that they are told apart by is so many from the end, and the other one is 1. A vector
// on the left is one row; one on the right is one column.
func lines(s sym.Shape, fromEnd int) sym.Shape {
	if len(s) == 1 {
		return sym.Shape{sym.Const(1)}
	}
	s = slices.Clone(s)
	s[len(s)-3+fromEnd] = sym.Const(1)
	return s
}

// zerosFit wants the zero points at operand i to be one, a vector of the size that lines
// has beside 1, or those of every matrix: of the shape of lines, or of 1 along some axes.
func zerosFit(c *ir.Infer, i int, lines sym.Shape) error {
	if i >= c.NumIn() || c.In(i) == nil || !c.Type(i).HasRank {
		return nil
	}
	zero := c.Type(i).Shape
	if isSingle(zero) {
		return nil
	}
	fits := len(zero) == len(lines)
	if len(zero) == 1 && len(lines) > 1 {
		n := lines[len(lines)-1]
		if n.Is(1) {
			n = lines[len(lines)-2]
		}
		fits = !differ(zero[0], n)
	} else if fits {
		for axis, n := range lines {
			fits = fits && (zero[axis].Is(1) || !differ(zero[axis], n))
		}
	}
	if fits {
		return nil
	}
	return fmt.Errorf("the zero points of operand %d are %s, want one or %s", i-2, zero, lines)
}

// inferConvInteger is inferConv with a zero point of x, and one of the filters or one for
// each.
func inferConvInteger(c *ir.Infer) error {
	if err := zerosMatch(c); err != nil {
		return err
	}
	t, err := convPlaces(c, attrsOf[attr.Conv](c).Fused(), tensor.Int32)
	if err != nil {
		return err
	}
	c.Set(0, t)
	if err := zerosFit(c, 2, sym.Shape{sym.Const(1)}); err != nil || !t.HasRank {
		return err
	}
	return zerosFit(c, 3, c.Type(1).Shape[:1])
}
