package cpu

// raster is how planes are copied for a window that slides over them: padded, and,
// where the window moves by more than one, with the elements that it moves between
// side by side. So whatever the padding, the stride and the dilation are, the
// elements that a tap sees from one place to the next are neighbours, and a tap is an
// offset. At the end of a row of places the window passes over elements that belong
// to no place: gaps.
//
// A plane consists of phases, one for each remainder of a position by the stride, and
// a phase of cells.
type raster struct {
	*sliding
	phases, cells [spatial]int
	span          int // elements of a phase
	pitch         int // from plane to plane
	run           int // from the first place to the last, with the gaps

	within [][2]int // which cells of a row of each phase are on the operand
}

// slack is how many elements vectors may read behind the last plane.
const slack = 64

// plan computes the layout for the window.
func (r *raster) plan(w *sliding) {
	*r = raster{sliding: w, span: 1, run: 1, within: r.within[:0]}
	planes := 1
	for k := range spatial {
		reach := (w.kernel[k]-1)*w.dilation[k] + 1
		r.phases[k] = min(w.stride[k], reach)
		r.cells[k] = w.out[k] + (reach-1)/w.stride[k]
		r.span *= r.cells[k]
		r.run = (r.run-1)*r.cells[k] + w.out[k]
		planes *= r.phases[k]
	}
	// An odd number of lines: rows of a product that a power of two lies between would
	// share the few lines of a set of the first-level cache.
	r.pitch = (ceilDiv(planes*r.span, line) | 1) * line
	for p := range r.phases[2] {
		lo, hi := r.onOperand(2, p)
		r.within = append(r.within, [2]int{lo, hi})
	}
}

// isPlain reports whether planes are the operand's own: nothing is padded, and the
// window moves by one.
func (r *raster) isPlain() bool {
	for k := range spatial {
		if r.stride[k] != 1 || r.begun[k] != 0 || r.cells[k] != r.in[k] {
			return false
		}
	}
	return true
}

// hasGaps reports whether there are elements between places.
func (r *raster) hasGaps() bool { return r.run != r.places }

// offsets appends where the taps begin.
func (r *raster) offsets(to []int32) []int32 {
	for t := range r.taps {
		tap := split3(t, r.kernel)
		phase, cell := 0, 0
		for k := range spatial {
			at := tap[k] * r.dilation[k]
			phase = phase*r.phases[k] + at%r.stride[k]
			cell = cell*r.cells[k] + at/r.stride[k]
		}
		to = append(to, int32(phase*r.span+cell))
	}
	return to
}

// isPadded reports whether some cells are not on the operand.
func (r *raster) isPadded() bool {
	for k := range spatial {
		last := (r.cells[k]-1)*r.stride[k] + r.phases[k] - 1 - r.begun[k]
		if r.begun[k] > 0 || last >= r.in[k] {
			return true
		}
	}
	return false
}

// apart is how many elements fill needs for a plane of x whose columns it takes apart
// by their remainders, all at once; 0: it does not.
func (r *raster) apart(x floats) int {
	stride := r.stride[2]
	if x.f32 == nil || stride == 1 || r.in[2]%stride != 0 || stride >= len(vec.Deinterleave) || vec.Deinterleave[stride] == nil {
		return 0
	}
	return r.in[0] * r.in[1] * r.in[2]
}

// fill copies the plane of x that begins at from; cells that are not on the operand
// stay as they are. The scratch memory is as long as apart says.
func (r *raster) fill(dst []float32, x floats, from int, scratch []float32) {
	step := 1 // between columns of a phase
	if n := len(scratch); n > 0 {
		rows := n / r.stride[2]
		vec.Deinterleave[r.stride[2]](rows, ptr(scratch), rows, ptr(x.f32[from:][:n]))
		x, from = floats{f32: scratch}, 0
	} else {
		step = r.stride[2]
	}
	var phase [spatial]int
	for phase[0] = range r.phases[0] {
		for phase[1] = range r.phases[1] {
			for phase[2] = range r.phases[2] {
				r.fillPhase(dst[:r.span], x, from, step, phase)
				dst = dst[r.span:]
			}
		}
	}
}

