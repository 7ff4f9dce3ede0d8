package cpu

import (
	"fmt"
	"unsafe"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// strided copies an operand that is read with any strides into a contiguous
// result: what transposing, slicing and expanding come down to. Tasks are ranges
// of the outer axes.
type strided struct {
	axes        // of the result, with the operand's strides
	base    int // of the first element
	z, x    *tensor.Tensor
	run     func(s *strided, lo, hi int)
	blocked bool // contiguous along the axis before the last, and not along the last
}

// copyTo gives z the shape and copies x along the axes added to s.
func (s *strided) copyTo(c *Ctx, z, x *tensor.Tensor, shape []int) error {
	s.run = bySize(x.DType, stridedAs[uint8], stridedAs[uint16], stridedAs[uint32], stridedAs[uint64])
	if s.run == nil {
		return fmt.Errorf("operand %s, want elements of 1, 2, 4 or 8 bytes", x)
	}
	if err := reset(z, x.DType, shape); err != nil {
		return err
	}
	s.z, s.x = z, x
	if s.count == 0 {
		return nil
	}
	if s.rank == 0 {
		s.rank, s.sizes[0], s.strides[0] = 1, 1, 1
	}
	last := s.rank - 1
	s.blocked = last > 0 && s.strides[last-1] == 1 && s.strides[last] > 1
	rows := s.count / s.sizes[last]
	c.Pool.Do(rows, s.whole(c.cut(rows, s.cost(float64(x.DType.Bits()/8)))), s)
	return nil
}

// cost is that of a row of elements of size bytes.
func (s *strided) cost(size float64) float64 {
	last := s.rank - 1
	n := float64(s.sizes[last])
	switch {
	case s.blocked:
		return n * costTranspose
	case s.strides[last] == 0 || s.strides[last] == 1:
		return costRun + n*costByte*size
	}
	return costRun + n*costScalar
}

// whole makes chunks of a transpose begin where squares do.
func (s *strided) whole(grain int) int {
	if !s.blocked {
		return grain
	}
	return ceilDiv(grain, square) * square
}

// Do copies the rows lo ≤ r < hi.
func (s *strided) Do(lo, hi int) { s.run(s, lo, hi) }

func stridedAs[T word](s *strided, lo, hi int) {
	z, x := words[T](s.z), words[T](s.x)
	n := s.sizes[s.rank-1]
	var at odometer
	at.set(&s.axes, lo)
	for r := lo; r < hi; {
		rows := 1
		if last := s.rank - 1; last > 0 {
			rows = min(s.sizes[last-1]-at.index[last-1], hi-r)
		}
		rows = stridedRows(s, z[r*n:], x, s.base+at.offset, rows)
		at.move(&s.axes, rows)
		r += rows
	}
}

// stridedRows copies some of the rows that begin at from, as many as go in one call,
// and returns their number.
func stridedRows[T word](s *strided, z, x []T, from, rows int) int {
	last := s.rank - 1
	n, step, pitch := s.sizes[last], s.strides[last], 0
	if last > 0 {
		pitch = s.strides[last-1]
	}
	switch {
	case step == 1 && rows > 1 && pitch >= 0 && inWords(z, x[from:], n, pitch):
		size := int(unsafe.Sizeof(z[0]))
		copyRows(viewAs[uint32](z), n*size/4, viewAs[uint32](x[from:]), pitch*size/4, rows, n*size/4)
		return rows
	case step == 0 && pitch >= 0 && unsafe.Sizeof(z[0]) == 4:
		spreadRows(viewAs[float32](z), viewAs[float32](x[from:]), rows, n, pitch)
		return rows
	case s.blocked:
		transpose(z, x[from:], rows, n, step)
		return rows
	case n < fewElements || step < 0 || step > 1 && (unsafe.Sizeof(z[0]) != 4 || step >= vec.Lanes):
		stepRows(z, x, from, rows, n, pitch, step)
		return rows
	case step == 1:
		moveBytes(viewAs[byte](z[:n]), viewAs[byte](x[from:][:n]))
	case step == 0:
		fillWith(z[:n], x[from])
	default:
		everyOther(viewAs[float32](z)[:n], viewAs[float32](x[from:]), step)
	}
	return 1
}

// fewElements are moved sooner than a function for more is called.
const fewElements = 8

// stepRows moves one element at a time.
func stepRows[T word](z, x []T, from, rows, n, pitch, step int) {
	for range rows {
		at := from
		for i := range z[:n] {
			z[i] = x[at]
			at += step
		}
		z, from = z[n:], from+pitch
	}
}

// inWords reports whether rows that are too short for a call each are words of 4
// bytes, at such distances.
func inWords[T word](z, x []T, n, pitch int) bool {
	size := int(unsafe.Sizeof(z[0]))
	return n*size < shortBytes && ((n|pitch)*size|address(viewAs[byte](z))|address(viewAs[byte](x)))%4 == 0
}

// odometer walks the rows of some axes: all indices but the last.
type odometer struct {
	index  [maxRank]int
	offset int
}

// set goes to row r.
func (o *odometer) set(a *axes, r int) {
	for axis := a.rank - 2; axis >= 0; axis-- {
		o.index[axis] = r % a.sizes[axis]
		o.offset += o.index[axis] * a.strides[axis]
		r /= a.sizes[axis]
	}
}

// move goes on by so many rows, no further than the end of the axis before the
// last.
func (o *odometer) move(a *axes, rows int) {
	for axis := a.rank - 2; axis >= 0; axis-- {
		o.index[axis] += rows
		o.offset += rows * a.strides[axis]
		if o.index[axis] < a.sizes[axis] {
			return
		}
		o.offset -= o.index[axis] * a.strides[axis]
		o.index[axis], rows = 0, 1
	}
}

// Transpose permutes the axes of elements of 1, 2, 4 or 8 bytes.
func Transpose(c *Ctx, z *tensor.Tensor, a *attr.Transpose, x *tensor.Tensor) error {
	rank := x.Rank()
	if rank > maxRank || len(a.Perm) != 0 && len(a.Perm) != rank {
		return fmt.Errorf("Transpose: perm %v of %s", a.Perm, x)
	}
	var strides, shape [maxRank]int
	rowMajor(&strides, x.Shape)
	s := &c.strided
	*s = strided{axes: axes{count: 1}}
	seen := 0
	for i := range rank {
		axis := rank - 1 - i
		if len(a.Perm) != 0 {
			axis = a.Perm[i]
		}
		if axis < 0 || axis >= rank || seen&(1<<axis) != 0 {
			return fmt.Errorf("Transpose: perm %v of %s", a.Perm, x)
		}
		seen |= 1 << axis
		shape[i] = x.Shape[axis]
		s.add(shape[i], strides[axis])
	}
	return located("Transpose", s.copyTo(c, z, x, shape[:rank]))
}

// rowMajor sets the strides of a contiguous tensor.
func rowMajor(strides *[maxRank]int, shape []int) {
	stride := 1
	for axis := len(shape) - 1; axis >= 0; axis-- {
		strides[axis] = stride
		stride *= shape[axis]
	}
}

func located(name string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Expand broadcasts x to a shape, by numpy's rules in both directions.
func Expand(c *Ctx, z, x, shape *tensor.Tensor) error {
	rank := max(x.Rank(), shape.Len())
	if rank > maxRank || !shape.DType.IsInt() || shape.Rank() != 1 {
		return fmt.Errorf("Expand: %s to the shape in %s, want rank up to %d", x, shape, maxRank)
	}
	var strides, sizes [maxRank]int
	rowMajor(&strides, x.Shape)
	s := &c.strided
	*s = strided{axes: axes{count: 1}}
	for i := rank; i > 0; i-- {
		want := 1
		if i <= shape.Len() {
			want = int(shape.IntAt(shape.Len() - i))
		}
		own := fromEnd(x.Shape, i)
		n, ok := broadcastSize(own, want)
		if !ok || n < 0 {
			return fmt.Errorf("Expand: %s can't be broadcast to size %d, axis %d from the end", x, want, i)
		}
		stride := 0
		if own != 1 {
			stride = strides[x.Rank()-i]
		}
		sizes[rank-i] = n
		s.add(n, stride)
	}
	return located("Expand", s.copyTo(c, z, x, sizes[:rank]))
}

// Slice takes ranges of the axes, steps of either sign included.
func Slice(c *Ctx, z, x, starts, ends, which, steps *tensor.Tensor) error {
	if x.Rank() > maxRank {
		return fmt.Errorf("Slice: operand %s, want rank up to %d", x, maxRank)
	}
	var strides, shape [maxRank]int
	rowMajor(&strides, x.Shape)
	copy(shape[:], x.Shape)
	s := &c.strided
	*s = strided{axes: axes{count: 1}}
	for i := range starts.Len() {
		if ends.Len() != starts.Len() || which != nil && which.Len() != starts.Len() || steps != nil && steps.Len() != starts.Len() {
			return fmt.Errorf("Slice: starts %s, ends %s, axes %s and steps %s differ in length", starts, ends, which, steps)
		}
		axis, step := i, 1
		if which != nil {
			axis = int(which.IntAt(i))
		}
		if steps != nil {
			step = int(steps.IntAt(i))
		}
		axis, ok := normalAxis(axis, x.Rank())
		if !ok || step == 0 {
			return fmt.Errorf("Slice: axis %d with step %d of %s", axis, step, x)
		}
		first, n := sliceRange(starts.IntAt(i), ends.IntAt(i), int64(step), int64(x.Shape[axis]))
		s.base += first * strides[axis]
		shape[axis] = n
		strides[axis] *= step
	}
	for axis := range x.Rank() {
		s.add(shape[axis], strides[axis])
	}
	return located("Slice", s.copyTo(c, z, x, shape[:x.Rank()]))
}

// sliceRange clamps a range as ONNX does, and returns its first index and its
// length.
func sliceRange(start, end, step, size int64) (first, n int) {
	if start < 0 {
		start += size
	}
	if end < 0 {
		end += size
	}
	if step > 0 {
		start, end = min(max(start, 0), size), min(max(end, 0), size)
		if end <= start {
			return 0, 0
		}
		return int(start), int((end-start-1)/step + 1)
	}
	start, end = min(max(start, 0), size-1), min(max(end, -1), size-1)
	if end >= start {
		return 0, 0
	}
	return int(start), int((start-end-1)/-step + 1)
}
