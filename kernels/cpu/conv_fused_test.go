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

// fusedConvs are specifications with every activation, bias and residual.
func fusedConvs() []*attr.FusedConv {
	var list []*attr.FusedConv
	for i, f := range attr.ConvActivations() {
		for variant := range 6 {
			a := attr.New[attr.FusedConv]()
			a.Activation, a.Strides, a.Pads = f, []int{1 + variant%2, 1}, []int{1, 0, 0, 2}
			switch f {
			case attr.ActivationLeakyRelu:
				a.Alpha = []float32{0.01, 1.5, -0.5}[variant%3]
			case attr.ActivationClip:
				a.Beta = 6
			}
			a.HasBias, a.HasResidual, a.ResidualFirst = variant%2 == i%2, variant >= 2, variant >= 4
			list = append(list, a)
		}
	}
	return list
}

// fusedConvOperands are bias and residual for filters [5, 3, 3, 3] of [2, 3, 13, 40].
func fusedConvOperands(rng *rand.Rand, a *attr.FusedConv) (x, filters *tensor.Tensor, rest []*tensor.Tensor) {
	x, filters = normals(rng, tensor.Float32, 2, 3, 13, 40), normals(rng, tensor.Float32, 5, 3, 3, 3)
	if a.HasBias {
		rest = append(rest, normals(rng, tensor.Float32, 5))
	}
	if a.HasResidual {
		rest = append(rest, normals(rng, tensor.Float32, 2, 5, []int{12, 6}[a.Strides[0]-1], 40))
	}
	return x, filters, rest
}

func TestFusedConv(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(31, 1))
	for _, a := range fusedConvs() {
		x, filters, rest := fusedConvOperands(rng, a)
		name := fmt.Sprintf("FusedConv {%s}", attr.Format(a))
		got := same(t, name, ctxs, func(c *Ctx, z *tensor.Tensor) error { return FusedConv(c, z, a, x, filters, rest...) })
		var want, size tensor.Tensor
		if err := ref.FusedConv(&want, a, x, filters, rest...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// The sizes of the terms: no activation is steeper than 1.5.
		sum := *a
		sum.Activation, sum.Alpha, sum.Beta = attr.ActivationNone, 0, 0
		all := make([]*tensor.Tensor, len(rest))
		for i, r := range rest {
			all[i] = absolute(r)
		}
		if err := ref.FusedConv(&size, &sum, absolute(x), absolute(filters), all...); err != nil {
			t.Fatal(err)
		}
		for i := range want.Len() {
			limit := 1.5 * (2*math.Sqrt(27) + 8) * epsilon(tensor.Float32) * size.FloatAt(i)
			if x, y := got.FloatAt(i), want.FloatAt(i); !(math.Abs(x-y) <= limit) {
				t.Fatalf("%s: element %d is %g, want %g", name, i, x, y)
			}
		}
	}
}

