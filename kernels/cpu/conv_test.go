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

// Convolutions of one to three axes against the reference.
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
		{[]int{2, 0, 3, 3}, []int{2, 0, 3, 3}, attr.Conv{}}, // of no channels: the bias
		{[]int{2, 0, 3, 3}, []int{2, 0, 1, 1}, attr.Conv{}},
		{[]int{1, 16, 70, 70}, []int{4, 16, 5, 5}, attr.Conv{Pads: []int{2, 2, 2, 2}}},
		{[]int{2, 1030, 33, 33}, []int{2, 1030, 3, 3}, attr.Conv{Strides: []int{8, 8}}}, // image by image
		{[]int{2, 70, 8, 9}, []int{150, 70, 3, 3}, attr.Conv{Pads: []int{1, 1, 1, 1}}},  // several blocks of rows
		{[]int{2, 32, 8, 8}, []int{40, 32, 1, 1}, attr.Conv{}},                          // whole panels
		{[]int{2, 32, 9, 8}, []int{40, 32, 1, 1}, attr.Conv{Strides: []int{2, 3}}},      // one phase
		{[]int{1, 32, 9, 8}, []int{8, 32, 1, 1}, attr.Conv{Pads: []int{1, 0, 0, 2}}},    // of padding, too
		{[]int{2, 24, 9, 11}, []int{36, 8, 3, 3}, attr.Conv{Group: 3}},                  // batches with a bias each
		{[]int{2, 6, 9, 70}, []int{12, 1, 7, 5}, attr.Conv{Group: 6, Strides: []int{2, 3}, Pads: []int{3, 2, 3, 2}}},
		{[]int{1, 3, 20, 19}, []int{3, 1, 3, 3}, attr.Conv{Group: 3, Dilations: []int{4, 3}, Strides: []int{2, 2}}},
		{[]int{1, 3, 7, 9}, []int{6, 1, 1, 1}, attr.Conv{Group: 3}}, // in place
		{[]int{2, 3, 4, 5, 6}, []int{3, 1, 2, 3, 3}, attr.Conv{Group: 3, Pads: []int{1, 1, 1, 1, 1, 1}, Strides: []int{2, 1, 2}}},
		{[]int{1, 5, 300}, []int{5, 1, 31}, attr.Conv{Group: 5, Pads: []int{15, 15}}},
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
			}
		}
	}
}

// TestConvOfAnyWindow draws windows at random.
func TestConvOfAnyWindow(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(12, 4))
	for range 300 {
		axes := 1 + rng.IntN(3)
		group, perGroup, filters := 1+rng.IntN(3), 1+rng.IntN(5), 1+rng.IntN(20)
		x, w := []int{rng.IntN(4), group * perGroup}, []int{group * filters, perGroup}
		a := attr.Conv{Group: group, Pads: make([]int, 2*axes)}
		for k := range axes {
			kernel, dilation := 1+rng.IntN(4), 1+rng.IntN(3)
			reach := (kernel-1)*dilation + 1
			a.Pads[k], a.Pads[axes+k] = rng.IntN(4), rng.IntN(4)
			x, w = append(x, max(0, reach-a.Pads[k])+rng.IntN(24/axes)), append(w, kernel)
			a.Strides, a.Dilations = append(a.Strides, 1+rng.IntN(4)), append(a.Dilations, dilation)
		}
		in, filter, bias := normals(rng, tensor.Float32, x...), normals(rng, tensor.Float32, w...), normals(rng, tensor.Float32, w[0])
		name := fmt.Sprintf("%v of %v, %+v", w, x, a)
		got := same(t, name, ctxs, func(c *Ctx, z *tensor.Tensor) error { return Conv(c, z, &a, in, filter, bias) })
		checkConv(t, name, got, &a, in, filter, bias)
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
	x, bias := normals(rng, tensor.Float32, 2, 8, 32, 32), normals(rng, tensor.Float32, 8)
	for _, tt := range []struct {
		filters *tensor.Tensor
		a       attr.Conv
	}{
		{normals(rng, tensor.Float32, 8, 8, 4, 4), attr.Conv{Group: 1, Strides: []int{4, 4}}},
		{normals(rng, tensor.Float32, 8, 8, 1, 1), attr.Conv{Group: 1}},
		{normals(rng, tensor.Float32, 8, 1, 3, 3), attr.Conv{Group: 8, Pads: []int{1, 1, 1, 1}}},
	} {
		var z tensor.Tensor
		if n := testing.AllocsPerRun(50, func() { _ = Conv(c, &z, &tt.a, x, tt.filters, bias) }); n >= 1 && !underRace {
			t.Errorf("%s: %g allocations", tt.filters, n)
		}
	}
}

