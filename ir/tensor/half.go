package tensor

import "math"

// Half is an IEEE 754 binary16 bit pattern (DType Float16).
type Half uint16

// Brain is a bfloat16 bit pattern (DType BFloat16): the high half of a float32.
type Brain uint16

// Float32 widens h; exact.
func (h Half) Float32() float32 {
	sign := uint32(h&0x8000) << 16
	exp := uint32(h>>10) & 0x1f
	frac := uint32(h) & 0x3ff
	switch {
	case exp == 0x1f: // infinity, NaN (payload kept)
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	case exp != 0:
		return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
	case frac == 0:
		return math.Float32frombits(sign)
	}
	f := float32(frac) * (1.0 / (1 << 24)) // subnormal: frac·2^-24
	return math.Float32frombits(sign | math.Float32bits(f))
}

// HalfOf rounds to nearest, ties to even; overflow gives an infinity.
func HalfOf(f float32) Half {
	b := math.Float32bits(f)
	sign := Half(b>>16) & 0x8000
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // NaN: quiet, upper payload kept
		return sign | 0x7e00 | Half(b>>13)&0x3ff
	case b >= 0x477ff000: // 65520 and above round to infinity
		return sign | 0x7c00
	case b >= 0x38800000: // normal
		b += 0xfff + (b>>13)&1
		return sign | Half((b-0x38000000)>>13)
	case b < 0x33000000: // below half of the least subnormal
		return sign
	}
	shift := 126 - b>>23 // 14..24
	m := b&0x7fffff | 0x800000
	q := m >> shift
	rest, half := m&(1<<shift-1), uint32(1)<<(shift-1)
	if rest > half || rest == half && q&1 == 1 {
		q++
	}
	return sign | Half(q)
}

// Float32 widens b; exact.
func (b Brain) Float32() float32 { return math.Float32frombits(uint32(b) << 16) }

// BrainOf rounds to nearest, ties to even.
func BrainOf(f float32) Brain {
	b := math.Float32bits(f)
	if b&0x7fffffff > 0x7f800000 {
		return Brain(b>>16) | 0x40
	}
	return Brain((b + 0x7fff + b>>16&1) >> 16)
}
