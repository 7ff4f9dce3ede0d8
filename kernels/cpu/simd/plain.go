package simd

import (
	"math"
	"unsafe"
)

// What the plain form of a kernel is made of: one lane, and memory as a base and
// an offset in bytes.

func load32(p unsafe.Pointer, at int) float32 { return *(*float32)(unsafe.Add(p, at)) }

func store32(p unsafe.Pointer, at int, x float32) { *(*float32)(unsafe.Add(p, at)) = x }

func loadInt(p unsafe.Pointer, at int) int { return int(*(*int32)(unsafe.Add(p, at))) }

func loadPointer(p unsafe.Pointer, at int) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Add(p, at))
}

// max32 is y where either is NaN, as on amd64; so is min32.
func max32(x, y float32) float32 {
	if x > y {
		return x
	}
	return y
}

func min32(x, y float32) float32 {
	if x < y {
		return x
	}
	return y
}

// fnma32 is z − x·y, in f64 until the last: there a product of two f32 is exact.
func fnma32(z, x, y float32) float32 { return float32(float64(z) - float64(x)*float64(y)) }

func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }

func bits(x float32) uint32         { return math.Float32bits(x) }
func ofBits(x uint32) float32       { return math.Float32frombits(x) }
func and32(x, y float32) float32    { return ofBits(bits(x) & bits(y)) }
func or32(x, y float32) float32     { return ofBits(bits(x) | bits(y)) }
func xor32(x, y float32) float32    { return ofBits(bits(x) ^ bits(y)) }
func andNot32(x, y float32) float32 { return ofBits(^bits(x) & bits(y)) }

// round32 rounds to the nearest integer, ties to even, for |x| < 2²².
func round32(x float32) float32 {
	const big = 3 << 22
	return (x + big) - big
}

// The lanes of integer operations are integers in the bits of a float32.

// mulWords is the sum of the products of the halves, which have a sign.
func mulWords(x, y float32) float32 {
	a, b := bits(x), bits(y)
	return ofBits(uint32(int32(int16(a))*int32(int16(b)) + int32(a)>>16*(int32(b)>>16)))
}

func fromInt32(x float32) float32 { return float32(int32(math.Float32bits(x))) }

func toInt32(x float32) float32             { return ofBits(uint32(int32(x))) }
func addInt32(x, y float32) float32         { return ofBits(bits(x) + bits(y)) }
func subInt32(x, y float32) float32         { return ofBits(bits(x) - bits(y)) }
func mulInt32(x, y float32) float32         { return ofBits(bits(x) * bits(y)) }
func shiftLeft32(x float32, n int) float32  { return ofBits(bits(x) << n) }
func shiftRight32(x float32, n int) float32 { return ofBits(uint32(int32(bits(x)) >> n)) }

// unordered reports whether either is NaN.
func unordered(x, y float32) bool { return x != x || y != y }

func choose32(m bool, x, y float32) float32 {
	if m {
		return x
	}
	return y
}

// Narrow elements. A lane that is packed holds 16 bits in the lower half of its
// own.

func load16(p unsafe.Pointer, at int) uint32 { return uint32(*(*uint16)(unsafe.Add(p, at))) }

func loadByte(p unsafe.Pointer, at int) float32 { return ofBits(uint32(*(*uint8)(unsafe.Add(p, at)))) }

func loadBrain(p unsafe.Pointer, at int) float32 { return ofBits(load16(p, at) << 16) }

func store16(p unsafe.Pointer, at int, x float32) { *(*uint16)(unsafe.Add(p, at)) = uint16(bits(x)) }

// loadHalf widens a float16: its magnitude in the place of an f32's has an exponent
// that is too low by 112, subnormal numbers included.
func loadHalf(p unsafe.Pointer, at int) float32 {
	h := load16(p, at)
	sign, magnitude := h&0x8000<<16, h&0x7fff<<13
	if magnitude >= 0x1f<<23 { // infinite, or NaN, which becomes quiet
		quiet := uint32(0)
		if magnitude > 0x1f<<23 {
			quiet = 1 << 22
		}
		return ofBits(sign | 0x7f800000 | magnitude | quiet)
	}
	return ofBits(sign | bits(ofBits(magnitude)*0x1p112))
}

// packHalf rounds to the nearest float16, ties to even.
func packHalf(x float32) float32 {
	sign, magnitude := bits(x)>>16&0x8000, bits(x)&0x7fffffff
	switch {
	case magnitude > 0x7f800000: // NaN becomes quiet
		return ofBits(sign | 0x7e00 | magnitude>>13&0x3ff)
	case magnitude >= 0x477ff000: // 65520 and above
		return ofBits(sign | 0x7c00)
	case magnitude < 0x38800000: // subnormal: ½ makes the last place worth 2⁻²⁴
		return ofBits(sign | bits(ofBits(magnitude)+0.5) - bits(0.5))
	}
	magnitude += 0xfff + magnitude>>13&1
	return ofBits(sign | (magnitude-0x38000000)>>13)
}

func packHigh(x float32) float32 { return ofBits(bits(x) >> 16) }
