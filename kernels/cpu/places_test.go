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

func TestPad(t *testing.T) {
	ctxs := contexts(t)
	ints := func(v ...int64) *tensor.Tensor { return tensor.Of([]int{len(v)}, v) }
	for _, test := range []struct {
		shape      []int
		pads, axes *tensor.Tensor
	}{
		{[]int{}, ints(), nil},
		{[]int{1}, ints(3, 2), nil},
		{[]int{5}, ints(7, 11), nil},
		{[]int{2, 3, 4, 1}, ints(0, 0, 4, 0, 0, 0, 4, 0), nil},
		{[]int{1, 5, 6, 17}, ints(0, 2, 1, 0, 0, 1, 2, 0), nil},
		{[]int{2, 3, 4}, ints(1, 0, 2, 0, 1, 3), nil},
		{[]int{4, 5, 6}, ints(-1, 2), ints(-2)},
		{[]int{4, 5, 6}, ints(-1, -2, 1, -1), ints(2, 0)},
		{[]int{4, 5}, ints(-2, 0, -2, 1), nil},
		{[]int{4, 5}, ints(3, -5), ints(1)},
		{[]int{300, 40}, ints(2, 3, 4, 5), nil},
		{[]int{3, 700}, ints(9, 9), ints(1)},
		{[]int{3, 4}, ints(0, 0, 0, 0), nil},
		{[]int{0, 4}, ints(0, 1, 0, 1), nil},
	} {
		for _, mode := range []string{"constant", "edge", "wrap", "reflect"} {
			for _, d := range movedTypes {
				x, a := counted(d, test.shape...), &attr.Pad{Mode: mode}
				for _, value := range []*tensor.Tensor{nil, counted(d)} {
					if value != nil {
						value.SetInt(0, 7)
					}
					sameAsRef(t, ctxs, fmt.Sprint(mode, d, test.shape, test.pads), 0,
						func(c *Ctx, z *tensor.Tensor) error { return Pad(c, z, a, x, test.pads, value, test.axes) },
						func(z *tensor.Tensor) error { return ref.Pad(z, a, x, test.pads, value, test.axes) })
				}
			}
		}
	}
	c, x, empty := &Ctx{}, counted(tensor.Float32, 2, 3), counted(tensor.Float32, 0, 3)
	constant, edge := &attr.Pad{Mode: "constant"}, &attr.Pad{Mode: "edge"}
	for name, err := range map[string]error{
		"too much cut off":  Pad(c, &tensor.Tensor{}, constant, x, ints(-1, 0, -2, 0), nil, nil),
		"too few pads":      Pad(c, &tensor.Tensor{}, constant, x, ints(1, 1), nil, nil),
		"an axis twice":     Pad(c, &tensor.Tensor{}, constant, x, ints(1, 1, 1, 1), nil, ints(1, -1)),
		"no such axis":      Pad(c, &tensor.Tensor{}, constant, x, ints(1, 1), nil, ints(2)),
		"no such mode":      Pad(c, &tensor.Tensor{}, &attr.Pad{Mode: "mirror"}, x, ints(0, 0, 0, 0), nil, nil),
		"value's type":      Pad(c, &tensor.Tensor{}, constant, x, ints(0, 0, 0, 0), counted(tensor.Int64), nil),
		"nothing to repeat": Pad(c, &tensor.Tensor{}, edge, empty, ints(1, 0, 0, 0), nil, nil),
		"too large":         Pad(c, &tensor.Tensor{}, constant, x, ints(1<<38, 1<<38, 0, 0), nil, nil),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "Pad: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestGatherElements(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(52, 52))
	for _, s := range [][2][]int{
		{{7}, {9}}, {{1}, {1}}, {{2, 3, 8}, {2, 3, 5}}, {{2, 3, 8}, {1, 2, 20}}, {{5, 4, 1}, {5, 4, 1}}, {{5, 1, 4}, {5, 1, 4}},
		{{3, 0}, {3, 0}}, {{3, 4}, {0, 4}}, {{200, 3, 40}, {200, 3, 33}}, {{6, 70, 9}, {6, 70, 9}},
	} {
		for axis := range s[0] {
			if !fits(s[1], s[0], axis) {
				continue
			}
			for _, d := range movedTypes {
				for _, by := range []tensor.DType{tensor.Int32, tensor.Int64} {
					x, which, a := counted(d, s[0]...), tensor.New(by, s[1]...), &attr.Axis{Axis: axis - len(s[0])}
					for i := range which.Len() {
						which.SetInt(i, int64(rng.IntN(2*s[0][axis])-s[0][axis]))
					}
					sameAsRef(t, ctxs, fmt.Sprint(d, by, s, axis), 0,
						func(c *Ctx, z *tensor.Tensor) error { return GatherElements(c, z, a, x, which) },
						func(z *tensor.Tensor) error { return ref.GatherElements(z, a, x, which) })
				}
			}
		}
	}
}

// fits reports whether indices of a shape may pick from x along an axis.
func fits(which, x []int, axis int) bool {
	for i, n := range which {
		if i != axis && n > x[i] {
			return false
		}
	}
	return true
}

func TestGatherElementsRefuses(t *testing.T) {
	c := &Ctx{}
	x := counted(tensor.Float32, 3, 4)
	for _, test := range []struct {
		x, which *tensor.Tensor
		axis     int
		want     string
	}{
		{x, tensor.Of([]int{1, 2}, []int64{0, 4}), 1, "index 4 is out of range for axis 1"},
		{x, tensor.Of([]int{1, 2}, []int32{0, -4}), 0, "index -4 is out of range for axis 0"},
		{counted(tensor.Float32, 0, 3, 2), tensor.New(tensor.Int64, 1, 3, 2), 0, "index 0 is out of range"},
		{x, tensor.New(tensor.Int64, 4, 4), 1, "axis 0 is longer"},
		{x, tensor.New(tensor.Int64, 4), 0, "operands"},
		{x, tensor.New(tensor.Int8, 3, 4), 0, "operands"},
		{x, tensor.New(tensor.Int64, 3, 4), 2, "operands"},
	} {
		err := GatherElements(c, &tensor.Tensor{}, &attr.Axis{Axis: test.axis}, test.x, test.which)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s by %s: error %v, want one with %q", test.x, test.which, err, test.want)
		}
	}
}

