package cpu

import (
	"fmt"
	"unsafe"

	"github.com/parallax-go/parallax/ir/tensor"
)

// reset gives z its type and shape, unless broadcasting made it absurdly large.
func reset(z *tensor.Tensor, d tensor.DType, shape []int) error {
	if n, ok := tensor.Elements(shape); !ok || n > maxElements {
		return fmt.Errorf("a result of shape %s is too large", tensor.ShapeString(shape))
	}
	z.Reset(d, shape...)
	return nil
}

// maxElements bounds results, which may be far larger than the operands.
const maxElements = 1 << 38

// floats views the elements of an f32, f16 or bf16 tensor: one field is set.
type floats struct {
	f32   []float32
	half  []tensor.Half
	brain []tensor.Brain
}

// isFloat reports whether the kernels compute with elements of type d: 16-bit
// ones are widened when they are read and rounded once when they are stored.
func isFloat(d tensor.DType) bool {
	return d == tensor.Float32 || d == tensor.Float16 || d == tensor.BFloat16
}

// floatsOf views t, whose type isFloat.
func floatsOf(t *tensor.Tensor) floats {
	switch t.DType {
	case tensor.Float16:
		return floats{half: tensor.Data[tensor.Half](t)}
	case tensor.BFloat16:
		return floats{brain: tensor.Data[tensor.Brain](t)}
	}
	return floats{f32: tensor.Data[float32](t)}
}

// isSet reports whether f views anything.
func (f *floats) isSet() bool { return f.f32 != nil || f.half != nil || f.brain != nil }

// len is how many elements there are.
func (f *floats) len() int { return len(f.f32) + len(f.half) + len(f.brain) }

// from is f from element i on.
func (f floats) from(i int) floats {
	switch {
	case f.half != nil:
		return floats{half: f.half[i:]}
	case f.brain != nil:
		return floats{brain: f.brain[i:]}
	}
	return floats{f32: f.f32[i:]}
}

// gather copies n elements, those at from, from+step, …, to dst at 0, pitch, ….
func (f floats) gather(dst []float32, pitch, from, step, n int) {
	switch {
	case n == 0:
	case f.f32 != nil && step == 1 && pitch == 1:
		copy(dst[:n], f.f32[from:])
	case f.f32 != nil:
		for i := range n {
			dst[i*pitch] = f.f32[from+i*step]
		}
	case f.half != nil && step == 1 && pitch == 1:
		vec.WidenHalf(n, ptr(dst[:n]), bits16(f.half[from:][:n]))
	case f.brain != nil && step == 1 && pitch == 1:
		vec.WidenBrain(n, ptr(dst[:n]), bits16(f.brain[from:][:n]))
	case f.half != nil:
		for i := range n {
			dst[i*pitch] = f.half[from+i*step].Float32()
		}
	default:
		for i := range n {
			dst[i*pitch] = f.brain[from+i*step].Float32()
		}
	}
}

// load returns n elements from at on: in place if they are f32, else widened
// into scratch.
func (f floats) load(scratch []float32, at, n int) []float32 {
	if f.f32 != nil {
		return f.f32[at:][:n]
	}
	f.gather(scratch, 1, at, 1, n)
	return scratch[:n]
}

// store writes src from at on, rounded to the elements' type.
func (f floats) store(at int, src []float32) {
	switch {
	case len(src) == 0:
	case f.f32 != nil:
		copy(f.f32[at:][:len(src)], src)
	case f.half != nil:
		vec.NarrowHalf(len(src), bits16(f.half[at:][:len(src)]), ptr(src))
	default:
		vec.NarrowBrain(len(src), bits16(f.brain[at:][:len(src)]), ptr(src))
	}
}

// bits16 is where elements of 16 bits begin.
func bits16[T tensor.Half | tensor.Brain](x []T) *uint16 { return (*uint16)(unsafe.Pointer(ptr(x))) }

// narrowCost is what widening and rounding add to each element.
func (f floats) narrowCost() float64 {
	if f.f32 != nil {
		return 0
	}
	return costNarrow
}

// pick returns n ≤ len(scratch) elements at from, from+step, …: in place if they
// are contiguous f32.
func (f floats) pick(scratch []float32, from, step, n int) []float32 {
	if f.f32 != nil && step == 1 {
		return f.f32[from:][:n]
	}
	f.gather(scratch, 1, from, step, n)
	return scratch[:n]
}
