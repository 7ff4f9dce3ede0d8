package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

// spatial is how many axes a window slides over; those that an operand lacks are
// of size 1, and stand in front.
const spatial = 3

// sliding is a window that slides over the spatial axes of [batch, channel, …], or of
// [batch, …, channel].
type sliding struct {
	in, out, kernel, stride, dilation, begun, end [spatial]int // begun and end are the padding

	axes   int // that the operand has
	places int // of the window: the product of out
	taps   int // the product of kernel
}

// slidingOf are the attributes of a window; lists may be empty.
type slidingOf struct {
	autoPad                  string
	strides, dilations, pads []int
	ceil                     bool // places at the end may see padding beyond what there is
}

// plan computes the sizes from the attributes. The first spatial axis of x is 2, or 1.
func (w *sliding) plan(a slidingOf, x *tensor.Tensor, first int, kernel []int) error {
	w.axes = x.Rank() - 2
	if w.axes < 1 || w.axes > spatial || len(kernel) != w.axes {
		return fmt.Errorf("a kernel of %d axes for %s, want 1 to %d spatial axes", len(kernel), x, spatial)
	}
	for _, l := range [][]int{a.strides, a.dilations} {
		if len(l) != 0 && len(l) != w.axes {
			return fmt.Errorf("strides %s and dilations %s for %s", tensor.ShapeString(a.strides), tensor.ShapeString(a.dilations), x)
		}
	}
	if len(a.pads) != 0 && len(a.pads) != 2*w.axes {
		return fmt.Errorf("pads %s for %s", tensor.ShapeString(a.pads), x)
	}
	w.places, w.taps = 1, 1
	for k := range spatial {
		axis := k - (spatial - w.axes) // in the attributes
		w.in[k], w.out[k], w.kernel[k], w.stride[k], w.dilation[k], w.begun[k], w.end[k] = 1, 1, 1, 1, 1, 0, 0
		if axis < 0 {
			continue
		}
		w.in[k], w.kernel[k] = x.Shape[first+axis], kernel[axis]
		w.stride[k], w.dilation[k] = orElse(a.strides, axis, 1), orElse(a.dilations, axis, 1)
		if err := w.planAxis(k, a, orElse(a.pads, axis, 0), orElse(a.pads, axis+w.axes, 0)); err != nil {
			return fmt.Errorf("axis %d of %s: %w", first+axis, x, err)
		}
		w.places *= w.out[k]
		w.taps *= w.kernel[k]
	}
	return nil
}

func orElse(list []int, i, otherwise int) int {
	if i < len(list) {
		return list[i]
	}
	return otherwise
}

// planAxis sets the padding and the size of the result along one axis.
func (w *sliding) planAxis(k int, a slidingOf, begin, end int) error {
	size, stride := w.in[k], w.stride[k]
	for _, v := range [...]int{w.kernel[k], stride, w.dilation[k], begin + 1, end + 1} {
		if v < 1 || v > math.MaxInt32 {
			return fmt.Errorf("a kernel of %d with stride %d, dilation %d and pads %d and %d", w.kernel[k], stride, w.dilation[k], begin, end)
		}
	}
	reach := (w.kernel[k]-1)*w.dilation[k] + 1
	switch auto := a.autoPad; auto {
	case "", "NOTSET":
	case "VALID":
		begin, end = 0, 0
	case "SAME_UPPER", "SAME_LOWER":
		total := max(0, (ceilDiv(size, stride)-1)*stride+reach-size)
		begin, end = total/2, total-total/2
		if auto == "SAME_LOWER" {
			begin, end = end, begin
		}
	default:
		return fmt.Errorf("auto_pad %q is not known", auto)
	}
	room := size + begin + end - reach
	if room < 0 {
		return fmt.Errorf("the kernel reaches over %d, beyond it with its pads %d and %d", reach, begin, end)
	}
	w.begun[k], w.end[k], w.out[k] = begin, end, room/stride+1
	same := a.autoPad == "SAME_UPPER" || a.autoPad == "SAME_LOWER"
	switch {
	case size == 0 && same:
		w.out[k] = 0
	case a.ceil && !same: // a place that begins in the padding behind is left out
		w.out[k] = min(ceilDiv(room, stride)+1, ceilDiv(size+begin, stride))
	}
	return nil
}

// shape gives z the shape of a result with so many channels.
func (w *sliding) shape(z, x *tensor.Tensor, channels int) error {
	shape := [2 + spatial]int{x.Shape[0], channels}
	copy(shape[2:], w.out[spatial-w.axes:])
	return reset(z, x.DType, shape[:2+w.axes])
}

// at is where tap t stands along axis k when the window is at place i.
func (w *sliding) at(k, i, t int) int { return i*w.stride[k] + t*w.dilation[k] - w.begun[k] }

// tapsInside returns the taps lo ≤ t < hi along axis k that are on the operand
// when the window is at place i.
func (w *sliding) tapsInside(k, i int) (lo, hi int) {
	first := w.at(k, i, 0)
	if first < 0 {
		lo = ceilDiv(-first, w.dilation[k])
	}
	if last := w.in[k] - 1 - first; last >= 0 {
		hi = last/w.dilation[k] + 1
	}
	hi = min(hi, w.kernel[k])
	return min(lo, hi), hi
}

// split3 cuts a flat index of the sizes into one per axis.
func split3(i int, sizes [spatial]int) (at [spatial]int) {
	for k := spatial - 1; k >= 0; k-- {
		at[k], i = i%sizes[k], i/sizes[k]
	}
	return at
}
