package ref

import (
	"unsafe"

	"github.com/parallax-go/parallax/ir/tensor"
)

// cell stands for element types that are only moved: one of each size.
type cell interface {
	bool | uint8 | uint16 | uint32 | uint64 | complex128 | string
}

// cells is everything that is done with elements whatever they mean. There is
// one implementation, cellsOf, and a row per element size in cellSizes.
type cells interface {
	// strided fills z, of the given shape, from x at base and strides.
	strided(z, x *tensor.Tensor, shape []int, base int, strides []int)
	// run copies n elements.
	run(z *tensor.Tensor, at int, x *tensor.Tensor, from, n int)
	// pick copies pieces of n elements of x, starting at from, to z one after
	// another. Where from is −1, the piece is the first element of other.
	pick(z, x *tensor.Tensor, from []int, n int, other *tensor.Tensor)
	// place copies pieces of n elements of x, one after another, to z, starting
	// at at.
	place(z, x *tensor.Tensor, at []int, n int)
	// clear zeroes n elements.
	clear(z *tensor.Tensor, at, n int)
	// choose fills z from x where condition holds, else from y.
	choose(z, condition, x, y *tensor.Tensor, r *rows)
}

type cellsOf[T cell] struct{}

var cellSizes = map[int]cells{
	8:   cellsOf[uint8]{},
	16:  cellsOf[uint16]{},
	32:  cellsOf[uint32]{},
	64:  cellsOf[uint64]{},
	128: cellsOf[complex128]{},
}

// raw views the elements of t as cells of their size.
func raw[T cell](t *tensor.Tensor) []T {
	if s, ok := any(t.Strings()).([]T); ok {
		return s
	}
	n := t.Len()
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(t.Bytes()))), n)
}

// move calls f on operands whose elements are moved. Elements of less than a
// byte are unpacked to one byte each first, and packed again afterwards.
func move(z *tensor.Tensor, in list, f func(k cells, z *tensor.Tensor, in list) error) error {
	d, err := commonType(in)
	if err != nil {
		return err
	}
	if d == tensor.String {
		return f(cellsOf[string]{}, z, in)
	}
	if k, ok := cellSizes[d.Bits()]; ok {
		return f(k, z, in)
	}
	bytes := make(list, len(in))
	for i, t := range in {
		if t != nil {
			bytes[i] = unpack(t)
		}
	}
	out := &tensor.Tensor{}
	if err := f(cellSizes[8], out, bytes); err != nil {
		return err
	}
	pack(z, d, out)
	return nil
}

// unpack returns the bits of every element of t as a byte.
func unpack(t *tensor.Tensor) *tensor.Tensor {
	out, bits := tensor.New(tensor.Uint8, t.Shape...), t.DType.Bits()
	for i := range out.Bytes() {
		out.Bytes()[i] = t.Bytes()[i*bits/8] >> (i * bits % 8) & (1<<bits - 1)
	}
	return out
}

// pack is the inverse of unpack for elements of type d.
func pack(z *tensor.Tensor, d tensor.DType, bytes *tensor.Tensor) {
	z.Reset(d, bytes.Shape...)
	clear(z.Bytes())
	bits := d.Bits()
	for i, v := range bytes.Bytes() {
		z.Bytes()[i*bits/8] |= v << (i * bits % 8)
	}
}

func (cellsOf[T]) strided(z, x *tensor.Tensor, shape []int, base int, strides []int) {
	to, from := raw[T](z), raw[T](x)
	last := len(shape) - 1
	if last < 0 {
		to[0] = from[base]
		return
	}
	n, step := shape[last], strides[last]
	if n == 0 {
		return
	}
	walk(shape[:last], [][]int{strides[:last]}, func(offsets []int) {
		at := base + offsets[0]
		if step == 1 {
			copy(to[:n], from[at:])
		} else {
			for i := range n {
				to[i] = from[at+i*step]
			}
		}
		to = to[n:]
	})
}

func (cellsOf[T]) run(z *tensor.Tensor, at int, x *tensor.Tensor, from, n int) {
	copy(raw[T](z)[at:at+n], raw[T](x)[from:from+n])
}

func (cellsOf[T]) pick(z, x *tensor.Tensor, from []int, n int, other *tensor.Tensor) {
	to, xs := raw[T](z), raw[T](x)
	var fill T
	if other != nil {
		fill = raw[T](other)[0]
	}
	for i, f := range from {
		switch {
		case f < 0:
			for j := range n {
				to[i*n+j] = fill
			}
		case n == 1:
			to[i] = xs[f]
		default:
			copy(to[i*n:(i+1)*n], xs[f:f+n])
		}
	}
}

func (cellsOf[T]) place(z, x *tensor.Tensor, at []int, n int) {
	to, xs := raw[T](z), raw[T](x)
	for i, a := range at {
		copy(to[a:a+n], xs[i*n:(i+1)*n])
	}
}

func (cellsOf[T]) clear(z *tensor.Tensor, at, n int) { clear(raw[T](z)[at : at+n]) }

func (cellsOf[T]) choose(z, condition, x, y *tensor.Tensor, r *rows) {
	to, c := raw[T](z), newRun(r, 0, tensor.Data[bool](condition))
	xs, ys := newRun(r, 1, raw[T](x)), newRun(r, 2, raw[T](y))
	r.each(func(at, n int, from []int) {
		cs, yes, no := c.at(from[0], n), xs.at(from[1], n), ys.at(from[2], n)
		for i, v := range cs {
			if v {
				to[at+i] = yes[i]
			} else {
				to[at+i] = no[i]
			}
		}
	})
}
