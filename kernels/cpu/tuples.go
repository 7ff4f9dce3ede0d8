package cpu

import (
	"fmt"
	"sync/atomic"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// tuples are lists of indices into the axes of a tensor, after those of the batch:
// each names a slice of the axes that are left.
type tuples struct {
	index   []int64
	count   int
	width   int // indices of a tuple
	sizes   [maxRank]int
	strides [maxRank]int // in bytes, as are the sizes below
	batch   int          // tuples of an entry of the batch
	entry   int
	slice   int
}

// bind reads the tuples, which are along the last axis of indices, for a tensor of
// that type and shape.
func (t *tuples) bind(x, indices *tensor.Tensor, batchDims int) error {
	last := indices.Rank() - 1
	if !movable(x.DType) || indices.DType != tensor.Int64 || last < 0 || x.Rank() > maxRank ||
		batchDims < 0 || batchDims > last || batchDims >= x.Rank() ||
		!tensor.SameShape(x.Shape[:batchDims], indices.Shape[:batchDims]) {
		return fmt.Errorf("%s and indices %s with %d batch dims", x, indices, batchDims)
	}
	*t = tuples{index: tensor.Data[int64](indices), width: indices.Shape[last], count: elements(indices.Shape[:last])}
	if t.width == 0 || t.width > x.Rank()-batchDims {
		return fmt.Errorf("tuples of %d indices for %s with %d batch dims", t.width, x, batchDims)
	}
	t.batch = elements(indices.Shape[batchDims:last])
	t.entry = x.DType.Bytes(elements(x.Shape[batchDims:]))
	t.slice = x.DType.Bytes(elements(x.Shape[batchDims+t.width:]))
	for k, stride := t.width-1, t.slice; k >= 0; k-- {
		t.sizes[k], t.strides[k] = x.Shape[batchDims+k], stride
		stride *= t.sizes[k]
	}
	return nil
}

// place is where the slice of tuple i begins in its entry of the batch; ok: its
// indices are in range.
func (t *tuples) place(i int) (at int, ok bool) {
	for k, v := range t.index[i*t.width:][:t.width] {
		n := t.sizes[k&(maxRank-1)]
		index := int(v)
		if index < 0 {
			index += n
		}
		if uint(index) >= uint(n) {
			return 0, false
		}
		at += index * t.strides[k&(maxRank-1)]
	}
	return at, true
}

// fault is the error of the first tuple out of range.
func (t *tuples) fault(x *tensor.Tensor) error {
	for i := range t.count {
		if _, ok := t.place(i); !ok {
			return fmt.Errorf("indices %v are out of range for %s", append([]int64{}, t.index[i*t.width:][:t.width]...), x)
		}
	}
	panic("BUG: no tuple is out of range")
}

// sliceGather copies slices to where they follow one another. Items are tuples.
type sliceGather struct {
	tuples
	z, x   []byte
	failed atomic.Bool
}

// GatherND takes the slices of x that tuples of i64 indices name, of any type of
// whole bytes; the first BatchDims axes of both go together.
func GatherND(c *Ctx, z *tensor.Tensor, a *attr.GatherND, x, indices *tensor.Tensor) error {
	g := &c.sliceGather
	if err := g.bind(x, indices, a.BatchDims); err != nil {
		return fmt.Errorf("GatherND: %w", err)
	}
	var shape [2 * maxRank]int
	outer := indices.Shape[:indices.Rank()-1]
	if len(outer) > maxRank {
		return fmt.Errorf("GatherND: indices %s, want rank up to %d", indices, maxRank)
	}
	if err := reset(z, x.DType, append(append(shape[:0], outer...), x.Shape[a.BatchDims+g.width:]...)); err != nil {
		return fmt.Errorf("GatherND: %w", err)
	}
	g.z, g.x = z.Bytes(), x.Bytes()
	g.failed.Store(false)
	c.Pool.Do(g.count, c.cut(g.count, costRun+costScalar*float64(g.width)+costByte*float64(g.slice)), g)
	if g.failed.Load() {
		return fmt.Errorf("GatherND: %w", g.fault(x))
	}
	return nil
}

// Do copies the slices of the tuples lo ≤ i < hi.
func (g *sliceGather) Do(lo, hi int) {
	for lo < hi {
		entry := lo / g.batch
		x, end := g.x[entry*g.entry:], min((entry+1)*g.batch, hi)
		for ; lo < end; lo++ {
			at, ok := g.place(lo)
			if !ok {
				g.failed.Store(true)
				return
			}
			moveSlice(g.z[lo*g.slice:][:g.slice], x[at:])
		}
	}
}

// moveSlice moves a slice, which is often a single element.
func moveSlice(z, x []byte) {
	switch len(z) {
	case 4:
		*(*[4]byte)(z) = [4]byte(x)
	case 8:
		*(*[8]byte)(z) = [8]byte(x)
	default:
		copy(z, x)
	}
}

// ScatterND is x with the slices that tuples of i64 indices name replaced by updates,
// by the last one where several have one place, of any type of whole bytes. The
// reduction must be none.
func ScatterND(c *Ctx, z *tensor.Tensor, a *attr.ScatterND, x, indices, updates *tensor.Tensor) error {
	t := &c.tuples
	err := t.bind(x, indices, 0)
	switch {
	case err != nil:
		return fmt.Errorf("ScatterND: %w", err)
	case a.Reduction != "none":
		return fmt.Errorf("ScatterND: reduction is %q, want none", a.Reduction)
	case updates.DType != x.DType || !t.fits(updates, x, indices):
		return fmt.Errorf("ScatterND: updates %s for indices %s and %s", updates, indices, x)
	}
	z.Reset(x.DType, x.Shape...)
	if n := len(x.Bytes()); n > 0 {
		c.copyBlocks(z.Bytes(), n, x.Bytes(), n, n, 1)
	}
	to, from := z.Bytes(), updates.Bytes()
	for i := range t.count {
		at, ok := t.place(i)
		if !ok {
			return fmt.Errorf("ScatterND: %w", t.fault(x))
		}
		moveSlice(to[at:][:t.slice], from[i*t.slice:])
	}
	return nil
}

// fits reports whether there is an update for each slice.
func (t *tuples) fits(updates, x, indices *tensor.Tensor) bool {
	last := indices.Rank() - 1
	return updates.Rank() == last+x.Rank()-t.width &&
		tensor.SameShape(updates.Shape[:last], indices.Shape[:last]) && tensor.SameShape(updates.Shape[last:], x.Shape[t.width:])
}
