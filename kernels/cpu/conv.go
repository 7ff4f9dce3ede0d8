package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// conv is a convolution as a matrix product: what each place of the window sees
// is copied to a matrix, part by part. Its tasks copy in and out; the product has
// its own.
type conv struct {
	sliding
	x, z, bias floats
	hasBias    bool

	channels, filters int
	rowsFirst         bool // a row of the matrix is a place, else a tap of a channel
	first, images     int  // of this part
	from, count       int  // places of this part

	columns, result tensor.Tensor
	matrix, sums    []float32 // their contents

	weights    *tensor.Tensor // [group, filter, channel and tap]: view or wide
	view, wide tensor.Tensor
}

// convPart is how many elements the matrix has at most, unless one place or one
// tap has more: large enough for the product to be shared, small enough to stay
// in the caches that cores share.
const convPart = 1 << 20

// Conv is the convolution of x [batch, channel, …], over one to three axes, with
// filters [filter, channel/group, …], plus a bias per filter; of f32, f16 or bf16.
func Conv(c *Ctx, z *tensor.Tensor, a *attr.Conv, x, filters, bias *tensor.Tensor) error {
	v := &c.conv
	if err := v.bind(z, a, x, filters, bias); err != nil {
		return fmt.Errorf("Conv: %w", err)
	}
	return located("Conv", v.each(c, func() error {
		v.columns.Reset(tensor.Float32, v.images, a.Group, v.channels/a.Group*v.taps, v.count)
		v.matrix = tensor.Data[float32](&v.columns)
		c.Pool.Do(v.images*v.channels*v.taps, chunk(v.count), (*gatherTaps)(v))
		return MatMul(c, &v.result, v.weights, &v.columns)
	}))
}

// ConvPacked is [Conv] in one group with filters packed by [PackConv], or by
// [PackConvBrain], which makes it a product in bf16; the attributes must have the
// shape of the kernel.
func ConvPacked(c *Ctx, z *tensor.Tensor, a *attr.Conv, x, packed, bias *tensor.Tensor) error {
	v := &c.conv
	if err := v.bindPacked(z, a, x, packed, bias); err != nil {
		return fmt.Errorf("ConvPacked: %w", err)
	}
	return located("ConvPacked", v.each(c, func() error {
		v.columns.Reset(tensor.Float32, v.images*v.count, v.channels*v.taps)
		v.matrix = tensor.Data[float32](&v.columns)
		c.Pool.Do(v.images*v.count, chunk(v.channels*v.taps), (*gatherPlaces)(v))
		return MatMulPacked(c, &v.result, &v.columns, packed)
	}))
}

// PackConv packs filters [filter, channel, …] as the right operand of a product.
func PackConv(pool *par.Pool, packed, w *tensor.Tensor) error {
	return packFilters("PackConv", PackBT, pool, packed, w)
}

// PackConvBrain is [PackConv] for a product in bf16.
func PackConvBrain(pool *par.Pool, packed, w *tensor.Tensor) error {
	return packFilters("PackConvBrain", PackBrainT, pool, packed, w)
}

func packFilters(name string, pack func(pool *par.Pool, packed, w *tensor.Tensor) error, pool *par.Pool, packed, w *tensor.Tensor) error {
	if w.Rank() < 3 || w.Shape[0] == 0 {
		return fmt.Errorf("%s: the filters are %s, want rank 3 or more", name, w)
	}
	return pack(pool, packed, w.Reshaped(w.Shape[0], w.Len()/w.Shape[0]))
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
	if err := v.plan(a, x, filters.Shape[2:]); err != nil {
		return err
	}
	v.rowsFirst = false
	if err := v.bindOut(z, x, bias, filters.Shape[0]); err != nil {
		return err
	}
	depth := v.channels / a.Group * v.taps
	if x.DType == tensor.Float32 {
		v.weights = &v.view
		v.view.Alias(filters, a.Group, v.filters/a.Group, depth)
		return nil
	}
	v.weights = &v.wide
	v.wide.Reset(tensor.Float32, a.Group, v.filters/a.Group, depth)
	floatsOf(filters).load(tensor.Data[float32](&v.wide), 0, filters.Len())
	return nil
}

func (v *conv) bindPacked(z *tensor.Tensor, a *attr.Conv, x, packed, bias *tensor.Tensor) error {
	if packed.Rank() < 2 || x.Rank() < 3 || a.Group != 1 {
		return fmt.Errorf("packed filters %s in %d groups for %s", packed, a.Group, x)
	}
	if err := v.plan(a, x, a.Kernel); err != nil {
		return err
	}
	if !isPackedOf(packed, x.Shape[1]*v.taps) {
		return fmt.Errorf("packed filters %s of kernel %s for %s", packed, tensor.ShapeString(a.Kernel), x)
	}
	v.rowsFirst = true
	return v.bindOut(z, x, bias, packed.Shape[0])
}

// bindOut gives the result its shape.
func (v *conv) bindOut(z, x, bias *tensor.Tensor, filters int) error {
	if !isFloat(x.DType) {
		return fmt.Errorf("operand %s, want f32, f16 or bf16", x)
	}
	if v.hasBias = bias != nil; v.hasBias {
		if bias.Rank() != 1 || bias.Len() != filters || bias.DType != x.DType {
			return fmt.Errorf("bias %s for %d filters over %s", bias, filters, x)
		}
		v.bias = floatsOf(bias)
	}
	shape := [2 + spatial]int{x.Shape[0], filters}
	copy(shape[2:], v.sliding.out[spatial-v.axes:])
	if err := reset(z, x.DType, shape[:2+v.axes]); err != nil {
		return err
	}
	v.channels, v.filters = x.Shape[1], filters
	v.x, v.z = floatsOf(x), floatsOf(z)
	v.images = x.Shape[0]
	return nil
}

