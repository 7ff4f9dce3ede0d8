package cpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// counted holds 0, 1, 2, … as far as the type goes.
func counted(d tensor.DType, shape ...int) *tensor.Tensor {
	t := tensor.New(d, shape...)
	for i := range t.Len() {
		t.SetInt(i, int64(i%101))
	}
	return t
}

var movedTypes = []tensor.DType{tensor.Float32, tensor.Int64, tensor.Uint8, tensor.Float16}

// indexed checks that z has the shape and that element index of it is element
// from(index) of x.
func indexed(t *testing.T, name string, z, x *tensor.Tensor, shape []int, from func(index []int) int) {
	t.Helper()
	if diff := cmp.Diff(append([]int{}, shape...), append([]int{}, z.Shape...)); diff != "" {
		t.Fatalf("%s: shape %s", name, diff)
	}
	index := make([]int, len(shape))
	for i := range z.Len() {
		rest := i
		for axis := len(shape) - 1; axis >= 0; axis-- {
			index[axis], rest = rest%shape[axis], rest/shape[axis]
		}
		if got, want := z.IntAt(i), x.IntAt(from(index)); got != want {
			t.Fatalf("%s: element %v is %d, want %d", name, index, got, want)
		}
	}
}

func flat(index, shape []int) int {
	at := 0
	for axis, i := range index {
		at = at*shape[axis] + i
	}
	return at
}

func TestTranspose(t *testing.T) {
	ctxs := contexts(t)
	for _, c := range []struct{ shape, perm []int }{
		{[]int{3, 5}, nil}, {[]int{2, 70, 3, 50}, []int{0, 2, 1, 3}}, {[]int{2, 70, 3, 50}, []int{0, 2, 3, 1}}, {[]int{4, 33, 65}, []int{0, 2, 1}},
		{[]int{2, 3, 4, 5}, []int{3, 1, 0, 2}}, {[]int{7}, []int{0}}, {[]int{}, nil}, {[]int{1, 6, 1}, []int{2, 0, 1}}, {[]int{3, 0, 2}, []int{2, 1, 0}},
		{[]int{130, 140}, []int{1, 0}}, {[]int{3, 2, 40, 19}, []int{0, 3, 1, 2}}, {[]int{40, 5, 3}, []int{1, 2, 0}}, {[]int{40, 3, 1}, []int{1, 2, 0}},
	} {
		for _, d := range movedTypes {
			x := counted(d, c.shape...)
			perm := c.perm
			for i := len(c.shape) - 1; c.perm == nil && i >= 0; i-- {
				perm = append(perm, i)
			}
			shape := make([]int, len(perm))
			for i, axis := range perm {
				shape[i] = c.shape[axis]
			}
			name := fmt.Sprint(d, c)
			z := same(t, name, ctxs, func(ctx *Ctx, out *tensor.Tensor) error {
				return Transpose(ctx, out, &attr.Transpose{Perm: c.perm}, x)
			})
			indexed(t, name, z, x, shape, func(index []int) int {
				source := make([]int, len(index))
				for i, axis := range perm {
					source[axis] = index[i]
				}
				return flat(source, c.shape)
			})
		}
	}
	for _, perm := range [][]int{{0}, {0, 0}, {0, 2}, {-1, 0}} {
		if err := Transpose(ctxs[0], &tensor.Tensor{}, &attr.Transpose{Perm: perm}, counted(tensor.Float32, 2, 3)); err == nil {
			t.Errorf("perm %v was taken", perm)
		}
	}
}

// TestTransposeOfEachSize turns matrices of up to a few squares, and those that are
// part of a greater one.
func TestTransposeOfEachSize(t *testing.T) {
	c := &Ctx{}
	for _, d := range append([]tensor.DType{tensor.Int32}, movedTypes...) {
		for rows := range 19 {
			for _, n := range []int{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 63, 64, 65, 80, 131} {
				for _, x := range []*tensor.Tensor{counted(d, n, rows), counted(d, rows, n), counted(d, n, 2, rows), counted(d, 2, rows, n)} {
					perm := []int{1, 0}
					if x.Rank() == 3 {
						perm = []int{1, 2, 0}
					}
					z, shape := tensor.New(d), make([]int, len(perm))
					for i, axis := range perm {
						shape[i] = x.Shape[axis]
					}
					if err := Transpose(c, z, &attr.Transpose{Perm: perm}, x); err != nil {
						t.Fatal(err)
					}
					indexed(t, fmt.Sprint(d, x.Shape), z, x, shape, func(index []int) int {
						source := make([]int, len(index))
						for i, axis := range perm {
							source[axis] = index[i]
						}
						return flat(source, x.Shape)
					})
				}
			}
		}
	}
}

