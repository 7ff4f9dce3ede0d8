package ref

import (
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

func TestCol2Im(t *testing.T) {
	// Two columns of two, a step apart, of a row of three: the middle is in both.
	x := f32([]int{1, 4, 2}, 1, 2, 3, 4, 10, 20, 30, 40)
	a := &attr.Col2Im{}
	check(t, "a row", f32([]int{1, 2, 3}, 1, 2+3, 4, 10, 20+30, 40), func(z *tensor.Tensor) error { return Col2Im(z, a, x, list1(3), list1(2)) })
	a.Pads = []int{1, 0}
	check(t, "padded", f32([]int{1, 2, 2}, 2+3, 4, 20+30, 40), func(z *tensor.Tensor) error { return Col2Im(z, a, x, list1(2), list1(2)) })
	checkError(t, "places", []string{"[1,4,2]", "at 4 places"}, func(z *tensor.Tensor) error { return Col2Im(z, a, x, list1(4), list1(2)) })
	checkError(t, "columns", []string{"[1,4,2]", "blocks [3]"}, func(z *tensor.Tensor) error { return Col2Im(z, a, x, list1(3), list1(3)) })
}

func TestNonMaxSuppression(t *testing.T) {
	// The second box covers half of the first; the third is elsewhere, its corners swapped.
	corners := f32([]int{1, 3, 4}, 0, 0, 2, 2, 0, 1, 2, 3, 9, 9, 8, 8)
	centres := f32([]int{1, 3, 4}, 1, 1, 2, 2, 1, 2, 2, 2, 8.5, 8.5, 1, 1)
	scores := f32([]int{1, 2, 3}, 0.5, 0.9, 0.1, 0.7, 0.7, 0.7)
	number := func(x float32) *tensor.Tensor { return f32(nil, x) }
	for _, c := range []struct {
		name                  string
		limit, overlap, least *tensor.Tensor
		want                  []int64
	}{
		{"apart", list1(9), nil, nil, []int64{0, 0, 1, 0, 0, 2, 0, 1, 0, 0, 1, 2}},
		{"some overlap", list1(9), number(0.4), number(0.3), []int64{0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 2}},
		{"one each", list1(1), nil, nil, []int64{0, 0, 1, 0, 1, 0}},
		{"no limit is none", nil, nil, nil, nil},
	} {
		for i, boxes := range []*tensor.Tensor{corners, centres} {
			check(t, c.name, i64([]int{len(c.want) / 3, 3}, c.want...), func(z *tensor.Tensor) error {
				return NonMaxSuppression(z, &attr.NonMaxSuppression{CenterPointBox: i}, boxes, scores, c.limit, c.overlap, c.least)
			})
		}
	}
	checkError(t, "boxes", []string{"[1,2,3]"}, func(z *tensor.Tensor) error {
		return NonMaxSuppression(z, &attr.NonMaxSuppression{}, scores, scores, nil, nil, nil)
	})
}

func TestRoiAlign(t *testing.T) {
	x := f32([]int{1, 1, 3, 3}, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	a := attr.New[attr.RoiAlign]()
	a.Height, a.Width, a.Sampling = 2, 1, 1
	region := f32([]int{1, 4}, 0, 0, 3, 3) // all of it
	// A cell is 3 wide and 1.5 high, from the corner of the first element: its middle is
	// in column 1, a quarter of a row from rows 0 and 2.
	check(t, "mean", f32([]int{1, 1, 2, 1}, 2.75, 7.25), func(z *tensor.Tensor) error { return RoiAlign(z, a, x, region, list1(0)) })
	a.Mode = "max"
	check(t, "greatest share", f32([]int{1, 1, 2, 1}, 2*0.75, 8*0.75), func(z *tensor.Tensor) error { return RoiAlign(z, a, x, region, list1(-1)) })
	a.Mode, a.Sampling = "avg", 0
	check(t, "elsewhere", f32([]int{1, 1, 2, 1}, 0, 0), func(z *tensor.Tensor) error {
		return RoiAlign(z, a, x, f32([]int{1, 4}, 9, 9, 12, 12), list1(0))
	})
	checkError(t, "entry", []string{"index 1"}, func(z *tensor.Tensor) error { return RoiAlign(z, a, x, region, list1(1)) })
	checkError(t, "far", []string{"a region from 0"}, func(z *tensor.Tensor) error {
		return RoiAlign(z, a, x, f32([]int{1, 4}, 0, 0, 1e30, 1e30), list1(0))
	})
}

func TestUnique(t *testing.T) {
	x := f32([]int{3, 2}, 2, 1, 1, 1, 2, 1)
	first, which, counts := &tensor.Tensor{}, &tensor.Tensor{}, &tensor.Tensor{}
	check(t, "rows in order", f32([]int{2, 2}, 1, 1, 2, 1), func(z *tensor.Tensor) error {
		return Unique(z, first, which, counts, attr.New[attr.Unique](), x)
	})
	for what, c := range map[string][2]*tensor.Tensor{"first": {first, list1(1, 0)}, "which": {which, list1(1, 0, 1)}, "counts": {counts, list1(1, 2)}} {
		if !c[0].Equal(c[1]) {
			t.Errorf("%s are %s, want %s", what, show(c[0]), show(c[1]))
		}
	}
	check(t, "as they come", str([]int{2}, "b", "a"), func(z *tensor.Tensor) error {
		return Unique(z, nil, nil, nil, &attr.Unique{}, str([]int{3}, "b", "a", "b"))
	})
	check(t, "columns", f32([]int{3, 2}, 1, 2, 1, 1, 1, 2), func(z *tensor.Tensor) error {
		return Unique(z, nil, nil, nil, &attr.Unique{Axis: -1, Sorted: true}, x)
	})
}
