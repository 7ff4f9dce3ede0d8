package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Broadcasts that leave short runs, large enough for chunks to begin and end
// within runs.
func TestShortRuns(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(31, 31))
	for _, f := range []struct {
		name string
		got  func(c *Ctx, z, x, y *tensor.Tensor) error
		want func(x, y float32) float32
	}{
		{"Add", Add, func(x, y float32) float32 { return x + y }},
		{"Sub", Sub, func(x, y float32) float32 { return x - y }},
		{"Mul", Mul, func(x, y float32) float32 { return x * y }},
		{"Div", Div, func(x, y float32) float32 { return x / y }},
	} {
		for _, s := range [][2][]int{
			{{300, 37, 9}, {37, 9}}, {{300, 37, 9}, {300, 37, 1}}, {{300, 1, 9}, {300, 37, 9}}, {{300, 37, 1}, {300, 1, 9}},
			{{9}, {11111, 9}}, {{300, 1, 1}, {300, 37, 9}}, {{40, 2500}, {2500}}, {{40, 2500}, {40, 1}},
		} {
			x, y := normals(rng, tensor.Float32, s[0]...), normals(rng, tensor.Float32, s[1]...)
			name := fmt.Sprint(f.name, s)
			z := same(t, name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return f.got(c, out, x, y) })
			got := tensor.Data[float32](z)
			eachBroadcast(z.Shape, func(i int, at func(*tensor.Tensor) float64) {
				if want := f.want(float32(at(x)), float32(at(y))); got[i] != want {
					t.Fatalf("%s: element %d is %g, want %g", name, i, got[i], want)
				}
			}, x, y)
		}
	}
}

// Reductions of several blocks of rows and of columns, wide and narrow.
func TestBlockedReductions(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(32, 32))
	for _, d := range rowTypes {
		for _, c := range []struct {
			shape []int
			axes  []int64
		}{
			{[]int{3, 9000}, []int64{1}}, {[]int{50000}, []int64{0}}, {[]int{2, 5, 4500}, []int64{0, 2}}, {[]int{700, 3}, []int64{0}},
			{[]int{3, 1000, 1}, []int64{1}}, {[]int{2, 777, 17}, []int64{1}}, {[]int{300, 1500}, []int64{0}}, {[]int{40, 3, 30, 65}, []int64{0, 2}},
			{[]int{5000, 2}, []int64{1}},
		} {
			x := normals(rng, d, c.shape...)
			which, a := tensor.Of([]int{len(c.axes)}, c.axes), &attr.Reduce{KeepDims: true}
			run := func(f func(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error) *tensor.Tensor {
				return same(t, fmt.Sprint(c), ctxs, func(ctx *Ctx, out *tensor.Tensor) error { return f(ctx, out, a, x, which) })
			}
			checkReduction(t, x, c.axes, true, run(ReduceSum), run(ReduceMean), run(ReduceMax))
			compareReductions(t, ctxs, a, x, which)
		}
	}
}

func TestReduceMaxOfNaN(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	x := tensor.Of([]int{2, 3}, []float32{1, nan, 2, inf, inf, inf})
	for _, c := range []struct {
		axis int64
		want []float32
	}{{1, []float32{nan, inf}}, {0, []float32{1, nan, 2}}} {
		var z tensor.Tensor
		if err := ReduceMax(&Ctx{}, &z, &attr.Reduce{}, x, tensor.Of([]int{1}, []int64{c.axis})); err != nil {
			t.Fatal(err)
		}
		for i, v := range tensor.Data[float32](&z) {
			if v != c.want[i] && (v == v || c.want[i] == c.want[i]) {
				t.Errorf("axis %d: %v, want %v", c.axis, tensor.Data[float32](&z), c.want)
			}
		}
	}
}

func TestReductionsOfNothing(t *testing.T) {
	for axis, shape := range [][]int{{0, 2}, {2, 0}} {
		x := tensor.New(tensor.Float32, shape...)
		for _, f := range []struct {
			name string
			f    func(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error
			want float64
		}{{"ReduceSum", ReduceSum, 0}, {"ReduceMean", ReduceMean, math.NaN()}, {"ReduceMax", ReduceMax, math.Inf(-1)}, {"ReduceMin", ReduceMin, math.Inf(1)}, {"ReduceL2", ReduceL2, 0}, {"ReduceLogSum", ReduceLogSum, math.Inf(-1)}} {
			var z tensor.Tensor
			if err := f.f(&Ctx{}, &z, &attr.Reduce{}, x, tensor.Of([]int{1}, []int64{int64(axis)})); err != nil {
				t.Fatal(err)
			}
			if got := z.FloatAt(1); z.Len() != 2 || got != f.want && (got == got || f.want == f.want) {
				t.Errorf("%s of nothing along axis %d is %g, want %g", f.name, axis, got, f.want)
			}
		}
	}
}

// Gathers of entries of every size, by indices of several types.
func TestGatherSizes(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(33, 33))
	for _, d := range []tensor.DType{tensor.Uint8, tensor.Float16, tensor.Float32, tensor.Int64} {
		for _, shape := range [][]int{{90}, {3, 70}, {3, 70, 3}, {2, 70, 40}} {
			axis := min(1, len(shape)-1)
			for _, by := range []tensor.DType{tensor.Int64, tensor.Int32, tensor.Int8} {
				const count = 5000
				which := tensor.New(by, count)
				n := shape[axis]
				for i := range count {
					which.SetInt(i, int64(rng.IntN(2*n)-n))
				}
				x := counted(d, shape...)
				name := fmt.Sprint(d, shape, by)
				z := same(t, name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return Gather(c, out, &attr.Axis{Axis: axis}, x, which) })
				want := append(append(append([]int{}, shape[:axis]...), count), shape[axis+1:]...)
				indexed(t, name, z, x, want, func(index []int) int {
					source := append([]int{}, index...)
					source[axis] = (int(which.IntAt(index[axis])) + n) % n
					return flat(source, shape)
				})
				for _, bad := range []int64{int64(n), int64(-n - 1)} {
					which.SetInt(count-1, bad)
					for _, from := range []*tensor.Tensor{x, tensor.New(d, append([]int{0}, shape...)...)} {
						a := &attr.Axis{Axis: axis + from.Rank() - x.Rank()}
						if err := Gather(ctxs[1], &tensor.Tensor{}, a, from, which); err == nil {
							t.Fatalf("%s: index %d was taken", name, bad)
						}
					}
				}
			}
		}
	}
}

