package ref

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Conv is the convolution of x [batch, channel, …] with filters [filter,
// channel/group, …], plus a bias per filter.
func Conv(z *tensor.Tensor, a *attr.Conv, x, filters, bias *tensor.Tensor) error {
	out, err := convolution(z, a, x, filters, bias)
	if err != nil {
		return err
	}
	store(z, out)
	return nil
}

// convolution gives z the shape of the result of [Conv], and returns its elements
// before they are rounded.
func convolution(z *tensor.Tensor, a *attr.Conv, x, filters, bias *tensor.Tensor) ([]float64, error) {
	if err := checkConv(a, x, filters, bias); err != nil {
		return nil, err
	}
	w := &window{autoPad: a.AutoPad, kernel: filters.Shape[2:], strides: a.Strides, dilations: a.Dilations, pads: a.Pads}
	if err := w.plan(x.Shape[2:]); err != nil {
		return nil, err
	}
	all, err := loadAll(x, filters, bias)
	if err != nil {
		return nil, err
	}
	if err := reset(z, x.DType, append([]int{x.Shape[0], filters.Shape[0]}, w.out...)...); err != nil {
		return nil, err
	}
	out := make([]float64, z.Len())
	if all[2] != nil {
		addBias(out, all[2], product(w.out))
	}
	convolve(out, all[0], all[1], w, x.Shape[0], filters.Shape[0], filters.Shape[1], a.Group)
	return out, nil
}

func checkConv(a *attr.Conv, x, filters, bias *tensor.Tensor) error {
	if err := wantSpatial(x); err != nil {
		return err
	}
	if filters.Rank() != x.Rank() || a.Group < 1 || filters.Shape[1]*a.Group != x.Shape[1] || filters.Shape[0]%a.Group != 0 {
		return fmt.Errorf("filters %s in %d groups for %s", filters, a.Group, x)
	}
	return checkFilters(a.Kernel, filters, bias, filters.Shape[0])
}

// checkFilters checks that kernel, if it is given, repeats the size of the filters, and
// that there is a bias for each of count, if for any.
func checkFilters(kernel []int, filters, bias *tensor.Tensor, count int) error {
	if len(kernel) > 0 && !tensor.SameShape(kernel, filters.Shape[2:]) {
		return fmt.Errorf("kernel_shape %v for filters %s", kernel, filters)
	}
	if bias != nil && (bias.Rank() != 1 || bias.Len() != count) {
		return fmt.Errorf("bias is %s for %d filters", bias, count)
	}
	return nil
}

func addBias(out, bias []float64, spatial int) {
	for i := range out {
		out[i] = bias[i/spatial%len(bias)]
	}
}

// convolve adds to out, for each batch entry and each filter, whose depth is the
// number of channels in a group.
func convolve(out, x, filters []float64, w *window, batch, count, depth, groups int) {
	size, places, taps := product(w.in), product(w.out), product(w.kernel)
	w.each(func(at int, on []tap, _ int) {
		for i := range batch * count {
			n, m := i/count, i%count
			group := m / (count / groups)
			sum := 0.0
			for c := range depth {
				xs := x[((n*groups+group)*depth+c)*size:][:size]
				ws := filters[(m*depth+c)*taps:][:taps]
				for _, t := range on {
					sum += float64(xs[t.x] * ws[t.k])
				}
			}
			out[i*places+at] += sum
		}
	})
}
