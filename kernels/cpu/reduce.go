package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// reduction sums over axes, in tasks of ranges of results. Each result is one
// chain of sums in float64, in row-major order.
type reduction struct {
	z, x          floats
	kept, reduced axes
	divisor       float64
	greatest      bool // the maximum instead of the sum
}

// axes are some axes of an operand, neighbours merged.
type axes struct {
	rank    int
	count   int // of elements
	sizes   [maxRank]int
	strides [maxRank]int
}

// add appends an axis that lies inside those before.
func (a *axes) add(n, stride int) {
	a.count *= n
	if n == 1 {
		return
	}
	if last := a.rank - 1; last >= 0 && a.strides[last] == n*stride {
		a.sizes[last] *= n
		a.strides[last] = stride
		return
	}
	a.sizes[a.rank], a.strides[a.rank] = n, stride
	a.rank++
}

// offset is where element i is.
func (a *axes) offset(i int) int {
	at := 0
	for axis := a.rank - 1; axis >= 0 && i > 0; axis-- {
		at += i % a.sizes[axis] * a.strides[axis]
		i /= a.sizes[axis]
	}
	return at
}

// run is the innermost axis.
func (a *axes) run() (n, stride int) {
	if a.rank == 0 {
		return 1, 0
	}
	return a.sizes[a.rank-1], a.strides[a.rank-1]
}

// ReduceSum sums f32, f16 or bf16 over axes.
func ReduceSum(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return c.reduce("ReduceSum", z, a, x, axes, reduction{})
}

// ReduceMean averages f32, f16 or bf16 over axes.
func ReduceMean(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return c.reduce("ReduceMean", z, a, x, axes, reduction{divisor: 1})
}

// ReduceMax is the maximum of f32, f16 or bf16 over axes; NaN wins.
func ReduceMax(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return c.reduce("ReduceMax", z, a, x, axes, reduction{greatest: true})
}

func (c *Ctx) reduce(name string, z *tensor.Tensor, a *attr.Reduce, x, which *tensor.Tensor, kind reduction) error {
	if !isFloat(x.DType) || x.Rank() > maxRank || which != nil && !which.DType.IsInt() {
		return fmt.Errorf("%s: operand %s and axes %s, want f32, f16 or bf16 of rank up to %d", name, x, which, maxRank)
	}
	r := &c.reduction
	*r = kind
	reduced, ok := reducedAxes(a, x.Rank(), which)
	if !ok {
		return fmt.Errorf("%s: axes of %s are out of range", name, x)
	}
	r.kept.count, r.reduced.count = 1, 1
	var shape [maxRank]int
	out, stride := shape[:0], x.Len()
	for axis, n := range x.Shape {
		stride /= max(n, 1)
		if reduced[axis] {
			r.reduced.add(n, stride)
			n = 1
		} else {
			r.kept.add(n, stride)
		}
		if !reduced[axis] || a.KeepDims {
			out = append(out, n)
		}
	}
	z.Reset(x.DType, out...)
	r.z, r.x = floatsOf(z), floatsOf(x)
	if r.divisor != 0 {
		r.divisor = float64(r.reduced.count)
	}
	c.Pool.Do(r.kept.count, chunk(r.reduced.count), r)
	return nil
}

// reducedAxes marks the axes that a reduction runs over.
func reducedAxes(a *attr.Reduce, rank int, which *tensor.Tensor) (reduced [maxRank]bool, ok bool) {
	if which == nil || which.Len() == 0 {
		for axis := range rank {
			reduced[axis] = !a.NoopWithEmptyAxes
		}
		return reduced, true
	}
	for i := range which.Len() {
		axis, ok := normalAxis(int(which.IntAt(i)), rank)
		if !ok {
			return reduced, false
		}
		reduced[axis] = true
	}
	return reduced, true
}

// Do computes the results lo ≤ i < hi.
func (r *reduction) Do(lo, hi int) {
	var buf [piece]float32
	n, stride := r.reduced.run()
	for i := lo; i < hi; i++ {
		base := r.kept.offset(i)
		sum, top := 0.0, maxRow(nil)
		for outer := 0; outer < r.reduced.count; outer += n {
			at := base + r.reduced.offset(outer)
			for j := 0; j < n; j += piece {
				m := min(piece, n-j)
				row := r.x.pick(buf[:], at+j*stride, stride, m)
				if r.greatest {
					top = maxOr(top, maxRow(row))
					continue
				}
				for _, v := range row {
					sum += float64(v)
				}
			}
		}
		if r.divisor != 0 {
			sum /= r.divisor
		}
		buf[0] = float32(sum)
		if r.greatest {
			buf[0] = top
		}
		r.z.store(i, buf[:1])
	}
}

// maxOr is the greater, or the one that is NaN.
func maxOr(a, b float32) float32 {
	if b > a || b != b {
		return b
	}
	return a
}
