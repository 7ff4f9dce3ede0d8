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
	*reduceOp
	ctx           *Ctx
	z, x          floats
	kept, reduced axes
	parts         []float32
	blocks        int // of each result
	strips        int // into which columns are cut
	single        [1]float32
}

// ReduceSum sums f32, f16 or bf16 over axes.
func ReduceSum(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return c.reduce(&sumOp, z, a, x, axes)
}

// ReduceMean averages over axes.
func ReduceMean(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return c.reduce(&meanOp, z, a, x, axes)
}

// ReduceMax is the maximum over axes; NaN wins.
func ReduceMax(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return c.reduce(&greatestOp, z, a, x, axes)
}

// ReduceMin is the minimum over axes; NaN wins.
func ReduceMin(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return c.reduce(&leastOp, z, a, x, axes)
}

// ReduceL1 sums magnitudes over axes.
func ReduceL1(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return c.reduce(&magnitudesOp, z, a, x, axes)
}

// ReduceSumSquare sums squares over axes.
func ReduceSumSquare(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return c.reduce(&squaresOp, z, a, x, axes)
}

// ReduceL2 is the root of the sum of squares over axes.
func ReduceL2(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return c.reduce(&lengthOp, z, a, x, axes)
}

// ReduceLogSum is the logarithm of the sum over axes.
func ReduceLogSum(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	return c.reduce(&logSumOp, z, a, x, axes)
}

func (c *Ctx) reduce(op *reduceOp, z *tensor.Tensor, a *attr.Reduce, x, which *tensor.Tensor) error {
	if !isFloat(x.DType) || x.Rank() > maxRank || which != nil && !which.DType.IsInt() {
		return fmt.Errorf("%s: operand %s and axes %s, want f32, f16 or bf16 of rank up to %d", op.name, x, which, maxRank)
	}
	r := &c.reduction
	*r = reduction{reduceOp: op, ctx: c}
	reduced, ok := reducedAxes(a, x.Rank(), which)
	if !ok {
		return fmt.Errorf("%s: axes of %s are out of range", op.name, x)
	}
	r.kept.count, r.reduced.count = 1, 1
	stride := x.Len()
	for axis, n := range x.Shape {
		stride /= max(n, 1)
		if reduced[axis] {
			r.reduced.add(n, stride)
		} else {
			r.kept.add(n, stride)
		}
	}
	resetReduced(z, a, x, &reduced)
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
	for i := range r.kept.count {
		r.put(i, r.start)
	}
}

// load returns n elements from at on as they are folded: in place, if they can be.
func (r *reduction) load(scratch []float32, at, n int) []float32 {
	x := r.x.load(scratch, at, n)
	if r.before == nil {
		return x
	}
	r.before(scratch[:n], x)
	return scratch[:n]
}

// cost is that of an element.
func (r *reduction) cost() float64 {
	if r.before == nil {
		return costSum + r.x.narrowCost()
	}
	return costSum + costMove + r.x.narrowCost()
}

// inPlace reports whether load needs no scratch.
func (r *reduction) inPlace() bool { return r.x.f32 != nil && r.before == nil }

// put sets result i.
func (r *reduction) put(i int, folded float64) {
	r.single[0] = float32(folded)
	r.finish(r.single[:])
	r.z.store(i, r.single[:])
}

// finish makes results of folds.
func (r *reduction) finish(z []float32) {
	if r.after != nil {
		r.after(z, r.reduced.count)
	}
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

// resetReduced gives z the shape of x without the axes that are reduced, or with them
// as ones.
func resetReduced(z *tensor.Tensor, a *attr.Reduce, x *tensor.Tensor, reduced *[maxRank]bool) {
	var shape [maxRank]int
	out := shape[:0]
	for axis, n := range x.Shape {
		switch {
		case !reduced[axis]:
			out = append(out, n)
		case a.KeepDims:
			out = append(out, 1)
		}
	}
	z.Reset(x.DType, out...)
}
