package ref

import (
	"math"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// TestGridSample samples a line of three elements, 1 2 4, at places counted in
// elements, and is told what is at each.
func TestGridSample(t *testing.T) {
	x := f32([]int{1, 1, 3}, 1, 2, 4)
	at := func(corners bool, places ...float32) *tensor.Tensor {
		g := tensor.New(tensor.Float32, 1, len(places), 1)
		for i, p := range places {
			if corners {
				tensor.Data[float32](g)[i] = p - 1
			} else {
				tensor.Data[float32](g)[i] = (2*p+1)/3 - 1
			}
		}
		return g
	}
	for _, c := range []struct {
		mode, padding string
		corners       bool
		places        []float32
		want          []float64
	}{
		{"nearest", "zeros", true, []float32{-0.75, 0, 0.5, 1.5, 2.75}, []float64{0, 1, 1, 4, 0}},
		{"nearest", "border", false, []float32{-7, 0, 2, 9}, []float64{1, 1, 4, 4}},
		{"linear", "zeros", false, []float32{-0.5, 0, 0.5, 1.25, 2.5, 7}, []float64{0.5, 1, 1.5, 2.5, 2, 0}},
		{"linear", "border", true, []float32{-0.5, 1.5, 2.5}, []float64{1, 3, 4}},
		{"linear", "reflection", true, []float32{-0.5, 2.25, 3.5, 4.5}, []float64{1.5, 3.5, 1.5, 1.5}},
		{"linear", "reflection", false, []float32{-1.25, 2.25, 3, 3.5, 6}, []float64{1.25, 4, 4, 3, 1}},
		{"cubic", "zeros", true, []float32{1, 0.5}, []float64{2, 0.59375*(1+2) - 0.09375*4}},
		{"cubic", "border", true, []float32{-0.5}, []float64{0.59375*(1+1) - 0.09375*(1+2)}},
	} {
		a := &attr.GridSample{Mode: c.mode, PaddingMode: c.padding, AlignCorners: c.corners}
		checkNear(t, c.mode+" "+c.padding, 1e-6, c.want, func(z *tensor.Tensor) error { return GridSample(z, a, x, at(c.corners, c.places...)) })
	}
	a := attr.New[attr.GridSample]()
	plane := f32([]int{2, 2, 2, 2}, 1, 2, 3, 4, 5, 6, 7, 8, 10, 20, 30, 40, 50, 60, 70, 80)
	// Rightmost column, middle row; then the upper left corner.
	check(t, "plane", f32([]int{2, 2, 1, 1}, 3, 7, 10, 50), func(z *tensor.Tensor) error {
		return GridSample(z, a, plane, f32([]int{2, 1, 1, 2}, 0.5, 0, -0.5, -0.5))
	})
	inf := math.Inf(1)
	far := cast(tensor.Of([]int{1, 3, 1}, []float64{math.NaN(), inf, -inf}), tensor.Float32)
	for _, mode := range []string{"nearest", "linear", "cubic"} {
		check(t, "no places", f32([]int{1, 1, 3}, 0, 0, 0), func(z *tensor.Tensor) error {
			return GridSample(z, &attr.GridSample{Mode: mode, PaddingMode: "zeros"}, x, far)
		})
		for _, padding := range []string{"border", "reflection"} {
			if err := GridSample(&tensor.Tensor{}, &attr.GridSample{Mode: mode, PaddingMode: padding, AlignCorners: true}, f32([]int{1, 1, 1}, 7), far); err != nil {
				t.Error(err)
			}
		}
	}
	checkError(t, "another batch", []string{"[2,1,1,2]", "[1,1,3]"}, func(z *tensor.Tensor) error {
		return GridSample(z, a, x, f32([]int{2, 1, 1, 2}, 0, 0, 0, 0))
	})
	checkError(t, "nothing there", []string{"[1,1,0]", "nothing to sample"}, func(z *tensor.Tensor) error {
		return GridSample(z, a, tensor.New(tensor.Float32, 1, 1, 0), far)
	})
}
