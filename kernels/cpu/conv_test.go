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

// Convolutions of one to three axes against the reference, as they are and with
// packed filters.
func TestConv(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(12, 1))
	for _, tt := range []struct {
		x, filters []int
		a          attr.Conv
	}{
		{[]int{2, 3, 32, 48}, []int{24, 3, 16, 16}, attr.Conv{Strides: []int{16, 16}}},
		{[]int{2, 3, 33, 47}, []int{5, 3, 16, 16}, attr.Conv{Strides: []int{16, 16}, Pads: []int{3, 0, 2, 1}}},
		{[]int{2, 8, 100}, []int{12, 8, 3}, attr.Conv{Pads: []int{1, 1}, Strides: []int{2}}},
		{[]int{1, 8, 37}, []int{6, 8, 3}, attr.Conv{Dilations: []int{5}, Pads: []int{7, 0}}},
		{[]int{3, 4, 9, 11}, []int{6, 4, 1, 1}, attr.Conv{}},
		{[]int{2, 6, 9, 11}, []int{6, 1, 3, 3}, attr.Conv{Group: 6, Pads: []int{1, 1, 1, 1}}},
		{[]int{2, 6, 9, 11}, []int{9, 2, 3, 2}, attr.Conv{Group: 3, Strides: []int{2, 1}, Dilations: []int{2, 3}, AutoPad: "SAME_UPPER"}},
		{[]int{2, 6, 9, 11}, []int{4, 6, 4, 4}, attr.Conv{Strides: []int{3, 2}, AutoPad: "SAME_LOWER"}},
		{[]int{1, 2, 5, 4, 7}, []int{3, 2, 3, 2, 3}, attr.Conv{Pads: []int{1, 0, 2, 0, 1, 0}, AutoPad: "NOTSET"}},
		{[]int{1, 2, 3, 3}, []int{2, 2, 3, 3}, attr.Conv{Pads: []int{5, 5, 5, 5}}}, // places that see padding alone
		{[]int{0, 2, 3, 3}, []int{2, 2, 3, 3}, attr.Conv{AutoPad: "VALID"}},
		{[]int{1, 16, 70, 70}, []int{4, 16, 5, 5}, attr.Conv{Pads: []int{2, 2, 2, 2}}}, // in parts
		{[]int{40, 3, 40, 40}, []int{2, 3, 3, 3}, attr.Conv{Pads: []int{1, 1, 1, 1}}},  // of several images
	} {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
			for _, biased := range []bool{false, true} {
				a := tt.a
				a.Group = max(1, a.Group)
				x, filters := normals(rng, d, tt.x...), normals(rng, d, tt.filters...)
				var bias *tensor.Tensor
				if biased {
					bias = normals(rng, d, tt.filters[0])
				}
				name := fmt.Sprintf("%v of %v %s, %+v", tt.filters, tt.x, d, a)
				got := same(t, name, ctxs, func(c *Ctx, z *tensor.Tensor) error { return Conv(c, z, &a, x, filters, bias) })
				checkConv(t, name, got, &a, x, filters, bias)
				if a.Group > 1 {
					continue
				}
				a.Kernel = tt.filters[2:]
				var packed tensor.Tensor
				if err := PackConv(nil, &packed, filters); err != nil {
					t.Fatal(err)
				}
				got = same(t, name, ctxs, func(c *Ctx, z *tensor.Tensor) error { return ConvPacked(c, z, &a, x, &packed, bias) })
				checkConv(t, name+", packed", got, &a, x, filters, bias)
			}
		}
	}
}

