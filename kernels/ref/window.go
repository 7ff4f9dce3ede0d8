package ref

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

// window slides over the spatial axes of [batch, channel, …].
type window struct {
	autoPad                    string
	kernel, strides, dilations []int
	pads                       []int // begins, then ends
	ceil                       bool
	in, out                    []int // sizes of the spatial axes
}

// plan fills in defaults and computes the padding and the sizes of the result
// for the spatial axes in.
func (w *window) plan(in []int) error {
	w.in, w.out = in, make([]int, len(in))
	if err := w.complete(len(in)); err != nil {
		return err
	}
	for axis := range in {
		if err := w.planAxis(axis); err != nil {
			return err
		}
	}
	return nil
}

// spatialList is an attribute with numbers for the spatial axes: none less than fill,
// which stands for an empty list.
type spatialList struct {
	name string
	list *[]int
	len  int
	fill int
}

// complete fills in defaults for n spatial axes, and for more attributes.
func (w *window) complete(n int, more ...spatialList) error {
	lists := []spatialList{{"kernel_shape", &w.kernel, n, 1}, {"strides", &w.strides, n, 1}, {"dilations", &w.dilations, n, 1}, {"pads", &w.pads, 2 * n, 0}}
	for _, l := range append(lists, more...) {
		if len(*l.list) == 0 {
			*l.list = filled(l.len, l.fill)
		}
		if len(*l.list) != l.len {
			return fmt.Errorf("%s %v for %d spatial axes", l.name, *l.list, n)
		}
		for _, v := range *l.list {
			if v < l.fill || v > math.MaxInt32 {
				return fmt.Errorf("%s %v: %d is out of range", l.name, *l.list, v)
			}
		}
	}
	w.pads = append([]int{}, w.pads...)
	return nil
}

func filled(n, v int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = v
	}
	return list
}

// reach is the extent of the window along an axis.
func (w *window) reach(axis int) int { return (w.kernel[axis]-1)*w.dilations[axis] + 1 }

func (w *window) planAxis(axis int) error {
	size, stride, begin, end := w.in[axis], w.strides[axis], &w.pads[axis], &w.pads[axis+len(w.in)]
	switch w.autoPad {
	case "", "NOTSET":
	case "VALID":
		*begin, *end = 0, 0
	case "SAME_UPPER", "SAME_LOWER":
		w.out[axis] = ceilDiv(size, stride)
		total := max(0, (w.out[axis]-1)*stride+w.reach(axis)-size)
		*begin = total / 2
		if w.autoPad == "SAME_LOWER" {
			*begin = total - total/2
		}
		*end = total - *begin
		return nil
	default:
		return fmt.Errorf("auto_pad %q is not known", w.autoPad)
	}
	room := size + *begin + *end - w.reach(axis)
	if room < 0 {
		return fmt.Errorf("window of %d over axis %d of size %d with pads %d and %d", w.reach(axis), axis+2, size, *begin, *end)
	}
	w.out[axis] = room/stride + 1
	if w.ceil {
		// A window that starts in the end padding is left out.
		w.out[axis] = min(ceilDiv(room, stride)+1, ceilDiv(size+*begin, stride))
	}
	return nil
}

// tap is one element of a window that lies on the operand: its place in the
// operand's and in the kernel's spatial axes, flattened.
type tap struct{ x, k int }

// each calls f for every place of the window in row-major order with the taps
// that lie on the operand, and how many lie on the operand or its padding.
func (w *window) each(f func(at int, taps []tap, padded int)) {
	for _, size := range w.out {
		if size == 0 {
			return
		}
	}
	n := len(w.in)
	place, element := make([]int, n), make([]int, n)
	var taps []tap
	for at := 0; ; at++ {
		taps = taps[:0]
		padded := 0
		for k := 0; ; k++ {
			x, inside, onPad := w.locate(place, element)
			if inside {
				taps = append(taps, tap{x, k})
			}
			if onPad {
				padded++
			}
			if !advance(element, w.kernel) {
				break
			}
		}
		f(at, taps, padded)
		if !advance(place, w.out) {
			return
		}
	}
}

// locate returns where an element of the window stands: its flattened place,
// whether it is on the operand, and whether it is on that or its padding.
func (w *window) locate(place, element []int) (x int, inside, onPad bool) {
	inside, onPad = true, true
	for axis, size := range w.in {
		i := place[axis]*w.strides[axis] + element[axis]*w.dilations[axis] - w.pads[axis]
		if i < 0 || i >= size {
			inside = false
		}
		if i >= size+w.pads[axis+len(w.in)] {
			onPad = false
		}
		x = x*size + i
	}
	return x, inside, onPad
}

// advance steps an index tuple in row-major order; at the end it is back at zero
// and the result false.
func advance(index, shape []int) bool {
	for axis := len(index) - 1; axis >= 0; axis-- {
		if index[axis]++; index[axis] < shape[axis] {
			return true
		}
		index[axis] = 0
	}
	return false
}

// wantSpatial checks that x has batch, channel and at least one more axis.
func wantSpatial(x *tensor.Tensor) error {
	if x.Rank() < 3 {
		return fmt.Errorf("operand is %s, want batch, channel and spatial axes", x)
	}
	return wantReal(x)
}
