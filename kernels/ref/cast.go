package ref

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Cast converts to another element type. Floats truncate towards zero; they
// saturate in integers of 32 and 64 bits, and narrower ones keep the low bits of
// that. Integers wrap; booleans are 0 and 1, and everything but
// 0 is true; strings are spelled as decimal numbers.
func Cast(z *tensor.Tensor, a *attr.Cast, x *tensor.Tensor) error {
	from, to := x.DType, a.To
	switch {
	case !to.Valid() || to.IsComplex() != from.IsComplex():
		return fmt.Errorf("conversion of %s to %s", from, to)
	case from == to:
		return Identity(z, x)
	case from == tensor.String:
		return parseStrings(z, to, x)
	}
	z.Reset(to, x.Shape...)
	switch {
	case to == tensor.String:
		formatStrings(z, x)
	case to == tensor.Complex64:
		for i, v := range tensor.Data[complex128](x) {
			tensor.Data[complex64](z)[i] = complex64(v)
		}
	case to == tensor.Complex128:
		for i, v := range tensor.Data[complex64](x) {
			tensor.Data[complex128](z)[i] = complex128(v)
		}
	case to == tensor.Bool:
		castBool(z, x)
	case to.IsFloat() && to.Bits() <= 8:
		castSmall(z, x, a.Saturate)
	case from == tensor.Float64 && isHalf(to):
		for i, v := range tensor.Data[float64](x) {
			z.SetFloat(i, v) // one rounding, which store has two of
		}
	case from.IsFloat() || from == tensor.Uint64 && to.IsFloat():
		store(z, load(x))
	default:
		storeInts(z, loadInts(x))
	}
	return nil
}

func castBool(z, x *tensor.Tensor) {
	to := tensor.Data[bool](z)
	for i, v := range load(x) {
		to[i] = v != 0
	}
}

func castSmall(z, x *tensor.Tensor, saturate bool) {
	for i, v := range load(x) {
		setSmall(z, i, v, saturate)
	}
}

func setSmall(z *tensor.Tensor, i int, v float64, saturate bool) {
	if v != v && z.DType == tensor.Float4E2M1 {
		// There is no NaN; ml_dtypes, which ONNX's tests are made with, gives −0.
		v = math.Copysign(0, -1)
	}
	z.SetSmallFloat(i, float32(v), saturate)
}
