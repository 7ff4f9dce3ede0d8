package rt

import (
	"fmt"
	"unsafe"

	"github.com/parallax-go/parallax/ir/tensor"
)

// scanned gathers one output of the iterations of a Loop or Scan.
type scanned struct {
	element tensor.Tensor // of the last iteration
	dtype   tensor.DType
	shape   []int
	count   int
	bytes   []byte
	strings []string
	taken   int // of the budget, for these
}

func (f *Frame) beginScans(c *control, n int) {
	for len(c.scans) < n {
		s := &scanned{}
		s.element.DrawOn(f.budget)
		c.scans = append(c.scans, s)
	}
	for _, s := range c.scans {
		f.budget.Take(-s.taken)
		s.taken = 0
		s.count, s.shape, s.bytes, s.strings = 0, s.shape[:0], s.bytes[:0], s.strings[:0]
	}
}

// add appends what the iteration made.
func (s *scanned) add(budget *tensor.Budget) error {
	if s.count == 0 {
		s.dtype, s.shape = s.element.DType, append(s.shape[:0], s.element.Shape...)
	}
	if !tensor.SameShape(s.shape, s.element.Shape) || s.dtype != s.element.DType {
		return fmt.Errorf("iteration %d gives %s to be joined, those before gave %s%s", s.count, &s.element, s.dtype, tensor.ShapeString(s.shape))
	}
	if bits := s.dtype.Bits(); bits > 0 && bits < 8 {
		return fmt.Errorf("elements of type %s can't be joined by iterations", s.dtype.Long())
	}
	size := len(s.element.Bytes()) + len(s.element.Strings())*int(unsafe.Sizeof(""))
	if !budget.Take(size) {
		return fmt.Errorf("%w: %d iterations have given %d bytes to be joined", ErrTooLarge, s.count, s.taken)
	}
	s.taken += size
	s.count++
	s.bytes = append(s.bytes, s.element.Bytes()...)
	s.strings = append(s.strings, s.element.Strings()...)
	return nil
}

// join makes out the elements along a new axis.
func (s *scanned) join(out *tensor.Tensor, axis int, reverse bool) error {
	rank := len(s.shape) + 1
	at := axisOf(axis, rank)
	if at < 0 || at >= rank {
		return fmt.Errorf("elements of shape %s can't be joined along axis %d", tensor.ShapeString(s.shape), axis)
	}
	shape := append(append(append(make([]int, 0, rank), s.shape[:at]...), s.count), s.shape[at:]...)
	out.Reset(s.dtype, shape...)
	outer, inner := product(s.shape[:at]), product(s.shape[at:])
	for n := range s.count {
		to := n
		if reverse {
			to = s.count - 1 - n
		}
		for o := range outer {
			s.copyTo(out, (o*s.count+to)*inner, (n*outer+o)*inner, inner)
		}
	}
	return nil
}

func (s *scanned) copyTo(out *tensor.Tensor, at, from, n int) {
	if s.dtype == tensor.String {
		copy(out.Strings()[at:at+n], s.strings[from:from+n])
		return
	}
	size := s.dtype.Bytes(1)
	copy(out.Bytes()[at*size:(at+n)*size], s.bytes[from*size:(from+n)*size])
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// slice makes dst entry at of src along axis, which it loses.
func slice(dst, src *tensor.Tensor, axis, at int) {
	shape := append(append(dst.Shape[:0], src.Shape[:axis]...), src.Shape[axis+1:]...)
	dst.Reset(src.DType, shape...)
	outer, inner := product(src.Shape[:axis]), product(src.Shape[axis+1:])
	for o := range outer {
		copyElements(dst, o*inner, src, (o*src.Shape[axis]+at)*inner, inner)
	}
}
