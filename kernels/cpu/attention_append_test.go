package cpu_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu"
)

// rows are random, of a type and shape.
func rows(rng *rand.Rand, d tensor.DType, shape ...int) *tensor.Tensor {
	t := tensor.New(d, shape...)
	for i := range t.Len() {
		t.SetFloat(i, rng.NormFloat64())
	}
	return t
}

// roomy copies t, [B, H, P, D], into a cache of more positions. What lies behind
// those of t is NaN: it must not be read.
func roomy(t *tensor.Tensor, capacity int) *tensor.Tensor {
	s := t.Shape
	c := tensor.New(t.DType, s[0], s[1], capacity, s[3])
	for i := range c.Len() {
		c.SetFloat(i, math.NaN())
	}
	for h := range s[0] * s[1] {
		for i := range s[2] * s[3] {
			c.SetFloat(h*capacity*s[3]+i, t.FloatAt(h*s[2]*s[3]+i))
		}
	}
	return c
}

// TestParallaxAppend: appending in place gives the bits of Parallax, and the
// cache what its presents are.
func TestParallaxAppend(t *testing.T) {
	t.Run("f32", func(t *testing.T) { testAppend(t, cpu.Parallax, cpu.ParallaxAppend) })
	t.Run("bf16", func(t *testing.T) { testAppend(t, cpu.ParallaxBrain, cpu.ParallaxBrainAppend) })
}

func testAppend(t *testing.T,
	whole func(c *cpu.Ctx, o, presentK, presentV *tensor.Tensor, a *attr.Attention, in ...*tensor.Tensor) error,
	appending func(c *cpu.Ctx, past int, o *tensor.Tensor, a *attr.Attention, in ...*tensor.Tensor) error,
) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
		for _, layout := range []attr.Layout{attr.LayoutBHSD, attr.LayoutBSD} {
			for _, sizes := range [][2]int{{0, 5}, {7, 1}, {70, 3}, {1100, 1}, {600, 20}} {
				past, n := sizes[0], sizes[1]
				a := attr.New[attr.Attention]()
				a.Heads, a.KVHeads, a.Scale, a.Layout, a.Causal = 4, 2, 0.3, layout, attr.CausalBottomRight
				a.HasPast, a.HasPresent = true, true
				q, k, v := rows(rng, d, 2, 4, n, 8), rows(rng, d, 2, 2, n, 8), rows(rng, d, 2, 2, n, 6)
				if layout == attr.LayoutBSD {
					q, k, v = rows(rng, d, 2, n, 4*8), rows(rng, d, 2, n, 2*8), rows(rng, d, 2, n, 2*6)
				}
				pk, pv := rows(rng, d, 2, 2, past, 8), rows(rng, d, 2, 2, past, 6)
				var want, presentK, presentV, got tensor.Tensor
				c := cpu.NewCtx(nil)
				if err := whole(c, &want, &presentK, &presentV, a, q, k, v, pk, pv); err != nil {
					t.Fatal(err)
				}
				keys, values := roomy(pk, past+n+3), roomy(pv, past+n)
				if err := appending(c, past, &got, a, q, k, v, keys, values); err != nil {
					t.Fatal(err)
				}
				if !got.Equal(&want) {
					t.Errorf("%s %s, %d after %d: another result", d, layout, n, past)
				}
				if !roomy(&presentK, past+n+3).Equal(keys) || !roomy(&presentV, past+n).Equal(values) {
					t.Errorf("%s %s, %d after %d: another cache", d, layout, n, past)
				}
			}
		}
	}
}

func TestParallaxAppendRefuses(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	a := attr.New[attr.Attention]()
	a.Heads, a.KVHeads, a.Scale, a.HasPast = 2, 2, 1, true
	x := rows(rng, tensor.Float32, 1, 2, 3, 4)
	for _, c := range []struct {
		past, capacity int
		want           string
	}{
		{2, 4, "want room for 3 positions behind 2"},
		{-1, 4, "-1 positions kept"},
		{math.MaxInt - 1, 4, "room for"},
	} {
		cache := tensor.New(tensor.Float32, 1, 2, c.capacity, 4)
		var o tensor.Tensor
		err := cpu.ParallaxAppend(cpu.NewCtx(nil), c.past, &o, a, x, x, x, cache, cache)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("past %d: error %v, want %q", c.past, err, c.want)
		}
	}
}
