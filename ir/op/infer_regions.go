package op

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// inferCol2Im is for x [batch, channel·block, place] and the shapes of image and block.
func inferCol2Im(c *ir.Infer) error {
	if err := numbers.check(c, 0); err != nil {
		return err
	}
	image, rank, known, err := target(c, 1)
	if err != nil {
		return err
	}
	block, blockRank, blockKnown, err := target(c, 2)
	if err != nil {
		return err
	}
	if rank >= 0 && blockRank >= 0 && rank != blockRank {
		return fmt.Errorf("an image of %d axes in blocks of %d", rank, blockRank)
	}
	ranked, err := wantRank(c, 0, 3)
	if err != nil {
		return err
	}
	x := c.Type(0)
	if rank = max(rank, blockRank); rank < 0 {
		c.Set(0, ir.Unranked(x.DType))
		return nil
	}
	if err := checkMaxRank(rank + 2); err != nil {
		return err
	}
	shape := c.FreshShape(0, rank+2)
	if known {
		copy(shape[2:], image)
	}
	if ranked {
		shape[0] = x.Shape[0]
		if each := sym.Shape(block).Elements(); blockKnown && sym.ProvablyLT(sym.Const(0), each) {
			if shape[1], err = quotient("the size of columns", x.Shape[1], each); err != nil {
				return err
			}
		}
	}
	for _, d := range shape[2:] {
		if sym.ProvablyLT(d, sym.Const(0)) {
			return fmt.Errorf("an image of shape %s", shape[2:])
		}
	}
	c.SetTensor(0, x.DType, shape)
	return nil
}

// inferNonMaxSuppression gives as many selections as there are.
func inferNonMaxSuppression(c *ir.Infer) error {
	if err := classes(c, floats, floats, integers, floats, floats); err != nil {
		return err
	}
	for i := range 2 {
		if _, err := wantRank(c, i, 3); err != nil {
			return err
		}
	}
	if c.Type(0).HasRank && differ(c.Type(0).Shape[2], sym.Const(4)) {
		return fmt.Errorf("boxes of %s numbers, want 4", c.Type(0).Shape[2])
	}
	c.SetTensor(0, tensor.Int64, sym.Shape{c.Fresh(0, 0), sym.Const(3)})
	return nil
}

// inferRoiAlign is for x [batch, channel, height, width], regions [region, 4] and the
// batch entry of each.
func inferRoiAlign(c *ir.Infer) error {
	if err := classes(c, floats, floats, integers); err != nil {
		return err
	}
	a := attrsOf[attr.RoiAlign](c)
	if err := oneOf("mode", a.Mode, "avg", "max"); err != nil {
		return err
	}
	if err := oneOf("coordinate_transformation_mode", a.Coordinates, "half_pixel", "output_half_pixel"); err != nil {
		return err
	}
	if a.Height < 1 || a.Width < 1 || a.Sampling < 0 {
		return fmt.Errorf("%d by %d cells of %d places", a.Height, a.Width, a.Sampling)
	}
	shape := c.FreshShape(0, 4)
	for i, want := range []int{4, 2, 1} {
		known, err := wantRank(c, i, want)
		if err != nil {
			return err
		}
		switch s := c.Type(i).Shape; {
		case !known:
		case i == 0:
			shape[1] = s[1]
		default:
			shape[0] = s[0]
		}
	}
	shape[2], shape[3] = sym.Const(int64(a.Height)), sym.Const(int64(a.Width))
	c.SetTensor(0, c.Type(0).DType, shape)
	return nil
}

// inferUnique gives as many entries as are different.
func inferUnique(c *ir.Infer) error {
	x := c.Type(0)
	n := fresh(c, 0)
	which := c.Fresh(2, 0)
	c.Set(0, ir.Unranked(x.DType))
	if x.HasRank {
		axis, err := normalAxis(attrsOf[attr.Unique](c).Axis, len(x.Shape))
		if err != nil {
			return err
		}
		shape := slices.Clone(x.Shape)
		shape[axis], which = n, x.Shape[axis]
		c.SetTensor(0, x.DType, shape)
	}
	for i, size := range []sym.Dim{1: n, 2: which, 3: n} {
		if i > 0 {
			c.SetTensor(i, tensor.Int64, sym.Shape{size})
		}
	}
	return nil
}
