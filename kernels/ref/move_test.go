package ref

import (
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// count is 0, 1, 2, … in a shape.
func count(shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Int64, shape...)
	for i := range t.Len() {
		t.SetInt(i, int64(i))
	}
	return t
}

func TestMovement(t *testing.T) {
	type T = *tensor.Tensor
	for _, c := range []struct {
		name string
		want T
		f    func(z T) error
	}{
		{"transpose", i64([]int{3, 2}, 0, 3, 1, 4, 2, 5), func(z T) error { return Transpose(z, &attr.Transpose{}, count(2, 3)) }},
		{"transpose of a scalar", i64(nil, 0), func(z T) error { return Transpose(z, &attr.Transpose{}, count()) }},
		{"reshape", count(3, 2), func(z T) error { return Reshape(z, &attr.Reshape{}, count(2, 3), list1(-1, 2)) }},
		{"reshape with 0", count(2, 3, 1), func(z T) error { return Reshape(z, &attr.Reshape{}, count(2, 3), list1(0, -1, 1)) }},
		{"squeeze", count(2, 3), func(z T) error { return Squeeze(z, count(1, 2, 1, 3), nil) }},
		{"unsqueeze", count(2, 1, 3, 1), func(z T) error { return Unsqueeze(z, count(2, 3), list1(-1, 1)) }},
		{"flatten of all", count(6, 1), func(z T) error { return Flatten(z, &attr.Axis{Axis: 2}, count(2, 3)) }},
		{"shape", list1(3, 4), func(z T) error { return Shape(z, &attr.Shape{Start: -2, End: 99}, count(2, 3, 4)) }},
		{"expand", i64([]int{2, 2}, 0, 0, 1, 1), func(z T) error { return Expand(z, count(2, 1), list1(1, 2)) }},
		{"tile", i64([]int{2, 4}, 0, 1, 0, 1, 0, 1, 0, 1), func(z T) error { return Tile(z, count(1, 2), list1(2, 2)) }},
		{"concat", i64([]int{2, 3}, 0, 1, 0, 2, 3, 1), func(z T) error { return Concat(z, &attr.Axis{Axis: -1}, count(2, 2), count(2, 1)) }},
		{"slice backwards", list1(4, 2, 0), func(z T) error { return Slice(z, count(5), list1(-1), list1(-99), nil, list1(-2)) }},
		{"slice clamped", i64([]int{2, 1}, 1, 3), func(z T) error { return Slice(z, count(2, 2), list1(1), list1(1<<62), list1(1), nil) }},
		{"slice of nothing", i64([]int{0}), func(z T) error { return Slice(z, count(5), list1(3), list1(2), nil, nil) }},
		{"gather", i64([]int{2, 2}, 2, 0, 5, 3), func(z T) error { return Gather(z, &attr.Axis{Axis: 1}, count(2, 3), list1(-1, 0)) }},
		{"gather strings", str(nil, "b"), func(z T) error { return Gather(z, &attr.Axis{}, str([]int{2}, "a", "b"), i64(nil, 1)) }},
		{"gather elements", i64([]int{2, 2}, 1, 0, 2, 2), func(z T) error {
			return GatherElements(z, &attr.Axis{Axis: 1}, count(2, 2), i64([]int{2, 2}, 1, 0, 0, -2))
		}},
		{"gather ND", i64([]int{2}, 1, 2), func(z T) error { return GatherND(z, &attr.GatherND{}, count(2, 2), i64([]int{2, 2}, 0, 1, 1, 0)) }},
		{"gather ND by batch", i64([]int{2}, 1, 2), func(z T) error {
			return GatherND(z, &attr.GatherND{BatchDims: 1}, count(2, 2), i64([]int{2, 1}, 1, 0))
		}},
		{"scatter elements", list1(0, 9, 2), func(z T) error {
			return ScatterElements(z, &attr.ScatterElements{Reduction: "none"}, count(3), list1(-2), list1(9))
		}},
		{"scatter with max, twice", list1(0, 7, 2), func(z T) error {
			return ScatterElements(z, &attr.ScatterElements{Reduction: "max"}, count(3), list1(1, 1), list1(7, 5))
		}},
		{"scatter ND with add", i64([]int{2, 2}, 0, 1, 14, 16), func(z T) error {
			return ScatterND(z, &attr.ScatterND{Reduction: "add"}, count(2, 2), i64([]int{2, 1}, 1, 1), i64([]int{2, 2}, 5, 6, 7, 7))
		}},
		{"upper triangle", i64([]int{2, 3}, 0, 1, 2, 0, 4, 5), func(z T) error { return Trilu(z, &attr.Trilu{Upper: true}, count(2, 3), nil) }},
		{"lower triangle", i64([]int{2, 3}, 0, 1, 0, 3, 4, 5), func(z T) error { return Trilu(z, &attr.Trilu{}, count(2, 3), i64(nil, 1)) }},
		{"range", list1(5, 3, 1), func(z T) error { return Range(z, i64(nil, 5), i64(nil, 0), i64(nil, -2)) }},
		{"range of floats", vec(1, 1.5), func(z T) error { return Range(z, f32(nil, 1), f32(nil, 1.9), f32(nil, 0.5)) }},
		{"non-zero", i64([]int{2, 2}, 0, 1, 1, 0), func(z T) error { return NonZero(z, f32([]int{2, 2}, 0, 1, nan, 0)) }},
		{"one-hot", i64([]int{3, 2}, 5, 7, 7, 5, 5, 5), func(z T) error { return OneHot(z, &attr.Axis{Axis: -1}, list1(1, -2, 9), i64(nil, 2), list1(5, 7)) }},
		{"eye", f32([]int{2, 3}, 0, 1, 0, 0, 0, 1), func(z T) error { return EyeLike(z, &attr.EyeLike{DType: tensor.Float32, K: 1}, count(2, 3)) }},
		{"compress", i64([]int{2, 1}, 1, 3), func(z T) error { return Compress(z, &attr.Axis{Axis: 1}, count(2, 2), of(false, true)) }},
		{"pad", list1(8, 0, 1, 8, 8), func(z T) error { return Pad(z, &attr.Pad{Mode: "constant"}, count(2), list1(1, 2), i64(nil, 8), nil) }},
		{"pad and cut", list1(1, 0), func(z T) error { return Pad(z, &attr.Pad{Mode: "constant"}, count(2), list1(-1, 1), nil, nil) }},
		{"reflect", list1(2, 1, 0, 1, 2, 1, 0, 1), func(z T) error { return Pad(z, &attr.Pad{Mode: "reflect"}, count(3), list1(2, 3), nil, nil) }},
		{"edge", list1(0, 0, 1, 1), func(z T) error { return Pad(z, &attr.Pad{Mode: "edge"}, count(2), list1(1, 1), nil, nil) }},
		{"wrap", list1(2, 0, 1, 2, 0), func(z T) error { return Pad(z, &attr.Pad{Mode: "wrap"}, count(3), list1(1, 1), nil, nil) }},
		{"depth to space", i64([]int{1, 1, 2, 2}, 0, 1, 2, 3), func(z T) error {
			return DepthToSpace(z, &attr.DepthSpace{BlockSize: 2, Mode: "DCR"}, count(1, 4, 1, 1))
		}},
	} {
		check(t, c.name, c.want, c.f)
	}
}

