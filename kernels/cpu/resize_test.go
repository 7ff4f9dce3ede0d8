package cpu

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/ref"
)

func resizeBy(set func(a *attr.Resize)) *attr.Resize {
	a := attr.New[attr.Resize]()
	set(a)
	return a
}

func TestResize(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(53, 53))
	ints := func(v ...int64) *tensor.Tensor { return tensor.Of([]int{len(v)}, v) }
	reals := func(v ...float32) *tensor.Tensor { return tensor.Of([]int{len(v)}, v) }
	forms := []*attr.Resize{}
	for _, mode := range []string{"nearest", "linear", "cubic"} {
		for _, place := range []string{"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "tf_half_pixel_for_nn", "asymmetric", "align_corners"} {
			forms = append(forms, resizeBy(func(a *attr.Resize) { a.Mode, a.Coordinates = mode, place }))
		}
		forms = append(forms,
			resizeBy(func(a *attr.Resize) { a.Mode, a.Antialias = mode, true }),
			resizeBy(func(a *attr.Resize) { a.Mode, a.Exclude, a.CubicA = mode, true, -0.5 }))
	}
	for _, nearest := range []string{"round_prefer_ceil", "floor", "ceil"} {
		forms = append(forms, resizeBy(func(a *attr.Resize) { a.NearestMode = nearest }))
	}
	for _, test := range []struct {
		shape         []int
		scales, sizes *tensor.Tensor
		axes          []int
	}{
		{[]int{1, 3, 32, 54}, nil, ints(1, 3, 14, 14), nil},
		{[]int{2, 5, 9, 7}, nil, ints(2, 5, 20, 33), nil},
		{[]int{2, 40, 4, 6}, reals(2, 1.5), nil, []int{-2, 3}},
		{[]int{2, 6, 10, 3}, reals(1, 0.6, 2.5, 1), nil, nil},
		{[]int{70, 90}, nil, ints(70, 31), nil},
		{[]int{130, 1}, nil, ints(100, 7), nil},
		{[]int{7}, nil, ints(1), nil},
		{[]int{5, 4}, nil, ints(5, 4), nil},
		{[]int{3, 4}, nil, ints(3, 0), nil},
	} {
		for _, form := range forms {
			for _, d := range rowTypes {
				x, a, units := tensor.New(d, test.shape...), *form, 8.0
				for i := range x.Len() {
					x.SetFloat(i, 50+100*rng.Float64())
				}
				if a.Axes = test.axes; a.Mode == "nearest" {
					units = 0
				}
				sameAsRef(t, ctxs, fmt.Sprint(d, test, a), units,
					func(c *Ctx, z *tensor.Tensor) error { return Resize(c, z, &a, x, nil, test.scales, test.sizes) },
					func(z *tensor.Tensor) error { return ref.Resize(z, &a, x, nil, test.scales, test.sizes) })
			}
		}
	}
}

func TestResizeRefuses(t *testing.T) {
	ints := func(v ...int64) *tensor.Tensor { return tensor.Of([]int{len(v)}, v) }
	x, plain := tensor.New(tensor.Float32, 2, 3), attr.New[attr.Resize]()
	twice := resizeBy(func(a *attr.Resize) { a.Axes = []int{0, -2} })
	for _, test := range []struct {
		a             *attr.Resize
		x             *tensor.Tensor
		scales, sizes *tensor.Tensor
		want          string
	}{
		{plain, x, nil, nil, "want scales or sizes"},
		{plain, x, tensor.Of([]int{2}, []float32{1, 1}), ints(2, 3), "want scales or sizes"},
		{plain, x, nil, ints(2), "want 2 integers"},
		{plain, x, nil, ints(2, -1), "axis 1 of f32[2,3]"},
		{plain, x, nil, ints(1<<20, 1<<20), "too large"},
		{plain, x, tensor.Of([]int{2}, []float32{1, 0}), nil, "by a scale of 0"},
		{plain, x, ints(1, 1), nil, "want 2 floats"},
		{plain, tensor.New(tensor.Int64, 2), nil, ints(2), "want f32"},
		{plain, tensor.New(tensor.Float32, 0), nil, ints(2), "empty"},
		{twice, x, nil, ints(2, 2), "axes"},
		{resizeBy(func(a *attr.Resize) { a.Coordinates = "tf_crop_and_resize" }), x, nil, ints(2, 2), "tf_crop_and_resize"},
		{resizeBy(func(a *attr.Resize) { a.AspectPolicy = "not_larger" }), x, nil, ints(2, 2), "not_larger"},
		{resizeBy(func(a *attr.Resize) { a.NearestMode = "up" }), x, nil, ints(2, 2), "nearest_mode"},
		{resizeBy(func(a *attr.Resize) { a.Mode = "quartic" }), x, nil, ints(2, 2), "quartic"},
	} {
		err := Resize(&Ctx{}, &tensor.Tensor{}, test.a, test.x, nil, test.scales, test.sizes)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want one with %q", err, test.want)
		}
	}
}
