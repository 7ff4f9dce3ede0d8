package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
	"github.com/parallax-go/parallax/kernels/ref"
)

// TestGroupNorms compares with the reference: groups of one block and of several,
// fewer and more of them than threads, odd sizes, one element, none.
func TestGroupNorms(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(15, 15))
	for _, d := range rowTypes {
		for _, s := range []struct {
			shape  []int
			groups int
		}{
			{[]int{2, 6, 5, 7}, 3},
			{[]int{2, 6, 5, 7}, 6},
			{[]int{1, 4, 3 * normBlock / 2}, 1},
			{[]int{40, 2, normBlock + 1}, 2},
			{[]int{3, 8}, 2},
			{[]int{1, 1, 1}, 1},
			{[]int{0, 4, 3}, 2},
			{[]int{2, 4, 0}, 2},
		} {
			x := normals(rng, d, s.shape...)
			for i := range x.Len() { // a mean far above the deviation
				x.SetFloat(i, x.FloatAt(i)+30)
			}
			scale, bias := normals(rng, d, s.shape[1]), normals(rng, d, s.shape[1])
			group := &attr.GroupNormalization{Epsilon: 1e-5, Groups: s.groups}
			checkNorm(t, fmt.Sprintf("%s in %d groups", x, s.groups), ctxs, x, scale, bias,
				func(c *Ctx, z *tensor.Tensor) error { return GroupNormalization(c, z, group, x, scale, bias) },
				func(z, x, scale, bias *tensor.Tensor) error { return ref.GroupNormalization(z, group, x, scale, bias) })
			instance := &attr.BatchNormalization{Epsilon: 1e-5}
			checkNorm(t, fmt.Sprintf("%s by channels", x), ctxs, x, scale, bias,
				func(c *Ctx, z *tensor.Tensor) error { return InstanceNormalization(c, z, instance, x, scale, bias) },
				func(z, x, scale, bias *tensor.Tensor) error {
					return ref.InstanceNormalization(z, instance, x, scale, bias)
				})
		}
	}
}

// checkNorm compares with the reference on the same numbers in f64.
func checkNorm(t *testing.T, name string, ctxs []*Ctx, x, scale, bias *tensor.Tensor, fast func(c *Ctx, z *tensor.Tensor) error, slow func(z, x, scale, bias *tensor.Tensor) error) {
	t.Helper()
	got := same(t, name, ctxs, fast)
	var want tensor.Tensor
	if err := slow(&want, inFloat64(x), inFloat64(scale), inFloat64(bias)); err != nil {
		t.Fatal(err)
	}
	if !tensor.SameShape(got.Shape, want.Shape) || got.DType != x.DType {
		t.Fatalf("%s: got %s, want the shape of %s", name, got, &want)
	}
	inner := elements(x.Shape[2:])
	for i := range want.Len() {
		c := i / inner % x.Shape[1]
		near(t, name, x.DType, got.FloatAt(i), want.FloatAt(i), math.Abs(scale.FloatAt(c))*5+math.Abs(bias.FloatAt(c)))
	}
}

func inFloat64(x *tensor.Tensor) *tensor.Tensor {
	z := tensor.New(tensor.Float64, x.Shape...)
	for i := range x.Len() {
		z.SetFloat(i, x.FloatAt(i))
	}
	return z
}

// TestGroupNormOfNaN: what is no number spoils its group alone.
func TestGroupNormOfNaN(t *testing.T) {
	x, one := tensor.New(tensor.Float32, 1, 4, 3), tensor.Of([]int{4}, []float32{1, 1, 1, 1})
	for i := range x.Len() {
		x.SetFloat(i, float64(i%5))
	}
	x.SetFloat(7, math.Inf(1))
	z := tensor.New(tensor.Float32)
	if err := GroupNormalization(&Ctx{}, z, &attr.GroupNormalization{Epsilon: 1e-5, Groups: 2}, x, one, one); err != nil {
		t.Fatal(err)
	}
	for i := range z.Len() {
		if isNaN := math.IsNaN(z.FloatAt(i)); isNaN != (i >= 6) {
			t.Errorf("element %d is %g", i, z.FloatAt(i))
		}
	}
}

func TestGroupNormRefuses(t *testing.T) {
	f := func(shape ...int) *tensor.Tensor { return tensor.New(tensor.Float32, shape...) }
	for name, err := range map[string]error{
		"rank":   InstanceNormalization(&Ctx{}, f(), &attr.BatchNormalization{}, f(3), f(3), f(3)),
		"scale":  InstanceNormalization(&Ctx{}, f(), &attr.BatchNormalization{}, f(1, 3), f(2), f(3)),
		"type":   InstanceNormalization(&Ctx{}, f(), &attr.BatchNormalization{}, tensor.New(tensor.Float64, 1, 3), f(3), f(3)),
		"groups": GroupNormalization(&Ctx{}, f(), &attr.GroupNormalization{Groups: 2}, f(1, 3), f(3), f(3)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestGroupNormAllocatesNothing(t *testing.T) {
	pool := par.New(2)
	defer pool.Close()
	c, rng := NewCtx(pool), rand.New(rand.NewPCG(16, 16))
	for _, d := range rowTypes {
		for _, groups := range []int{1, 16} { // by blocks, and by groups
			x, scale := normals(rng, d, 1, 16, 2*normBlock/groups), normals(rng, d, 16)
			var z tensor.Tensor
			a := &attr.GroupNormalization{Groups: groups}
			if n := testing.AllocsPerRun(20, func() { _ = GroupNormalization(c, &z, a, x, scale, scale) }); n >= 1 && !underRace {
				t.Errorf("%s in %d groups: %g allocations a call", x, groups, n)
			}
		}
	}
}