// fillPhase copies a phase. Columns that follow one another in it are step apart in x:
// the stride, or 1 if they have been taken apart.
func (r *raster) fillPhase(dst []float32, x floats, from, step int, phase [spatial]int) {
	first, last := r.onOperand(0, phase[0])
	lo, hi := r.onOperand(1, phase[1])
	left, right := r.within[phase[2]][0], r.within[phase[2]][1]
	rows, n, width := hi-lo, right-left, r.cells[2]
	if rows*n == 0 {
		return
	}
	line, column := r.in[2], left*r.stride[2]+phase[2]-r.begun[2]
	if step == 1 {
		line /= r.stride[2]
		column = column%r.stride[2]*r.in[0]*r.in[1]*line + column/r.stride[2]
	}
	for i := first; i < last; i++ {
		plane := i*r.stride[0] + phase[0] - r.begun[0]
		at := from + (plane*r.in[1]+lo*r.stride[1]+phase[1]-r.begun[1])*line + column
		to := dst[(i*r.cells[1]+lo)*width+left:]
		if pitch := r.stride[1] * line; step == 1 && x.f32 != nil {
			vec.CopyRows(rows, n, grid(to, rows, n, width), width, grid(x.f32[at:], rows, n, pitch), pitch)
			continue
		}
		for j := range rows {
			x.gather(to[j*width:], 1, at+j*r.stride[1]*line, step, n)
		}
	}
}

// onOperand returns the cells lo ≤ i < hi of a phase along axis k that are on the
// operand.
func (r *raster) onOperand(k, phase int) (lo, hi int) {
	first := phase - r.begun[k]
	if first < 0 {
		lo = min(ceilDiv(-first, r.stride[k]), r.cells[k])
	}
	if last := r.in[k] - 1 - first; last >= 0 {
		hi = min(last/r.stride[k]+1, r.cells[k])
	}
	return lo, max(lo, hi)
}

// storeBlock writes what was computed for the elements j … of the runs of some planes
// to their places in z, where the first plane begins at to; gaps are left out. The
// block has a row, of so many elements, for each plane.
func (r *raster) storeBlock(z floats, to, j, width int, block []float32, planes, pitch int) {
	row, column := j/r.cells[2], j%r.cells[2]
	for done := 0; done < width; row, column = row+1, 0 {
		n := min(r.cells[2]-column, width-done)
		plane, line := row/r.cells[1], row%r.cells[1]
		if wanted := min(n, r.out[2]-column); wanted > 0 && line < r.out[1] {
			at := to + (plane*r.out[1]+line)*r.out[2] + column
			storeGrid(z, at, r.places, block[done:], pitch, planes, wanted)
		}
		done += n
	}
}

// before is how many places are before element j of a run.
func (r *raster) before(j int) int {
	row, column := j/r.cells[2], j%r.cells[2]
	plane, line := row/r.cells[1], row%r.cells[1]
	if line >= r.out[1] {
		return (plane + 1) * r.out[1] * r.out[2]
	}
	return (plane*r.out[1]+line)*r.out[2] + min(column, r.out[2])
}

// storeRun writes a whole run to a plane of z, which begins at to.
func (r *raster) storeRun(z floats, to int, run []float32) {
	rows, n := r.out[1], r.out[2]
	for i := range r.out[0] {
		storeGrid(z, to+i*rows*n, n, run[i*r.cells[1]*r.cells[2]:], r.cells[2], rows, n)
	}
}

// storeGrid writes rows of n elements, which are pitches apart.
func storeGrid(z floats, to, pitchZ int, x []float32, pitchX, rows, n int) {
	if z.f32 != nil {
		vec.CopyRows(rows, n, grid(z.f32[to:], rows, n, pitchZ), pitchZ, grid(x, rows, n, pitchX), pitchX)
		return
	}
	for i := range rows {
		z.store(to+i*pitchZ, x[i*pitchX:][:n])
	}
}

// rasterFill is a task that copies planes, padded by zeros.
type rasterFill struct {
	*raster
	to    []float32
	x     floats
	first int // plane of x
	ctx   *Ctx
}

// Do copies the planes lo ≤ i < hi.
func (f *rasterFill) Do(lo, hi int) {
	size := f.in[0] * f.in[1] * f.in[2]
	scratch, padded := f.ctx.take(f.apart(f.x)), f.isPadded()
	for i := lo; i < hi; i++ {
		plane := f.to[i*f.pitch:][:f.pitch]
		if padded {
			clear(plane)
		}
		f.fill(plane, f.x, (f.first+i)*size, scratch)
	}
	f.ctx.put(scratch)
}
