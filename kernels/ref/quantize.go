package ref

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// QuantizeLinear gives x in steps of scale, rounded to the nearest, ties to even, and
// counted from the zero point, which is added after rounding; what lies beyond its type
// saturates. The division is one of the type that the attribute names, else of the
// scale's, as ONNX has it; ONNX Runtime divides f16 in f32.
func QuantizeLinear(z *tensor.Tensor, a *attr.Quantize, x, scale, zero *tensor.Tensor) error {
	to := a.ResultType(zero)
	if err := checkQuantize(a, to, x, scale); err != nil {
		return err
	}
	p, err := planSteps(a, x, scale, zero)
	if err != nil {
		return err
	}
	values := p.divide(load(x), divisionType(a, scale))
	if err := reset(z, to, x.Shape...); err != nil {
		return err
	}
	if to.IsFloat() {
		p.each(len(values), func(i, at int) { setSmall(z, i, values[i]+p.zeroAt(at), a.Saturate) })
		return nil
	}
	least, most := limitsOf(to)
	p.each(len(values), func(i, at int) {
		z.SetInt(i, int64(saturateTo(math.RoundToEven(values[i])+p.zeroAt(at), least, most)))
	})
	return nil
}

func checkQuantize(a *attr.Quantize, to tensor.DType, x, scale *tensor.Tensor) error {
	switch {
	case !isReal(x.DType) && x.DType != tensor.Int32:
		return fmt.Errorf("x is %s, want elements of f32, f16, bf16 or i32", x)
	case !isScale(scale.DType) && scale.DType != tensor.Int32:
		return fmt.Errorf("the scale is %s, want elements of f32, f16, bf16, f8e8m0 or i32", scale)
	case !isSteps(to):
		return fmt.Errorf("quantised to %s", to)
	case a.Precision != tensor.Invalid && !isReal(a.Precision):
		return fmt.Errorf("precision %s, want f32, f16 or bf16", a.Precision)
	}
	return nil
}

// divisionType is the type that QuantizeLinear divides in: f32 if scales are integers or
// mere powers of two.
func divisionType(a *attr.Quantize, scale *tensor.Tensor) tensor.DType {
	switch {
	case a.Precision != tensor.Invalid:
		return a.Precision
	case isReal(scale.DType):
		return scale.DType
	}
	return tensor.Float32
}

// divide gives values in steps, all of it in type d.
func (p *stepsPlan) divide(values []float64, d tensor.DType) []float64 {
	values, p.scale = allRounded(values, d), allRounded(p.scale, d)
	p.each(len(values), func(i, at int) { values[i] /= p.scale[at] })
	return allRounded(values, d)
}

// allRounded is x rounded to a float type.
func allRounded(x []float64, d tensor.DType) []float64 {
	t := tensor.New(d, len(x))
	for i, v := range x {
		t.SetFloat(i, v)
	}
	return load(t)
}

// DequantizeLinear is scale·(x − zero), of which the difference and the product are
// rounded to f32, and then to the result's type if that is narrower: so do ONNX's own
// implementation and ONNX Runtime, where the text has the product in the result's type.
func DequantizeLinear(z *tensor.Tensor, a *attr.Quantize, x, scale, zero *tensor.Tensor) error {
	to := scale.DType
	if a.OutDType != tensor.Invalid {
		to = a.OutDType
	}
	switch {
	case !isSteps(x.DType) && x.DType != tensor.Int32:
		return fmt.Errorf("x is %s, want steps of at most 16 bits, or i32", x)
	case !isScale(scale.DType):
		return fmt.Errorf("the scale is %s, want elements of f32, f16, bf16 or f8e8m0", scale)
	case !isReal(to):
		return fmt.Errorf("dequantised to %s", to)
	case zero != nil && zero.DType != x.DType:
		return fmt.Errorf("the zero point is %s, x %s", zero, x)
	}
	p, err := planSteps(a, x, scale, zero)
	if err != nil {
		return err
	}
	values := load(x)
	p.each(len(values), func(i, at int) {
		values[i] = float64(float32(values[i]-p.zeroAt(at)) * float32(p.scale[at]))
	})
	if err := reset(z, to, x.Shape...); err != nil {
		return err
	}
	store(z, values)
	return nil
}

