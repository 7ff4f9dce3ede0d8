package cpu

import (
	"fmt"
	"sync/atomic"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// pick takes one element for each index. Items are rows of indices, along their last
// axis. An index that is out of range is noted, and the rest of its row left as it is.
type pick struct {
	axes   // of the rows; the axis that the indices are of has stride 0
	z, x   *tensor.Tensor
	which  *tensor.Tensor
	run    func(p *pick, lo, hi int)
	row    int // indices
	n      int // entries of the axis
	stride int // between them
	along  int // from one element of a row to the next: 0 along the axis, otherwise 1
	fault  atomic.Bool
}

// GatherElements takes for every index the element of x at the index's own place,
// with the index put in along the axis, of elements of 1, 2, 4 or 8 bytes. Indices
// are i32 or i64; negative ones count from the end.
func GatherElements(c *Ctx, z *tensor.Tensor, a *attr.Axis, x, which *tensor.Tensor) error {
	axis, ok := normalAxis(a.Axis, x.Rank())
	run := bySize(x.DType, pickAs[uint8], pickAs[uint16], pickAs[uint32], pickAs[uint64])
	if !ok || run == nil || which.Rank() != x.Rank() || x.Rank() > maxRank || which.DType != tensor.Int32 && which.DType != tensor.Int64 {
		return fmt.Errorf("GatherElements: operands %s and %s along axis %d", x, which, a.Axis)
	}
	for i, n := range which.Shape {
		if i != axis && n > x.Shape[i] && which.Len() > 0 {
			return fmt.Errorf("GatherElements: indices %s for %s along axis %d: axis %d is longer", which, x, axis, i)
		}
	}
	if err := reset(z, x.DType, which.Shape); err != nil {
		return fmt.Errorf("GatherElements: %w", err)
	}
	if z.Len() == 0 {
		return nil
	}
	p := &c.pick
	p.z, p.x, p.which, p.run = z, x, which, run
	p.bind(axis)
	p.fault.Store(p.n == 0)
	if rows := z.Len() / p.row; p.n > 0 {
		c.Pool.Do(rows, c.cut(rows, costRun+costScalar*float64(p.row)), p)
	}
	if !p.fault.Load() {
		return nil
	}
	for i := range which.Len() {
		if v := which.IntAt(i); v < -int64(p.n) || v >= int64(p.n) {
			return fmt.Errorf("GatherElements: index %d is out of range for axis %d of %s", v, axis, x)
		}
	}
	panic("BUG: GatherElements noted an index that is in range")
}

// bind sets the sizes and strides.
func (p *pick) bind(axis int) {
	var strides [maxRank]int
	rowMajor(&strides, p.x.Shape)
	p.n, p.stride = p.x.Shape[axis], strides[axis]
	strides[axis] = 0
	last := p.x.Rank() - 1
	p.row, p.along = p.which.Shape[last], strides[last]
	p.axes = axes{count: 1}
	for i, n := range p.which.Shape[:last] {
		p.add(n, strides[i])
	}
}

// Do takes the elements of the rows lo ≤ r < hi.
func (p *pick) Do(lo, hi int) { p.run(p, lo, hi) }

func pickAs[T word](p *pick, lo, hi int) {
	z, x := words[T](p.z)[lo*p.row:hi*p.row], words[T](p.x)
	if p.which.DType == tensor.Int64 {
		pickBy(p, z, x, tensor.Data[int64](p.which)[lo*p.row:], lo)
		return
	}
	pickBy(p, z, x, tensor.Data[int32](p.which)[lo*p.row:], lo)
}

// pickBy writes whole rows from row r on.
func pickBy[I int32 | int64, T word](p *pick, z, x []T, indices []I, r int) {
	for ; len(z) > 0; r++ {
		ok, from := false, x[p.offset(r):]
		if p.stride == 1 {
			ok = pickAlong(z[:p.row], from[:p.n], indices)
		} else {
			ok = pickAcross(z[:p.row], from, indices, p.n, p.stride, p.along)
		}
		if !ok {
			p.fault.Store(true)
			return
		}
		z, indices = z[p.row:], indices[p.row:]
	}
}

// pickAlong takes elements of a contiguous row, if all indices are in range.
func pickAlong[I int32 | int64, T word](z, x []T, indices []I) bool {
	for i, v := range indices[:len(z)] {
		k := int(v)
		if k < 0 {
			k += len(x)
		}
		if uint(k) >= uint(len(x)) {
			return false
		}
		z[i] = x[k]
	}
	return true
}

// pickAcross takes elements of columns, which have n each.
func pickAcross[I int32 | int64, T word](z, x []T, indices []I, n, stride, along int) bool {
	for i, v := range indices[:len(z)] {
		k := int(v)
		if k < 0 {
			k += n
		}
		if uint(k) >= uint(n) {
			return false
		}
		z[i] = x[i*along+k*stride]
	}
	return true
}
