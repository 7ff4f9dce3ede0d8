package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Cast converts among f32, f16 and bf16, and between the types that conversions
// lists. Floats truncate towards zero and saturate in integers, NaN gives 0;
// everything but 0 is true.
func Cast(c *Ctx, z *tensor.Tensor, a *attr.Cast, x *tensor.Tensor) error {
	if isFloat(x.DType) && isFloat(a.To) {
		z.Reset(a.To, x.Shape...)
		v := &c.convert
		*v = convert{c, floatsOf(z), floatsOf(x)}
		c.Pool.Do(x.Len(), c.cutFlat(x.Len(), costMove), v)
		return nil
	}
	run := conversions[[2]tensor.DType{x.DType, a.To}]
	if run == nil {
		return fmt.Errorf("Cast: from %s to %s", x, a.To)
	}
	z.Reset(a.To, x.Shape...)
	v := &c.recast
	*v = recast{z, x, run}
	c.Pool.Do(x.Len(), c.cutFlat(x.Len(), costScalar), v)
	return nil
}

// CanCast reports whether Cast takes those types.
func CanCast(from, to tensor.DType) bool {
	return isFloat(from) && isFloat(to) || conversions[[2]tensor.DType{from, to}] != nil
}

// convert is Cast among the floats of kernels, in tasks of flat ranges.
type convert struct {
	ctx  *Ctx
	z, x floats
}

// Do converts the elements lo ≤ i < hi.
func (v *convert) Do(lo, hi int) {
	switch {
	case v.x.f32 != nil:
		v.z.store(lo, v.x.f32[lo:hi])
		return
	case v.z.f32 != nil:
		v.x.gather(v.z.f32[lo:], 1, lo, 1, hi-lo)
		return
	}
	buf := v.ctx.take(piece)
	for ; lo < hi; lo += piece {
		v.z.store(lo, v.x.load(buf, lo, min(piece, hi-lo)))
	}
	v.ctx.put(buf)
}

// recast is Cast among other types, in tasks of flat ranges.
type recast struct {
	z, x *tensor.Tensor
	run  func(z, x *tensor.Tensor, lo, hi int)
}

// Do converts the elements lo ≤ i < hi.
func (v *recast) Do(lo, hi int) { v.run(v.z, v.x, lo, hi) }

// by applies a conversion to a range.
func by[Z, X tensor.Native](f func(X) Z) func(z, x *tensor.Tensor, lo, hi int) {
	return func(z, x *tensor.Tensor, lo, hi int) {
		to := tensor.Data[Z](z)[lo:hi]
		for i, v := range tensor.Data[X](x)[lo:hi] {
			to[i] = f(v)
		}
	}
}

type number interface {
	int8 | uint8 | int32 | int64 | float32 | float64
}

func plainly[Z, X number](x X) Z { return Z(x) }

func isTrue[X number](x X) bool { return x != 0 }

func ofBool[Z number](x bool) Z {
	if x {
		return 1
	}
	return 0
}

// truncated is x without its fraction, at most the limits of the type.
func truncated[Z int32 | int64, X float32 | float64](x X) Z {
	lo, hi := int64(math.MinInt64), int64(math.MaxInt64)
	if int64(Z(hi)) != hi {
		lo, hi = math.MinInt32, math.MaxInt32
	}
	switch v := float64(x); {
	case v != v:
		return 0
	case v <= float64(lo):
		return Z(lo)
	case v >= float64(hi):
		return Z(hi)
	default:
		return Z(v)
	}
}

// conversions are the functions by the types from and to.
var conversions = map[[2]tensor.DType]func(z, x *tensor.Tensor, lo, hi int){
	{tensor.Bool, tensor.Int32}:   by(ofBool[int32]),
	{tensor.Bool, tensor.Int64}:   by(ofBool[int64]),
	{tensor.Bool, tensor.Float32}: by(ofBool[float32]),
	{tensor.Bool, tensor.Float64}: by(ofBool[float64]),
	{tensor.Bool, tensor.Float16}: by(func(x bool) tensor.Half { return tensor.HalfOf(ofBool[float32](x)) }),
	{tensor.Bool, tensor.BFloat16}: by(func(x bool) tensor.Brain {
		return tensor.BrainOf(ofBool[float32](x))
	}),

	{tensor.Int8, tensor.Float32}:  by(plainly[float32, int8]),
	{tensor.Uint8, tensor.Float32}: by(plainly[float32, uint8]),
	{tensor.Int8, tensor.Float16}:  by(func(x int8) tensor.Half { return tensor.HalfOf(float32(x)) }),
	{tensor.Uint8, tensor.Float16}: by(func(x uint8) tensor.Half { return tensor.HalfOf(float32(x)) }),

	{tensor.Int32, tensor.Bool}:     by(isTrue[int32]),
	{tensor.Int32, tensor.Int64}:    by(plainly[int64, int32]),
	{tensor.Int32, tensor.Float32}:  by(plainly[float32, int32]),
	{tensor.Int32, tensor.Float64}:  by(plainly[float64, int32]),
	{tensor.Int64, tensor.Bool}:     by(isTrue[int64]),
	{tensor.Int64, tensor.Int32}:    by(plainly[int32, int64]),
	{tensor.Int64, tensor.Float32}:  by(plainly[float32, int64]),
	{tensor.Int64, tensor.Float64}:  by(plainly[float64, int64]),
	{tensor.Int64, tensor.Float16}:  by(func(x int64) tensor.Half { return tensor.HalfOf(float32(x)) }),
	{tensor.Int64, tensor.BFloat16}: by(func(x int64) tensor.Brain { return tensor.BrainOf(float32(x)) }),

	{tensor.Float32, tensor.Bool}:    by(isTrue[float32]),
	{tensor.Float32, tensor.Int32}:   by(truncated[int32, float32]),
	{tensor.Float32, tensor.Int64}:   by(truncated[int64, float32]),
	{tensor.Float32, tensor.Float64}: by(plainly[float64, float32]),
	{tensor.Float64, tensor.Float32}: by(plainly[float32, float64]),
	{tensor.Float64, tensor.Int64}:   by(truncated[int64, float64]),

	{tensor.Float16, tensor.Bool}:   by(func(x tensor.Half) bool { return isTrue(x.Float32()) }),
	{tensor.Float16, tensor.Int64}:  by(func(x tensor.Half) int64 { return truncated[int64](x.Float32()) }),
	{tensor.BFloat16, tensor.Bool}:  by(func(x tensor.Brain) bool { return isTrue(x.Float32()) }),
	{tensor.BFloat16, tensor.Int64}: by(func(x tensor.Brain) int64 { return truncated[int64](x.Float32()) }),
}