func TestExpand(t *testing.T) {
	ctxs := contexts(t)
	for _, c := range []struct {
		shape []int
		to    []int64
		want  []int
	}{
		{[]int{3, 1}, []int64{2, 3, 4}, []int{2, 3, 4}}, {[]int{}, []int64{2, 2}, []int{2, 2}}, {[]int{2, 3}, []int64{1, 1}, []int{2, 3}},
		{[]int{1, 3, 1}, []int64{2, 1, 5}, []int{2, 3, 5}}, {[]int{2}, []int64{}, []int{2}}, {[]int{1}, []int64{0}, []int{0}},
		{[]int{2, 1, 3, 4}, []int64{2, 5, 3, 4}, []int{2, 5, 3, 4}},
	} {
		for _, d := range movedTypes {
			x, to := counted(d, c.shape...), tensor.Of([]int{len(c.to)}, c.to)
			z := same(t, "Expand", ctxs, func(ctx *Ctx, out *tensor.Tensor) error { return Expand(ctx, out, x, to) })
			indexed(t, fmt.Sprint(d, c), z, x, c.want, func(index []int) int {
				source := slices.Clone(index[len(index)-len(c.shape):])
				for axis, n := range c.shape {
					if n == 1 {
						source[axis] = 0
					}
				}
				return flat(source, c.shape)
			})
		}
	}
	for _, to := range [][]int64{{2, 4}, {-1, 3}, {1 << 40, 1 << 40, 1, 3}} {
		if err := Expand(ctxs[0], &tensor.Tensor{}, counted(tensor.Float32, 1, 3), tensor.Of([]int{len(to)}, to)); err == nil {
			t.Errorf("shape %v was taken", to)
		}
	}
}