// checkConv allows twice what plain f32 evaluation may be off by: a rounding unit
// for each of the terms, of their sizes' sum.
func checkConv(t *testing.T, name string, got *tensor.Tensor, a *attr.Conv, x, filters, bias *tensor.Tensor) {
	t.Helper()
	terms := filters.Len() / filters.Shape[0]
	var want, size tensor.Tensor
	if err := ref.Conv(&want, a, x, filters, bias); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := ref.Conv(&size, a, absolute(x), absolute(filters), absolute(bias)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !tensor.SameShape(got.Shape, want.Shape) || got.DType != want.DType {
		t.Fatalf("%s: got %s, want %s", name, got, &want)
	}
	for i := range want.Len() {
		limit := 2*math.Sqrt(float64(terms))*epsilon(tensor.Float32)*size.FloatAt(i) + 2*epsilon(x.DType)*math.Abs(want.FloatAt(i)) + subnormal(x.DType)
		if x, y := got.FloatAt(i), want.FloatAt(i); !(math.Abs(x-y) <= limit) {
			t.Fatalf("%s: element %d is %g, want %g", name, i, x, y)
		}
	}
}

func absolute(x *tensor.Tensor) *tensor.Tensor {
	if x == nil {
		return nil
	}
	z := x.Clone()
	for i := range z.Len() {
		z.SetFloat(i, math.Abs(z.FloatAt(i)))
	}
	return z
}

func TestConvBadOperands(t *testing.T) {
	f32 := func(shape ...int) *tensor.Tensor { return tensor.New(tensor.Float32, shape...) }
	for _, tt := range []struct {
		a                attr.Conv
		x, filters, bias *tensor.Tensor
		want             string
	}{
		{attr.Conv{Group: 1}, f32(1, 3, 4, 4), f32(2, 2, 3, 3), nil, "filters"},
		{attr.Conv{Group: 0}, f32(1, 3, 4, 4), f32(2, 3, 3, 3), nil, "0 groups"},
		{attr.Conv{Group: 1}, f32(1, 3, 4, 4), f32(2, 3, 5, 3), nil, "reaches over 5"},
		{attr.Conv{Group: 1, Kernel: []int{2, 2}}, f32(1, 3, 4, 4), f32(2, 3, 3, 3), nil, "kernel_shape"},
		{attr.Conv{Group: 1, Strides: []int{0, 1}}, f32(1, 3, 4, 4), f32(2, 3, 3, 3), nil, "stride 0"},
		{attr.Conv{Group: 1, Strides: []int{1}}, f32(1, 3, 4, 4), f32(2, 3, 3, 3), nil, "strides"},
		{attr.Conv{Group: 1, Pads: []int{1, 1}}, f32(1, 3, 4, 4), f32(2, 3, 3, 3), nil, "pads"},
		{attr.Conv{Group: 1, Pads: []int{-1, 0, 0, 0}}, f32(1, 3, 4, 4), f32(2, 3, 3, 3), nil, "pads -1"},
		{attr.Conv{Group: 1, AutoPad: "SOME"}, f32(1, 3, 4, 4), f32(2, 3, 3, 3), nil, "auto_pad"},
		{attr.Conv{Group: 1}, f32(1, 3, 4, 4), f32(2, 3, 3, 3), f32(3), "bias"},
		{attr.Conv{Group: 1}, f32(1, 3, 4, 4), tensor.New(tensor.Float16, 2, 3, 3, 3), nil, "filters"},
		{attr.Conv{Group: 1}, tensor.New(tensor.Float64, 1, 3, 4, 4), tensor.New(tensor.Float64, 2, 3, 3, 3), nil, "want f32"},
	} {
		err := Conv(&Ctx{}, &tensor.Tensor{}, &tt.a, tt.x, tt.filters, tt.bias)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v of %s: error %v, want %q", tt.a, tt.x, err, tt.want)
		}
	}
}

func TestConvAllocatesNothing(t *testing.T) {
	pool := par.New(2)
	defer pool.Close()
	c, rng := NewCtx(pool), rand.New(rand.NewPCG(12, 2))
	x, filters, bias := normals(rng, tensor.Float32, 2, 3, 32, 32), normals(rng, tensor.Float32, 8, 3, 4, 4), normals(rng, tensor.Float32, 8)
	a := &attr.Conv{Group: 1, Strides: []int{4, 4}, Kernel: []int{4, 4}}
	var z, packed tensor.Tensor
	if err := PackConv(nil, &packed, filters); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(50, func() { _ = Conv(c, &z, a, x, filters, bias) }); n >= 1 && !underRace {
		t.Errorf("Conv: %g allocations", n)
	}
	if n := testing.AllocsPerRun(50, func() { _ = ConvPacked(c, &z, a, x, &packed, bias) }); n >= 1 && !underRace {
		t.Errorf("ConvPacked: %g allocations", n)
	}
}

// The patches of ViT-B/16 beside the product of their size.
func BenchmarkConv(b *testing.B) {
	c, rng := NewCtx(par.New(1)), rand.New(rand.NewPCG(12, 3))
	x, filters, bias := normals(rng, tensor.Float32, 1, 3, 224, 224), normals(rng, tensor.Float32, 768, 3, 16, 16), normals(rng, tensor.Float32, 768)
	a := &attr.Conv{Group: 1, Strides: []int{16, 16}, Kernel: []int{16, 16}}
	rows := normals(rng, tensor.Float32, 196, 768)
	var z, packed tensor.Tensor
	if err := PackConv(nil, &packed, filters); err != nil {
		b.Fatal(err)
	}
	for _, f := range []struct {
		name string
		f    func() error
	}{
		{"Conv", func() error { return Conv(c, &z, a, x, filters, bias) }},
		{"ConvPacked", func() error { return ConvPacked(c, &z, a, x, &packed, bias) }},
		{"MatMulPacked", func() error { return MatMulPacked(c, &z, rows, &packed) }},
	} {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				if err := f.f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
