package op

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

var (
	// steps are the types of what is counted in steps of a scale.
	steps = class{"integer, or float of at most 8 bits", func(d tensor.DType) bool { return d.IsInt() || d.IsFloat() && d.Bits() <= 8 }}
	bytes = class{"integer of 8 bits", func(d tensor.DType) bool { return d == tensor.Int8 || d == tensor.Uint8 }}
)

// inferQuantize is of QuantizeLinear, whose result has the type of the zero point, or
// that of the attribute: u8 if neither says one.
func inferQuantize(c *ir.Infer) error {
	if err := classes(c, numbers, floats, steps); err != nil {
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
	setLike(c, c.Type(0), d)
	return scaleFits(c, a)
}

// inferDequantize is of DequantizeLinear, whose result has the scale's type.
func inferDequantize(c *ir.Infer) error {
	if err := classes(c, steps, floats, steps); err != nil {
		return err
	}
	operands := []int{0}
	if c.NumIn() > 2 {
		operands = append(operands, 2)
	}
	if _, err := commonElement(c, operands...); err != nil {
		return err
	}
	a := attrsOf[attr.Quantize](c)
	d := c.Type(1).DType
	if a.OutDType != tensor.Invalid {
		d = a.OutDType
	}
	if d != tensor.Invalid && !floats.has(d) {
		return fmt.Errorf("output_dtype %s, want %s", d, floats.name)
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
	if c.NumIn() > 2 && c.In(2) != nil {
		if zero := c.Type(2); zero.HasRank && scale.HasRank {
			if err := shapeFits("zero point", zero.Shape, scale.Shape); err != nil {
				return err
			}
		}
	}
	if !x.HasRank || !scale.HasRank {
		return nil
	}
	one := len(scale.Shape) == 0 || len(scale.Shape) == 1 && scale.Shape[0].Is(1)
	if a.BlockSize == 0 && one {
		return nil
	}
	axis, err := normalAxis(a.Axis, len(x.Shape))
	if err != nil {
		return err
	}
	want := x.Shape[axis : axis+1]
	if a.BlockSize > 0 {
		want = append(sym.Shape{}, x.Shape...)
		want[axis] = want[axis].CeilDiv(sym.Const(int64(a.BlockSize)))
	}
	return shapeFits("scale", scale.Shape, want)
}

// inferDynamicQuantize gives the steps, their size and the zero point.
func inferDynamicQuantize(c *ir.Infer) error {
	if err := floats.check(c, 0); err != nil {
		return err
	}
	setLike(c, c.Type(0), tensor.Uint8)
	c.SetTensor(1, tensor.Float32, sym.Shape{})
	c.SetTensor(2, tensor.Uint8, sym.Shape{})
	return nil
}

// inferMatMulInteger is inferMatMul with zero points: of the left operand one, or one
// for each row; of the right one, one for each column.
func inferMatMulInteger(c *ir.Infer) error {
	if err := classes(c, bytes, bytes, bytes, bytes); err != nil {
		return err
	}
	for i := range min(2, c.NumIn()-2) {
		if _, err := commonElement(c, i, i+2); err != nil {
			return fmt.Errorf("zero point of operand %d: %w", i, err)
		}
	}
	for i := range 2 {
		if _, err := minRank(c, i, 1); err != nil {
			return err
		}
	}
	a, b := c.Type(0), c.Type(1)
	if !a.HasRank || !b.HasRank {
		c.Set(0, ir.Unranked(tensor.Int32))
		return nil
	}
	shape, err := product(a.Shape, b.Shape)
	if err != nil {
		return err
	}
	if len(a.Shape) > 1 {
		if err := zerosFit(c, 2, a.Shape[len(a.Shape)-2]); err != nil {
			return err
		}
	}
	if err := zerosFit(c, 3, b.Shape[len(b.Shape)-1]); err != nil {
		return err
	}
	c.SetTensor(0, tensor.Int32, shape)
	return nil
}

// zerosFit wants zero points to be one, a vector of n, or of the operand's rank with n
// of them in each matrix.
func zerosFit(c *ir.Infer, i int, n sym.Dim) error {
	if i >= c.NumIn() || c.In(i) == nil || !c.Type(i).HasRank {
		return nil
	}
	shape := c.Type(i).Shape
	if len(shape) == 1 && !shape[0].Is(1) && differ(shape[0], n) {
		return fmt.Errorf("%s zero points of operand %d, want 1 or %s", shape[0], i-2, n)
	}
	return nil
}
