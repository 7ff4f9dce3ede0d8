package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
	"github.com/parallax-go/parallax/kernels/ref"
)

// lastConv is a convolution of rows of channels: x without its channels, the kernel,
// and how it slides.
type lastConv struct {
	x, kernel []int
	a         attr.FusedConv
}

var lastConvs = []lastConv{
	{[]int{2, 9, 11}, []int{3, 3}, attr.FusedConv{Pads: []int{1, 1, 1, 1}}},
	{[]int{1, 7, 7}, []int{7, 7}, attr.FusedConv{Pads: []int{3, 3, 3, 3}}},
	{[]int{2, 8, 21}, []int{3, 5}, attr.FusedConv{Pads: []int{0, 2, 1, 0}, Strides: []int{2, 3}, Dilations: []int{1, 2}}},
	{[]int{1, 5, 6}, []int{2, 2}, attr.FusedConv{AutoPad: "SAME_UPPER", Strides: []int{2, 2}}},
	{[]int{1, 5, 6}, []int{3, 2}, attr.FusedConv{AutoPad: "SAME_LOWER"}},
	{[]int{1, 3, 2}, []int{2, 2}, attr.FusedConv{Pads: []int{3, 4, 5, 3}}}, // places that see padding alone
	{[]int{2, 40}, []int{4}, attr.FusedConv{Dilations: []int{3}, Pads: []int{9, 0}}},
	{[]int{1, 4, 5, 9}, []int{2, 3, 3}, attr.FusedConv{Pads: []int{1, 1, 1, 0, 1, 1}, Strides: []int{1, 2, 1}}},
	{[]int{1, 0, 5}, []int{1, 3}, attr.FusedConv{Pads: []int{1, 1, 0, 1}}},
}

// operands are x, the filters, and bias and residual where a has them.
func (l *lastConv) operands(t *testing.T, rng *rand.Rand, a *attr.FusedConv, channels int) (x, filters *tensor.Tensor, rest []*tensor.Tensor) {
	t.Helper()
	x = normals(rng, tensor.Float32, append(slices.Clone(l.x), channels)...)
	filters = normals(rng, tensor.Float32, append([]int{channels, 1}, l.kernel...)...)
	if a.HasBias {
		rest = append(rest, normals(rng, tensor.Float32, channels))
	}
	if a.HasResidual {
		plain := l.a
		plain.Group, plain.ChannelsLast, plain.Activation = channels, true, attr.ActivationNone
		var z tensor.Tensor
		if err := ref.FusedConv(&z, &plain, x, filters); err != nil {
			t.Fatal(err)
		}
		rest = append(rest, normals(rng, tensor.Float32, z.Shape...))
	}
	return x, filters, rest
}

// tapsOf packs filters.
func tapsOf(t *testing.T, filters *tensor.Tensor) *tensor.Tensor {
	t.Helper()
	var packed tensor.Tensor
	if err := PackTaps(nil, &packed, filters); err != nil {
		t.Fatal(err)
	}
	return &packed
}

// TestFusedConvLast compares with the reference, which sums in float64.
func TestFusedConvLast(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(41, 1))
	for i, l := range lastConvs {
		for variant, channels := range []int{1, 3, 16, 33, 100, 300} {
			a := l.a
			a.Group, a.ChannelsLast, a.Activation = channels, true, attr.ConvActivations()[(i+variant)%len(attr.ConvActivations())]
			switch a.Activation {
			case attr.ActivationLeakyRelu:
				a.Alpha = 0.25
			case attr.ActivationClip:
				a.Beta = 2
			}
			a.HasBias, a.HasResidual, a.ResidualFirst = variant%2 == 0, variant > 1, variant > 3
			x, filters, rest := l.operands(t, rng, &a, channels)
			packed := tapsOf(t, filters)
			name := fmt.Sprintf("FusedConvLast of %s {%s}", x, attr.Format(&a))
			got := same(t, name, ctxs, func(c *Ctx, z *tensor.Tensor) error { return FusedConvLast(c, z, &a, x, packed, rest...) })
			var want, size tensor.Tensor
			if err := ref.FusedConv(&want, &a, x, filters, rest...); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if !tensor.SameShape(got.Shape, want.Shape) {
				t.Fatalf("%s: %s, want %s", name, got, &want)
			}
			sum := a // the sizes of the terms; no activation is steeper than 1.5, and some round at 1
			sum.Activation, sum.Alpha, sum.Beta = attr.ActivationNone, 0, 0
			all := make([]*tensor.Tensor, len(rest))
			for i, r := range rest {
				all[i] = absolute(r)
			}
			if err := ref.FusedConv(&size, &sum, absolute(x), absolute(filters), all...); err != nil {
				t.Fatal(err)
			}
			taps := float64(packed.Len() / channels)
			for i := range want.Len() {
				limit := 1.5 * (2*math.Sqrt(taps) + 8) * epsilon(tensor.Float32) * max(1, size.FloatAt(i))
				if x, y := got.FloatAt(i), want.FloatAt(i); !(math.Abs(x-y) <= limit) {
					t.Fatalf("%s: element %d is %g, want %g", name, i, x, y)
				}
			}
		}
	}
}

