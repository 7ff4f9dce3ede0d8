package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// window is how a kernel slides over the spatial axes.
type window struct {
	autoPad                          string
	kernel, strides, dilations, pads []int
	ceil                             bool
	first                            int // of the axes that it slides over
}

// spatialList is an attribute with numbers for the spatial axes.
type spatialList struct {
	name string
	list *[]int
	len  int
	fill int // in place of an empty list
	low  int // the least number
}

// check fills in defaults for n spatial axes.
func (w *window) check(n int) error {
	if err := checkLists(n, w.lists(n)); err != nil {
		return err
	}
	switch w.autoPad {
	case "", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER":
		return nil
	}
	return fmt.Errorf("auto_pad %q is not known", w.autoPad)
}

func (w *window) lists(n int) []spatialList {
	return []spatialList{
		{"kernel_shape", &w.kernel, n, 0, 1},
		{"strides", &w.strides, n, 1, 1},
		{"dilations", &w.dilations, n, 1, 1},
		{"pads", &w.pads, 2 * n, 0, 0},
	}
}

func checkLists(n int, lists []spatialList) error {
	for _, l := range lists {
		if len(*l.list) == 0 {
			*l.list = make([]int, l.len)
			for i := range *l.list {
				(*l.list)[i] = l.fill
			}
			continue
		}
		if len(*l.list) != l.len {
			return fmt.Errorf("%s %v for %d spatial axes", l.name, *l.list, n)
		}
		for _, v := range *l.list {
			if v < l.low || v > math.MaxInt32 {
				return fmt.Errorf("%s %v: %d is out of range", l.name, *l.list, v)
			}
		}
	}
	return nil
}

// reach is the extent of a window of size kernel along spatial axis i.
func (w *window) reach(kernel sym.Dim, i int) sym.Dim {
	one := sym.Const(1)
	return kernel.Sub(one).Mul(sym.Const(int64(w.dilations[i]))).Add(one)
}

// size is the number of places of the window along one of n spatial axes of
// size in.
func (w *window) size(in, kernel sym.Dim, i, n int) (sym.Dim, error) {
	stride := sym.Const(int64(w.strides[i]))
	one := sym.Const(1)
	begin, end := int64(w.pads[i]), int64(w.pads[i+n])
	switch w.autoPad {
	case "SAME_UPPER", "SAME_LOWER":
		return in.CeilDiv(stride), nil
	case "VALID":
		begin, end = 0, 0
	}
	reach := w.reach(kernel, i)
	room := in.Add(sym.Const(begin + end)).Sub(reach)
	if sym.ProvablyLT(room, sym.Const(0)) {
		return in, fmt.Errorf("window of %s over axis %d of size %s with pads %d and %d", reach, w.first+i, in, begin, end)
	}
	if !w.ceil {
		return room.Div(stride).Add(one), nil
	}
	// A window that starts in the end padding is left out.
	last := in.Add(sym.Const(begin)).CeilDiv(stride)
	return room.CeilDiv(stride).Add(one).Min(last), nil
}

func inferConv(c *ir.Infer) error {
	t, err := convType(c, attrsOf[attr.Conv](c).Fused(), 2)
	if err != nil {
		return err
	}
	c.Set(0, t)
	return nil
}

// inferFusedConv checks the operands of the fused convolution against its
// specification; see [attr.FusedConv].
func inferFusedConv(c *ir.Infer) error {
	a := attrsOf[attr.FusedConv](c)
	if err := a.Check(); err != nil {
		return err
	}
	o := a.Operands()
	if c.NumIn() != o.Count {
		return fmt.Errorf("%d operands, the specification has %d", c.NumIn(), o.Count)
	}
	if err := noneMissing(c); err != nil {
		return err
	}
	if _, err := commonElement(c, allOperands(c)...); err != nil {
		return err
	}
	t, err := convType(c, a, o.Bias)
	if err != nil {
		return err
	}
	c.Set(0, t)
	if o.Residual < 0 {
		return nil
	}
	return residualFits(c.Type(o.Residual), t)
}

// residualFits wants a residual of a result's shape: it is not broadcast.
func residualFits(residual, result ir.Type) error {
	if !residual.HasRank || !result.HasRank {
		return nil
	}
	return shapeFits("residual", residual.Shape, result.Shape)
}

// convType is the result of a convolution with nothing behind it; its bias, if it has
// one, is at that operand.
func convType(c *ir.Infer, a *attr.FusedConv, bias int) (none ir.Type, err error) {
	if err := floats.checkAll(c); err != nil {
		return none, err
	}
	operands := []int{0, 1}
	biased := bias >= 0 && c.In(bias) != nil
	if biased {
		operands = append(operands, bias)
	}
	d, err := commonElement(c, operands...)
	if err != nil {
		return none, err
	}
	t, err := convPlaces(c, a, d)
	if err != nil || !biased || !t.HasRank {
		return t, err
	}
	return t, biasFits(c, bias, c.Type(1).Shape[0])
}

