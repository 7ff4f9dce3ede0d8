package cpu

import (
	"fmt"
	"unsafe"

	"github.com/parallax-go/parallax/ir/tensor"
)

// choice is Where, in tasks of flat ranges.
type choice struct {
	spread
	cond    []bool
	z, x, y *tensor.Tensor
	run     func(c *choice, lo, hi int)
}

// Where is cond ? x : y, broadcast, for elements of 1, 2, 4 or 8 bytes.
func Where(c *Ctx, z, cond, x, y *tensor.Tensor) error {
	run := bySize(x.DType, chooseAs[uint8], chooseAs[uint16], chooseAs[uint32], chooseAs[uint64])
	if cond.DType != tensor.Bool || x.DType != y.DType || run == nil {
		return fmt.Errorf("Where: operands %s, %s and %s, want bool and two of one type of 1, 2, 4 or 8 bytes", cond, x, y)
	}
	w := &c.choice
	if err := w.bind(cond, x, y); err != nil {
		return fmt.Errorf("Where: %w", err)
	}
	if err := reset(z, x.DType, w.shape[:w.full]); err != nil {
		return fmt.Errorf("Where: %w", err)
	}
	w.cond, w.z, w.x, w.y, w.run = tensor.Data[bool](cond), z, x, y, run
	c.Pool.Do(w.total, grain, w)
	return nil
}

// Do computes the elements lo ≤ i < hi.
func (w *choice) Do(lo, hi int) { w.run(w, lo, hi) }

func chooseAs[T word](w *choice, lo, hi int) {
	z, x, y := words[T](w.z), words[T](w.x), words[T](w.y)
	sc, sx, sy := w.inner(0), w.inner(1), w.inner(2)
	w.each(lo, hi, func(at, n int, off [spreadMost]int) {
		for i := range n {
			if w.cond[off[0]+i*sc] {
				z[at+i] = x[off[1]+i*sx]
			} else {
				z[at+i] = y[off[2]+i*sy]
			}
		}
	})
}

// word is what elements are moved as when their type doesn't matter.
type word interface {
	uint8 | uint16 | uint32 | uint64
}

// words views the elements of t as words of their size.
func words[T word](t *tensor.Tensor) []T {
	var zero T
	b := t.Bytes()
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}

// bySize chooses the function for the size of d's elements; nil: there is none.
func bySize[F any](d tensor.DType, f1, f2, f4, f8 F) (f F) {
	if d == tensor.String {
		return f
	}
	switch d.Bits() {
	case 8:
		return f1
	case 16:
		return f2
	case 32:
		return f4
	case 64:
		return f8
	}
	return f
}
