package ref

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

func planPool(a *attr.Pool, x *tensor.Tensor) (*window, []int, error) {
	if err := wantSpatial(x); err != nil {
		return nil, nil, err
	}
	if len(a.Kernel) == 0 {
		return nil, nil, fmt.Errorf("kernel_shape is missing")
	}
	w := &window{autoPad: a.AutoPad, kernel: a.Kernel, strides: a.Strides, dilations: a.Dilations, pads: a.Pads, ceil: a.CeilMode}
	if err := w.plan(x.Shape[2:]); err != nil {
		return nil, nil, err
	}
	return w, append(slices.Clone(x.Shape[:2]), w.out...), nil
}

// AveragePool is the mean over windows, of the elements on the operand or, with
// CountIncludePad, on its padding too.
func AveragePool(z *tensor.Tensor, a *attr.Pool, x *tensor.Tensor) error {
	w, shape, err := planPool(a, x)
	if err != nil {
		return err
	}
	if err := reset(z, x.DType, shape...); err != nil {
		return err
	}
	data, out := load(x), make([]float64, z.Len())
	size, places := product(w.in), product(w.out)
	w.each(func(at int, taps []tap, padded int) {
		count := len(taps)
		if a.CountIncludePad {
			count = padded
		}
		for c := range shape[0] * shape[1] {
			sum := 0.0
			for _, t := range taps {
				sum += data[c*size+t.x]
			}
			out[c*places+at] = sum / float64(count)
		}
	})
	store(z, out)
	return nil
}

// MaxPool is the maximum over windows. indices, if wanted, are the places of the
// maxima in x, flattened row-major, or with the last two axes swapped if
// StorageOrder is 1.
func MaxPool(z, indices *tensor.Tensor, a *attr.Pool, x *tensor.Tensor) error {
	w, shape, err := planPool(a, x)
	if err != nil {
		return err
	}
	n, ok := tensor.Elements(shape)
	if !ok || n > maxBytes {
		return fmt.Errorf("a result of shape %s is too large", tensor.ShapeString(shape))
	}
	data, from := load(x), make([]int, n)
	size, places := product(w.in), product(w.out)
	w.each(func(at int, taps []tap, _ int) {
		for c := range shape[0] * shape[1] {
			from[c*places+at] = greatest(data, c*size, taps)
		}
	})
	least := tensor.New(x.DType)
	if x.DType.IsFloat() {
		least.SetFloat(0, math.Inf(-1))
	}
	err = move(z, list{x, least}, func(k cells, z *tensor.Tensor, in list) error {
		if err := reset(z, in[0].DType, shape...); err != nil {
			return err
		}
		k.pick(z, in[0], from, 1, in[1])
		return nil
	})
	if err != nil || indices == nil {
		return err
	}
	indices.Reset(tensor.Int64, shape...)
	to := tensor.Data[int64](indices)
	for i, f := range from {
		to[i] = int64(storedAt(f, w.in, a.StorageOrder))
	}
	return nil
}

// greatest returns the place of the first greatest element among the taps of
// the channel at base; −1 if there is none.
func greatest(data []float64, base int, taps []tap) int {
	best := -1
	for _, t := range taps {
		if at := base + t.x; best < 0 || data[at] > data[best] || data[at] != data[at] {
			best = at
		}
	}
	return best
}

// storedAt is place, in row-major order, in the order asked for.
func storedAt(place int, spatial []int, order int) int {
	if order == 0 || len(spatial) < 2 || place < 0 {
		return place
	}
	n := len(spatial)
	h, w := spatial[n-2], spatial[n-1]
	matrix, in := place/(h*w), place%(h*w)
	return matrix*h*w + in%w*h + in/w
}

// GlobalAveragePool is the mean over the spatial axes.
func GlobalAveragePool(z, x *tensor.Tensor) error {
	return global(z, x, average)
}

// GlobalMaxPool is the maximum over the spatial axes.
func GlobalMaxPool(z, x *tensor.Tensor) error {
	return global(z, x, func(x []float64) float64 {
		top := math.Inf(-1)
		for _, v := range x {
			top = max(top, v)
		}
		return top
	})
}

func global(z, x *tensor.Tensor, f func([]float64) float64) error {
	if err := wantSpatial(x); err != nil {
		return err
	}
	shape := append(slices.Clone(x.Shape[:2]), filled(x.Rank()-2, 1)...)
	if err := reset(z, x.DType, shape...); err != nil {
		return err
	}
	data, out, size := load(x), make([]float64, z.Len()), product(x.Shape[2:])
	for i := range out {
		out[i] = f(data[i*size : (i+1)*size])
	}
	store(z, out)
	return nil
}