// TestGatherOfOne takes one entry of each axis, which is a strided copy.
func TestGatherOfOne(t *testing.T) {
	ctxs := contexts(t)
	for _, shape := range [][]int{{3}, {1, 1}, {40, 2, 8}, {5, 1, 700}, {2, 0, 3}} {
		for axis, n := range shape {
			for _, d := range movedTypes {
				for _, which := range []*tensor.Tensor{tensor.Scalar(int64(n - 1)), tensor.Of([]int{1, 1}, []int32{int32(-n)})} {
					x, a := counted(d, shape...), &attr.Axis{Axis: axis}
					if n == 0 {
						continue
					}
					sameAsRef(t, ctxs, fmt.Sprint(d, shape, axis), 0,
						func(c *Ctx, z *tensor.Tensor) error { return Gather(c, z, a, x, which) },
						func(z *tensor.Tensor) error { return ref.Gather(z, a, x, which) })
				}
			}
		}
	}
}

func TestTuples(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(54, 54))
	for _, s := range []struct {
		x, indices []int
		batch      int
	}{
		{[]int{9}, []int{4, 1}, 0}, {[]int{9}, []int{1}, 0}, {[]int{5, 6, 7}, []int{3, 2, 2}, 0}, {[]int{5, 6, 7}, []int{900, 3}, 0},
		{[]int{5, 6, 100}, []int{400, 2}, 0}, {[]int{4, 6, 3}, []int{4, 7, 1}, 1}, {[]int{4, 6, 3}, []int{4, 7, 2}, 1},
		{[]int{2, 3, 4, 5}, []int{2, 3, 6, 1}, 2}, {[]int{3, 4}, []int{0, 2}, 0}, {[]int{3, 0}, []int{5, 1}, 0},
	} {
		for _, d := range append([]tensor.DType{tensor.Bool}, movedTypes...) {
			x, indices := counted(d, s.x...), tensor.New(tensor.Int64, s.indices...)
			width := s.indices[len(s.indices)-1]
			for i := range indices.Len() {
				n := s.x[s.batch+i%width]
				indices.SetInt(i, int64(rng.IntN(2*n)-n))
			}
			name, a := fmt.Sprint(d, s), &attr.GatherND{BatchDims: s.batch}
			sameAsRef(t, ctxs, "GatherND "+name, 0,
				func(c *Ctx, z *tensor.Tensor) error { return GatherND(c, z, a, x, indices) },
				func(z *tensor.Tensor) error { return ref.GatherND(z, a, x, indices) })
			if s.batch > 0 {
				continue
			}
			updates := normals(rng, d, append(append([]int{}, s.indices[:len(s.indices)-1]...), s.x[width:]...)...)
			sameAsRef(t, ctxs, "ScatterND "+name, 0,
				func(c *Ctx, z *tensor.Tensor) error {
					return ScatterND(c, z, attr.New[attr.ScatterND](), x, indices, updates)
				},
				func(z *tensor.Tensor) error {
					return ref.ScatterND(z, attr.New[attr.ScatterND](), x, indices, updates)
				})
		}
	}
}

