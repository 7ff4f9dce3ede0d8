package cpu

import (
	"bytes"
	"slices"
	"sync/atomic"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// Files often hold weights in f32 that were trained and kept in bf16 or f16, so that
// half of their bits say nothing. Packed in 16 bits they are the same numbers, take
// half of the memory, and half as long to read, which is most of what a product of
// few rows does. What reads them widens them: no bit of a result changes.

const (
	// leastExact is from how many elements on a weight is looked at: smaller ones stay
	// in a cache.
	leastExact = 1 << 15
	// exactRun is how many elements are looked at together.
	exactRun = 1 << 10
)

// exactType is the type to pack [k, n] of m in: one of 16 bits if all elements are
// numbers of it, and that of m otherwise.
func (m matrix) exactType(pool *par.Pool, d tensor.DType, k, n int) tensor.DType {
	if d != tensor.Float32 || k*n < leastExact {
		return d
	}
	for _, narrow := range []tensor.DType{tensor.BFloat16, tensor.Float16} {
		if m.isExact(pool, narrow, k, n) {
			return narrow
		}
	}
	return d
}

// isExact reports whether all elements of [k, n] of m are numbers of type d. Most
// weights are seen not to be at their first elements.
func (m matrix) isExact(pool *par.Pool, d tensor.DType, k, n int) bool {
	runs, length, pitch := k, n, m.row
	if m.col != 1 {
		runs, length, pitch = n, k, m.col
	}
	run := func(i int) []float32 { return m.data.f32[m.offset+i*pitch:][:length] }
	if !sameIn(d, run(0)[:min(length, 64)]) {
		return false
	}
	var differs atomic.Bool
	pool.Run(runs, cut(pool, runs, costPack*float64(length)), func(lo, hi int) {
		for i := lo; i < hi && !differs.Load(); i++ {
			if !sameIn(d, run(i)) {
				differs.Store(true)
			}
		}
	})
	return !differs.Load()
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
