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
	common [2]int   // which are, in all phases of a row
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
	r.common = [2]int{0, r.cells[2]}
	for p := range r.phases[2] {
		lo, hi := r.onOperand(2, p)
		r.within = append(r.within, [2]int{lo, hi})
		r.common[0], r.common[1] = max(r.common[0], lo), min(r.common[1], hi)
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

// fill copies the plane of x that begins at from; cells that are not on the operand
// stay as they are.
func (r *raster) fill(dst []float32, x floats, from int) {
	var phase [spatial]int
	rows := r.phases[2] * r.span
	for phase[0] = range r.phases[0] {
		for phase[1] = range r.phases[1] {
			at := (phase[0]*r.phases[1] + phase[1]) * rows
			lo, hi := r.onOperand(0, phase[0])
			for i := lo; i < hi; i++ {
				plane := from + (i*r.stride[0]+phase[0]-r.begun[0])*r.in[1]*r.in[2]
				r.fillRows(dst[at+i*r.cells[1]*r.cells[2]:at+rows], x, plane, phase)
			}
		}
	}
}

// fillRows copies the rows of a phase that are in one plane of three axes.
func (r *raster) fillRows(dst []float32, x floats, plane int, phase [spatial]int) {
	lo, hi := r.onOperand(1, phase[1])
	if lo == hi {
		return
	}
	first, pitch, width := plane+(lo*r.stride[1]+phase[1]-r.begun[1])*r.in[2], r.stride[1]*r.in[2], r.cells[2]
	if r.stride[2] == 1 && x.f32 != nil {
		from := r.common[0]
		if rows, n := hi-lo, r.common[1]-from; n > 0 {
			vec.CopyRows(rows, n, grid(dst[lo*width+from:], rows, n, width), width, grid(x.f32[first+from-r.begun[2]:], rows, n, pitch), pitch)
		}
		return
	}
	for i := lo; i < hi; i++ {
		r.fillRow(dst[i*width:], x, first+(i-lo)*pitch)
	}
}

// fillRow copies a row, which begins at row, to each of its phases: together where
// all of them are on the operand, if there is a kernel for it.
func (r *raster) fillRow(dst []float32, x floats, row int) {
	stride := r.stride[2]
	row -= r.begun[2]
	at, n := r.common[0], r.common[1]-r.common[0]
	together := n > 0 && x.f32 != nil && r.phases[2] == stride && stride < len(vec.Deinterleave) && vec.Deinterleave[stride] != nil
	if together {
		vec.Deinterleave[stride](n, ptr(dst[at:][:(stride-1)*r.span+n]), r.span, ptr(x.f32[row+at*stride:][:n*stride]))
	}
	for p, on := range r.within {
		to, from := dst[p*r.span:], row+p
		if !together {
			x.gather(to[on[0]:], 1, from+on[0]*stride, stride, on[1]-on[0])
			continue
		}
		if on[0] < at {
			x.gather(to[on[0]:], 1, from+on[0]*stride, stride, at-on[0])
		}
		if end := at + n; end < on[1] {
			x.gather(to[end:], 1, from+end*stride, stride, on[1]-end)
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

// store writes what was computed for the elements j … of a plane's run to its places
// in z, which begin at to; gaps are left out.
func (r *raster) store(z floats, to, j int, from []float32) {
	if !r.hasGaps() {
		z.store(to+j, from)
		return
	}
	row, column := j/r.cells[2], j%r.cells[2]
	for len(from) > 0 {
		n := min(r.cells[2]-column, len(from))
		plane, line := row/r.cells[1], row%r.cells[1]
		if wanted := min(n, r.out[2]-column); wanted > 0 && line < r.out[1] {
			z.store(to+(plane*r.out[1]+line)*r.out[2]+column, from[:wanted])
		}
		from, row, column = from[n:], row+1, 0
	}
}

// storeRun is store of a whole run.
func (r *raster) storeRun(z floats, to int, from []float32) {
	if z.f32 == nil || !r.hasGaps() {
		r.store(z, to, 0, from)
		return
	}
	rows, n, pitch := r.out[1], r.out[2], r.cells[2]
	for i := range r.out[0] {
		vec.CopyRows(rows, n, grid(z.f32[to+i*rows*n:], rows, n, n), n, grid(from[i*r.cells[1]*pitch:], rows, n, pitch), pitch)
	}
}

// rasterFill is a task that copies planes, padded by zeros.
type rasterFill struct {
	*raster
	to    []float32
	x     floats
	first int // plane of x
}

// Do copies the planes lo ≤ i < hi.
func (f *rasterFill) Do(lo, hi int) {
	size := f.in[0] * f.in[1] * f.in[2]
	for i := lo; i < hi; i++ {
		plane := f.to[i*f.pitch:][:f.pitch]
		if f.isPadded() {
			clear(plane)
		}
		f.fill(plane, f.x, (f.first+i)*size)
	}
}
