package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// rowTask is a function of rows of n elements. Tasks are ranges of rows.
type rowTask struct {
	ctx         *Ctx
	n           int
	cost        float64 // of an element
	z, x        floats
	f           func(t *rowTask, z, x []float32)
	scale, bias []float32 // of normalisations, n long; bias may be nil
	epsilon     float32
	inverse     float32 // 1/n
}

// runRows computes f on the rows of x along the axes first … last.
func (t *rowTask) runRows(c *Ctx, z, x *tensor.Tensor) {
	z.Reset(x.DType, x.Shape...)
	t.ctx, t.z, t.x = c, floatsOf(z), floatsOf(x)
	if x.Len() > 0 {
		rows := x.Len() / t.n
		c.Pool.Do(rows, c.cut(rows, costRun+float64(t.n)*(t.cost+2*t.x.narrowCost())), t)
	}
}

// Do computes the rows lo ≤ r < hi.
func (t *rowTask) Do(lo, hi int) {
	if t.x.f32 != nil {
		for r := lo; r < hi; r++ {
			t.f(t, t.z.f32[r*t.n:][:t.n], t.x.f32[r*t.n:][:t.n])
		}
		return
	}
	row := t.ctx.take(t.n)
	for r := lo; r < hi; r++ {
		t.x.load(row, r*t.n, t.n)
		t.f(t, row, row)
		t.z.store(r*t.n, row)
	}
	t.ctx.put(row)
}

// Softmax is eˣ normalised along an axis, of f32, f16 or bf16.
func Softmax(c *Ctx, z *tensor.Tensor, a *attr.Axis, x *tensor.Tensor) error {
	axis, ok := normalAxis(a.Axis, x.Rank())
	if !isFloat(x.DType) || !ok {
		return fmt.Errorf("Softmax: operand %s and axis %d, want f32, f16 or bf16", x, a.Axis)
	}
	if inner := elements(x.Shape[axis+1:]); inner != 1 {
		c.softmaxColumns(z, x, x.Shape[axis], inner)
		return nil
	}
	t := &c.rows
	*t = rowTask{n: x.Shape[axis], f: softmaxRow, cost: costSoftmax}
	t.runRows(c, z, x)
	return nil
}

// normalAxis counts a negative axis from the end.
func normalAxis(axis, rank int) (int, bool) {
	if axis < 0 {
		axis += rank
	}
	return axis, axis >= 0 && axis < rank
}

func elements(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func softmaxRow(_ *rowTask, z, x []float32) { map1(vec.Softmax, z, x) }

// LayerNormalization is (x − mean)/√(variance + ε)·scale + bias over the axes
// from Axis on, of f32, f16 or bf16; scale and bias have the shape of these
// axes. The statistics are not given out: mean and inverse must be nil.
func LayerNormalization(c *Ctx, z, mean, inverse *tensor.Tensor, a *attr.LayerNormalization, x, scale, bias *tensor.Tensor) error {
	if mean != nil || inverse != nil {
		return fmt.Errorf("LayerNormalization: mean and deviation are not given out")
	}
	return c.normalise("LayerNormalization", z, a, x, scale, bias, layerNormRow)
}

// RMSNormalization is x/√(mean x² + ε)·scale over the axes from Axis on.
func RMSNormalization(c *Ctx, z *tensor.Tensor, a *attr.LayerNormalization, x, scale *tensor.Tensor) error {
	return c.normalise("RMSNormalization", z, a, x, scale, nil, rmsNormRow)
}

func (c *Ctx) normalise(name string, z *tensor.Tensor, a *attr.LayerNormalization, x, scale, bias *tensor.Tensor, f func(t *rowTask, z, x []float32)) error {
	axis, ok := normalAxis(a.Axis, x.Rank())
	if !isFloat(x.DType) || !ok {
		return fmt.Errorf("%s: operand %s and axis %d, want f32, f16 or bf16", name, x, a.Axis)
	}
	rest := x.Shape[axis:]
	t := &c.rows
	*t = rowTask{n: elements(rest), f: f, cost: costNormalise, epsilon: a.Epsilon}
	t.inverse = 1 / float32(t.n)
	for _, p := range []*tensor.Tensor{scale, bias} {
		if p != nil && (!isFloat(p.DType) || !sameButOnes(p.Shape, rest)) {
			return fmt.Errorf("%s: scale or bias %s for %s normalised from axis %d on", name, p, x, axis)
		}
	}
	t.scale = c.widened(scale)
	t.bias = c.widened(bias)
	t.runRows(c, z, x)
	c.unwiden(scale, t.scale)
	c.unwiden(bias, t.bias)
	return nil
}

// sameButOnes reports whether shape is want, with ones in front allowed.
func sameButOnes(shape, want []int) bool {
	for len(shape) > len(want) && shape[0] == 1 {
		shape = shape[1:]
	}
	return tensor.SameShape(shape, want)
}

// widened returns the elements of t as f32, in scratch if they are not.
func (c *Ctx) widened(t *tensor.Tensor) []float32 {
	if t == nil {
		return nil
	}
	f := floatsOf(t)
	if f.f32 != nil {
		return f.f32
	}
	return f.load(c.take(t.Len()), 0, t.Len())
}

// unwiden gives back what widened took.
func (c *Ctx) unwiden(t *tensor.Tensor, s []float32) {
	if t != nil && t.DType != tensor.Float32 {
		c.put(s)
	}
}

func layerNormRow(t *rowTask, z, x []float32) {
	if t.bias == nil {
		vec.LayerNormScaled(t.n, ptr(z), ptr(x), ptr(t.scale), t.inverse, t.epsilon)
		return
	}
	vec.LayerNorm(t.n, ptr(z), ptr(x), ptr(t.scale), ptr(t.bias), t.inverse, t.epsilon)
}

func rmsNormRow(t *rowTask, z, x []float32) {
	vec.RMSNorm(t.n, ptr(z), ptr(x), ptr(t.scale), t.inverse, t.epsilon)
}
