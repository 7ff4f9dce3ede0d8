package ref

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// GridSample samples x [batch, channel, …] at the places in grid [batch, place…, axis].
// A place is a number for each spatial axis of x, the last axis first: −1 and 1 are the
// axis's ends, or the middles of its outermost elements with AlignCorners. Places are
// calculated in the grid's type, f32 at least, as ONNX Runtime does: which element is
// the nearest would differ otherwise.
func GridSample(z *tensor.Tensor, a *attr.GridSample, x, grid *tensor.Tensor) error {
	g, err := planGrid(a, x, grid)
	if err != nil {
		return err
	}
	last := grid.Rank() - 1
	if err := reset(z, x.DType, slices.Concat(x.Shape[:2], grid.Shape[1:last])...); err != nil {
		return err
	}
	switch {
	case z.Len() == 0:
		return nil
	case x.Len() == 0:
		return fmt.Errorf("%s is empty: there is nothing to sample", x)
	}
	data, at, out := load(x), load(grid), make([]float64, z.Len())
	axes, channels, size, places := len(g.sizes), x.Shape[1], product(g.sizes), product(grid.Shape[1:last])
	for i := range x.Shape[0] * places {
		taps := g.around(at[i*axes:][:axes])
		first := i / places * channels
		for c := first; c < first+channels; c++ {
			sum := 0.0
			for _, t := range taps {
				sum += float64(t.weight * data[c*size+t.at])
			}
			out[c*places+i%places] = sum
		}
	}
	store(z, out)
	return nil
}

// gridSampler finds what elements of the spatial axes a place is a sum of.
type gridSampler struct {
	*attr.GridSample
	sizes      []int
	wide       bool // places are calculated in f64
	taps, next []sample
}

func planGrid(a *attr.GridSample, x, grid *tensor.Tensor) (*gridSampler, error) {
	if err := wantSpatial(x); err != nil {
		return nil, err
	}
	if gridWeights[a.Mode] == nil || paddings[a.PaddingMode] == nil {
		return nil, fmt.Errorf("mode %q or padding_mode %q is not known", a.Mode, a.PaddingMode)
	}
	if !grid.DType.IsFloat() || grid.Rank() != x.Rank() || grid.Shape[0] != x.Shape[0] || grid.Shape[grid.Rank()-1] != x.Rank()-2 {
		return nil, fmt.Errorf("grid is %s for %s", grid, x)
	}
	return &gridSampler{GridSample: a, sizes: x.Shape[2:], wide: grid.DType == tensor.Float64}, nil
}

// around is what the place v is a sum of; it is good until the next call.
func (g *gridSampler) around(v []float64) []sample {
	g.taps = append(g.taps[:0], sample{0, 1})
	for axis, size := range g.sizes {
		first, weights := g.along(v[len(v)-1-axis], size)
		g.next = g.next[:0]
		for k, w := range weights {
			at, inside := paddings[g.PaddingMode](g.border(size), first+float64(k))
			if w == 0 || !inside {
				continue
			}
			for _, t := range g.taps {
				g.next = append(g.next, sample{t.at*size + int(at), t.weight * w})
			}
		}
		g.taps, g.next = g.next, g.taps
	}
	return g.taps
}

// along are the weights along an axis of the elements from first on, some of which may
// be outside; a weight of 0 stands for none. What is no number is far outside.
func (g *gridSampler) along(v float64, size int) (first float64, weights [4]float64) {
	var x float64
	if g.wide {
		x = placeOnAxis(v, float64(size), g.AlignCorners)
	} else {
		x = float64(placeOnAxis(float32(v), float32(size), g.AlignCorners))
	}
	if x != x {
		x = math.Inf(-1)
	}
	return gridWeights[g.Mode](min(max(x, -1e9), 1e9))
}

// placeOnAxis counts in elements, from the middle of the first.
func placeOnAxis[T float32 | float64](v, size T, alignCorners bool) T {
	if alignCorners {
		return (v + 1) / 2 * (size - 1)
	}
	return (T((v+1)*size) - 1) / 2
}

// gridWeights are the weights of the elements near x, and which is the first.
var gridWeights = map[string]func(x float64) (first float64, weights [4]float64){
	"nearest": func(x float64) (float64, [4]float64) { return math.RoundToEven(x), [4]float64{1} },
	"linear": func(x float64) (float64, [4]float64) {
		t := x - math.Floor(x)
		return math.Floor(x), [4]float64{1 - t, t}
	},
	"cubic": func(x float64) (float64, [4]float64) {
		t, k := x-math.Floor(x), cubic(-0.75)
		return math.Floor(x) - 1, [4]float64{k(1 + t), k(t), k(1 - t), k(2 - t)}
	},
}

// border is where an axis ends for its padding.
type border struct{ low, high, last float64 }

func (g *gridSampler) border(size int) border {
	last := float64(size - 1)
	if g.AlignCorners {
		return border{0, last, last}
	}
	return border{-0.5, last + 0.5, last}
}

// paddings put elements outside an axis on it, each for itself, as PyTorch and ONNX
// Runtime do; zeros stay outside.
var paddings = map[string]func(b border, x float64) (at float64, inside bool){
	"zeros":      func(b border, x float64) (float64, bool) { return x, x >= 0 && x <= b.last },
	"border":     func(b border, x float64) (float64, bool) { return min(max(x, 0), b.last), true },
	"reflection": func(b border, x float64) (float64, bool) { return b.reflect(x), true },
}

// reflect mirrors x at the ends until it is between them.
func (b border) reflect(x float64) float64 {
	length := b.high - b.low
	if length == 0 {
		return b.low
	}
	d := math.Mod(math.Abs(x-b.low), 2*length)
	if d > length {
		d = 2*length - d
	}
	return b.low + d
}