// TestFusedConvLastOfSpecials: NaN and infinities reach the places that see them, and
// no others.
func TestFusedConvLastOfSpecials(t *testing.T) {
	rng := rand.New(rand.NewPCG(42, 1))
	l := lastConvs[0]
	a := l.a
	a.Group, a.ChannelsLast, a.Activation = 19, true, attr.ActivationNone
	x, filters, _ := l.operands(t, rng, &a, a.Group)
	for i, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		x.SetFloat((i*40+30)*a.Group+i, v)
	}
	var z, want tensor.Tensor
	if err := FusedConvLast(&Ctx{}, &z, &a, x, tapsOf(t, filters)); err != nil {
		t.Fatal(err)
	}
	if err := ref.FusedConv(&want, &a, x, filters); err != nil {
		t.Fatal(err)
	}
	special := 0
	for i := range want.Len() {
		x, y := z.FloatAt(i), want.FloatAt(i)
		if math.IsNaN(y) || math.IsInf(y, 0) {
			special++
			if x != y && !(math.IsNaN(x) && math.IsNaN(y)) {
				t.Errorf("element %d is %g, want %g", i, x, y)
			}
		} else if math.IsNaN(x) || math.IsInf(x, 0) {
			t.Errorf("element %d is %g, want %g", i, x, y)
		}
	}
	if special < 3*4 {
		t.Errorf("%d places see what is no number", special)
	}
}

func TestFusedConvLastRefuses(t *testing.T) {
	f := func(shape ...int) *tensor.Tensor { return tensor.New(tensor.Float32, shape...) }
	for want, call := range map[string]func(z *tensor.Tensor, a *attr.FusedConv) error{
		"2 operands": func(z *tensor.Tensor, a *attr.FusedConv) error {
			a.HasBias = true
			return FusedConvLast(&Ctx{}, z, a, f(1, 3, 4), f(1, 4))
		},
		"the residual is": func(z *tensor.Tensor, a *attr.FusedConv) error {
			a.HasResidual = true
			return FusedConvLast(&Ctx{}, z, a, f(1, 3, 4), f(1, 4), f(1, 3, 3))
		},
		"packed filters": func(z *tensor.Tensor, a *attr.FusedConv) error {
			return FusedConvLast(&Ctx{}, z, a, f(1, 3, 5), f(1, 4))
		},
		"kernel_shape": func(z *tensor.Tensor, a *attr.FusedConv) error {
			a.Kernel = []int{2}
			return FusedConvLast(&Ctx{}, z, a, f(1, 3, 4), f(1, 4))
		},
		"bias f32[3": func(z *tensor.Tensor, a *attr.FusedConv) error {
			a.HasBias = true
			return FusedConvLast(&Ctx{}, z, a, f(1, 3, 4), f(1, 4), f(3))
		},
		"are not last": func(z *tensor.Tensor, a *attr.FusedConv) error {
			a.ChannelsLast = false
			return FusedConvLast(&Ctx{}, z, a, f(1, 3, 4), f(1, 4))
		},
		"are last": func(z *tensor.Tensor, a *attr.FusedConv) error {
			return FusedConv(&Ctx{}, z, a, f(1, 3, 4), f(4, 1, 1))
		},
		"axis 1 of": func(z *tensor.Tensor, a *attr.FusedConv) error {
			return FusedConvLast(&Ctx{}, z, a, f(1, 3, 4), f(5, 4))
		},
		"of one channel": func(z *tensor.Tensor, _ *attr.FusedConv) error { return PackTaps(nil, z, f(4, 2, 3)) },
	} {
		a := attr.New[attr.FusedConv]()
		a.Group, a.ChannelsLast = 4, true
		if err := call(&tensor.Tensor{}, a); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

func TestFusedConvLastAllocatesNothing(t *testing.T) {
	pool := par.New(2)
	defer pool.Close()
	c, rng := NewCtx(pool), rand.New(rand.NewPCG(43, 1))
	for _, l := range lastConvs {
		a := l.a
		a.Group, a.ChannelsLast, a.Activation = 100, true, attr.ActivationGelu
		x, filters, _ := l.operands(t, rng, &a, a.Group)
		packed := tapsOf(t, filters)
		var z tensor.Tensor
		if n := testing.AllocsPerRun(20, func() { _ = FusedConvLast(c, &z, &a, x, packed) }); n >= 1 && !underRace {
			t.Errorf("%s: %g allocations a call", x, n)
		}
	}
}