func TestTuplesRefuse(t *testing.T) {
	c, x, plain := &Ctx{}, counted(tensor.Float32, 3, 4), attr.New[attr.ScatterND]()
	at := func(shape []int, v ...int64) *tensor.Tensor { return tensor.Of(shape, v) }
	f32 := func(shape ...int) *tensor.Tensor { return tensor.New(tensor.Float32, shape...) }
	for _, f := range []struct {
		err  error
		want string
	}{
		{GatherND(c, &tensor.Tensor{}, &attr.GatherND{}, x, at([]int{2, 1}, 0, 3)), "GatherND: indices [3] are out of range for f32[3,4]"},
		{GatherND(c, &tensor.Tensor{}, &attr.GatherND{}, x, at([]int{1, 2}, 0, -5)), "indices [0 -5] are out of range"},
		{GatherND(c, &tensor.Tensor{}, &attr.GatherND{}, x, at([]int{1, 3}, 0, 0, 0)), "tuples of 3"},
		{GatherND(c, &tensor.Tensor{}, &attr.GatherND{BatchDims: 1}, x, at([]int{2, 1}, 0, 0)), "1 batch dims"},
		{GatherND(c, &tensor.Tensor{}, &attr.GatherND{}, x, tensor.New(tensor.Int32, 1, 1)), "indices i32[1,1]"},
		{ScatterND(c, &tensor.Tensor{}, plain, x, at([]int{1, 1}, 3), f32(1, 4)), "ScatterND: indices [3] are out of range"},
		{ScatterND(c, &tensor.Tensor{}, plain, x, at([]int{1, 1}, 0), f32(1, 3)), "updates f32[1,3]"},
		{ScatterND(c, &tensor.Tensor{}, plain, x, at([]int{1, 1}, 0), tensor.New(tensor.Int64, 1, 4)), "updates i64[1,4]"},
		{ScatterND(c, &tensor.Tensor{}, &attr.ScatterND{Reduction: "max"}, x, at([]int{1, 1}, 0), f32(1, 4)), `"max"`},
		{ScatterND(c, &tensor.Tensor{}, plain, x, at([]int{}, 0), f32(4)), "indices i64[]"},
	} {
		if f.err == nil || !strings.Contains(f.err.Error(), f.want) {
			t.Errorf("error %v, want one with %q", f.err, f.want)
		}
	}
}

func TestDepthAndSpace(t *testing.T) {
	ctxs := contexts(t)
	for _, s := range []struct {
		shape []int
		block int
	}{{[]int{2, 12, 3, 5}, 2}, {[]int{1, 9, 70, 33}, 3}, {[]int{2, 5, 1, 1}, 1}, {[]int{0, 4, 2, 2}, 2}} {
		for _, mode := range []string{"DCR", "CRD"} {
			for _, d := range movedTypes {
				x, a, name := counted(d, s.shape...), &attr.DepthSpace{BlockSize: s.block, Mode: mode}, fmt.Sprint(d, s, mode)
				var wide tensor.Tensor
				if err := ref.DepthToSpace(&wide, a, x); err != nil {
					t.Fatal(err)
				}
				sameAsRef(t, ctxs, name, 0,
					func(c *Ctx, z *tensor.Tensor) error { return DepthToSpace(c, z, a, x) },
					func(z *tensor.Tensor) error { return ref.DepthToSpace(z, a, x) })
				sameAsRef(t, ctxs, name, 0,
					func(c *Ctx, z *tensor.Tensor) error { return SpaceToDepth(c, z, a, &wide) },
					func(z *tensor.Tensor) error { return ref.SpaceToDepth(z, a, &wide) })
			}
		}
	}
	x := counted(tensor.Float32, 1, 6, 3, 4)
	for _, a := range []*attr.DepthSpace{{BlockSize: 2, Mode: "DCR"}, {BlockSize: 0, Mode: "DCR"}, {BlockSize: 1, Mode: "RCD"}} {
		if err := DepthToSpace(ctxs[0], &tensor.Tensor{}, a, x); err == nil {
			t.Errorf("%+v was taken", a)
		}
	}
	if err := SpaceToDepth(ctxs[0], &tensor.Tensor{}, &attr.DepthSpace{BlockSize: 2}, x); err == nil {
		t.Error("an odd height was taken")
	}
}