func TestSlice(t *testing.T) {
	const far = 1 << 60
	ints := func(v ...int64) *tensor.Tensor { return tensor.Of([]int{len(v)}, v) }
	shape := []int{4, 5, 6}
	ctxs := contexts(t)
	for _, c := range []struct {
		starts, ends, axes, steps *tensor.Tensor
		want, first, step         []int
	}{
		{ints(1), ints(3), ints(1), nil, []int{4, 2, 6}, []int{0, 1, 0}, []int{1, 1, 1}},
		{ints(0, 1), ints(far, -1), ints(0, -1), ints(2, 2), []int{2, 5, 2}, []int{0, 0, 1}, []int{2, 1, 2}},
		{ints(-1), ints(-far), ints(2), ints(-1), []int{4, 5, 6}, []int{0, 0, 5}, []int{1, 1, -1}},
		{ints(3, 2), ints(1, 2), nil, nil, []int{0, 0, 6}, []int{0, 0, 0}, []int{1, 1, 1}},
		{ints(3), ints(0), ints(0), ints(-2), []int{2, 5, 6}, []int{3, 0, 0}, []int{-2, 1, 1}},
		{ints(), ints(), ints(), nil, []int{4, 5, 6}, []int{0, 0, 0}, []int{1, 1, 1}},
	} {
		for _, d := range movedTypes {
			x := counted(d, shape...)
			z := same(t, "Slice", ctxs, func(ctx *Ctx, out *tensor.Tensor) error { return Slice(ctx, out, x, c.starts, c.ends, c.axes, c.steps) })
			indexed(t, "Slice", z, x, c.want, func(index []int) int {
				source := make([]int, 3)
				for axis := range source {
					source[axis] = c.first[axis] + index[axis]*c.step[axis]
				}
				return flat(source, shape)
			})
		}
	}
	for _, bad := range [][]*tensor.Tensor{{ints(0), ints(1), ints(3), nil}, {ints(0), ints(1), nil, ints(0)}, {ints(0), ints(1, 2), nil, nil}} {
		if err := Slice(ctxs[0], &tensor.Tensor{}, counted(tensor.Float32, 2, 2), bad[0], bad[1], bad[2], bad[3]); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

// TestSliceSteps takes rows of each length by steps up to more than a vector.
func TestSliceSteps(t *testing.T) {
	c := &Ctx{}
	ints := func(v ...int64) *tensor.Tensor { return tensor.Of([]int{len(v)}, v) }
	for _, d := range movedTypes {
		for _, size := range []int{1, 2, 7, 16, 33, 200} {
			x := counted(d, 3, size)
			for _, step := range []int{1, 2, 3, 7, 8, 15, 16, 17, -1, -3} {
				for first := range min(size, 3) {
					start, end, n := first, size, (size-first-1)/max(step, 1)+1
					if step < 0 {
						start, end, n = size-1-first, -1<<40, (size-1-first)/-step+1
					}
					z := tensor.New(d)
					if err := Slice(c, z, x, ints(int64(start)), ints(int64(end)), ints(1), ints(int64(step))); err != nil {
						t.Fatal(err)
					}
					indexed(t, fmt.Sprint(d, size, first, step), z, x, []int{3, n}, func(index []int) int {
						return flat([]int{index[0], start + index[1]*step}, x.Shape)
					})
				}
			}
		}
	}
}

// TestExpandRows repeats elements in rows of each length, and rows.
func TestExpandRows(t *testing.T) {
	c := &Ctx{}
	for _, d := range movedTypes {
		for _, rows := range []int{1, 2, 17, 40} {
			x, apart := counted(d, rows, 1), counted(d, rows, 3, 1)
			for n := range 40 {
				z := tensor.New(d)
				if err := Expand(c, z, x, tensor.Of([]int{2}, []int64{int64(rows), int64(n)})); err != nil {
					t.Fatal(err)
				}
				indexed(t, fmt.Sprint(d, rows, n), z, x, []int{rows, n}, func(index []int) int { return index[0] })
				if err := Expand(c, z, apart, tensor.Of([]int{4}, []int64{2, int64(rows), 3, int64(n)})); err != nil {
					t.Fatal(err)
				}
				indexed(t, fmt.Sprint(d, rows, n), z, apart, []int{2, rows, 3, n}, func(index []int) int { return 3*index[1] + index[2] })
			}
		}
	}
}

func TestConcatAndGather(t *testing.T) {
	c := &Ctx{}
	for _, d := range movedTypes {
		x := counted(d, 2, 6, 3)
		var left, right, joined, picked tensor.Tensor
		ints := func(v ...int64) *tensor.Tensor { return tensor.Of([]int{len(v)}, v) }
		for _, err := range []error{
			Slice(c, &left, x, ints(0), ints(2), ints(1), nil),
			Slice(c, &right, x, ints(2), ints(6), ints(1), nil),
			Concat(c, &joined, &attr.Axis{Axis: -2}, &left, &right),
			Gather(c, &picked, &attr.Axis{Axis: 1}, x, tensor.Of([]int{2, 2}, []int32{5, 0, -1, 3})),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if !joined.Equal(x) {
			t.Errorf("%s: the joined parts differ from the whole", d)
		}
		rows := []int{5, 0, 5, 3}
		indexed(t, "Gather", &picked, x, []int{2, 2, 2, 3}, func(index []int) int {
			return flat([]int{index[0], rows[2*index[1]+index[2]], index[3]}, x.Shape)
		})
	}
	x := counted(tensor.Float32, 2, 3)
	for name, err := range map[string]error{
		"index":  Gather(c, &tensor.Tensor{}, &attr.Axis{}, x, tensor.Scalar[int64](2)),
		"joined": Concat(c, &tensor.Tensor{}, &attr.Axis{}, x, counted(tensor.Float32, 2, 4)),
		"types":  Concat(c, &tensor.Tensor{}, &attr.Axis{}, x, counted(tensor.Int64, 2, 3)),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// Joining the parts gives the whole again.
func TestSplit(t *testing.T) {
	c := &Ctx{}
	for _, d := range movedTypes {
		x := counted(d, 2, 7, 3)
		for _, sizes := range []*tensor.Tensor{nil, tensor.Of([]int{3}, []int64{1, 0, 6})} {
			parts := []*tensor.Tensor{{}, {}, {}}
			var joined tensor.Tensor
			if err := Split(c, parts, &attr.Axis{Axis: 1}, x, sizes); err != nil {
				t.Fatal(err)
			}
			if err := Concat(c, &joined, &attr.Axis{Axis: 1}, parts...); err != nil {
				t.Fatal(err)
			}
			if !joined.Equal(x) {
				t.Errorf("%s, sizes %s: parts %v differ from the whole", d, sizes, parts)
			}
		}
	}
	x := counted(tensor.Float32, 2, 7)
	for _, bad := range [][]int64{{1, 2, 3}, {9, -1, -1}, {7}} {
		if err := Split(c, []*tensor.Tensor{nil, nil, nil}, &attr.Axis{Axis: 1}, x, tensor.Of([]int{len(bad)}, bad)); err == nil {
			t.Errorf("sizes %v were taken", bad)
		}
	}
}

func TestCast(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(13, 13))
	for _, from := range rowTypes {
		x := normals(rng, from, 3, 9000)
		for _, to := range rowTypes {
			z := same(t, "Cast", ctxs, func(c *Ctx, out *tensor.Tensor) error { return Cast(c, out, &attr.Cast{To: to}, x) })
			want := tensor.New(to, 3, 9000)
			for i := range x.Len() {
				want.SetFloat(i, x.FloatAt(i))
			}
			if !z.Equal(want) {
				t.Errorf("%s to %s", from, to)
			}
		}
	}
}
