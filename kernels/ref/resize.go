package ref

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Resize samples x at other sizes of the axes, one axis after the other: sizes,
// or x's sizes times scales. roi holds the beginnings and the ends of the region,
// in parts of 1, that tf_crop_and_resize samples. Coordinates are calculated in
// f32, as ONNX Runtime does: in f64 floors of quotients would differ.
func Resize(z *tensor.Tensor, a *attr.Resize, x, roi, scales, sizes *tensor.Tensor) error {
	if err := wantReal(x); err != nil {
		return err
	}
	axes, err := planResize(a, x, roi, scales, sizes)
	if err != nil {
		return err
	}
	shape := slices.Clone(x.Shape)
	for _, r := range axes {
		shape[r.axis] = r.out
	}
	if err := reset(z, x.DType, shape...); err != nil {
		return err
	}
	switch {
	case z.Len() == 0:
		return nil
	case x.Len() == 0:
		return fmt.Errorf("%s is empty: there is nothing to sample", x)
	}
	data := load(x)
	// Axes that shrink come first, so that nothing between is larger than both
	// the operand and the result.
	slices.SortStableFunc(axes, func(r, s resizedAxis) int { return cmp.Compare(r.out-r.in, s.out-s.in) })
	outside := make([][]bool, len(shape))
	from := slices.Clone(x.Shape)
	for _, r := range axes {
		var taps [][]sample
		taps, outside[r.axis] = r.samples(a)
		data = resample(data, spanOf(from, r.axis), taps)
		from[r.axis] = r.out
	}
	extrapolate(data, shape, outside, float64(a.Extrapolate))
	store(z, data)
	return nil
}

// resizedAxis is how one axis is resized: scale is out/in before rounding, and
// begin and end are those of the region.
type resizedAxis struct {
	axis, in, out     int
	scale, begin, end float32
}

func planResize(a *attr.Resize, x, roi, scales, sizes *tensor.Tensor) ([]resizedAxis, error) {
	if coordinates[a.Coordinates] == nil || nearestPlaces[a.NearestMode] == nil {
		return nil, fmt.Errorf("coordinate_transformation_mode %q or nearest_mode %q is not known", a.Coordinates, a.NearestMode)
	}
	which := a.Axes
	if len(which) == 0 {
		which = make([]int, x.Rank())
		for i := range which {
			which[i] = i
		}
	}
	if _, err := normalAxes(which, x.Rank()); err != nil {
		return nil, err
	}
	axes := make([]resizedAxis, len(which))
	for i, n := range which {
		axis, _ := normalAxis(n, x.Rank())
		axes[i] = resizedAxis{axis: axis, in: x.Shape[axis], end: 1}
	}
	if a.Coordinates == cropAndResize {
		if roi == nil || roi.Len() != 2*len(axes) || !roi.DType.IsFloat() {
			return nil, fmt.Errorf("roi is %s, want 2 floats for each of %d axes", roi, len(axes))
		}
		for i := range axes {
			axes[i].begin, axes[i].end = float32(roi.FloatAt(i)), float32(roi.FloatAt(i+len(axes)))
		}
	}
	switch {
	case sizes != nil && sizes.Len() > 0 && (scales == nil || scales.Len() == 0):
		return axes, sizeAxes(a, axes, sizes)
	case scales != nil && scales.Len() > 0 && (sizes == nil || sizes.Len() == 0):
		return axes, scaleAxes(axes, scales)
	}
	return nil, fmt.Errorf("want scales or sizes, and not both")
}

func scaleAxes(axes []resizedAxis, scales *tensor.Tensor) error {
	if scales.Len() != len(axes) || !scales.DType.IsFloat() {
		return fmt.Errorf("scales is %s, want %d floats", scales, len(axes))
	}
	for i := range axes {
		r := &axes[i]
		r.scale = float32(scales.FloatAt(i))
		size := float32(r.in) * r.scale
		if !(r.scale > 0) || size > tensor.MaxElements {
			return fmt.Errorf("axis %d of size %d can't be scaled by %g", r.axis, r.in, r.scale)
		}
		r.out = int(size)
	}
	return nil
}

func sizeAxes(a *attr.Resize, axes []resizedAxis, sizes *tensor.Tensor) error {
	want, err := ints(sizes, "sizes")
	if err != nil {
		return err
	}
	if len(want) != len(axes) {
		return fmt.Errorf("%d sizes for %d axes", len(want), len(axes))
	}
	for i := range axes {
		r := &axes[i]
		if want[i] < 0 || want[i] > tensor.MaxElements {
			return fmt.Errorf("axis %d of size %d can't be resized to %d", r.axis, r.in, want[i])
		}
		r.out, r.scale = want[i], float32(want[i])/float32(r.in)
	}
	return keepAspect(a.AspectPolicy, axes)
}

// keepAspect gives all axes one scale: the smallest, or the largest, that the
// sizes ask for.
func keepAspect(policy string, axes []resizedAxis) error {
	if policy == "stretch" {
		return nil
	}
	scale := axes[0].scale
	for _, r := range axes {
		switch policy {
		case "not_larger":
			scale = min(scale, r.scale)
		case "not_smaller":
			scale = max(scale, r.scale)
		default:
			return fmt.Errorf("keep_aspect_ratio_policy %q is not known", policy)
		}
	}
	for i := range axes {
		size := math.Floor(float64(scale*float32(axes[i].in)) + 0.5)
		if !(size <= tensor.MaxElements) {
			return fmt.Errorf("axis %d of size %d can't be scaled by %g", axes[i].axis, axes[i].in, scale)
		}
		axes[i].scale, axes[i].out = scale, int(size)
	}
	return nil
}

