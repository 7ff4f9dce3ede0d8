package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// conv is a call of [Conv]: a product of the filters with what their taps see, which
// is read where it lies, in a raster or on the operand; or, where a filter sees one
// channel, a sum over taps, plane by plane.
type conv struct {
	sliding
	raster   raster
	x, z     floats
	weights  *tensor.Tensor // [filter, channel/group, tap]
	bias     *tensor.Tensor // nil: there is none
	images   int
	channels int
	filters  int
	groups   int
	tail     *convTail // nil: there is none

	window  window
	copies  rasterFill
	planes  convPlanes
	biasF32 []float32
}

// mostRaster is how many elements a raster of several images has at most.
const mostRaster = 1 << 22

// Conv is the convolution of x [batch, channel, …], over one to three axes, with
// filters [filter, channel/group, …], plus a bias per filter; of f32, f16 or bf16,
// computed in f32 and rounded once.
func Conv(c *Ctx, z *tensor.Tensor, a *attr.Conv, x, filters, bias *tensor.Tensor) error {
	v := &c.conv
	if err := v.bind(z, a, x, filters, bias); err != nil {
		return fmt.Errorf("Conv: %w", err)
	}
	v.run(c)
	return nil
}

// run computes what has been bound.
func (v *conv) run(c *Ctx) {
	if v.images*v.filters*v.places == 0 {
		return
	}
	v.biasF32 = c.widened(v.bias)
	switch {
	case v.channels == v.groups:
		weights := c.widened(v.weights)
		v.planes.run(c, v, weights)
		c.unwiden(v.weights, weights)
	case v.raster.isPlain() && v.taps == 1 && v.x.f32 != nil:
		v.window.read(v.x.f32, v.in[0]*v.in[1]*v.in[2], 0)
		v.multiply(c, 0, v.images)
	default:
		v.multiplyRaster(c)
	}
	c.unwiden(v.bias, v.biasF32)
}

func (v *conv) bind(z *tensor.Tensor, a *attr.Conv, x, filters, bias *tensor.Tensor) error {
	if x.Rank() < 3 || filters.Rank() != x.Rank() || a.Group < 1 || filters.Shape[1]*a.Group != x.Shape[1] || filters.Shape[0]%a.Group != 0 {
		return fmt.Errorf("filters %s in %d groups for %s", filters, a.Group, x)
	}
	if len(a.Kernel) > 0 && !tensor.SameShape(a.Kernel, filters.Shape[2:]) {
		return fmt.Errorf("kernel_shape %s for filters %s", tensor.ShapeString(a.Kernel), filters)
	}
	if filters.DType != x.DType {
		return fmt.Errorf("filters %s for %s", filters, x)
	}
	if !isFloat(x.DType) {
		return fmt.Errorf("operand %s, want f32, f16 or bf16", x)
	}
	if bias != nil && (bias.Rank() != 1 || bias.Len() != filters.Shape[0] || bias.DType != x.DType) {
		return fmt.Errorf("bias %s for %d filters over %s", bias, filters.Shape[0], x)
	}
	if err := v.sliding.plan(slidingOf{a.AutoPad, a.Strides, a.Dilations, a.Pads, false}, x, 2, filters.Shape[2:]); err != nil {
		return err
	}
	v.images, v.channels, v.filters, v.groups = x.Shape[0], x.Shape[1], filters.Shape[0], a.Group
	if v.places > 0 {
		v.raster.plan(&v.sliding)
		if n := v.channels / v.groups * v.raster.pitch; n > math.MaxInt32 {
			return fmt.Errorf("%s: the %d elements that a filter of %s sees are too many", x, n, filters)
		}
	}
	if err := v.shape(z, x, v.filters); err != nil {
		return err
	}
	v.x, v.z, v.weights, v.bias, v.tail = floatsOf(x), floatsOf(z), filters, bias, nil
	return nil
}

// multiplyRaster copies as many images at once as the raster takes, and multiplies.
func (v *conv) multiplyRaster(c *Ctx) {
	r := &v.raster
	images := min(v.images, max(1, mostRaster/max(1, v.channels*r.pitch)))
	planes := c.take(images*v.channels*r.pitch + slack)
	clear(planes[images*v.channels*r.pitch:])
	v.window.read(planes, r.pitch, slack)
	v.window.taps = r.offsets(v.window.taps[:0])
	for first := 0; first < v.images; first += images {
		count := min(images, v.images-first)
		v.copies = rasterFill{raster: r, to: planes, x: v.x, first: first * v.channels, ctx: c}
		c.Pool.Do(count*v.channels, c.cut(count*v.channels, float64(r.pitch)*costMove), &v.copies)
		v.multiply(c, first, count)
	}
	c.put(planes)
}

// multiply computes some images, whose window is set.
func (v *conv) multiply(c *Ctx, first, images int) {
	channels := v.channels / v.groups
	w := &v.window
	w.raster, w.run = &v.raster, v.raster.run
	w.spread(channels)
	p := &c.product
	p.begin(1)
	p.m, p.k = v.filters/v.groups, channels*v.taps
	p.left = matrix{data: floatsOf(v.weights), row: p.k, col: 1}
	p.batch = batch{count: images * v.groups, rank: 2}
	p.batch.sizes[0], p.batch.sizes[1] = images, v.groups
	p.batch.stride[0][1] = p.m * p.k
	p.batch.stride[1][0], p.batch.stride[1][1] = v.channels*w.pitch, channels*w.pitch
	p.then.rowBias = v.biasF32
	p.then.tail, p.then.tailFrom = v.tail, first*v.filters*v.places
	z := v.z.from(p.then.tailFrom)
	p.parts[0] = part{right: rightOperand{window: w, n: w.run, k: p.k}, n: w.run, out: z}
	p.run(c)
}
