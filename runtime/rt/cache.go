package rt

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
)

// cache holds positions of [batch, heads, length, size] for a step that appends
// to them in place. What lies behind them is not part of the sequence: a run that
// fails has written there, and changed nothing.
type cache struct {
	buffer tensor.Tensor // [batch, heads, capacity, size]
	spare  tensor.Tensor // of the last reorder
	length int
	next   int // length if the run succeeds
}

// leastCapacity is how many positions a cache has room for at least.
const leastCapacity = 16

// fit makes room for shape, which the cache has after a run. A larger buffer is
// half as large again as needed, unless that is more than may be afforded.
func (c *cache) fit(d tensor.DType, shape []int, afford func(bytes int64) error) error {
	b := &c.buffer
	c.next = shape[2]
	if b.DType == d && len(b.Shape) == 4 && sameRows(b.Shape, shape) && b.Shape[2] >= shape[2] {
		return nil
	}
	capacity := max(shape[2]+shape[2]/2, leastCapacity)
	if err := afford(bytesOf(d, shape, capacity)); err != nil {
		capacity = shape[2]
		if err := afford(bytesOf(d, shape, capacity)); err != nil {
			return err
		}
	}
	var grown tensor.Tensor
	if c.length == 0 {
		grown = *b // nothing to keep: its memory may do
	}
	grown.Reset(d, shape[0], shape[1], capacity, shape[3])
	if c.length > 0 {
		copyRows(&grown, b, c.length, func(row int) int { return row })
	}
	c.buffer = grown
	return nil
}

// sameRows reports whether shapes differ at most in the number of positions.
func sameRows(a, b []int) bool { return a[0] == b[0] && a[1] == b[1] && a[3] == b[3] }

func bytesOf(d tensor.DType, shape []int, capacity int) int64 {
	n, ok := tensor.Elements([]int{shape[0], shape[1], capacity, shape[3]})
	if !ok {
		return 1<<63 - 1
	}
	return int64(d.Bytes(n))
}

// copyRows fills the first positions of dst with those of src; batch entry i is
// entry from(i).
func copyRows(dst, src *tensor.Tensor, positions int, from func(i int) int) {
	size := src.DType.Bytes(src.Shape[3])
	heads := src.Shape[1]
	for b := range dst.Shape[0] {
		for h := range heads {
			to := (b*heads + h) * dst.Shape[2] * size
			at := (from(b)*heads + h) * src.Shape[2] * size
			copy(dst.Bytes()[to:][:positions*size], src.Bytes()[at:])
		}
	}
}

// reorder makes batch entry i what entry order[i] was.
func (c *cache) reorder(order []int) {
	b := &c.buffer
	c.spare.Reset(b.DType, len(order), b.Shape[1], b.Shape[2], b.Shape[3])
	copyRows(&c.spare, b, c.length, func(i int) int { return order[i] })
	c.buffer, c.spare = c.spare, c.buffer
}

// clone copies what the cache holds.
func (c *cache) clone() *cache {
	k := &cache{length: c.length}
	if b := &c.buffer; len(b.Shape) > 0 {
		k.buffer.Reset(b.DType, b.Shape...)
		copyRows(&k.buffer, b, c.length, func(row int) int { return row })
	}
	return k
}

// store writes the positions held to dst from element at on, with the axes in
// the order of perm.
func (c *cache) store(dst *tensor.Tensor, at int, perm []int) {
	c.inOrder(perm, func(from, n int) {
		copyElements(dst, at, &c.buffer, from, n)
		at += n
	})
}

// load takes length positions from src, in the order that store writes them.
func (c *cache) load(src *tensor.Tensor, at int, perm []int, length int) {
	c.length = length
	c.inOrder(perm, func(to, n int) {
		copyElements(&c.buffer, to, src, at, n)
		at += n
	})
}

// inOrder calls move for runs of n elements of the positions held, with the axes
// in the order of perm.
func (c *cache) inOrder(perm []int, move func(at, n int)) {
	b := &c.buffer
	extent := [4]int{b.Shape[0], b.Shape[1], c.length, b.Shape[3]}
	stride := [4]int{b.Shape[1] * b.Shape[2] * b.Shape[3], b.Shape[2] * b.Shape[3], b.Shape[3], 1}
	run := 1 // elements that lie together in both
	if perm[3] == 3 {
		run = extent[3]
	}
	p0, p1, p2, p3 := perm[0], perm[1], perm[2], perm[3]
	for i := range extent[p0] {
		for j := range extent[p1] {
			for k := range extent[p2] {
				for l := 0; l < extent[p3]; l += run {
					move(i*stride[p0]+j*stride[p1]+k*stride[p2]+l*stride[p3], run)
				}
			}
		}
	}
}

// Kept returns how many positions cache i holds before the run of a State, which
// continues it in place. In a run without a State it is −1.
func (f *Frame) Kept(i int) int { return f.kept[i] }

// Elsewhere reports whether a slot has no elements because a State runs, which
// keeps them in a cache.
func (f *Frame) Elsewhere(slot int) bool {
	return f.stateful && slot >= 0 && f.spec.Slots[slot].Stateless
}

// attach lends the frame what a State keeps: the caches in place, with room for
// what the run will append, and large enough buffers for the other states.
func (f *Frame) attach(s *State) error {
	for i := range f.spec.Caches {
		c, slot := s.caches[i], f.spec.Caches[i].Slot
		spec := &f.spec.Slots[slot]
		f.evalShape(spec.Shape)
		if _, ok := tensor.Elements(f.shape); !ok || f.shape[2] < c.length {
			return fmt.Errorf("%w: a cache of %d positions would have shape %s", ErrTooLarge, c.length, tensor.ShapeString(f.shape))
		}
		if err := c.fit(spec.DType, f.shape, f.model.afford); err != nil {
			return err
		}
		*f.slots[slot] = c.buffer
		f.kept[i] = c.length
	}
	for i, p := range f.spec.States {
		if s.inPlace[i] {
			f.declare(p.Output)
		} else {
			f.reserve(p.Output)
		}
	}
	return nil
}

// detach takes the caches from the frame.
func (f *Frame) detach() {
	for i := range f.kept {
		f.kept[i] = -1
		*f.slots[f.spec.Caches[i].Slot] = tensor.Tensor{}
	}
}

// declare gives an output that is kept in place its type and shape; it has no
// elements of its own.
func (f *Frame) declare(output int) {
	i := f.spec.Outputs[output].Slot
	f.evalShape(f.spec.Slots[i].Shape)
	t := f.slots[i]
	t.DType, t.Shape = f.spec.Slots[i].DType, append(t.Shape[:0], f.shape...)
}

// present returns a copy of what the caches of state i hold, in the state's own
// form.
func (s *State) present(i int) *tensor.Tensor {
	t := tensor.New(s.current[i].DType, s.current[i].Shape...)
	for k, c := range s.model.spec.Caches {
		if c.State == i {
			s.caches[k].store(t, c.start(t), c.Perm)
		}
	}
	return t
}

// start is the element of t, a whole state, that the cache begins with.
func (c *Cache) start(t *tensor.Tensor) int {
	if c.Part < 0 {
		return 0
	}
	return c.Part * t.Len() / t.Shape[0]
}

// cachesOf returns the caches that are state i.
func (s *State) cachesOf(i int) []*cache {
	var list []*cache
	for k, c := range s.model.spec.Caches {
		if c.State == i {
			list = append(list, s.caches[k])
		}
	}
	return list
}
