package cpu_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu"
	"github.com/parallax-go/parallax/kernels/par"
)

// attentionShape is a case of [BenchmarkParallax].
type attentionShape struct {
	name           string
	heads, kvHeads int
	t, s, d        int
	causal         bool
	bias           []int // shape; nil: none
}

// BenchmarkParallax is attention on one thread, without a probe and with one.
func BenchmarkParallax(b *testing.B) {
	var shapes []attentionShape
	for _, s := range []int{128, 512, 2048} {
		shapes = append(shapes,
			attentionShape{name: fmt.Sprintf("S=%d", s), heads: 12, kvHeads: 12, t: s, s: s, d: 64},
			attentionShape{name: fmt.Sprintf("S=%d/causal", s), heads: 12, kvHeads: 12, t: s, s: s, d: 64, causal: true})
	}
	for _, d := range []int{32, 80, 96, 128} {
		shapes = append(shapes, attentionShape{name: fmt.Sprintf("S=512/D=%d", d), heads: 12, kvHeads: 12, t: 512, s: 512, d: d})
	}
	shapes = append(shapes,
		attentionShape{name: "S=512/grouped", heads: 12, kvHeads: 3, t: 512, s: 512, d: 64},
		attentionShape{name: "S=512/padding", heads: 12, kvHeads: 12, t: 512, s: 512, d: 64, bias: []int{1, 1, 1, 512}},
		attentionShape{name: "S=512/bias", heads: 12, kvHeads: 12, t: 512, s: 512, d: 64, bias: []int{1, 1, 512, 512}},
		attentionShape{name: "S=4096/step", heads: 12, kvHeads: 12, t: 1, s: 4096, d: 64},
		attentionShape{name: "S=4096/step/grouped", heads: 32, kvHeads: 8, t: 1, s: 4096, d: 128},
	)
	for _, s := range shapes {
		b.Run(s.name, s.run)
	}
}

func (s attentionShape) run(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, probe := range []bool{false, true} {
		a := attr.New[attr.Attention]()
		a.Heads, a.KVHeads, a.Scale, a.Layout = s.heads, s.kvHeads, 1/math.Sqrt(float64(s.d)), attr.LayoutBHSD
		if s.causal {
			a.Causal = attr.CausalBottomRight
		}
		q := rows(rng, tensor.Float32, 1, s.heads, s.t, s.d)
		in := []*tensor.Tensor{q, rows(rng, tensor.Float32, 1, s.kvHeads, s.s, s.d), rows(rng, tensor.Float32, 1, s.kvHeads, s.s, s.d)}
		name := "softmax"
		if probe {
			a.Probe, a.HasProbe, name = attr.ProbeLearned, true, "parallax"
			in = append(in, q)
		}
		if s.bias != nil {
			a.Biases = 1
			in = append(in, rows(rng, tensor.Float32, s.bias...))
		}
		for _, threads := range []int{1, 2} {
			c := cpu.NewCtx(par.New(threads))
			defer c.Pool.Close()
			b.Run(fmt.Sprintf("%s/%d", name, threads), func(b *testing.B) {
				var o tensor.Tensor
				for b.Loop() {
					if err := cpu.Parallax(c, &o, nil, nil, a, in...); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
