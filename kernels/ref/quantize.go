package ref

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// QuantizeLinear gives x in steps of scale, rounded to the nearest, ties to even, and
// counted from the zero point; what lies beyond its type saturates. The quotient is
// rounded to f32 first, as the operator's division is.
func QuantizeLinear(z *tensor.Tensor, a *attr.Quantize, x, scale, zero *tensor.Tensor) error {
	to := a.OutDType
	if zero != nil {
		to = zero.DType
	}
	if to == tensor.Invalid {
		to = tensor.Uint8
	}
	p, err := planSteps(a, x, scale, zero)
	if err != nil {
		return err
	}
	values := load(x)
	for i := range values {
		values[i] = float64(float32(values[i]) / float32(p.scaleOf(i)))
	}
	if err := reset(z, to, x.Shape...); err != nil {
		return err
	}
	if to.IsFloat() {
		for i, v := range values {
			z.SetSmallFloat(i, float32(v+p.zeroOf(i)), a.Saturate)
		}
		return nil
	}
	least, most := limitsOf(to)
	for i, v := range values {
		z.SetInt(i, int64(saturateTo(math.RoundToEven(v)+p.zeroOf(i), least, most)))
	}
	return nil
}

// DequantizeLinear is scale·(x − zero).
func DequantizeLinear(z *tensor.Tensor, a *attr.Quantize, x, scale, zero *tensor.Tensor) error {
	to := scale.DType
	if a.OutDType != tensor.Invalid {
		to = a.OutDType
	}
	p, err := planSteps(a, x, scale, zero)
	if err != nil {
		return err
	}
	values := load(x)
	for i, v := range values {
		values[i] = float64(float32(v-p.zeroOf(i)) * float32(p.scaleOf(i)))
	}
	if err := reset(z, to, x.Shape...); err != nil {
		return err
	}
	store(z, values)
	return nil
}

// stepsPlan says which scale and zero point an element has.
type stepsPlan struct {
	scale, zero []float64 // zero: nil for 0
	// An element's index is that along the axis, divided by block, in rows of inner, of
	// which there are as many as blocks for each index of the axes before.
	size, inner, block, blocks int
	perInner                   bool // each index of the axes after has its own
}

func planSteps(a *attr.Quantize, x, scale, zero *tensor.Tensor) (*stepsPlan, error) {
	p := &stepsPlan{scale: load(scale), size: 1, inner: 1, block: 1, blocks: 1}
	if zero != nil {
		if !tensor.SameShape(zero.Shape, scale.Shape) {
			return nil, fmt.Errorf("the zero point is %s, the scale %s", zero, scale)
		}
		p.zero = load(zero)
	}
	if a.BlockSize == 0 && scale.Len() == 1 && scale.Rank() <= 1 {
		return p, nil
	}
	axis := a.Axis
	if axis < 0 {
		axis += x.Rank()
	}
	if axis < 0 || axis >= x.Rank() {
		return nil, fmt.Errorf("%s has no axis %d", x, a.Axis)
	}
	p.size = x.Shape[axis]
	for _, n := range x.Shape[axis+1:] {
		p.inner *= n
	}
	if a.BlockSize > 0 {
		p.block, p.perInner = a.BlockSize, true
	}
	p.blocks = (p.size + p.block - 1) / p.block
	want := []int{p.size}
	if p.perInner {
		want = append([]int{}, x.Shape...)
		want[axis] = p.blocks
	}
	if !tensor.SameShape(scale.Shape, want) {
		return nil, fmt.Errorf("the scale is %s, want %s for %s", scale, tensor.ShapeString(want), x)
	}
	return p, nil
}

// at is the position of element i's scale.
func (p *stepsPlan) at(i int) int {
	along := i / p.inner % p.size / p.block
	if !p.perInner {
		return along
	}
	return (i/(p.inner*p.size)*p.blocks+along)*p.inner + i%p.inner
}

func (p *stepsPlan) scaleOf(i int) float64 { return p.scale[p.at(i)] }

func (p *stepsPlan) zeroOf(i int) float64 {
	if p.zero == nil {
		return 0
	}
	return p.zero[p.at(i)]
}

// limitsOf are the least and the most of an integer type.
func limitsOf(d tensor.DType) (least, most float64) {
	if !d.IsSigned() {
		return 0, math.Ldexp(1, d.Bits()) - 1
	}
	return -math.Ldexp(1, d.Bits()-1), math.Ldexp(1, d.Bits()-1) - 1
}

// saturateTo is v within limits; NaN gives the least.
func saturateTo(v, least, most float64) float64 {
	if v >= most {
		return most
	}
	if v > least {
		return v
	}
	return least
}

// DynamicQuantizeLinear gives x in steps of a scale that what lies between its least
// element, or 0, and its greatest, or 0, just fits in: of 255 steps, counted from the
// zero point. All of it is computed in f32.
func DynamicQuantizeLinear(z, scale, zero, x *tensor.Tensor) error {
	if x.DType != tensor.Float32 {
		return fmt.Errorf("elements of type %s, want f32", x.DType)
	}
	least, most := float32(0), float32(0)
	for _, v := range tensor.Data[float32](x) {
		least, most = min(least, v), max(most, v)
	}
	step := (most - least) / 255
	origin := float32(0)
	if step != 0 {
		origin = float32(saturateTo(math.RoundToEven(float64(-least/step)), 0, 255))
	}
	s, o := tensor.Scalar(step), tensor.Scalar(uint8(origin))
	if err := QuantizeLinear(z, &attr.Quantize{}, x, s, o); err != nil {
		return err
	}
	for _, c := range []struct{ to, from *tensor.Tensor }{{scale, s}, {zero, o}} {
		if c.to == nil {
			continue
		}
		if err := Identity(c.to, c.from); err != nil {
			return err
		}
	}
	return nil
}

// MatMulInteger is the matrix product of steps less their zero points, in i32, which
// wraps: those of x are one or one for each row, those of y one or one for each column.
func MatMulInteger(z, x, y, zeroX, zeroY *tensor.Tensor) error {
	a, err := centred(x, zeroX, 2)
	if err != nil {
		return fmt.Errorf("operand 0: %w", err)
	}
	b, err := centred(y, zeroY, 1)
	if err != nil {
		return fmt.Errorf("operand 1: %w", err)
	}
	return MatMul(z, a, b)
}

// centred is x in i32 less its zero points, which are along the axis that is so many
// from the end if there are more than one.
func centred(x, zero *tensor.Tensor, fromEnd int) (*tensor.Tensor, error) {
	wide := &tensor.Tensor{}
	if err := Cast(wide, &attr.Cast{To: tensor.Int32}, x); err != nil || zero == nil {
		return wide, err
	}
	origin := &tensor.Tensor{}
	if err := Cast(origin, &attr.Cast{To: tensor.Int32}, zero); err != nil {
		return nil, err
	}
	if origin.Rank() == 1 && origin.Len() > 1 && fromEnd == 2 {
		origin.Shape = []int{origin.Len(), 1}
	}
	out := &tensor.Tensor{}
	if err := Sub(out, wide, origin); err != nil {
		return nil, err
	}
	if !tensor.SameShape(out.Shape, x.Shape) {
		return nil, fmt.Errorf("zero points %s of %s", zero, x)
	}
	return out, nil
}