// each computes the result part by part: product makes that of what it sets as
// images and places.
func (v *conv) each(c *Ctx, product func() error) error {
	batch, size := v.images, v.channels*v.taps
	if batch*v.filters*v.places == 0 {
		return nil
	}
	images := min(batch, max(1, convPart/max(1, size*v.places)))
	places := v.places
	if images == 1 {
		places = min(places, max(64, convPart/max(1, size)))
	}
	for v.first = 0; v.first < batch; v.first += images {
		v.images = min(images, batch-v.first)
		for v.from = 0; v.from < v.places; v.from += places {
			v.count = min(places, v.places-v.from)
			if err := product(); err != nil {
				return err
			}
			v.sums = tensor.Data[float32](&v.result)
			c.Pool.Do(v.images*v.strips(), chunk(planesAtOnce*v.count), (*scatterPlanes)(v))
		}
	}
	return nil
}

// gatherTaps fills rows of [image, channel, tap] × places.
type gatherTaps conv

// Do fills the rows lo ≤ r < hi.
func (v *gatherTaps) Do(lo, hi int) {
	size := v.in[0] * v.in[1] * v.in[2]
	for r := lo; r < hi; r++ {
		tap := split3(r%v.taps, v.kernel)
		plane := (v.first*v.channels + r/v.taps) * size
		row := v.matrix[r*v.count:][:v.count]
		x0, x1 := v.inside(2, tap[2])
		for done := 0; done < v.count; {
			place := split3(v.from+done, v.sliding.out)
			n := min(v.sliding.out[2]-place[2], v.count-done)
			run := row[done:][:n]
			done += n
			clear(run)
			i, j := v.at(0, place[0], tap[0]), v.at(1, place[1], tap[1])
			first, last := max(x0, place[2]), min(x1, place[2]+n)
			if i < 0 || i >= v.in[0] || j < 0 || j >= v.in[1] || first >= last {
				continue
			}
			from := plane + (i*v.in[1]+j)*v.in[2] + v.at(2, first, tap[2])
			v.x.gather(run[first-place[2]:], 1, from, v.stride[2], last-first)
		}
	}
}

// gatherPlaces fills rows of [image, place] × [channel, tap].
type gatherPlaces conv

// Do fills the rows lo ≤ r < hi.
func (v *gatherPlaces) Do(lo, hi int) {
	width, size := v.channels*v.taps, v.in[0]*v.in[1]*v.in[2]
	for r := lo; r < hi; r++ {
		place := split3(v.from+r%v.count, v.sliding.out)
		row := v.matrix[r*width:][:width]
		var t0, t1 [spatial]int
		whole := true
		for k := range spatial {
			t0[k], t1[k] = v.tapsInside(k, place[k])
			whole = whole && t0[k] == 0 && t1[k] == v.kernel[k]
		}
		if !whole {
			clear(row)
		}
		// Where the first tap that is inside stands, on the operand and in the row.
		from := (v.first+r/v.count)*v.channels*size + (v.at(0, place[0], t0[0])*v.in[1]+v.at(1, place[1], t0[1]))*v.in[2] + v.at(2, place[2], t0[2])
		to := (t0[0]*v.kernel[1]+t0[1])*v.kernel[2] + t0[2]
		for range v.channels {
			for i := range t1[0] - t0[0] {
				for j := range t1[1] - t0[1] {
					x := from + (i*v.dilation[0]*v.in[1]+j*v.dilation[1])*v.in[2]
					v.x.gather(row[to+(i*v.kernel[1]+j)*v.kernel[2]:], 1, x, v.dilation[2], t1[2]-t0[2])
				}
			}
			from, to = from+size, to+v.taps
		}
	}
}

// scatterPlanes adds the bias and writes planes of the result, in squares: where
// the product has a row for each place, each is transposed.
type scatterPlanes conv

const (
	planesAtOnce = 64
	placesAtOnce = 16 // a cache line of f32
)

// strips is the number of tasks that an image's filters make.
func (v *conv) strips() int { return ceilDiv(v.filters, planesAtOnce) }

// Do writes the strips of [image, filters] lo ≤ s < hi.
func (v *scatterPlanes) Do(lo, hi int) {
	var buf [placesAtOnce]float32
	var biases [planesAtOnce]float32
	strips := (*conv)(v).strips()
	for s := lo; s < hi; s++ {
		image, filter := s/strips, s%strips*planesAtOnce
		biases := biases[:min(planesAtOnce, v.filters-filter)]
		for k := range biases {
			biases[k] = float32(math.Copysign(0, -1)) // changes nothing
		}
		if v.hasBias {
			v.bias.gather(biases, 1, filter, 1, len(biases))
		}
		for i := 0; i < v.count; i += placesAtOnce {
			n := min(placesAtOnce, v.count-i)
			for k, bias := range biases {
				to := ((v.first+image)*v.filters+filter+k)*v.places + v.from + i
				if z := v.z.f32; z != nil {
					v.load(z[to:][:n], bias, image, filter+k, i)
				} else {
					v.load(buf[:n], bias, image, filter+k, i)
					v.z.store(to, buf[:n])
				}
			}
		}
	}
}

// load sets dst to a filter's results at the places from i on.
func (v *scatterPlanes) load(dst []float32, bias float32, image, filter, i int) {
	if !v.rowsFirst {
		addVS(dst, v.sums[(image*v.filters+filter)*v.count+i:][:len(dst)], bias)
		return
	}
	step := v.filters
	from := v.sums[(image*v.count+i)*step+filter:]
	for p := range dst {
		dst[p] = from[p*step] + bias
	}
}
