package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// reduction folds an operand over axes. Where the last axis is among them, rows are
// folded (reduce_rows.go), else rows are added up (reduce_columns.go). Both cut
// what is folded into blocks of a fixed size, whose results are parts; the parts
// of a result are folded in float64, in their order.
type reduction struct {
	ctx           *Ctx
	z, x          floats
	kept, reduced axes
	mean          bool
	greatest      bool // the maximum instead of the sum
	parts         []float32
	blocks        int // of each result
	strips        int // into which columns are cut
}

// ReduceSum sums f32, f16 or bf16 over axes.
func ReduceSum(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return c.reduce("ReduceSum", z, a, x, axes, reduction{})
}

// ReduceMean averages f32, f16 or bf16 over axes.
func ReduceMean(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return c.reduce("ReduceMean", z, a, x, axes, reduction{mean: true})
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
	r.ctx = c
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
	switch {
	case r.kept.count == 0:
	case r.reduced.count == 0:
		r.nothing()
	case r.alongColumns():
		c.reduceColumns(r)
	default:
		c.reduceRows(r)
	}
	return nil
}

// alongColumns reports whether the last axis is kept.
func (r *reduction) alongColumns() bool {
	return r.kept.rank > 0 && r.kept.strides[r.kept.rank-1] == 1
}

// nothing sets the results of a fold of no element.
func (r *reduction) nothing() {
	one := []float32{0}
	switch {
	case r.greatest:
		one[0] = maxRow(nil)
	case r.mean:
		one[0] /= one[0]
	}
	for i := range r.kept.count {
		r.z.store(i, one)
	}
}

// fold joins a part with what there is.
func (r *reduction) fold(sum float64, part float32) float64 {
	if r.greatest {
		return float64(maxOr(float32(sum), part))
	}
	return sum + float64(part)
}

// start is what a fold begins with.
func (r *reduction) start() float64 {
	if r.greatest {
		return float64(maxRow(nil))
	}
	return 0
}

// finish is the result of a fold.
func (r *reduction) finish(sum float64) float32 {
	if r.mean {
		sum /= float64(r.reduced.count)
	}
	return float32(sum)
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

// maxOr is the greater, or the one that is NaN.
func maxOr(a, b float32) float32 {
	if b > a || b != b {
		return b
	}
	return a
}