// TestFusedConvIsItsParts: where in a block, a plane or a part a result is finished
// changes no bit of it.
func TestFusedConvIsItsParts(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(31, 2))
	for _, tt := range []struct {
		x, filters []int
		a          attr.FusedConv
	}{
		{[]int{2, 8, 9, 11}, []int{150, 8, 3, 3}, attr.FusedConv{Pads: []int{1, 1, 1, 1}}}, // gaps, blocks of rows
		{[]int{2, 32, 8, 8}, []int{40, 32, 1, 1}, attr.FusedConv{}},                        // in place
		{[]int{3, 6, 9, 11}, []int{6, 1, 3, 3}, attr.FusedConv{Group: 6, Strides: []int{2, 1}}},
		{[]int{2, 24, 9, 11}, []int{36, 8, 3, 3}, attr.FusedConv{Group: 3}},
		{[]int{3, 1030, 33, 33}, []int{2, 1030, 3, 3}, attr.FusedConv{Strides: []int{8, 8}}}, // image by image
		{[]int{1, 2, 5, 4, 7}, []int{3, 2, 3, 2, 3}, attr.FusedConv{Pads: []int{1, 0, 2, 0, 1, 0}}},
	} {
		a := tt.a
		a.Group, a.HasBias, a.HasResidual, a.Activation = max(1, a.Group), true, true, attr.ActivationSilu
		x, filters, bias := normals(rng, tensor.Float32, tt.x...), normals(rng, tensor.Float32, tt.filters...), normals(rng, tensor.Float32, tt.filters[0])
		for _, first := range []bool{false, true} {
			a.ResidualFirst = first
			var want tensor.Tensor
			plain := a.Plain()
			if err := Conv(ctxs[0], &want, &plain, x, filters, bias); err != nil {
				t.Fatal(err)
			}
			residual := normals(rng, tensor.Float32, want.Shape...)
			tail := convTail{z: tensor.Data[float32](&want), residual: tensor.Data[float32](residual), first: first, activation: convActivations[a.Activation]}
			tail.finish(0, want.Len())
			got := same(t, "FusedConv", ctxs, func(c *Ctx, z *tensor.Tensor) error { return FusedConv(c, z, &a, x, filters, bias, residual) })
			if !got.Equal(&want) {
				t.Errorf("%v of %v, residual first %t: other bits than the parts", tt.filters, tt.x, first)
			}
		}
	}
}

// TestFusedConvOfNaN: what is no number stays none, whatever follows.
func TestFusedConvOfNaN(t *testing.T) {
	rng := rand.New(rand.NewPCG(32, 1))
	for _, a := range fusedConvs() {
		x, filters, rest := fusedConvOperands(rng, a)
		tensor.Data[float32](x)[0] = float32(math.NaN())
		var z tensor.Tensor
		if err := FusedConv(&Ctx{}, &z, a, x, filters, rest...); err != nil {
			t.Fatal(err)
		}
		if !math.IsNaN(z.FloatAt(0)) {
			t.Errorf("{%s}: NaN gives %g", attr.Format(a), z.FloatAt(0))
		}
	}
}

func TestFusedConvRefuses(t *testing.T) {
	f := func(shape ...int) *tensor.Tensor { return tensor.New(tensor.Float32, shape...) }
	half := tensor.New(tensor.Float16, 1, 2, 3)
	for want, call := range map[string]func(z *tensor.Tensor, a *attr.FusedConv) error{
		"2 operands": func(z *tensor.Tensor, a *attr.FusedConv) error {
			a.HasBias = true
			return FusedConv(&Ctx{}, z, a, f(1, 2, 3), f(4, 2, 1))
		},
		"the residual is": func(z *tensor.Tensor, a *attr.FusedConv) error {
			a.HasResidual = true
			return FusedConv(&Ctx{}, z, a, f(1, 2, 3), f(4, 2, 1), f(1, 4, 1))
		},
		"of f32": func(z *tensor.Tensor, a *attr.FusedConv) error { return FusedConv(&Ctx{}, z, a, half, half) },
		"is not known": func(z *tensor.Tensor, a *attr.FusedConv) error {
			a.Activation = "x"
			return FusedConv(&Ctx{}, z, a, f(1, 2, 3), f(4, 2, 1))
		},
		"filters f32[4,": func(z *tensor.Tensor, a *attr.FusedConv) error {
			return FusedConv(&Ctx{}, z, a, f(1, 2, 3), f(4, 3, 1))
		},
	} {
		if err := call(&tensor.Tensor{}, attr.New[attr.FusedConv]()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

func TestFusedConvAllocatesNothing(t *testing.T) {
	pool := par.New(2)
	defer pool.Close()
	c, rng := NewCtx(pool), rand.New(rand.NewPCG(33, 1))
	for _, a := range fusedConvs() {
		x, filters, rest := fusedConvOperands(rng, a)
		var z tensor.Tensor
		if n := testing.AllocsPerRun(20, func() { _ = FusedConv(c, &z, a, x, filters, rest...) }); n >= 1 && !underRace {
			t.Errorf("{%s}: %g allocations a call", attr.Format(a), n)
		}
	}
}
