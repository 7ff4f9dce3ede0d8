package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// LogSoftmax is the logarithm of Softmax along the last axis, of f32, f16 or bf16.
func LogSoftmax(c *Ctx, z *tensor.Tensor, a *attr.Axis, x *tensor.Tensor) error {
	axis, ok := normalAxis(a.Axis, x.Rank())
	if !isFloat(x.DType) || !ok || axis != x.Rank()-1 {
		return fmt.Errorf("LogSoftmax: operand %s and axis %d, want f32, f16 or bf16 and the last", x, a.Axis)
	}
	t := &c.rows
	*t = rowTask{n: x.Shape[axis], f: logSoftmaxRow, cost: costSoftmax}
	t.runRows(c, z, x)
	return nil
}

// logSoftmaxRow is x − top − log Σe^(x − top).
func logSoftmaxRow(t *rowTask, z, x []float32) {
	top, rest := t.ctx.logSumExp(x)
	steps := [...]simd.Step{
		{Op: simd.StepLoad, X: ptr(x)},
		{Op: simd.StepSub.OfNumber(), Number: top},
		{Op: simd.StepSub.OfNumber(), Number: float32(rest)},
		{Op: simd.StepStore, X: ptr(z[:len(x)])},
	}
	vec.Steps(len(x), len(steps), ptr(steps[:]))
}

// logSumExp is log Σeˣ in two parts: the greatest element, and log Σe^(x − top). The
// exponentials are of a piece at a time.
func (c *Ctx) logSumExp(x []float32) (top float32, rest float64) {
	scratch := c.take(piece + 1)
	e, one := scratch[:piece], scratch[piece:]
	vec.GreatestEach(1, len(x), ptr(one), ptr(x), len(x))
	top, sum := one[0], 0.0
	for i := 0; i < len(x); i += piece {
		part := x[i:min(i+piece, len(x))]
		subVS(e, part, top)
		exp(e, e[:len(part)])
		vec.Sum(len(part), ptr(one), ptr(e))
		sum += float64(one[0])
	}
	c.put(scratch)
	return top, math.Log(sum)
}
