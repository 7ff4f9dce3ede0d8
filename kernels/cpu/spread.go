package cpu

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// spread walks operands that are broadcast against each other, at most as many
// as the longest program of Elementwise has. Axes
// that all operands step through alike are merged, so that the innermost runs
// are as long as can be.
type spread struct {
	shape   [maxRank]int // of the result, before merging
	full    int          // its rank
	rank    int
	sizes   [maxRank]int
	count   int // of the operands
	strides [spreadMost][maxRank]int
	total   int
}

const spreadMost = attr.MaxChainOperands

// bind finds the common shape.
func (s *spread) bind(operands ...*tensor.Tensor) error {
	*s = spread{total: 1, count: len(operands)}
	for _, t := range operands {
		s.full = max(s.full, t.Rank())
	}
	if s.full > maxRank {
		return fmt.Errorf("operands of rank %d, want at most %d", s.full, maxRank)
	}
	var strides [spreadMost][maxRank]int
	for i := 1; i <= s.full; i++ {
		size := 1
		for _, t := range operands {
			n, ok := broadcastSize(size, fromEnd(t.Shape, i))
			if !ok {
				return fmt.Errorf("operands %v don't broadcast", slices.Clone(operands)) // the list itself stays on the stack
			}
			size = n
		}
		s.shape[s.full-i] = size
		s.total *= size
	}
	for k, t := range operands {
		stride := 1
		for i := 1; i <= t.Rank(); i++ {
			if n := fromEnd(t.Shape, i); n != 1 {
				strides[k][s.full-i] = stride
				stride *= n
			}
		}
	}
	s.merge(&strides)
	return nil
}

// merge drops axes of size 1 and joins neighbours.
func (s *spread) merge(strides *[spreadMost][maxRank]int) {
	for axis := range s.full {
		n := s.shape[axis]
		if n == 1 {
			continue
		}
		last := s.rank - 1
		joins := last >= 0
		for k := range s.count {
			joins = joins && s.strides[k][last] == strides[k][axis]*n
		}
		if !joins {
			last, s.rank = s.rank, s.rank+1
			s.sizes[last] = 1
		}
		s.sizes[last] *= n
		for k := range s.count {
			s.strides[k][last] = strides[k][axis]
		}
	}
	if s.rank == 0 {
		s.rank, s.sizes[0] = 1, 1
	}
}

// each calls f for the runs of the innermost axis that cover lo ≤ i < hi: at is
// the first element, n their number, and off where the operands begin; within a
// run they step by inner.
func (s *spread) each(lo, hi int, f func(at, n int, off [spreadMost]int)) {
	last := s.rank - 1
	for lo < hi {
		in := lo % s.sizes[last]
		n := min(s.sizes[last]-in, hi-lo)
		var off [spreadMost]int
		rest := lo / s.sizes[last]
		for k := range s.count {
			off[k] = in * s.strides[k][last]
		}
		for axis := last - 1; axis >= 0 && rest > 0; axis-- {
			i := rest % s.sizes[axis]
			rest /= s.sizes[axis]
			for k := range s.count {
				off[k] += i * s.strides[k][axis]
			}
		}
		f(lo, n, off)
		lo += n
	}
}

// inner is operand k's step within a run: 0 or 1.
func (s *spread) inner(k int) int { return s.strides[k][s.rank-1] }
