package op

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
)

// inferConvTranspose is for x [batch, channel, …] and filters [channel, filter/group, …].
func inferConvTranspose(c *ir.Infer) error {
	if err := floats.checkAll(c); err != nil {
		return err
	}
	d, err := commonElement(c, allOperands(c)...)
	if err != nil {
		return err
	}
	if err := sameRank(c, 0, 1); err != nil {
		return err
	}
	if _, err := minRank(c, 0, 3); err != nil {
		return err
	}
	x, k, a := c.Type(0), c.Type(1), attrsOf[attr.ConvTranspose](c)
	if !x.HasRank || !k.HasRank {
		c.Set(0, ir.Unranked(d))
		return nil
	}
	if a.Group < 1 {
		return fmt.Errorf("group %d is not positive", a.Group)
	}
	group := sym.Const(int64(a.Group))
	if differ(x.Shape[1], k.Shape[0]) {
		return fmt.Errorf("%s channels, want %s", x.Shape[1], k.Shape[0])
	}
	if _, err := quotient("the number of channels", k.Shape[0], group); err != nil {
		return err
	}
	filters := k.Shape[1].Mul(group)
	if c.NumIn() > 2 && c.In(2) != nil {
		if err := biasFits(c, 2, filters); err != nil {
			return err
		}
	}
	places, err := spread(a, x.Shape[2:], k.Shape[2:])
	if err != nil {
		return err
	}
	c.SetTensor(0, d, slices.Concat(x.Shape[:1], sym.Shape{filters}, places))
	return nil
}

// spread returns the sizes of the result's spatial axes.
func spread(a *attr.ConvTranspose, spatial, kernel sym.Shape) (sym.Shape, error) {
	n := len(spatial)
	w := window{autoPad: a.AutoPad, kernel: a.Kernel, strides: a.Strides, dilations: a.Dilations, pads: a.Pads, first: 2}
	if err := w.check(n); err != nil {
		return nil, err
	}
	more, given := a.OutputPadding, a.OutputShape
	if err := checkLists(n, []spatialList{{"output_padding", &more, n, 0, 0}, {"output_shape", &given, n, 0, 0}}); err != nil {
		return nil, err
	}
	out := make(sym.Shape, n)
	for i, in := range spatial {
		if err := w.agrees(kernel, i); err != nil {
			return nil, err
		}
		stride := sym.Const(int64(w.strides[i]))
		begin, end := int64(w.pads[i]), int64(w.pads[i+n])
		switch {
		case len(a.OutputShape) > 0:
			out[i] = sym.Const(int64(given[i]))
			continue
		case w.autoPad == "SAME_UPPER", w.autoPad == "SAME_LOWER":
			out[i] = in.Mul(stride)
			continue
		case w.autoPad == "VALID":
			begin, end = 0, 0
		}
		extent := in.Sub(sym.Const(1)).Mul(stride).Add(sym.Const(int64(more[i]))).Add(w.reach(kernel[i], i))
		out[i] = extent.Sub(sym.Const(begin + end))
		if sym.ProvablyLT(out[i], sym.Const(0)) {
			return nil, fmt.Errorf("pads %d and %d take more than the %s of axis %d", begin, end, extent, i+w.first)
		}
	}
	return out, nil
}
