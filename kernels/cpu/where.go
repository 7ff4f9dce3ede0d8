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
	cost := float64(costScalar)
	if x.DType.Bits() == 32 {
		cost = costAdd + costRun/float64(w.sizes[w.rank-1])
	}
	c.Pool.Do(w.total, c.cutFlat(w.total, cost), w)
	return nil
}

// Do computes the elements lo ≤ i < hi.
func (w *choice) Do(lo, hi int) { w.run(w, lo, hi) }

func chooseAs[T word](w *choice, lo, hi int) {
	z, x, y := words[T](w.z), words[T](w.x), words[T](w.y)
	sc, sx, sy := w.inner(0), w.inner(1), w.inner(2)
	w.each(lo, hi, func(at, n int, off [spreadMost]int) {
		z, c, x, y := z[at:][:n], w.cond[off[0]:], x[off[1]:], y[off[2]:]
		switch {
		case sc == 0 && c[0]:
			copyOrFill(z, x, sx)
		case sc == 0:
			copyOrFill(z, y, sy)
		case unsafe.Sizeof(z[0]) == 4 && n >= vec.Lanes:
			choose32(viewAs[float32](z), c[:n], viewAs[float32](x), viewAs[float32](y), sx, sy)
		default:
			for i, yes := range c[:n] {
				if yes {
					z[i] = x[i*sx]
				} else {
					z[i] = y[i*sy]
				}
			}
		}
	})
}

// copyOrFill sets z to the elements of x that are step apart, 0 or 1.
func copyOrFill[T any](z, x []T, step int) {
	if step == 0 {
		fillWith(z, x[0])
		return
	}
	copy(z, x[:len(z)])
}

// choose32 is a run of elements of 4 bytes: no bit of them changes.
func choose32(z []float32, cond []bool, x, y []float32, sx, sy int) {
	n, c := len(z), (*uint8)(unsafe.Pointer(ptr(cond)))
	switch {
	case sx == 0 && sy == 0:
		fillWith(z, y[0])
		vec.NumberChoose(n, ptr(z), c, x[0], ptr(z))
	case sx == 0:
		vec.NumberChoose(n, ptr(z), c, x[0], ptr(y[:n]))
	case sy == 0:
		vec.ChooseNumber(n, ptr(z), c, ptr(x[:n]), y[0])
	default:
		vec.Choose(n, ptr(z), c, ptr(x[:n]), ptr(y[:n]))
	}
}

// word is what elements are moved as when their type doesn't matter.
type word interface {
	uint8 | uint16 | uint32 | uint64
}

// words views the elements of t as words of their size.
func words[T word](t *tensor.Tensor) []T { return viewAs[T](t.Bytes()) }

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