// TestUnaligned computes on views that begin at any element.
func TestUnaligned(t *testing.T) {
	all := make([]float32, 1000)
	for i := range all {
		all[i] = float32(i) - 500
	}
	for from := range 17 {
		x := tensor.Of([]int{900}, all[from:from+900])
		var z tensor.Tensor
		if err := Relu(&Ctx{}, &z, x); err != nil {
			t.Fatal(err)
		}
		for i, v := range tensor.Data[float32](&z) {
			if want := max(all[from+i], 0); v != want {
				t.Fatalf("from %d: element %d is %g, want %g", from, i, v, want)
			}
		}
	}
}

// TestSteadyRunsAllocateNothing: what a kernel needs is kept in its context.
func TestSteadyRunsAllocateNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(34, 34))
	c := contexts(t)[1]
	last, half := &attr.Axis{Axis: -1}, normals(rng, tensor.Float16, 300, 300)
	x, row, which := normals(rng, tensor.Float32, 300, 300), normals(rng, tensor.Float32, 300), tensor.Of([]int{3}, []int64{1, 2, 3})
	norm, axis := attr.New[attr.LayerNormalization](), tensor.Of([]int{1}, []int64{0})
	cond, places := tensor.New(tensor.Bool, 300, 300), tensor.New(tensor.Int64, 300, 300)
	form, sizes := attr.New[attr.Resize](), tensor.Of([]int{2}, []int64{200, 310})
	tuples := tensor.New(tensor.Int64, 300, 2)
	scatter := attr.New[attr.ScatterND]()
	blocks, deep := &attr.DepthSpace{BlockSize: 2, Mode: "DCR"}, normals(rng, tensor.Float32, 2, 8, 30, 30)
	pads := tensor.Of([]int{4}, []int64{1, 2, -1, 3})
	var z tensor.Tensor
	for name, f := range map[string]func() error{
		"Add":       func() error { return Add(c, &z, x, row) },
		"Exp":       func() error { return Exp(c, &z, half) },
		"Elu":       func() error { return Elu(c, &z, &attr.Unary{Alpha: 1}, half) },
		"Sin":       func() error { return Sin(c, &z, x) },
		"Softmax":   func() error { return Softmax(c, &z, last, x) },
		"Columns":   func() error { return Softmax(c, &z, &attr.Axis{}, half) },
		"Layer":     func() error { return LayerNormalization(c, &z, nil, nil, norm, x, row, row) },
		"ReduceSum": func() error { return ReduceSum(c, &z, &attr.Reduce{}, x, axis) },
		"ReduceMax": func() error { return ReduceMax(c, &z, &attr.Reduce{}, half, nil) },
		"ReduceL2":  func() error { return ReduceL2(c, &z, &attr.Reduce{}, x, axis) },
		"Transpose": func() error { return Transpose(c, &z, &attr.Transpose{}, x) },
		"Gather":    func() error { return Gather(c, &z, last, x, which) },
		"Cast":      func() error { return Cast(c, &z, &attr.Cast{To: tensor.Float32}, half) },
		"Where":     func() error { return Where(c, &z, cond, x, x) },
		"Resize":    func() error { return Resize(c, &z, form, half, nil, nil, sizes) },
		"GatherND":  func() error { return GatherND(c, &z, &attr.GatherND{}, x, tuples) },
		"ScatterND": func() error { return ScatterND(c, &z, scatter, x, tuples, row) },
		"ToSpace":   func() error { return DepthToSpace(c, &z, blocks, deep) },
		"Pad":       func() error { return Pad(c, &z, &attr.Pad{Mode: "edge"}, x, pads, nil, nil) },
		"Pick":      func() error { return GatherElements(c, &z, last, x, places) },
		"Entry":     func() error { return Gather(c, &z, last, x, axis) },
		"Einsum":    func() error { return Einsum(c, &z, &attr.Einsum{Equation: "ki,kj->ji"}, x, x) },
	} {
		if err := f(); err != nil {
			t.Fatal(err)
		}
		// A garbage collection may empty the pool's store of jobs now and then.
		if n := testing.AllocsPerRun(50, func() { _ = f() }); n >= 1 && !underRace {
			t.Errorf("%s: %g allocations", name, n)
		}
	}
}
