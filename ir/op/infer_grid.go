package op

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
)

// inferGridSample is for x [batch, channel, …] and a grid [batch, place…, spatial axis].
func inferGridSample(c *ir.Infer) error {
	if err := classes(c, numbers, floats); err != nil {
		return err
	}
	a := attrsOf[attr.GridSample](c)
	if err := oneOf("mode", a.Mode, "nearest", "linear", "cubic"); err != nil {
		return err
	}
	if err := oneOf("padding_mode", a.PaddingMode, "zeros", "border", "reflection"); err != nil {
		return err
	}
	if err := sameRank(c, 0, 1); err != nil {
		return err
	}
	if _, err := minRank(c, 0, 3); err != nil {
		return err
	}
	x, grid := c.Type(0), c.Type(1)
	if !x.HasRank || !grid.HasRank {
		c.Set(0, ir.Unranked(x.DType))
		return nil
	}
	last := len(grid.Shape) - 1
	if axes := sym.Const(int64(len(x.Shape) - 2)); differ(grid.Shape[last], axes) {
		return fmt.Errorf("places of %s numbers on %s spatial axes", grid.Shape[last], axes)
	}
	batch, err := agree("batch sizes", x.Shape[0], grid.Shape[0])
	if err != nil {
		return err
	}
	c.SetTensor(0, x.DType, slices.Concat(sym.Shape{batch, x.Shape[1]}, grid.Shape[1:last]))
	return nil
}

// oneOf wants an attribute to be one of some words.
func oneOf(name, value string, words ...string) error {
	if !slices.Contains(words, value) {
		return fmt.Errorf("%s %q is not known", name, value)
	}
	return nil
}
