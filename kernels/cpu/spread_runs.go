package cpu

// operandRuns is how the elements of one operand of a spread follow one another in the
// result: fewer axes than all operands step through alike, so that its runs are longer.
type operandRuns struct {
	rank           int
	sizes, strides [maxRank]int
}

func (s *spread) runsOf(k int) (r operandRuns) {
	for axis := range s.rank {
		n, stride := s.sizes[axis], s.strides[k][axis]
		if last := r.rank - 1; last >= 0 && r.strides[last] == n*stride {
			r.sizes[last] *= n
			r.strides[last] = stride
			continue
		}
		r.sizes[r.rank], r.strides[r.rank] = n, stride
		r.rank++
	}
	return r
}

// isWhole reports whether the operand has all elements of the result, in their order.
func (r *operandRuns) isWhole() bool { return r.rank == 1 && (r.strides[0] == 1 || r.sizes[0] == 1) }

// inner is the step from element to element of a run: 0 or 1.
func (r *operandRuns) inner() int { return r.strides[r.rank-1] }

// runGrid is some of the innermost runs: rows of n elements, those of the result from at on,
// those of the operand from from on, where rows are pitch apart.
type runGrid struct{ at, rows, n, from, pitch int }

// each calls f for grids that cover the n elements of the result from at on.
func (r *operandRuns) each(at, n int, f func(g runGrid)) {
	var index [maxRank]int
	last := r.rank - 1
	from := 0
	for axis, rest := last, at; axis >= 0 && rest > 0; axis-- {
		index[axis], rest = rest%r.sizes[axis], rest/r.sizes[axis]
		from += index[axis] * r.strides[axis]
	}
	for end := at + n; at < end; {
		g := runGrid{at: at, rows: 1, n: min(r.sizes[last]-index[last], end-at), from: from}
		if g.n == r.sizes[last] && last > 0 {
			g.rows, g.pitch = min((end-at)/g.n, r.sizes[last-1]-index[last-1]), r.strides[last-1]
		}
		f(g)
		at += g.rows * g.n
		from -= index[last] * r.strides[last]
		index[last] = 0
		for axis, steps := last-1, g.rows; axis >= 0; axis, steps = axis-1, 1 {
			index[axis] += steps
			from += steps * r.strides[axis]
			if index[axis] < r.sizes[axis] {
				break
			}
			from -= index[axis] * r.strides[axis]
			index[axis] = 0
		}
	}
}

// rows copies a grid of x, whose elements are step apart, to dst.
func (x floats) rows(dst []float32, g runGrid, step int) {
	switch {
	case x.f32 != nil && step == 0:
		spreadRows(dst, x.f32[g.from:], g.rows, g.n, g.pitch)
	case x.f32 != nil:
		from := x.f32[g.from:]
		vec.CopyRows(g.rows, g.n, grid(dst, g.rows, g.n, g.n), g.n, grid(from, g.rows, g.n, g.pitch), g.pitch)
	default:
		for i := range g.rows {
			x.gather(dst[i*g.n:], 1, g.from+i*g.pitch, step, g.n)
		}
	}
}
