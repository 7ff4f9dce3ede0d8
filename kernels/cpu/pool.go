package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// pooling is a call of [AveragePool] or [MaxPool].
type pooling struct {
	sliding
	planes
	layout raster
	counts []float32 // of the elements in each window of a run; nil: the maximum is wanted
}

// AveragePool is the mean over windows of x [batch, channel, …], over one to three
// axes, of f32, f16 or bf16: of the elements on the operand or, with CountIncludePad,
// on its padding, too.
func AveragePool(c *Ctx, z *tensor.Tensor, a *attr.Pool, x *tensor.Tensor) error {
	p := &c.pooling
	planes, err := p.bind(c, z, a, x, 0)
	if err != nil {
		return fmt.Errorf("AveragePool: %w", err)
	}
	if planes == 0 {
		return nil
	}
	p.counts = c.take(ceilDiv(p.layout.run, slack) * slack)
	p.count(p.counts[:p.layout.run], a.CountIncludePad)
	c.Pool.Do(planes, c.cut(planes, p.cost(1)), p)
	c.put(p.counts)
	return nil
}

// MaxPool is the maximum over windows of x, as [AveragePool]: −∞ of a window on the
// padding alone, NaN of one with NaN.
func MaxPool(c *Ctx, z *tensor.Tensor, a *attr.Pool, x *tensor.Tensor) error {
	p := &c.pooling
	planes, err := p.bind(c, z, a, x, float32(math.Inf(-1)))
	if err != nil {
		return fmt.Errorf("MaxPool: %w", err)
	}
	if planes > 0 {
		p.counts = nil
		c.Pool.Do(planes, c.cut(planes, p.cost(1)), p)
	}
	return nil
}

// bind gives the result its shape, and returns how many planes there are to compute.
func (p *pooling) bind(c *Ctx, z *tensor.Tensor, a *attr.Pool, x *tensor.Tensor, pad float32) (int, error) {
	if !isFloat(x.DType) {
		return 0, fmt.Errorf("operand %s, want f32, f16 or bf16", x)
	}
	if len(a.Kernel) == 0 {
		return 0, fmt.Errorf("kernel_shape is missing")
	}
	if err := p.sliding.plan(slidingOf{a.AutoPad, a.Strides, a.Dilations, a.Pads, a.CeilMode}, x, 2, a.Kernel); err != nil {
		return 0, err
	}
	if err := p.shape(z, x, x.Shape[1]); err != nil {
		return 0, err
	}
	if z.Len() == 0 {
		return 0, nil
	}
	p.layout.plan(&p.sliding)
	p.begin(c, &p.layout, floatsOf(x), floatsOf(z), pad)
	return x.Shape[0] * x.Shape[1], nil
}

// count sets how many elements the window has at each element of a run: the product
// of those along each axis.
func (p *pooling) count(counts []float32, padded bool) {
	r := &p.layout
	along := func(k, cell int) float32 { return float32(p.countAlong(k, min(cell, r.out[k]-1), padded)) }
	width := r.cells[2]
	first := counts[:min(width, r.run)]
	for j := range first {
		first[j] = along(2, j)
	}
	for row := ceilDiv(r.run, width) - 1; row >= 0; row-- { // the first one last: others are made of it
		n := along(0, row/r.cells[1]) * along(1, row%r.cells[1])
		to := counts[row*width : min((row+1)*width, r.run)]
		vec.MulNumber(len(to), ptr(to), ptr(first), n)
	}
}

func (p *pooling) countAlong(k, place int, padded bool) int {
	if !padded {
		lo, hi := p.tapsInside(k, place)
		return hi - lo
	}
	room := p.in[k] + p.begun[k] + p.end[k] - place*p.stride[k]
	return min(p.kernel[k], ceilDiv(room, p.dilation[k]))
}

// Do computes the planes lo ≤ i < hi.
func (p *pooling) Do(lo, hi int) { p.DoAt(0, lo, hi) }

// DoAt is Do by one of the pool's workers.
func (p *pooling) DoAt(worker, lo, hi int) {
	p.each(worker, lo, hi, func(i int, taps []simd.Tap, run []float32) {
		dst := p.place(i, run)
		if p.counts == nil {
			vec.WindowGreatest(len(dst), ptr(dst), len(taps), ptr(taps), p.pad)
		} else {
			for k := range taps {
				taps[k].Weight = 1
			}
			vec.Window(len(dst), ptr(dst), len(taps), ptr(taps), 0)
			vec.Div(len(dst), ptr(dst), ptr(dst), ptr(p.counts))
		}
		p.store(i, run)
	})
}
