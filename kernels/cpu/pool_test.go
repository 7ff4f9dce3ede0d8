package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
	"github.com/parallax-go/parallax/kernels/ref"
)

// Windows of one to three axes against the reference: maxima to the bit, means to
// what the rounding of each sum allows.
func TestPools(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(13, 1))
	for _, tt := range []struct {
		x []int
		a attr.Pool
	}{
		{[]int{2, 3, 12, 14}, attr.Pool{Kernel: []int{3, 3}, Strides: []int{2, 2}, Pads: []int{1, 1, 1, 1}}},
		{[]int{1, 5, 14, 14}, attr.Pool{Kernel: []int{3, 3}, Pads: []int{1, 1, 1, 1}}},
		{[]int{1, 5, 14, 14}, attr.Pool{Kernel: []int{3, 3}, Pads: []int{1, 1, 1, 1}, CountIncludePad: true}},
		{[]int{1, 2, 9, 11}, attr.Pool{Kernel: []int{2, 2}, Strides: []int{2, 2}, CeilMode: true}},
		{[]int{1, 2, 9, 11}, attr.Pool{Kernel: []int{3, 2}, Strides: []int{2, 3}, Pads: []int{1, 0, 0, 1}, CeilMode: true, CountIncludePad: true}},
		{[]int{1, 2, 9, 11}, attr.Pool{Kernel: []int{9, 11}}}, // whole planes
		{[]int{2, 2, 8, 8}, attr.Pool{Kernel: []int{2, 2}, Strides: []int{2, 2}}},
		{[]int{1, 3, 40}, attr.Pool{Kernel: []int{5}, Dilations: []int{3}, Strides: []int{2}, AutoPad: "SAME_UPPER"}},
		{[]int{1, 2, 5, 6, 7}, attr.Pool{Kernel: []int{2, 3, 2}, Pads: []int{1, 1, 0, 0, 1, 1}, Strides: []int{1, 2, 2}}},
		{[]int{0, 2, 5, 6}, attr.Pool{Kernel: []int{2, 3}}},
		{[]int{1, 1, 1, 1}, attr.Pool{Kernel: []int{1, 1}}},
		{[]int{1, 2, 64, 65}, attr.Pool{Kernel: []int{16, 17}, Strides: []int{16, 16}}},
	} {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
			x := normals(rng, d, tt.x...)
			name := fmt.Sprintf("%s %+v", x, tt.a)
			var want tensor.Tensor
			if err := ref.AveragePool(&want, &tt.a, x); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got := same(t, name, ctxs, func(c *Ctx, z *tensor.Tensor) error { return AveragePool(c, z, &tt.a, x) })
			if !tensor.SameShape(got.Shape, want.Shape) || got.DType != want.DType {
				t.Fatalf("%s: got %s, want %s", name, got, &want)
			}
			terms := 1
			for _, k := range tt.a.Kernel {
				terms *= k
			}
			for i := range want.Len() {
				// The elements are at most about 5, and so is each partial sum's mean.
				limit := 5*math.Sqrt(float64(terms))*epsilon(tensor.Float32) + 2*epsilon(d)*math.Abs(want.FloatAt(i)) + subnormal(d)
				if g, w := got.FloatAt(i), want.FloatAt(i); !(math.Abs(g-w) <= limit) {
					t.Fatalf("AveragePool of %s: element %d is %g, want %g", name, i, g, w)
				}
			}
			if x.Len() > 3 {
				x.SetFloat(1, math.NaN())
				x.SetFloat(2, math.Inf(-1))
				x.SetFloat(3, math.Inf(1))
			}
			if err := ref.MaxPool(&want, nil, &tt.a, x); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got = same(t, name, ctxs, func(c *Ctx, z *tensor.Tensor) error { return MaxPool(c, z, &tt.a, x) })
			for i := range want.Len() {
				if g, w := got.FloatAt(i), want.FloatAt(i); g != w && (g == g || w == w) {
					t.Fatalf("MaxPool of %s: element %d is %g, want %g", name, i, g, w)
				}
			}
		}
	}
}

func TestPoolBadOperands(t *testing.T) {
	f32 := func(shape ...int) *tensor.Tensor { return tensor.New(tensor.Float32, shape...) }
	for _, tt := range []struct {
		a    attr.Pool
		x    *tensor.Tensor
		want string
	}{
		{attr.Pool{}, f32(1, 3, 4, 4), "kernel_shape"},
		{attr.Pool{Kernel: []int{2}}, f32(1, 3, 4, 4), "a kernel of 1 axes"},
		{attr.Pool{Kernel: []int{2, 5}}, f32(1, 3, 4, 4), "reaches over 5"},
		{attr.Pool{Kernel: []int{2, 2}, Strides: []int{0, 1}}, f32(1, 3, 4, 4), "stride 0"},
		{attr.Pool{Kernel: []int{2, 2}}, tensor.New(tensor.Int64, 1, 3, 4, 4), "want f32"},
	} {
		for name, pool := range map[string]func(c *Ctx, z *tensor.Tensor, a *attr.Pool, x *tensor.Tensor) error{"AveragePool": AveragePool, "MaxPool": MaxPool} {
			err := pool(&Ctx{}, &tensor.Tensor{}, &tt.a, tt.x)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s %+v of %s: error %v, want %q", name, tt.a, tt.x, err, tt.want)
			}
		}
	}
}

func TestPoolsAllocateNothing(t *testing.T) {
	threads := par.New(2)
	defer threads.Close()
	c, x := NewCtx(threads), tensor.New(tensor.Float32, 2, 8, 32, 32)
	a := &attr.Pool{Kernel: []int{3, 3}, Pads: []int{1, 1, 1, 1}}
	var z tensor.Tensor
	if n := testing.AllocsPerRun(50, func() { _, _ = AveragePool(c, &z, a, x), MaxPool(c, &z, a, x) }); n >= 1 && !underRace {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkPool(b *testing.B) {
	c, x := NewCtx(par.New(1)), tensor.New(tensor.Float32, 1, 64, 112, 112)
	a := &attr.Pool{Kernel: []int{3, 3}, Strides: []int{2, 2}, Pads: []int{1, 1, 1, 1}}
	var z tensor.Tensor
	for name, pool := range map[string]func(c *Ctx, z *tensor.Tensor, a *attr.Pool, x *tensor.Tensor) error{"AveragePool": AveragePool, "MaxPool": MaxPool} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := pool(c, &z, a, x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