// isReal is of the types of numbers that are quantised.
func isReal(d tensor.DType) bool { return d == tensor.Float32 || isHalf(d) }

func isScale(d tensor.DType) bool { return isReal(d) || d == tensor.Float8E8M0 }

// isSteps is of the types that are quantised to.
func isSteps(d tensor.DType) bool {
	return d.IsInt() && d.Bits() <= 16 || d.IsFloat() && d.Bits() <= 8 && d != tensor.Float8E8M0
}

// stepsPlan says which scale and zero point an element has: all along the axis, or one
// for each block there, have their own. In blocks the axes around it do, too.
type stepsPlan struct {
	scale, zero       []float64 // zero: nil for 0
	size, block       int       // of the axis
	inner             int       // how many elements the axes after it have
	outer, row, along int       // strides of the scales: axes before, blocks, axes after
}

func planSteps(a *attr.Quantize, x, scale, zero *tensor.Tensor) (*stepsPlan, error) {
	p := &stepsPlan{scale: load(scale), size: 1, block: 1, inner: x.Len()}
	if zero != nil {
		if !tensor.SameShape(zero.Shape, scale.Shape) && !(isSingle(zero) && isSingle(scale)) {
			return nil, fmt.Errorf("the zero point is %s, the scale %s", zero, scale)
		}
		p.zero = load(zero)
	}
	if a.BlockSize < 0 {
		return nil, fmt.Errorf("block_size %d is negative", a.BlockSize)
	}
	if a.BlockSize == 0 && isSingle(scale) {
		return p, nil
	}
	axis := a.Axis
	if axis < 0 {
		axis += x.Rank()
	}
	if axis < 0 || axis >= x.Rank() {
		return nil, fmt.Errorf("%s has no axis %d", x, a.Axis)
	}
	p.size, p.row, p.inner = x.Shape[axis], 1, product(x.Shape[axis+1:])
	want := []int{p.size}
	if a.BlockSize > 0 {
		blocks := ceilDiv(p.size, a.BlockSize)
		p.block, p.outer, p.row, p.along = a.BlockSize, blocks*p.inner, p.inner, 1
		want = append([]int{}, x.Shape...)
		want[axis] = blocks
	}
	if !tensor.SameShape(scale.Shape, want) {
		return nil, fmt.Errorf("the scale is %s, want %s for %s", scale, tensor.ShapeString(want), x)
	}
	return p, nil
}

// isSingle reports whether t is one number, which some write as a vector.
func isSingle(t *tensor.Tensor) bool { return t.Rank() <= 1 && t.Len() == 1 }

// each calls f for each of n elements with the place of its scale.
func (p *stepsPlan) each(n int, f func(i, at int)) {
	origin, k := 0, 0 // k: the index along the axis
	for i := 0; i < n; i += p.inner {
		at := origin + k/p.block*p.row
		for j := range p.inner {
			f(i+j, at+j*p.along)
		}
		if k++; k == p.size {
			k, origin = 0, origin+p.outer
		}
	}
}

func (p *stepsPlan) zeroAt(at int) float64 {
	if p.zero == nil {
		return 0
	}
	return p.zero[at]
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
// zero point. All of it is computed in f32. Of zeros alone the scale is 1, as ONNX Runtime
// has it: by ONNX's formula it would be 0, and the steps 0/0.
func DynamicQuantizeLinear(z, scale, zero, x *tensor.Tensor) error {
	if x.DType != tensor.Float32 {
		return fmt.Errorf("elements of type %s, want f32", x.DType)
	}
	least, most := float32(0), float32(0)
	for _, v := range tensor.Data[float32](x) {
		least, most = min(least, v), max(most, v)
	}
	step := (most - least) / 255
	if most == least {
		step = 1
	}
	origin := saturateTo(math.RoundToEven(float64(-least/step)), 0, 255)
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