// BenchmarkConv has layers of networks that transformers begin with or contain, one
// thread, in units of 1e9 multiply-adds a second.
func BenchmarkConv(b *testing.B) {
	c, rng := NewCtx(par.New(1)), rand.New(rand.NewPCG(12, 3))
	for _, tt := range []struct {
		name                        string
		x, filters                  []int
		stride, pad, groups, places int
	}{
		{"patches of ViT-B/16", []int{1, 3, 224, 224}, []int{768, 3, 16, 16}, 16, 0, 1, 196},
		{"stem of ResNet", []int{1, 3, 224, 224}, []int{64, 3, 7, 7}, 2, 3, 1, 112 * 112},
		{"3x3, 64 channels, 56", []int{1, 64, 56, 56}, []int{64, 64, 3, 3}, 1, 1, 1, 56 * 56},
		{"3x3, 512 channels, 7", []int{1, 512, 7, 7}, []int{512, 512, 3, 3}, 1, 1, 1, 49},
		{"3x3, 128 channels, stride 2", []int{1, 128, 56, 56}, []int{256, 128, 3, 3}, 2, 1, 1, 28 * 28},
		{"1x1, 24 to 144 channels, 56", []int{1, 24, 56, 56}, []int{144, 24, 1, 1}, 1, 0, 1, 56 * 56},
		{"1x1, 144 to 24 channels, 56", []int{1, 144, 56, 56}, []int{24, 144, 1, 1}, 1, 0, 1, 56 * 56},
		{"1x1, 960 to 320 channels, 7", []int{1, 960, 7, 7}, []int{320, 960, 1, 1}, 1, 0, 1, 49},
		{"depthwise 3x3, 144 channels, 56", []int{1, 144, 56, 56}, []int{144, 1, 3, 3}, 1, 1, 144, 56 * 56},
		{"depthwise 3x3, 96 channels, stride 2", []int{1, 96, 112, 112}, []int{96, 1, 3, 3}, 2, 1, 96, 56 * 56},
		{"depthwise 7x7, 384 channels, 14", []int{1, 384, 14, 14}, []int{384, 1, 7, 7}, 1, 3, 384, 196},
		{"3x3, groups of 16, 28", []int{1, 192, 28, 28}, []int{192, 16, 3, 3}, 1, 1, 12, 28 * 28},
		{"frames of Whisper", []int{1, 80, 1, 3000}, []int{384, 80, 1, 3}, 1, 0, 1, 2998},
	} {
		x, filters, bias := normals(rng, tensor.Float32, tt.x...), normals(rng, tensor.Float32, tt.filters...), normals(rng, tensor.Float32, tt.filters[0])
		a := &attr.Conv{Group: tt.groups, Strides: []int{tt.stride, tt.stride}, Pads: []int{tt.pad, tt.pad, tt.pad, tt.pad}}
		var z tensor.Tensor
		b.Run(tt.name, func(b *testing.B) {
			for b.Loop() {
				if err := Conv(c, &z, a, x, filters, bias); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(tt.places*filters.Len())*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}
