package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// DynamicQuantizeLinear gives x, of f32, in steps of a scale that what lies between its
// least element, or 0, and its greatest, or 0, just fits in: 255 steps, counted from the
// zero point.
func DynamicQuantizeLinear(c *Ctx, z, scale, zero, x *tensor.Tensor) error {
	if x.DType != tensor.Float32 {
		return fmt.Errorf("DynamicQuantizeLinear: the operand is %s, want f32", x)
	}
	data := tensor.Data[float32](x)
	step, origin := c.stepsOf(data)
	z.Reset(tensor.Uint8, x.Shape...)
	if scale != nil {
		scale.Reset(tensor.Float32)
		tensor.Data[float32](scale)[0] = step
	}
	if zero != nil {
		zero.Reset(tensor.Uint8)
		tensor.Data[uint8](zero)[0] = uint8(origin)
	}
	c.toSteps = toSteps{c, tensor.Data[uint8](z), data, step, origin, 0, 255}
	c.Pool.Do(len(data), c.cutFlat(len(data), costDivide), &c.toSteps)
	return nil
}

// QuantizeLinear gives x, of f32, in steps of one scale, as i8 or u8.
func QuantizeLinear(c *Ctx, z *tensor.Tensor, a *attr.Quantize, x, scale, zero *tensor.Tensor) error {
	to := a.ResultType(zero)
	if a.Precision != tensor.Invalid && a.Precision != tensor.Float32 || x.DType != tensor.Float32 || scale.DType != tensor.Float32 || scale.Len() != 1 || zero != nil && zero.Len() != 1 || !isByte(to) {
		return fmt.Errorf("QuantizeLinear: %s in steps of %s from %s, want f32 and one scale, i8 or u8", x, scale, zero)
	}
	least, most := int32(0), int32(255)
	if to == tensor.Int8 {
		least, most = -128, 127
	}
	origin := int32(0)
	if zero != nil {
		origin = int32(zero.IntAt(0))
	}
	data := tensor.Data[float32](x)
	z.Reset(to, x.Shape...)
	c.toSteps = toSteps{c, z.Bytes(), data, tensor.Data[float32](scale)[0], origin, least, most}
	c.Pool.Do(len(data), c.cutFlat(len(data), costDivide), &c.toSteps)
	return nil
}

// toSteps takes a flat range in steps.
type toSteps struct {
	ctx         *Ctx
	z           []byte
	x           []float32
	step        float32
	zero        int32
	least, most int32
}

// Do takes the elements lo ≤ i < hi.
func (t *toSteps) Do(lo, hi int) {
	if vec.ToSteps != nil {
		whole := (hi - lo) / bytesOfLine * bytesOfLine
		if whole > 0 {
			zero := float32(t.zero)
			vec.ToSteps(1, whole, &t.z[lo:][:whole][0], bytesOfLine, &t.x[lo:][:whole][0], 0, t.step, float32(t.least)-zero, float32(t.most)-zero, zero)
		}
		lo += whole
	}
	for i := lo; i < hi; i++ {
		t.z[i] = byte(inSteps(t.x[i], t.step, t.zero, t.least, t.most))
	}
}

// inSteps is v in steps from zero, within limits; NaN gives the least.
func inSteps(v, step float32, zero, least, most int32) int32 {
	q := math.RoundToEven(float64(v/step)) + float64(zero)
	switch {
	case q >= float64(most):
		return most
	case q > float64(least):
		return int32(q)
	}
	return least
}

// stepsOf is the size of the steps that DynamicQuantizeLinear takes x in, and the step
// that stands for 0.
func (c *Ctx) stepsOf(x []float32) (step float32, zero int32) {
	e := &c.extremes
	blocks := ceilDiv(len(x), reduceBlock)
	found := c.take(2 * blocks)
	*e = extremes{c, x, found}
	c.Pool.Do(blocks, c.cut(blocks, reduceBlock*(costMove+costSum)), e)
	least, most := float32(0), float32(0)
	for b := range blocks {
		most, least = max(most, found[2*b]), min(least, -found[2*b+1])
	}
	c.put(found)
	if step = (most - least) / 255; most == least {
		step = 1 // as ONNX Runtime has it
	}
	return step, inSteps(-least, step, 0, 0, 255)
}

// extremes finds the greatest element of each block, and the greatest negated one.
type extremes struct {
	ctx   *Ctx
	x     []float32
	found []float32
}

// Do looks at the blocks lo ≤ b < hi.
func (e *extremes) Do(lo, hi int) {
	scratch := e.ctx.take(reduceBlock)
	for b := lo; b < hi; b++ {
		x := e.x[b*reduceBlock : min((b+1)*reduceBlock, len(e.x))]
		vec.GreatestEach(1, len(x), &e.found[2*b], &x[0], 0)
		vec.Neg(len(x), &scratch[0], &x[0])
		vec.GreatestEach(1, len(x), &e.found[2*b+1], &scratch[0], 0)
	}
	e.ctx.put(scratch)
}

// DequantizeLinear is scale·(x − zero) of i8, u8 or i32 in steps of one scale of f32, or of
// one for each index of an axis.
func DequantizeLinear(c *Ctx, z *tensor.Tensor, a *attr.Quantize, x, scale, zero *tensor.Tensor) error {
	axis, ok := normalAxis(a.Axis, x.Rank())
	one := scale.Rank() <= 1 && scale.Len() == 1
	if !one && (!ok || scale.Rank() != 1 || scale.Len() != x.Shape[axis]) || scale.DType != tensor.Float32 || a.BlockSize != 0 ||
		zero != nil && (zero.DType != x.DType || zero.Len() != scale.Len()) || !isByte(x.DType) && x.DType != tensor.Int32 {
		return fmt.Errorf("DequantizeLinear: %s in steps of %s from %s along axis %d, want i8, u8 or i32, and f32", x, scale, zero, a.Axis)
	}
	t := &c.fromSteps
	*t = fromSteps{x: x, scale: tensor.Data[float32](scale), zero: zero, run: x.Len()}
	if !one {
		t.run = elements(x.Shape[axis+1:])
	}
	z.Reset(tensor.Float32, x.Shape...)
	t.z = tensor.Data[float32](z)
	c.Pool.Do(x.Len(), c.cutFlat(x.Len(), costScalar), t)
	return nil
}

// fromSteps makes numbers of steps, in a flat range: run elements have the same scale.
type fromSteps struct {
	z     []float32
	x     *tensor.Tensor
	scale []float32
	zero  *tensor.Tensor
	run   int
}

// Do computes the elements lo ≤ i < hi.
func (t *fromSteps) Do(lo, hi int) {
	for lo < hi {
		index := lo / t.run
		end := min(hi, (index+1)*t.run)
		at, zero := index%len(t.scale), int32(0)
		if t.zero != nil {
			zero = int32(t.zero.IntAt(at))
		}
		switch to, scale := t.z[lo:end], t.scale[at]; t.x.DType {
		case tensor.Uint8:
			vec.FromBytes[0](len(to), &to[0], &t.x.Bytes()[lo], float32(zero), scale)
		case tensor.Int8:
			vec.FromBytes[1](len(to), &to[0], &t.x.Bytes()[lo], float32(zero), scale)
		default:
			for i, v := range tensor.Data[int32](t.x)[lo:end] {
				to[i] = float32(v-zero) * scale
			}
		}
		lo = end
	}
}