const cropAndResize = "tf_crop_and_resize"

// coordinates give the place on the operand of place i of the result.
var coordinates = map[string]func(r *resizedAxis, i float32) float32{
	"half_pixel": func(r *resizedAxis, i float32) float32 { return (i+0.5)/r.scale - 0.5 },
	"half_pixel_symmetric": func(r *resizedAxis, i float32) float32 {
		adjustment := float32(r.out) / (r.scale * float32(r.in))
		offset := float32(r.in) / 2 * (1 - adjustment)
		return offset + (i+0.5)/r.scale - 0.5
	},
	"pytorch_half_pixel": func(r *resizedAxis, i float32) float32 {
		if r.out <= 1 {
			return 0
		}
		return (i+0.5)/r.scale - 0.5
	},
	"tf_half_pixel_for_nn": func(r *resizedAxis, i float32) float32 { return (i + 0.5) / r.scale },
	"asymmetric":           func(r *resizedAxis, i float32) float32 { return i / r.scale },
	"align_corners": func(r *resizedAxis, i float32) float32 {
		if r.out <= 1 {
			return 0
		}
		return i * float32(r.in-1) / float32(r.out-1)
	},
	cropAndResize: func(r *resizedAxis, i float32) float32 {
		last := float32(r.in - 1)
		if r.out <= 1 {
			return 0.5 * float32((r.begin+r.end)*last)
		}
		return float32(r.begin*last) + float32(i*(r.end-r.begin)*last)/float32(r.out-1)
	},
}

// nearestPlaces round a coordinate.
var nearestPlaces = map[string]func(x float64) float64{
	"round_prefer_floor": func(x float64) float64 { return math.Ceil(x - 0.5) },
	"round_prefer_ceil":  func(x float64) float64 { return math.Floor(x + 0.5) },
	"floor":              math.Floor,
	"ceil":               math.Ceil,
}

// sample is one element of the operand that an element of the result is a sum of.
type sample struct {
	at     int
	weight float64
}

// samples lists for every place of the result what it is a sum of; outside says
// which places a cropped region has outside the operand.
func (r *resizedAxis) samples(a *attr.Resize) (taps [][]sample, outside []bool) {
	taps = make([][]sample, r.out)
	crop := a.Coordinates == cropAndResize
	if crop {
		outside = make([]bool, r.out)
	}
	for i := range taps {
		if r.in == r.out && r.scale == 1 && !crop {
			taps[i] = []sample{{i, 1}}
			continue
		}
		x := coordinates[a.Coordinates](r, float32(i))
		if crop {
			outside[i] = !(x >= 0 && x <= float32(r.in-1))
		}
		taps[i] = r.around(a, float64(x))
	}
	return taps, outside
}

// around are the weights of the elements near x.
func (r *resizedAxis) around(a *attr.Resize, x float64) []sample {
	last := float64(r.in - 1)
	if x = min(max(x, -1e9), 1e9); math.IsNaN(x) {
		x = 0 // of a region that is anywhere; what is outside is replaced
	}
	if a.Mode == "nearest" {
		return []sample{{int(min(max(nearestPlaces[a.NearestMode](x), 0), last)), 1}}
	}
	k, reach := triangle, 1.0
	if a.Mode == "cubic" {
		k, reach = cubic(float64(a.CubicA)), 2.0
	}
	narrow := 1.0
	if a.Antialias && r.scale < 1 {
		narrow = float64(r.scale)
		reach /= narrow
	}
	var taps []sample
	sum := 0.0
	for at := math.Ceil(x - reach); at <= x+reach; at++ {
		w := k(math.Abs(at-x) * narrow)
		if w == 0 || a.Exclude && (at < 0 || at > last) {
			continue
		}
		sum += w
		taps = append(taps, sample{int(min(max(at, 0), last)), w})
	}
	if a.Exclude || narrow < 1 {
		for i := range taps {
			taps[i].weight /= sum
		}
	}
	return taps
}

func triangle(d float64) float64 { return max(1-d, 0) }

// cubic is the convolution kernel of Keys with parameter a.
func cubic(a float64) func(d float64) float64 {
	return func(d float64) float64 {
		switch {
		case d < 1:
			return float64(float64(float64((a+2)*d)-(a+3))*d*d) + 1
		case d < 2:
			return float64(float64(float64(float64(a*d)-5*a)*d)+8*a)*d - 4*a
		}
		return 0
	}
}

// resample replaces each line along an axis by the sums that taps tell.
func resample(x []float64, s span, taps [][]sample) []float64 {
	z := make([]float64, s.outer*len(taps)*s.inner)
	for o := range s.outer {
		for i, sum := range taps {
			out := z[(o*len(taps)+i)*s.inner:][:s.inner]
			for _, t := range sum {
				for j, v := range x[(o*s.n+t.at)*s.inner:][:s.inner] {
					out[j] += float64(t.weight * v)
				}
			}
		}
	}
	return z
}

// extrapolate fills the elements that are outside along an axis.
func extrapolate(z []float64, shape []int, outside [][]bool, value float64) {
	for axis, list := range outside {
		s := spanOf(shape, axis)
		for i, out := range list {
			if !out {
				continue
			}
			for o := range s.outer {
				line := z[(o*s.n+i)*s.inner:][:s.inner]
				for j := range line {
					line[j] = value
				}
			}
		}
	}
}
