package simd

import (
	"math"
	"unsafe"
)

// What the plain form of a kernel is made of: one lane, and memory as a base and
// an offset in bytes.

func load32(p unsafe.Pointer, at int) float32 { return *(*float32)(unsafe.Add(p, at)) }

func store32(p unsafe.Pointer, at int, x float32) { *(*float32)(unsafe.Add(p, at)) = x }

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

func toInt32(x float32) float32             { return ofBits(uint32(int32(x))) }
func addInt32(x, y float32) float32         { return ofBits(bits(x) + bits(y)) }
func subInt32(x, y float32) float32         { return ofBits(bits(x) - bits(y)) }
func shiftLeft32(x float32, n int) float32  { return ofBits(bits(x) << n) }
func shiftRight32(x float32, n int) float32 { return ofBits(uint32(int32(bits(x)) >> n)) }
func choose32(m bool, x, y float32) float32 {
	if m {
		return x
	}
	return y
}
