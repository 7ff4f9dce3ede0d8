package cpu

import (
	"bytes"
	"slices"
	"sync/atomic"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
	"github.com/parallax-go/parallax/kernels/par"
)

// Files often hold weights in f32 that were trained and kept in bf16 or f16, so that
// half of their bits say nothing. Packed in 16 bits they are the same numbers, take
// half of the memory, and half as long to read, which is most of what a product of few
// rows does. What reads them widens them: no bit of a result changes.
//
// Of bf16, where the processor has tiles, they are packed as pairs: each product of a
// number of f32 with one of bf16 is three of bf16, which are exact. Sums are as exact as
// by multiply-adds, in another order, and several times as fast.

const (
	// leastExact is from how many elements on a weight is looked at: smaller ones stay
	// in a cache.
	leastExact = 1 << 15
	// exactRun is how many elements are looked at together.
	exactRun = 1 << 10
	// leastPaired is from which k on pairs pay, which fill k up.
	leastPaired = 64
)

// exactType is the type to pack [k, n] of m in: one of 16 bits if all elements are
// numbers of it, and that of m otherwise.
func (m matrix) exactType(pool *par.Pool, d tensor.DType, k, n int) tensor.DType {
	if d != tensor.Float32 || k*n < leastExact {
		return d
	}
	for _, c := range []struct {
		narrow tensor.DType
		has    func(x []float32) bool
	}{{tensor.BFloat16, brainAll}, {tensor.Float16, halfAll}} {
		has := func(at, length int) bool { return c.has(m.data.f32[at:][:length]) }
		// Most weights are seen not to be at their first elements.
		if has(m.offset, 1) && m.every(pool, k, n, has) {
			return c.narrow
		}
	}
	return d
}

// pairsExactly reports whether [k, n] of m, whose elements are numbers of bf16, is to be
// packed as pairs.
func (m matrix) pairsExactly(pool *par.Pool, k, n int) bool {
	p := simd.Active.Pairs()
	if p == nil || p.Thirds == nil || k < leastPaired || k*n < leastExact {
		return false
	}
	return m.data.brain == nil || m.every(pool, k, n, func(at, length int) bool { return finiteAll(m.data.brain[at:][:length]) })
}

// brainAll reports whether all of x are numbers of bf16, and none is NaN or infinite: the
// lower halves are zeros. Where the exponent is all ones, one more is carried into the
// sign. Four at a time take half as long.
func brainAll(x []float32) bool {
	const exponent, one = 0x7f800000, 0x00800000
	some, carried := uint32(0), uint32(0)
	bits := viewAs[uint32](x)
	for ; len(bits) >= 4; bits = bits[4:] {
		b := (*[4]uint32)(bits)
		some |= b[0] | b[1] | b[2] | b[3]
		carried |= (b[0]&exponent + one) | (b[1]&exponent + one) | (b[2]&exponent + one) | (b[3]&exponent + one)
	}
	for _, b := range bits {
		some |= b
		carried |= b&exponent + one
	}
	return some<<16 == 0 && carried>>31 == 0
}

// finiteAll reports whether none of x is NaN or infinite.
func finiteAll(x []tensor.Brain) bool {
	carried := tensor.Brain(0)
	for _, bits := range x {
		carried |= bits&0x7f80 + 0x0080
	}
	return carried>>15 == 0
}

// halfAll reports whether x has the same bits once it has been of f16.
func halfAll(x []float32) bool {
	var narrow [exactRun]uint16
	var wide [exactRun]float32
	for part := range slices.Chunk(x, exactRun) {
		n := len(part)
		vec.NarrowHalf(n, &narrow[0], &part[0])
		vec.WidenHalf(n, &wide[0], &narrow[0])
		if !bytes.Equal(viewAs[byte](wide[:n]), viewAs[byte](part)) {
			return false
		}
	}
	return true
}

// every reports whether f holds for all runs of [k, n] of m that are contiguous, from
// which element on and how long.
func (m matrix) every(pool *par.Pool, k, n int, f func(at, length int) bool) bool {
	runs, length, pitch := k, n, m.row
	if m.col != 1 {
		runs, length, pitch = n, k, m.col
	}
	var failed atomic.Bool
	pool.Run(runs, cut(pool, runs, costPack*float64(length)), func(lo, hi int) {
		for i := lo; i < hi && !failed.Load(); i++ {
			if !f(m.offset+i*pitch, length) {
				failed.Store(true)
			}
		}
	})
	return !failed.Load()
}

// packNarrowed lays [k, n] of m out in panels of 16 bits, rounded where it must be.
func (m matrix) packNarrowed(pool *par.Pool, to floats, k, n int) {
	eachPanel(pool, k, n, func(room panelRoom, j, width int) {
		scratch := room()
		m.columns(scratch, j, width, k, width)
		to.store(j*k, scratch[:k*width])
	})
}
