package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// rowTask is a function of rows: n elements, inner apart. Tasks are ranges of
// rows.
type rowTask struct {
	ctx         *Ctx
	n, inner    int
	z, x        floats
	f           func(t *rowTask, z, x []float32)
	scale, bias []float32 // of normalisations, n long; bias may be nil
	epsilon     float64
}

// runRows computes f on the rows of x along the axes first … last.
func (t *rowTask) runRows(c *Ctx, z, x *tensor.Tensor) {
	z.Reset(x.DType, x.Shape...)
	t.ctx, t.z, t.x = c, floatsOf(z), floatsOf(x)
	if x.Len() > 0 {
		c.Pool.Do(x.Len()/t.n, chunk(t.n), t)
	}
}

// Do computes the rows lo ≤ r < hi.
func (t *rowTask) Do(lo, hi int) {
	inPlace := t.inner == 1 && t.x.f32 != nil
	var row []float32
	if !inPlace {
		row = t.ctx.take(t.n)
		defer t.ctx.put(row)
	}
	for r := lo; r < hi; r++ {
		at := r/t.inner*t.n*t.inner + r%t.inner
		if inPlace {
			t.f(t, t.z.f32[at:][:t.n], t.x.f32[at:][:t.n])
			continue
		}
		t.x.gather(row, 1, at, t.inner, t.n)
		t.f(t, row, row)
		t.z.scatter(at, t.inner, row)
	}
}

// Softmax is eˣ normalised along an axis, of f32, f16 or bf16.
func Softmax(c *Ctx, z *tensor.Tensor, a *attr.Axis, x *tensor.Tensor) error {
	axis, ok := normalAxis(a.Axis, x.Rank())
	if !isFloat(x.DType) || !ok {
		return fmt.Errorf("Softmax: operand %s and axis %d, want f32, f16 or bf16", x, a.Axis)
	}
	t := &c.rows
	*t = rowTask{n: x.Shape[axis], inner: elements(x.Shape[axis+1:]), f: softmaxRow}
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

func softmaxRow(_ *rowTask, z, x []float32) {
	top := maxRow(x)
	sum := 0.0
	for i, v := range x {
		e := exp32(v - top)
		z[i] = e
		sum += float64(e)
	}
	mulVS(z, z, float32(1/sum))
}

// maxRow is the greatest element, or NaN if there is one.
func maxRow(x []float32) float32 {
	top := float32(math.Inf(-1))
	for _, v := range x {
		if v > top || v != v {
			top = v
			if v != v {
				break
			}
		}
	}
	return top
}

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
	*t = rowTask{n: elements(rest), inner: 1, f: f, epsilon: float64(a.Epsilon)}
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

// The statistics are summed in float64, which costs scalar code nothing.

func layerNormRow(t *rowTask, z, x []float32) {
	sum := 0.0
	for _, v := range x {
		sum += float64(v)
	}
	mean := sum / float64(len(x))
	squares := 0.0
	for _, v := range x {
		d := float64(v) - mean
		squares += float64(d * d)
	}
	inverse := 1 / math.Sqrt(squares/float64(len(x))+t.epsilon)
	for i, v := range x {
		z[i] = float32((float64(v) - mean) * inverse)
	}
	mulVV(z, z, t.scale)
	if t.bias != nil {
		addVV(z, z, t.bias)
	}
}

func rmsNormRow(t *rowTask, z, x []float32) {
	squares := 0.0
	for _, v := range x {
		squares += float64(float64(v) * float64(v))
	}
	inverse := 1 / math.Sqrt(squares/float64(len(x))+t.epsilon)
	for i, v := range x {
		z[i] = float32(float64(v) * inverse)
	}
	mulVV(z, z, t.scale)
}
