package cpu

import (
	"math"

	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// convPlanes is a convolution of which each filter sees one channel: a plane of the
// result is a sum over taps.
type convPlanes struct {
	planes
	conv    *conv
	weights []float32
}

// run computes v, whose filters are those weights in f32.
func (p *convPlanes) run(c *Ctx, v *conv, weights []float32) {
	p.conv, p.weights = v, weights
	p.begin(c, &v.raster, v.x, v.z, 0)
	c.Pool.Do(v.images*v.channels, c.cut(v.images*v.channels, p.cost(v.filters/v.groups)), p)
}

// Do computes what the channels lo ≤ i < hi, of all images, give.
func (p *convPlanes) Do(lo, hi int) { p.DoAt(0, lo, hi) }

// DoAt is Do by one of the pool's workers.
func (p *convPlanes) DoAt(worker, lo, hi int) {
	v := p.conv
	perChannel := v.filters / v.groups
	p.each(worker, lo, hi, func(i int, taps []simd.Tap, run []float32) {
		image, channel := i/v.channels, i%v.channels
		for filter := channel * perChannel; filter < (channel+1)*perChannel; filter++ {
			p.filter(filter, image*v.filters+filter, taps, run)
		}
	})
}

// filter computes plane to of the result.
func (p *convPlanes) filter(filter, to int, taps []simd.Tap, run []float32) {
	for k, w := range p.weights[filter*len(taps):][:len(taps)] {
		taps[k].Weight = w
	}
	bias := float32(math.Copysign(0, -1)) // changes nothing
	if p.conv.biasF32 != nil {
		bias = p.conv.biasF32[filter]
	}
	dst := p.place(to, run)
	vec.Window(len(dst), ptr(dst), len(taps), ptr(taps), bias)
	p.store(to, run)
	if places := p.conv.places; p.conv.tail != nil {
		p.conv.tail.finish(to*places, (to+1)*places)
	}
}
