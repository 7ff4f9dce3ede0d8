package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
)

func checkResize(a *attr.Resize) error {
	choices := []struct {
		name, value string
		known       []string
	}{
		{"mode", a.Mode, []string{"nearest", "linear", "cubic"}},
		{"nearest_mode", a.NearestMode, []string{"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}},
		{"keep_aspect_ratio_policy", a.AspectPolicy, []string{"stretch", "not_larger", "not_smaller"}},
		{"coordinate_transformation_mode", a.Coordinates, []string{"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
			"align_corners", "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize"}},
	}
	for _, c := range choices {
		if !slices.Contains(c.known, c.value) {
			return fmt.Errorf("%s %q is not known", c.name, c.value)
		}
	}
	return nil
}

// inferResize: sizes say the shape, as far as they are known and no aspect ratio
// is kept; scales do where they are whole numbers, or whole parts.
func inferResize(c *ir.Infer) error {
	a := attrsOf[attr.Resize](c)
	if err := checkResize(a); err != nil {
		return err
	}
	t := c.Type(0)
	if !t.HasRank {
		c.Set(0, t)
		return nil
	}
	axes, err := resizedAxes(a, len(t.Shape))
	if err != nil {
		return err
	}
	shape := t.Shape.Clone()
	for _, axis := range axes {
		shape[axis] = c.Fresh(0, axis)
	}
	if v := c.In(3); v != nil && !emptyVector(v) {
		dims, count, ok, err := target(c, 3)
		switch {
		case err != nil:
			return err
		case count >= 0 && count != len(axes):
			return fmt.Errorf("%d sizes for %d axes", count, len(axes))
		case ok && a.AspectPolicy == "stretch":
			for i, axis := range axes {
				shape[axis] = dims[i]
			}
		}
	} else if v := c.In(2); v != nil && v.Const != nil && v.Const.DType.IsFloat() {
		if v.Const.Len() != len(axes) {
			return fmt.Errorf("%d scales for %d axes", v.Const.Len(), len(axes))
		}
		for i, axis := range axes {
			if d, ok := scaled(t.Shape[axis], v.Const.FloatAt(i)); ok {
				shape[axis] = d
			}
		}
	}
	c.SetTensor(0, t.DType, shape)
	return nil
}

// emptyVector tells the operands that older files have in place of none.
func emptyVector(v *ir.Value) bool {
	n, ok := sizeOf1D(v)
	return ok && n == 0
}

func resizedAxes(a *attr.Resize, rank int) ([]int, error) {
	list := make([]int64, 0, rank)
	for _, axis := range a.Axes {
		list = append(list, int64(axis))
	}
	if len(list) == 0 {
		for i := range rank {
			list = append(list, int64(i))
		}
	}
	return normalAxes(list, rank)
}

// scaled is ⌊d·x⌋ as the kernel computes it, in f32.
func scaled(d sym.Dim, x float64) (sym.Dim, bool) {
	if n, ok := d.IsConst(); ok {
		size := float32(n) * float32(x)
		return sym.Const(int64(size)), size >= 0 && size < math.MaxInt32
	}
	switch inverse := 1 / x; {
	case x >= 1 && x == math.Trunc(x) && x < math.MaxInt16:
		return d.Mul(sym.Const(int64(x))), true
	case x > 0 && inverse == math.Trunc(inverse) && inverse < math.MaxInt16 && math.Trunc(math.Log2(inverse)) == math.Log2(inverse):
		return d.Div(sym.Const(int64(inverse))), true
	}
	return d, false
}
