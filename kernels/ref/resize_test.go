package ref

import (
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// TestResize: most forms are in ONNX's node tests; these are sums done by hand.
func TestResize(t *testing.T) {
	row := f32([]int{1, 4}, 0, 10, 20, 30)
	tests := []struct {
		name          string
		set           func(a *attr.Resize)
		scales, sizes *tensor.Tensor
		want          *tensor.Tensor
	}{
		{"nearest", func(a *attr.Resize) {}, nil, list1(1, 8), f32([]int{1, 8}, 0, 0, 10, 10, 20, 20, 30, 30)},
		{"an axis alone", func(a *attr.Resize) { a.Axes = []int{-1} }, vec(0.5), nil, f32([]int{1, 2}, 0, 20)},
		{"linear", func(a *attr.Resize) { a.Mode = "linear" }, vec(1, 2), nil, f32([]int{1, 8}, 0, 2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 30)},
		{"corners", func(a *attr.Resize) { a.Mode, a.Coordinates = "linear", "align_corners" }, nil, list1(1, 7), f32([]int{1, 7}, 0, 5, 10, 15, 20, 25, 30)},
		{"cubic to one", func(a *attr.Resize) { a.Mode = "cubic" }, nil, list1(1, 1), f32([]int{1, 1}, 15)},
		{"antialias", func(a *attr.Resize) { a.Mode, a.Antialias, a.Exclude = "linear", true, true }, nil, list1(1, 1), f32([]int{1, 1}, 15)},
		{"to nothing", func(a *attr.Resize) {}, nil, list1(0, 1<<40), f32([]int{0, 1 << 40})},
	}
	for _, tt := range tests {
		a := attr.New[attr.Resize]()
		tt.set(a)
		check(t, tt.name, tt.want, func(z *tensor.Tensor) error { return Resize(z, a, row, nil, tt.scales, tt.sizes) })
	}
}

func TestResizeRefusals(t *testing.T) {
	row := f32([]int{1, 4}, 0, 10, 20, 30)
	tests := []struct {
		name               string
		x                  *tensor.Tensor
		roi, scales, sizes *tensor.Tensor
		coordinates        string
	}{
		{"neither", row, nil, nil, nil, "half_pixel"},
		{"both", row, nil, vec(1, 1), list1(1, 4), "half_pixel"},
		{"of nothing", f32([]int{1, 0}), nil, nil, list1(1, 4), "half_pixel"},
		{"scale too large", row, nil, vec(1, 1e30), nil, "half_pixel"},
		{"scale below 0", row, nil, vec(1, -1), nil, "half_pixel"},
		{"size below 0", row, nil, nil, list1(1, -4), "half_pixel"},
		{"one scale for two axes", row, nil, vec(2), nil, "half_pixel"},
		{"no region", row, nil, vec(1, 2), nil, "tf_crop_and_resize"},
		{"unknown coordinates", row, nil, vec(1, 2), nil, "middle"},
	}
	for _, tt := range tests {
		a := attr.New[attr.Resize]()
		a.Coordinates = tt.coordinates
		if err := Resize(tensor.New(tensor.Float32), a, tt.x, tt.roi, tt.scales, tt.sizes); err == nil {
			t.Errorf("%s: no error", tt.name)
		}
	}
}