// convPlaces is the result of a convolution, of elements of type d: of those of its
// operands it knows nothing.
func convPlaces(c *ir.Infer, a *attr.FusedConv, d tensor.DType) (none ir.Type, err error) {
	x, k := c.Type(0), c.Type(1)
	if err := sameRank(c, 0, 1); err != nil {
		return none, err
	}
	if _, err := minRank(c, 0, 3); err != nil {
		return none, err
	}
	if !x.HasRank || !k.HasRank {
		return ir.Unranked(d), nil
	}
	if a.Group < 1 {
		return none, fmt.Errorf("group %d is not positive", a.Group)
	}
	first := a.Spatial()
	last := first + len(x.Shape) - 3 // of the spatial axes
	channels := x.Shape[1]
	if a.ChannelsLast {
		channels = x.Shape[last+1]
	}
	group := sym.Const(int64(a.Group))
	if want := k.Shape[1].Mul(group); differ(channels, want) {
		return none, fmt.Errorf("%s channels, want %s = %s per group × %d", channels, want, k.Shape[1], a.Group)
	}
	if _, err := quotient("the number of filters", k.Shape[0], group); err != nil {
		return none, err
	}
	w := window{autoPad: a.AutoPad, kernel: a.Kernel, strides: a.Strides, dilations: a.Dilations, pads: a.Pads, first: first}
	places, err := w.slide(x.Shape[first:last+1], k.Shape[2:])
	if a.ChannelsLast {
		return ir.TensorOf(d, slices.Concat(x.Shape[:1], places, k.Shape[:1])), err
	}
	return ir.TensorOf(d, slices.Concat(x.Shape[:1], k.Shape[:1], places)), err
}

// biasFits wants a bias per filter.
func biasFits(c *ir.Infer, bias int, filters sym.Dim) error {
	known, err := wantRank(c, bias, 1)
	if err == nil && known && differ(c.Type(bias).Shape[0], filters) {
		err = fmt.Errorf("bias of %s for %s filters", c.Type(bias).Shape[0], filters)
	}
	return err
}

// slide returns the sizes of the result's spatial axes. kernel, if not nil, is
// the window's shape, which kernel_shape then only repeats.
func (w *window) slide(spatial, kernel sym.Shape) (sym.Shape, error) {
	if err := w.check(len(spatial)); err != nil {
		return nil, err
	}
	out := make(sym.Shape, len(spatial))
	for i, in := range spatial {
		k := sym.Const(int64(w.kernel[i]))
		if kernel != nil {
			if err := w.agrees(kernel, i); err != nil {
				return nil, err
			}
			k = kernel[i]
		}
		size, err := w.size(in, k, i, len(spatial))
		if err != nil {
			return nil, err
		}
		out[i] = size
	}
	return out, nil
}

// agrees wants kernel_shape to repeat the filters' shape along spatial axis i, or to be
// missing.
func (w *window) agrees(kernel sym.Shape, i int) error {
	if k := sym.Const(int64(w.kernel[i])); !k.Is(0) && differ(k, kernel[i]) {
		return fmt.Errorf("kernel_shape %v differs from %s", w.kernel, kernel)
	}
	return nil
}

func inferPool(c *ir.Infer) error {
	if err := numbers.check(c, 0); err != nil {
		return err
	}
	known, err := minRank(c, 0, 3)
	if err != nil {
		return err
	}
	x, a := c.Type(0), attrsOf[attr.Pool](c)
	if !known {
		c.Set(0, x)
		c.Set(1, ir.Unranked(tensor.Int64))
		return nil
	}
	if len(a.Kernel) == 0 {
		return fmt.Errorf("kernel_shape is missing")
	}
	w := window{autoPad: a.AutoPad, kernel: a.Kernel, strides: a.Strides, dilations: a.Dilations, pads: a.Pads, ceil: a.CeilMode, first: 2}
	places, err := w.slide(x.Shape[2:], nil)
	shape := append(x.Shape[:2:2], places...)
	c.SetTensor(0, x.DType, shape)
	c.SetTensor(1, tensor.Int64, shape)
	return err
}

func inferGlobalPool(c *ir.Infer) error {
	if err := floats.check(c, 0); err != nil {
		return err
	}
	if _, err := minRank(c, 0, 3); err != nil {
		return err
	}
	t := c.Type(0)
	if t.HasRank {
		shape := t.Shape.Clone()
		for i := 2; i < len(shape); i++ {
			shape[i] = sym.Const(1)
		}
		t.Shape = shape
	}
	c.Set(0, t)
	return nil
}