// TestMovementOfEveryType moves the same elements in every type.
func TestMovementOfEveryType(t *testing.T) {
	perm := &attr.Transpose{Perm: []int{1, 0}}
	for d := tensor.Float32; d <= tensor.Int2; d++ {
		x, want := tensor.New(d, 2, 3), tensor.New(d, 3, 2)
		for i := range 6 {
			v, at := int64(i%2), i%3*2+i/3
			switch {
			case d == tensor.String:
				x.Strings()[i], want.Strings()[at] = "ab"[v:v+1], "ab"[v:v+1]
			case d.IsComplex():
				x.Bytes()[i*d.Bits()/8], want.Bytes()[at*d.Bits()/8] = byte(v), byte(v)
			default:
				x.SetInt(i, v)
				want.SetInt(at, v)
			}
		}
		check(t, "transpose of "+d.String(), want, func(z *tensor.Tensor) error { return Transpose(z, perm, x) })
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name  string
		sizes *tensor.Tensor
		want  []*tensor.Tensor
	}{
		{"by sizes", list1(1, 0, 2), []*tensor.Tensor{i64([]int{2, 1}, 0, 3), i64([]int{2, 0}), i64([]int{2, 2}, 1, 2, 4, 5)}},
		{"evenly", nil, []*tensor.Tensor{i64([]int{2, 2}, 0, 1, 3, 4), i64([]int{2, 1}, 2, 5)}},
	} {
		out := make([]*tensor.Tensor, len(c.want))
		for i := range out {
			out[i] = &tensor.Tensor{}
		}
		if err := Split(out, &attr.Axis{Axis: 1}, count(2, 3), c.sizes); err != nil {
			t.Fatal(err)
		}
		for i, z := range out {
			if !z.Equal(c.want[i]) {
				t.Errorf("%s: part %d is %s, want %s", c.name, i, show(z), show(c.want[i]))
			}
		}
	}
}

func TestMovementErrors(t *testing.T) {
	type T = *tensor.Tensor
	huge := list1(1<<40, 1<<40)
	for _, c := range []struct {
		name  string
		words []string
		f     func(z T) error
	}{
		{"gather", []string{"index 3", "size 3"}, func(z T) error { return Gather(z, &attr.Axis{}, count(3), list1(0, 3)) }},
		{"gather ND", []string{"axis 1", "index -3", "size 2"}, func(z T) error {
			return GatherND(z, &attr.GatherND{}, count(2, 2), i64([]int{1, 2}, 0, -3))
		}},
		{"scatter", []string{"index 9", "size 3"}, func(z T) error {
			return ScatterElements(z, &attr.ScatterElements{Reduction: "none"}, count(3), list1(9), list1(0))
		}},
		{"reshape", []string{"i64[2,3]", "[4]"}, func(z T) error { return Reshape(z, &attr.Reshape{}, count(2, 3), list1(4)) }},
		{"broadcast", []string{"[2]", "[3]"}, func(z T) error { return Add(z, count(2), count(3)) }},
		{"types", []string{"f32", "i64"}, func(z T) error { return Add(z, count(2), vec(1, 2)) }},
		{"expand", []string{"too large"}, func(z T) error { return Expand(z, count(1), huge) }},
		{"tile", []string{"too large"}, func(z T) error { return Tile(z, count(1, 1), huge) }},
		{"range", []string{"too large"}, func(z T) error { return Range(z, i64(nil, 0), i64(nil, 1<<46), i64(nil, 1)) }},
		{"step 0", []string{"axis 0"}, func(z T) error { return Slice(z, count(3), list1(0), list1(3), nil, list1(0)) }},
		{"split", []string{"[1 1]", "size 3"}, func(z T) error { return Split([]T{z, z}, &attr.Axis{}, count(3), list1(1, 1)) }},
		{"perm", []string{"[0 0]"}, func(z T) error { return Transpose(z, &attr.Transpose{Perm: []int{0, 0}}, count(2, 2)) }},
		{"strings", []string{"str"}, func(z T) error { return Neg(z, str([]int{1}, "a")) }},
	} {
		checkError(t, c.name, c.words, c.f)
	}
}
