package cpu

import "github.com/parallax-go/parallax/kernels/cpu/simd"

// planes is work on the planes of an operand by themselves, by windows that slide over
// them.
type planes struct {
	ctx     *Ctx
	raster  *raster
	x, z    floats
	pad     float32
	offsets []int32
	workers workerTaps
}

// workerTaps is room for taps for each of the pool's workers, by its number.
type workerTaps [][]simd.Tap

// begin makes place for so many workers.
func (w *workerTaps) begin(threads int) {
	for len(*w) < threads {
		*w = append(*w, nil)
	}
}

// of is a worker's room for n taps.
func (w workerTaps) of(worker, n int) []simd.Tap {
	if cap(w[worker]) < n {
		w[worker] = make([]simd.Tap, n)
	}
	return w[worker][:n]
}

// begin sets what the window slides over, and what padding is.
func (p *planes) begin(c *Ctx, r *raster, x, z floats, pad float32) {
	p.ctx, p.raster, p.x, p.z, p.pad = c, r, x, z, pad
	p.offsets = r.offsets(p.offsets[:0])
	p.workers.begin(c.Pool.Threads())
}

// cost is about how long a plane takes, in nanoseconds, with so many results.
func (p *planes) cost(results int) float64 {
	r := p.raster
	return float64(r.pitch)*costMove + float64(results*r.run)*(costMove+costStep/2*float64(r.taps))
}

// each calls f with the planes lo ≤ i < hi: with the taps on the plane, and with room
// for a run of places if runs aren't what z holds.
func (p *planes) each(worker, lo, hi int, f func(i int, taps []simd.Tap, run []float32)) {
	r := p.raster
	taps := p.workers.of(worker, r.taps)
	size := r.in[0] * r.in[1] * r.in[2]
	copied := p.ctx.take(r.pitch + slack)
	for i := range copied { // padding stays
		copied[i] = p.pad
	}
	setTaps(taps, copied, p.offsets)
	scratch := p.ctx.take(r.apart(p.x))
	inPlace, length := r.isPlain() && p.x.f32 != nil, r.run
	if !inPlace {
		length = ceilDiv(r.run, slack) * slack // whole vectors, several at once
	}
	var run []float32
	if p.z.f32 == nil || r.hasGaps() {
		run = p.ctx.take(length)
	}
	for i := lo; i < hi; i++ {
		if inPlace {
			setTaps(taps, p.x.f32[i*size:][:size], p.offsets)
		} else {
			r.fill(copied, p.x, i*size, scratch)
		}
		f(i, taps, run)
	}
	p.ctx.put(copied)
	p.ctx.put(scratch)
	if run != nil {
		p.ctx.put(run)
	}
}

// setTaps makes the taps read a plane.
func setTaps(taps []simd.Tap, plane []float32, offsets []int32) {
	for k, offset := range offsets {
		taps[k].X = &plane[offset]
	}
}

// place is where the run of the result's plane i is computed: run, or in z.
func (p *planes) place(i int, run []float32) []float32 {
	if run == nil {
		return p.z.f32[i*p.raster.places:][:p.raster.run]
	}
	return run
}

// store writes the result's plane i, unless it has been computed in z.
func (p *planes) store(i int, run []float32) {
	if run != nil {
		p.raster.storeRun(p.z, i*p.raster.places, run[:p.raster.run])
	}
}
