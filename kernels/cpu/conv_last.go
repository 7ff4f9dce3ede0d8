package cpu

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// convLast is a call of [FusedConvLast]: a sum over taps of rows of channels, place by
// place. Nothing is copied: taps that are beside the operand are left out.
type convLast struct {
	sliding
	x, z, weights, bias []float32
	images, channels    int
	tail                *convTail // nil: there is none

	offsets []int32     // of all taps: see tapRows
	columns []columnRun // that cover a row of places
	workers [][]int32   // room for the taps of a run, by the worker's number
}

// columnRun are places of a row at which the same taps of the last axis are on the
// operand: lo ≤ tap < hi.
type columnRun struct{ from, to, lo, hi int }

// mostPlaces is how many places the kernels take at once.
func mostPlaces() int {
	n := len(vec.Channels) - 1
	for vec.Channels[n] == nil {
		n--
	}
	return n
}

// PackTaps packs the filters [channel, 1, …] of [FusedConvLast], of f32: as [taps …,
// channel].
func PackTaps(_ *par.Pool, packed, w *tensor.Tensor) error {
	if w.Rank() < 3 || w.Shape[1] != 1 || w.DType != tensor.Float32 {
		return fmt.Errorf("PackTaps: the filters are %s, want f32 of one channel", w)
	}
	if err := reset(packed, w.DType, append(slices.Clone(w.Shape[2:]), w.Shape[0])); err != nil {
		return fmt.Errorf("PackTaps: %w", err)
	}
	from, to, filters := tensor.Data[float32](w), tensor.Data[float32](packed), w.Shape[0]
	taps := len(from) / max(1, filters)
	for i, v := range from {
		to[i%taps*filters+i/taps] = v
	}
	return nil
}

// FusedConvLast is the fused convolution of [attr.FusedConv] with the channels last, of
// f32: of x [batch, …, channel] with one filter for each channel, which [PackTaps] has
// packed, then bias [channel] and residual, of z's shape, where the specification has
// them.
func FusedConvLast(c *Ctx, z *tensor.Tensor, a *attr.FusedConv, x, packed *tensor.Tensor, rest ...*tensor.Tensor) error {
	bias, residual, err := convOperands(a, x, rest)
	if err != nil {
		return fmt.Errorf("FusedConvLast: %w", err)
	}
	v, t := &c.convLast, &c.convTail
	t.begin(a)
	if err := v.bind(z, a, x, packed, bias); err != nil {
		return fmt.Errorf("FusedConvLast: %w", err)
	}
	if v.tail, err = t.behind(z, residual); err != nil {
		return fmt.Errorf("FusedConvLast: %w", err)
	}
	v.run(c)
	return nil
}

func (v *convLast) bind(z *tensor.Tensor, a *attr.FusedConv, x, packed, bias *tensor.Tensor) error {
	rank := x.Rank()
	if !a.ChannelsLast {
		return fmt.Errorf("the channels of %s are not last", x)
	}
	if rank < 3 || packed.Rank() != rank-1 || packed.DType != x.DType || packed.Shape[rank-2] != x.Shape[rank-1] || a.Group != x.Shape[rank-1] {
		return fmt.Errorf("packed filters %s in %d groups for %s", packed, a.Group, x)
	}
	kernel := packed.Shape[:rank-2]
	if len(a.Kernel) > 0 && !tensor.SameShape(a.Kernel, kernel) {
		return fmt.Errorf("kernel_shape %s for packed filters %s", tensor.ShapeString(a.Kernel), packed)
	}
	if bias != nil && (bias.Rank() != 1 || bias.Len() != a.Group || bias.DType != x.DType) {
		return fmt.Errorf("bias %s for %d filters over %s", bias, a.Group, x)
	}
	if err := v.sliding.plan(slidingOf{a.AutoPad, a.Strides, a.Dilations, a.Pads, false}, x, 1, kernel); err != nil {
		return err
	}
	v.images, v.channels = x.Shape[0], a.Group
	var shape [2 + spatial]int
	shape[0], shape[rank-1] = v.images, v.channels
	copy(shape[1:], v.out[spatial-v.axes:])
	if err := reset(z, x.DType, shape[:rank]); err != nil {
		return err
	}
	v.x, v.z, v.weights, v.bias = tensor.Data[float32](x), tensor.Data[float32](z), tensor.Data[float32](packed), nil
	if bias != nil {
		v.bias = tensor.Data[float32](bias)
	}
	return v.tapRows(x)
}

