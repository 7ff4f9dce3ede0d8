package cpu

import (
	"math"

	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// convPlanes is a convolution of which each filter sees one channel: a plane of the
// result is a sum over taps.
type convPlanes struct {
	*conv
	ctx     *Ctx
	offsets []int32
	weights []float32
	workers [][]simd.Tap // by the pool's number
}

func (p *convPlanes) run(c *Ctx, v *conv) {
	p.conv, p.ctx = v, c
	p.offsets = v.raster.offsets(p.offsets[:0])
	w := v.filterWeights
	p.weights = w.f32
	var loan []float32
	if w.f32 == nil {
		loan = c.take(w.len())
		p.weights = w.load(loan, 0, w.len())
	}
	for len(p.workers) < c.Pool.Threads() {
		p.workers = append(p.workers, nil)
	}
	cost := float64(v.raster.pitch)*costMove + float64(v.filters/v.groups*v.raster.run)*(costMove+costStep/2*float64(v.taps))
	c.Pool.Do(v.images*v.channels, c.cut(v.images*v.channels, cost), p)
	if loan != nil {
		c.put(loan)
	}
}

// Do computes what the channels lo ≤ i < hi, of all images, give.
func (p *convPlanes) Do(lo, hi int) { p.DoAt(0, lo, hi) }

// DoAt is Do by one of the pool's workers.
func (p *convPlanes) DoAt(worker, lo, hi int) {
	r := &p.raster
	taps := p.tapsOf(worker)
	size := p.in[0] * p.in[1] * p.in[2]
	plane := p.ctx.take(r.pitch + slack)
	clear(plane) // padding stays zero
	var sums []float32
	if p.z.f32 == nil || r.hasGaps() {
		sums = p.ctx.take(r.run)
	}
	for i := lo; i < hi; i++ {
		from := plane
		if r.isPlain() && p.x.f32 != nil {
			from = p.x.f32[i*size:][:size]
		} else {
			r.fill(plane, p.x, i*size)
		}
		for k, offset := range p.offsets {
			taps[k].X = &from[offset]
		}
		each := p.filters / p.groups
		for f := range each {
			filter := i%p.channels*each + f
			p.plane(taps, filter, (i/p.channels*p.filters+filter)*p.places, sums)
		}
	}
	p.ctx.put(plane)
	if sums != nil {
		p.ctx.put(sums)
	}
}

// plane computes a plane of the result, which begins at to.
func (p *convPlanes) plane(taps []simd.Tap, filter, to int, sums []float32) {
	for k, w := range p.weights[filter*p.taps:][:p.taps] {
		taps[k].Weight = w
	}
	bias := float32(math.Copysign(0, -1)) // changes nothing
	if p.biasF32 != nil {
		bias = p.biasF32[filter]
	}
	dst := sums
	if sums == nil {
		dst = p.z.f32[to:]
	}
	dst = dst[:p.raster.run]
	simd.Active.Window(len(dst), &dst[0], len(taps), &taps[0], bias)
	if sums != nil {
		p.raster.storeRun(p.z, to, dst)
	}
}

// tapsOf is a worker's list of taps.
func (p *convPlanes) tapsOf(worker int) []simd.Tap {
	if cap(p.workers[worker]) < p.taps {
		p.workers[worker] = make([]simd.Tap, p.taps)
	}
	return p.workers[worker][:p.taps]
}
