package ref

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

// wantReal checks that the elements are floats or integers.
func wantReal(t *tensor.Tensor) error {
	if t.DType.IsFloat() || t.DType.IsInt() {
		return nil
	}
	return fmt.Errorf("elements of type %s, want numbers", t.DType)
}

// load returns the elements of a tensor of real numbers or booleans as f64.
func load(t *tensor.Tensor) []float64 {
	if isHalf(t.DType) {
		t = tensor.Of(t.Shape, widen(t))
	}
	if k, ok := arithmetic[t.DType]; ok {
		return k.toFloat(t)
	}
	x := make([]float64, t.Len())
	for i := range x {
		x[i] = t.FloatAt(i)
	}
	return x
}

// store writes x to z, which has its type and shape already. Conversions to an
// integer truncate and saturate at 32 or 64 bits, of which narrower integers keep
// the low ones, as machines do; NaN gives 0. 16-bit floats are rounded to f32
// first, the type that their operators compute in.
func store(z *tensor.Tensor, x []float64) {
	if k, ok := arithmetic[z.DType]; ok {
		k.fromFloat(z, x)
		return
	}
	if isHalf(z.DType) {
		wide := make([]float32, len(x))
		for i, v := range x {
			wide[i] = float32(v)
		}
		roundTo(z, wide)
		return
	}
	for i, v := range x {
		if z.DType.IsInt() {
			z.SetInt(i, int64(toInt32(v)))
		} else {
			z.SetFloat(i, v)
		}
	}
}

func toInt32(v float64) int32 { return saturate(v, int32(math.MinInt32), math.MaxInt32) }

// loadAll loads operands of real numbers; those left out give nil.
func loadAll(in ...*tensor.Tensor) ([][]float64, error) {
	all := make([][]float64, len(in))
	for i, t := range in {
		if t == nil {
			continue
		}
		if err := wantReal(t); err != nil {
			return nil, fmt.Errorf("operand %d: %w", i, err)
		}
		all[i] = load(t)
	}
	return all, nil
}

func (numbers[T, A]) toFloat(x *tensor.Tensor) []float64 {
	out := make([]float64, x.Len())
	for i, v := range tensor.Data[T](x) {
		out[i] = float64(v)
	}
	return out
}

func (numbers[T, A]) fromFloat(z *tensor.Tensor, x []float64) {
	zs := tensor.Data[T](z)
	if isFloat[T]() {
		for i, v := range x {
			zs[i] = T(v)
		}
		return
	}
	lo, hi := limits[T]()
	narrow := z.DType.Bits() < 32
	for i, v := range x {
		if narrow {
			zs[i] = T(toInt32(v))
		} else {
			zs[i] = saturate(v, lo, hi)
		}
	}
}

// limits returns the least and the greatest value of an integer type.
func limits[T number]() (lo, hi T) {
	var zero T
	if ones := zero - 1; ones > 0 { // unsigned
		return 0, ones
	}
	hi = 1
	for hi*2+1 > hi {
		hi = hi*2 + 1
	}
	return -hi - 1, hi
}

// saturate truncates v towards zero into [lo, hi], the limits of T.
func saturate[T number](v float64, lo, hi T) T {
	switch {
	case v != v:
		return 0
	case v <= float64(lo):
		return lo
	case v >= float64(hi):
		return hi
	}
	return T(v)
}

func (numbers[T, A]) toInt(x *tensor.Tensor) []int64 {
	out := make([]int64, x.Len())
	for i, v := range tensor.Data[T](x) {
		out[i] = int64(v)
	}
	return out
}

func (numbers[T, A]) fromInt(z *tensor.Tensor, x []int64) {
	zs := tensor.Data[T](z)
	for i, v := range x {
		zs[i] = T(v)
	}
}
