package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// logSumExp is ReduceLogSumExp of rows of n elements. Tasks are ranges of rows.
type logSumExp struct {
	ctx  *Ctx
	z, x floats
	n    int
}

// ReduceLogSumExp is log Σeˣ over the last axes, of f32, f16 or bf16.
func ReduceLogSumExp(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error {
	if !isFloat(x.DType) || x.Rank() > maxRank || axes != nil && !axes.DType.IsInt() {
		return fmt.Errorf("ReduceLogSumExp: operand %s and axes %s, want f32, f16 or bf16 of rank up to %d", x, axes, maxRank)
	}
	reduced, ok := reducedAxes(a, x.Rank(), axes)
	if !ok {
		return fmt.Errorf("ReduceLogSumExp: axes of %s are out of range", x)
	}
	n := 1
	for axis, size := range x.Shape {
		switch {
		case reduced[axis]:
			n *= size
		case axis > 0 && reduced[axis-1]:
			return fmt.Errorf("ReduceLogSumExp: axes of %s, want the last ones", x)
		}
	}
	resetReduced(z, a, x, &reduced)
	t := &c.logSums
	*t = logSumExp{c, floatsOf(z), floatsOf(x), n}
	c.Pool.Do(z.Len(), c.cut(z.Len(), costRun+float64(n)*(costExp+costSum+t.x.narrowCost())), t)
	return nil
}

// Do computes the results lo ≤ i < hi. An infinite maximum is the result: that of no
// elements is −∞.
func (t *logSumExp) Do(lo, hi int) {
	scratch := t.ctx.take(t.n + 1)
	one := scratch[t.n:]
	for i := lo; i < hi; i++ {
		top, rest := t.ctx.logSumExp(t.x.load(scratch[:t.n], i*t.n, t.n))
		if one[0] = top; !math.IsInf(float64(top), 0) {
			one[0] = float32(float64(top) + rest)
		}
		t.z.store(i, one)
	}
	t.ctx.put(scratch)
}
