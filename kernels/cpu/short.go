package cpu

// runsKernel computes rows of n elements each in one call; those of x and y are
// ldx and ldy apart.
type runsKernel = func(rows, n int, z, x *float32, ldx int, y *float32, ldy int)

// shortRuns is a function of two operands for many runs that are too short for a
// call each, in the three ways in which operands meet in them.
type shortRuns struct{ vv, vs, sv runsKernel }

// shortRun is from what length on a run is a call of its own.
const shortRun = 4096

// swapped is a function that commutes, with a number on the left.
func swapped(f runsKernel) runsKernel {
	return func(rows, n int, z, x *float32, ldx int, y *float32, ldy int) { f(rows, n, z, y, ldy, x, ldx) }
}

// short computes the elements lo ≤ i < hi, the runs along the last axis but one
// together. Chunks may begin and end within a run.
func (b *binary) short(lo, hi int) {
	n, rows := b.sizes[b.rank-1], b.sizes[b.rank-2]
	if in := lo % n; in != 0 {
		end := min(hi, lo-in+n)
		b.plain(lo, end)
		lo = end
	}
	for hi-lo >= n {
		m := min(rows-lo/n%rows, (hi-lo)/n)
		b.rows(lo, m)
		lo += m * n
	}
	b.plain(lo, hi)
}

// rows computes whole runs from at on.
func (b *binary) rows(at, rows int) {
	n, sx, sy := b.sizes[b.rank-1], b.inner(0), b.inner(1)
	ldx, ldy := b.strides[0][b.rank-2], b.strides[1][b.rank-2]
	b.each(at, at+1, func(_, _ int, off [spreadMost]int) {
		f := b.op.runs.vv
		switch {
		case sx == 0:
			f = b.op.runs.sv
		case sy == 0:
			f = b.op.runs.vs
		}
		f(rows, n, ptr(b.z.f32[at:][:rows*n]), grid(b.x.f32[off[0]:], rows, 1+(n-1)*sx, ldx), ldx,
			grid(b.y.f32[off[1]:], rows, 1+(n-1)*sy, ldy), ldy)
	})
}
