package ref

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// ConvTranspose is the transposed convolution of x [batch, channel, …] with filters
// [channel, filter/group, …], plus a bias per filter: each element of x is added, times
// a filter's taps, to the places that [Conv] would read for it.
func ConvTranspose(z *tensor.Tensor, a *attr.ConvTranspose, x, filters, bias *tensor.Tensor) error {
	if err := checkConvTranspose(a, x, filters, bias); err != nil {
		return err
	}
	w := &window{kernel: filters.Shape[2:], strides: a.Strides, dilations: a.Dilations, pads: a.Pads}
	if err := w.planTransposed(a, x.Shape[2:]); err != nil {
		return err
	}
	all, err := loadAll(x, filters, bias)
	if err != nil {
		return err
	}
	each := filters.Shape[1]
	if err := reset(z, x.DType, append([]int{x.Shape[0], each * a.Group}, w.in...)...); err != nil {
		return err
	}
	out := make([]float64, z.Len())
	if all[2] != nil {
		addBias(out, all[2], product(w.in))
	}
	spread(out, all[0], all[1], w, x.Shape[0], x.Shape[1], each, a.Group)
	store(z, out)
	return nil
}

func checkConvTranspose(a *attr.ConvTranspose, x, filters, bias *tensor.Tensor) error {
	if err := wantSpatial(x); err != nil {
		return err
	}
	if filters.Rank() != x.Rank() || a.Group < 1 || filters.Shape[0] != x.Shape[1] || x.Shape[1]%a.Group != 0 {
		return fmt.Errorf("filters %s in %d groups for %s", filters, a.Group, x)
	}
	return checkFilters(a.Kernel, filters, bias, filters.Shape[1]*a.Group)
}

// planTransposed is [window.plan] the other way round: places are the spatial axes of
// the operand, and what the window slides over is the result.
func (w *window) planTransposed(a *attr.ConvTranspose, places []int) error {
	n := len(places)
	w.out, w.in = places, make([]int, n)
	more, given := a.OutputPadding, a.OutputShape
	if err := w.complete(n, spatialList{"output_padding", &more, n, 0}, spatialList{"output_shape", &given, n, 0}); err != nil {
		return err
	}
	for axis, size := range places {
		extent := (size-1)*w.strides[axis] + more[axis] + w.reach(axis)
		begin, end := &w.pads[axis], &w.pads[axis+n]
		switch {
		case len(a.OutputShape) > 0:
			w.in[axis] = given[axis]
		case a.AutoPad == "SAME_UPPER", a.AutoPad == "SAME_LOWER":
			w.in[axis] = size * w.strides[axis]
		case a.AutoPad == "VALID":
			*begin, *end = 0, 0
			fallthrough
		default:
			if w.in[axis] = extent - *begin - *end; w.in[axis] < 0 {
				return fmt.Errorf("pads %d and %d take more than the %d of axis %d", *begin, *end, extent, axis+2)
			}
			continue
		}
		total := max(0, extent-w.in[axis])
		*begin = total - total/2
		if a.AutoPad == "SAME_UPPER" {
			*begin = total / 2
		}
		*end = total - *begin
	}
	return nil
}

// spread adds to out what x makes of the filters, of which each group of channels has so
// many.
func spread(out, x, filters []float64, w *window, batch, channels, each, groups int) {
	size, places, taps, depth := product(w.in), product(w.out), product(w.kernel), channels/groups
	w.each(func(at int, on []tap, _ int) {
		for i := range batch * channels {
			n, c := i/channels, i%channels
			v := x[i*places+at]
			for m := range each {
				zs := out[((n*groups+c/depth)*each+m)*size:][:size]
				ws := filters[(c*each+m)*taps:][:taps]
				for _, t := range on {
					zs[t.x] += float64(v * ws[t.k])
				}
			}
		}
	})
}
