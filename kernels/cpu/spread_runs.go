package cpu

// runsOf is how the elements of operand k alone follow one another in the result: fewer
// axes than all operands step through alike, so that its runs are longer.
func (s *spread) runsOf(k int) axes {
	a := axes{count: 1}
	for axis := range s.rank {
		a.add(s.sizes[axis], s.strides[k][axis])
	}
	if a.rank == 0 {
		a.rank, a.sizes[0], a.strides[0] = 1, 1, 1
	}
	return a
}

// isWhole reports whether the elements are all those of the result, in their order.
func (a *axes) isWhole() bool { return a.rank == 1 && a.strides[0] == 1 }

// runGrid is some of the innermost runs: rows of n elements, those of the result from at on,
// those of the operand from from on, where rows are pitch apart.
type runGrid struct{ at, rows, n, from, pitch int }

// grids calls f for grids that cover the n elements of the result from at on.
func (a *axes) grids(at, n int, f func(g runGrid)) {
	last := a.rank - 1
	size, step := a.run()
	in := at % size
	var row odometer
	row.set(a, at/size)
	for end := at + n; at < end; in = 0 {
		g := runGrid{at: at, rows: 1, n: min(size-in, end-at), from: row.offset + in*step}
		if g.n == size && last > 0 {
			g.rows, g.pitch = min((end-at)/size, a.sizes[last-1]-row.index[last-1]), a.strides[last-1]
		}
		f(g)
		at += g.rows * g.n
		row.move(a, g.rows)
	}
}

// rows copies a grid of x, whose elements are step apart, to dst.
func (x floats) rows(dst []float32, g runGrid, step int) {
	switch {
	case x.f32 != nil && step == 0:
		spreadRows(dst, x.f32[g.from:], g.rows, g.n, g.pitch)
	case x.f32 != nil:
		copyRows(viewAs[uint32](dst), g.n, viewAs[uint32](x.f32[g.from:]), g.pitch, g.rows, g.n)
	default:
		for i := range g.rows {
			x.gather(dst[i*g.n:], 1, g.from+i*g.pitch, step, g.n)
		}
	}
}
