package tensor

import (
	"fmt"
	"math"
)

// FloatAt reads element i of a numeric or bool tensor as float64. Complex and
// string tensors have no such reading: a broken invariant.
func (t *Tensor) FloatAt(i int) float64 {
	switch t.DType {
	case Float32:
		return float64(Data[float32](t)[i])
	case Float64:
		return Data[float64](t)[i]
	case Float16:
		return float64(Data[Half](t)[i].Float32())
	case BFloat16:
		return float64(Data[Brain](t)[i].Float32())
	case Uint64:
		return float64(Data[uint64](t)[i])
	case Float8E8M0:
		if t.data[i] == 0xff {
			return math.NaN()
		}
		return math.Ldexp(1, int(t.data[i])-127)
	case Float8E4M3FN, Float8E4M3FNUZ, Float8E5M2, Float8E5M2FNUZ:
		return float64(minifloats[t.DType].decode(t.data[i]))
	case Float4E2M1:
		return float64(minifloats[t.DType].decode(t.sub(i)))
	}
	return float64(t.IntAt(i))
}

// IntAt reads element i of an integer or bool tensor; floats are truncated
// towards zero. A uint64 above the range of int64 wraps.
func (t *Tensor) IntAt(i int) int64 {
	switch t.DType {
	case Int64:
		return Data[int64](t)[i]
	case Int32:
		return int64(Data[int32](t)[i])
	case Int16:
		return int64(Data[int16](t)[i])
	case Int8:
		return int64(Data[int8](t)[i])
	case Uint64:
		return int64(Data[uint64](t)[i])
	case Uint32:
		return int64(Data[uint32](t)[i])
	case Uint16:
		return int64(Data[uint16](t)[i])
	case Uint8, Bool:
		return int64(t.data[i])
	case Uint4, Uint2:
		return int64(t.sub(i))
	case Int4:
		return int64(int8(t.sub(i)<<4) >> 4)
	case Int2:
		return int64(int8(t.sub(i)<<6) >> 6)
	}
	if t.DType.IsFloat() {
		return int64(t.FloatAt(i))
	}
	panic(fmt.Sprintf("BUG: tensor: IntAt of %s", t.DType.Long()))
}

// SetFloat writes element i, rounding to nearest even for floats and
// truncating towards zero for integers.
func (t *Tensor) SetFloat(i int, v float64) {
	switch t.DType {
	case Float32:
		Data[float32](t)[i] = float32(v)
	case Float64:
		Data[float64](t)[i] = v
	case Float16:
		Data[Half](t)[i] = HalfOf(oddFloat32(v))
	case BFloat16:
		Data[Brain](t)[i] = BrainOf(oddFloat32(v))
	case Uint64:
		Data[uint64](t)[i] = uint64(v)
	case Float8E4M3FN, Float8E4M3FNUZ, Float8E5M2, Float8E5M2FNUZ, Float4E2M1, Float8E8M0:
		t.SetSmallFloat(i, oddFloat32(v), true)
	case Bool:
		t.data[i] = 0
		if v != 0 {
			t.data[i] = 1
		}
	default:
		t.SetInt(i, int64(v))
	}
}

// oddFloat32 rounds v to odd: what lies between two float32 becomes the one with
// an odd mantissa. Rounding that again to fewer bits gives what rounding v would
// (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
func oddFloat32(v float64) float32 {
	f := float32(v)
	back := float64(f)
	if back == v || v != v {
		return f
	}
	b := math.Float32bits(f)
	if math.Abs(back) > math.Abs(v) {
		b--
	}
	return math.Float32frombits(b | 1)
}

// SetSmallFloat writes element i of a float tensor of at most 8 bits; saturate
// chooses the largest value instead of infinity or NaN on overflow.
func (t *Tensor) SetSmallFloat(i int, v float32, saturate bool) {
	switch t.DType {
	case Float8E8M0:
		t.data[i] = e8m0(v, saturate)
	case Float4E2M1:
		t.setSub(i, minifloats[t.DType].encode(v, saturate))
	default:
		t.data[i] = minifloats[t.DType].encode(v, saturate)
	}
}

// e8m0 rounds |v| up to a power of two with the exponent biased by 127; NaN is
// 255 (OCP microscaling formats; ONNX's default round mode of Cast is "up").
func e8m0(v float32, saturate bool) uint8 {
	const largest, nan = 0xfe, 0xff
	if v != v {
		return nan
	}
	b := math.Float32bits(v) & 0x7fffffff
	e := b >> 23
	if exact := b == 1<<22 || b&0x7fffff == 0; !exact { // 1<<22 is 2^-127
		e++
	}
	switch {
	case e <= largest:
		return uint8(e)
	case saturate:
		return largest
	}
	return nan
}

// SetInt writes element i, wrapping like a Go conversion.
func (t *Tensor) SetInt(i int, v int64) {
	switch t.DType {
	case Int64:
		Data[int64](t)[i] = v
	case Int32:
		Data[int32](t)[i] = int32(v)
	case Int16:
		Data[int16](t)[i] = int16(v)
	case Int8:
		Data[int8](t)[i] = int8(v)
	case Uint64:
		Data[uint64](t)[i] = uint64(v)
	case Uint32:
		Data[uint32](t)[i] = uint32(v)
	case Uint16:
		Data[uint16](t)[i] = uint16(v)
	case Uint8:
		t.data[i] = uint8(v)
	case Bool:
		t.data[i] = 0
		if v != 0 {
			t.data[i] = 1
		}
	case Uint4, Int4, Uint2, Int2:
		t.setSub(i, uint8(v))
	default:
		if !t.DType.IsFloat() {
			panic(fmt.Sprintf("BUG: tensor: SetInt of %s", t.DType.Long()))
		}
		t.SetFloat(i, float64(v))
	}
}

// sub reads the bits of sub-byte element i.
func (t *Tensor) sub(i int) uint8 {
	b := t.DType.Bits()
	per := 8 / b
	return t.data[i/per] >> (i % per * b) & (1<<b - 1)
}

func (t *Tensor) setSub(i int, v uint8) {
	b := t.DType.Bits()
	per := 8 / b
	shift := i % per * b
	mask := uint8(1<<b-1) << shift
	t.data[i/per] = t.data[i/per]&^mask | v<<shift&mask
}

// IsFinite reports whether t, of numbers, has neither infinities nor NaN.
func (t *Tensor) IsFinite() bool {
	if t.DType != Float32 {
		for i := range t.Len() {
			if x := t.FloatAt(i); x-x != 0 {
				return false
			}
		}
		return true
	}
	for _, x := range Data[float32](t) {
		if x-x != 0 {
			return false
		}
	}
	return true
}
