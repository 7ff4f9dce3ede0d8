package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// resizePlan are the axes to resize.
type resizePlan struct {
	axes  [maxRank]resizedAxis
	count int
}

// resizedAxis is how one axis is resized: scale is out/in before rounding.
type resizedAxis struct {
	axis, in, out int
	scale         float32
}

// CanResize returns why the kernel can't resize in a form: it neither crops nor keeps
// an aspect ratio.
func CanResize(a *attr.Resize) error {
	switch {
	case coordinates[a.Coordinates] == nil:
		return fmt.Errorf("coordinate_transformation_mode %q is not known", a.Coordinates)
	case nearestPlaces[a.NearestMode] == nil:
		return fmt.Errorf("nearest_mode %q is not known", a.NearestMode)
	case a.Mode != "nearest" && a.Mode != "linear" && a.Mode != "cubic":
		return fmt.Errorf("mode %q is not known", a.Mode)
	case a.AspectPolicy != "stretch":
		return fmt.Errorf("keep_aspect_ratio_policy is %q, want stretch", a.AspectPolicy)
	}
	return nil
}

// plan finds the axes' sizes.
func (p *resizePlan) plan(a *attr.Resize, x, scales, sizes *tensor.Tensor) error {
	if !isFloat(x.DType) || x.Rank() > maxRank {
		return fmt.Errorf("operand %s, want f32, f16 or bf16 of rank up to %d", x, maxRank)
	}
	p.count = x.Rank()
	if len(a.Axes) > 0 {
		p.count = len(a.Axes)
	}
	scaled, sized := scales != nil && scales.Len() > 0, sizes != nil && sizes.Len() > 0
	switch {
	case scaled == sized:
		return fmt.Errorf("want scales or sizes, and not both")
	case scaled && (scales.Len() != p.count || !scales.DType.IsFloat()):
		return fmt.Errorf("scales is %s, want %d floats", scales, p.count)
	case sized && (sizes.Len() != p.count || !sizes.DType.IsInt()):
		return fmt.Errorf("sizes is %s, want %d integers", sizes, p.count)
	}
	seen := 0
	for i := range p.count {
		axis, ok := normalAxis(orElse(a.Axes, i, i), x.Rank())
		if !ok || seen&(1<<axis) != 0 {
			return fmt.Errorf("axes %s of %s", tensor.ShapeString(a.Axes), x)
		}
		seen |= 1 << axis
		v := resizedAxis{axis: axis, in: x.Shape[axis]}
		var size float64
		if scaled {
			v.scale = float32(scales.FloatAt(i))
			size = float64(float32(v.in) * v.scale)
			ok = v.scale > 0
		} else {
			size = float64(sizes.IntAt(i))
			v.scale = float32(size) / float32(v.in)
		}
		if !ok || !(size >= 0 && size <= maxElements) {
			return fmt.Errorf("axis %d of %s can't be resized to %g by a scale of %g", axis, x, size, v.scale)
		}
		v.out = int(size)
		p.axes[i] = v
	}
	return nil
}

// coordinates give the place on the operand of place i of the result. They are
// calculated in f32, as ONNX Runtime does: in f64 floors of quotients would differ.
var coordinates = map[string]func(v *resizedAxis, i float32) float32{
	"half_pixel": func(v *resizedAxis, i float32) float32 { return (i+0.5)/v.scale - 0.5 },
	"half_pixel_symmetric": func(v *resizedAxis, i float32) float32 {
		adjustment := float32(v.out) / float32(v.scale*float32(v.in))
		return float32(float32(v.in)/2*(1-adjustment)) + (i+0.5)/v.scale - 0.5
	},
	"pytorch_half_pixel": func(v *resizedAxis, i float32) float32 {
		if v.out <= 1 {
			return 0
		}
		return (i+0.5)/v.scale - 0.5
	},
	"tf_half_pixel_for_nn": func(v *resizedAxis, i float32) float32 { return (i + 0.5) / v.scale },
	"asymmetric":           func(v *resizedAxis, i float32) float32 { return i / v.scale },
	"align_corners": func(v *resizedAxis, i float32) float32 {
		if v.out <= 1 {
			return 0
		}
		return i * float32(v.in-1) / float32(v.out-1)
	},
}

// nearestPlaces round a coordinate.
var nearestPlaces = map[string]func(x float64) float64{
	"round_prefer_floor": func(x float64) float64 { return math.Ceil(x - 0.5) },
	"round_prefer_ceil":  func(x float64) float64 { return math.Floor(x + 0.5) },
	"floor":              math.Floor,
	"ceil":               math.Ceil,
}

// taps are what the entries of the result are sums of: entry i of those from first[i]
// to first[i+1].
type taps struct {
	first   []int
	at      []int
	weights []float32
}

// find sets the taps of an axis.
func (t *taps) find(v *resizedAxis, a *attr.Resize) {
	t.first, t.at, t.weights = append(t.first[:0], 0), t.at[:0], t.weights[:0]
	place := coordinates[a.Coordinates]
	for i := range v.out {
		x := min(max(float64(place(v, float32(i))), -1e9), 1e9)
		if a.Mode == "nearest" {
			t.add(v, nearestPlaces[a.NearestMode](x), 1)
		} else {
			t.around(v, a, x)
		}
		t.first = append(t.first, len(t.at))
	}
}

// add appends an entry; beyond the ends stand the first one and the last.
func (t *taps) add(v *resizedAxis, at, weight float64) {
	t.at = append(t.at, int(min(max(at, 0), float64(v.in-1))))
	t.weights = append(t.weights, float32(weight))
}

// around appends the entries near x: two for a line through them, four for a curve,
// and more where many become one.
func (t *taps) around(v *resizedAxis, a *attr.Resize, x float64) {
	reach, narrow := 1.0, 1.0
	if a.Mode == "cubic" {
		reach = 2
	}
	if a.Antialias && v.scale < 1 {
		narrow = float64(v.scale)
		reach /= narrow
	}
	begin, sum := len(t.at), 0.0
	for at := math.Ceil(x - reach); at <= x+reach; at++ {
		w := bell(math.Abs(at-x)*narrow, a)
		if w == 0 || a.Exclude && (at < 0 || at > float64(v.in-1)) {
			continue
		}
		sum += w
		t.add(v, at, w)
	}
	if a.Exclude || narrow < 1 {
		for i := range t.weights[begin:] {
			t.weights[begin+i] = float32(float64(t.weights[begin+i]) / sum)
		}
	}
}

// bell is the weight of an entry at a distance: a triangle, or the convolution kernel
// of Keys.
func bell(d float64, a *attr.Resize) float64 {
	c := float64(a.CubicA)
	switch {
	case a.Mode == "linear":
		return max(1-d, 0)
	case d < 1:
		return float64(float64(float64((c+2)*d)-(c+3))*d*d) + 1
	case d < 2:
		return float64(float64(float64(float64(c*d)-5*c)*d)+8*c)*d - 4*c
	}
	return 0
}
