package ref

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Col2Im adds up the blocks that a window cuts out of an image: x [batch, channel·block,
// place] has the elements of each in a column.
func Col2Im(z *tensor.Tensor, a *attr.Col2Im, x, image, block *tensor.Tensor) error {
	if err := wantReal(x); err != nil {
		return err
	}
	sizes, err := ints(image, "the shape of the image")
	if err != nil {
		return err
	}
	kernel, err := ints(block, "the shape of blocks")
	if err != nil {
		return err
	}
	w := &window{kernel: kernel, strides: a.Strides, dilations: a.Dilations, pads: a.Pads}
	if err := w.plan(sizes); err != nil {
		return err
	}
	each, ok := tensor.Elements(kernel)
	places, ok2 := tensor.Elements(w.out)
	if !ok || !ok2 || len(sizes) == 0 || x.Rank() != 3 || each == 0 || x.Shape[1]%each != 0 || x.Shape[2] != places {
		return fmt.Errorf("%s for blocks %v at %d places", x, kernel, places)
	}
	channels := x.Shape[1] / each
	if err := reset(z, x.DType, slices.Concat([]int{x.Shape[0], channels}, sizes)...); err != nil {
		return err
	}
	out := make([]float64, z.Len())
	if x.Len() > 0 && len(out) > 0 {
		data, size := load(x), product(sizes)
		w.each(func(at int, taps []tap, _ int) {
			for c := range x.Shape[0] * channels {
				for _, t := range taps {
					out[c*size+t.x] += data[(c*each+t.k)*places+at]
				}
			}
		})
	}
	store(z, out)
	return nil
}
