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
	for _, narrow := range []tensor.DType{tensor.BFloat16, tensor.Float16} {
		same := func(at, length int) bool { return sameIn(narrow, m.data.f32[at:][:length]) }
		// Most weights are seen not to be at their first elements.
		if same(m.offset, 1) && m.every(pool, k, n, same) {
			return narrow
		}
	}
	return d
}

// pairsExactly reports whether [k, n] of m, whose elements are numbers of bf16, is to
// be packed as pairs.
func (m matrix) pairsExactly(pool *par.Pool, k, n int) bool {
	p := simd.Active.Pairs()
	return p != nil && p.Thirds != nil && k >= leastPaired && k*n >= leastExact && m.every(pool, k, n, func(at, length int) bool {
		var scratch [exactRun]float32
		for done := 0; done < length; done += exactRun {
			x := m.data.load(scratch[:], at+done, min(exactRun, length-done))
			var sum float32 // finite if all elements are, in weights that are any use
			vec.Sum(len(x), &sum, &x[0])
			if sum-sum != 0 {
				return false
			}
		}
		return true
	})
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

// sameIn reports whether x has the same bits once it has been of type d.
func sameIn(d tensor.DType, x []float32) bool {
	var narrow [exactRun]uint16
	var wide [exactRun]float32
	for part := range slices.Chunk(x, exactRun) {
		n := len(part)
		if d == tensor.BFloat16 {
			vec.NarrowBrain(n, &narrow[0], &part[0])
			vec.WidenBrain(n, &wide[0], &narrow[0])
		} else {
			vec.NarrowHalf(n, &narrow[0], &part[0])
			vec.WidenHalf(n, &wide[0], &narrow[0])
		}
		if !bytes.Equal(viewAs[byte](wide[:n]), viewAs[byte](part)) {
			return false
		}
	}
	return true
}

// packNarrowed lays the columns j0 … j1 of m, in f32, out in panels of 16 bits.
func (m matrix) packNarrowed(to floats, k, j0, j1 int) {
	panel := make([]float32, k*vec.Columns)
	for j := j0; j < j1; j += vec.Columns {
		width := min(vec.Columns, j1-j)
		part := m
		part.offset += j * m.col
		packPanels(panel, m.data.f32, part, k, 0, width)
		to.store(j*k, panel[:k*width])
	}
}