// tapRows sets the offsets of all taps, in bytes: of the row of x that a tap sees, from
// the window's corner, and of its weights.
func (v *convLast) tapRows(x *tensor.Tensor) error {
	v.offsets = v.offsets[:0]
	row := 4 * v.channels
	for t := range v.taps {
		tap := split3(t, v.kernel)
		seen := v.flat(tap[0]*v.dilation[0], tap[1]*v.dilation[1], tap[2]*v.dilation[2]) * row
		if max(seen, t*row) > math.MaxInt32 {
			return fmt.Errorf("%s: a window of %d taps reaches over %d bytes, too many", x, v.taps, seen)
		}
		v.offsets = append(v.offsets, int32(seen), int32(t*row))
	}
	return nil
}

// flat is the number of a row of an image.
func (v *convLast) flat(i, j, k int) int { return (i*v.in[1]+j)*v.in[2] + k }

// run computes what has been bound.
func (v *convLast) run(c *Ctx) {
	rows := v.images * v.out[0] * v.out[1]
	if rows*v.out[2]*v.channels == 0 {
		return
	}
	v.cutColumns()
	for len(v.workers) < c.Pool.Threads() {
		v.workers = append(v.workers, nil)
	}
	none := v.bias == nil
	if none {
		v.bias = c.take(v.channels)
		for i := range v.bias {
			v.bias[i] = float32(math.Copysign(0, -1)) // changes nothing
		}
	}
	cost := float64(v.out[2]*v.channels) * (costMove + costStep/2*float64(v.taps))
	c.Pool.Do(rows, c.cut(rows, cost), v)
	if none {
		c.put(v.bias)
	}
}

// cutColumns sets the runs of a row of places.
func (v *convLast) cutColumns() {
	v.columns = v.columns[:0]
	for j := range v.out[2] {
		lo, hi := v.tapsInside(2, j)
		if n := len(v.columns) - 1; n >= 0 && v.columns[n].lo == lo && v.columns[n].hi == hi {
			v.columns[n].to++
			continue
		}
		v.columns = append(v.columns, columnRun{j, j + 1, lo, hi})
	}
}

// Do computes the rows lo ≤ i < hi of places, of all images.
func (v *convLast) Do(lo, hi int) { v.DoAt(0, lo, hi) }

// DoAt is Do by one of the pool's workers.
func (v *convLast) DoAt(worker, lo, hi int) {
	size := v.out[2] * v.channels
	for i := lo; i < hi; i++ {
		v.row(worker, i)
		if v.tail != nil {
			v.tail.finish(i*size, (i+1)*size)
		}
	}
}

// row computes a row of places.
func (v *convLast) row(worker, i int) {
	at := split3(i*v.out[2], [spatial]int{v.images * v.out[0], v.out[1], v.out[2]})
	image, plane := at[0]/v.out[0], at[0]%v.out[0]
	lo0, hi0 := v.tapsInside(0, plane)
	lo1, hi1 := v.tapsInside(1, at[1])
	size := v.in[0] * v.in[1] * v.in[2] * v.channels
	x, z := v.x[image*size:][:size], v.z[i*v.out[2]*v.channels:][:v.out[2]*v.channels]
	for _, run := range v.columns {
		taps := v.workers[worker][:0]
		for t0 := lo0; t0 < hi0; t0++ {
			for t1 := lo1; t1 < hi1; t1++ {
				first := (t0*v.kernel[1] + t1) * v.kernel[2]
				taps = append(taps, v.offsets[2*(first+run.lo):2*(first+run.hi)]...)
			}
		}
		v.workers[worker] = taps
		corner := v.flat(v.at(0, plane, 0), v.at(1, at[1], 0), 0)
		v.places(x, z, taps, run, corner)
	}
}

// places computes a run of places of a row z of the result. The window's corner at the
// row of x in column 0 has that number; it may be beside the operand.
func (v *convLast) places(x, z []float32, taps []int32, run columnRun, corner int) {
	most := mostPlaces()
	for j := run.from; j < run.to; {
		left := run.to - j
		n := ceilDiv(left, ceilDiv(left, most))
		from := (corner + v.at(2, j, 0)) * v.channels * 4
		vec.Channels[n](v.channels, ptr(z[j*v.channels:][:n*v.channels]), v.channels, len(taps)/2, ptr(taps),
			ptr(x), from, v.stride[2]*v.channels, ptr(v.weights), ptr(v.bias))
		j += n
	}
}
