package attention

import (
	"math"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu"
)

// Every feature with products in bf16 against the reference, on rows that are numbers of
// bf16: their products are then exact, and weights alone are rounded.
func TestBrainOnGrid(t *testing.T) {
	g := newGenerator(31)
	for i := range 400 {
		c := g.next(i, false)
		if i >= 300 {
			c = g.nextLong(i)
		}
		c = inNumbersOf(narrowed(c, tensor.BFloat16))
		want := evalReference(t, c)
		got := streaming(cpu.ParallaxBrain).run(t, c.name, c.a, c.in)
		checkNear(t, c.name, got[0], want[0], gridTolerance(tensor.BFloat16, want[0]))
		for k := 1; k < len(got); k++ {
			if !got[k].Equal(want[k]) {
				t.Errorf("%s: output %d differs", c.name, k)
			}
		}
		if t.Failed() {
			return
		}
	}
}

// inNumbersOf is a case of bf16 with the same numbers in f32.
func inNumbersOf(c gridCase) gridCase {
	in := append([]*tensor.Tensor{}, c.in...)
	for i, x := range in {
		if x.DType == tensor.BFloat16 {
			in[i] = cast(x, tensor.Float32)
		}
	}
	return gridCase{c.name, c.a, in}
}

func TestBrainIgnoresWhatOthersSee(t *testing.T) {
	testIgnoresWhatOthersSee(t, cpu.ParallaxBrain)
}

// A sequence gives the same bits alone as in a batch, and with some queries as with
// many: from four on, below which products are in f32.
func TestBrainDoesNotDependOnBatch(t *testing.T) {
	g := newGenerator(5)
	for _, probe := range []bool{false, true} {
		a := attr.New[attr.Attention]()
		a.Heads, a.KVHeads, a.Scale, a.Causal = 2, 2, 0.25, attr.CausalBottomRight
		in := []*tensor.Tensor{g.floats(3, 2, 45, 16), g.floats(3, 2, 1100, 16), g.floats(3, 2, 1100, 24)}
		if probe {
			a.Probe, a.HasProbe = attr.ProbeLearned, true
			in = append(in, g.floats(3, 2, 45, 16))
		}
		whole := streaming(cpu.ParallaxBrain).run(t, "batch", a, in)[0]
		for b := range 3 {
			for _, queries := range []int{4, 45} {
				own := append([]*tensor.Tensor{}, in...)
				for i, x := range in {
					if rows := x.Shape[2]; rows == 45 {
						own[i] = part(x, b, rows-queries, rows)
					} else {
						own[i] = part(x, b, 0, rows)
					}
				}
				got := streaming(cpu.ParallaxBrain).run(t, "alone", a, own)[0]
				if !got.Equal(part(whole, b, 45-queries, 45)) {
					t.Errorf("entry %d, the last %d queries alone: other bits", b, queries)
				}
			}
		}
	}
}

// part is the rows from … to of an entry of x, [B, H, rows, size].
func part(x *tensor.Tensor, entry, from, to int) *tensor.Tensor {
	heads, rows, size := x.Shape[1], x.Shape[2], x.Shape[3]
	out := tensor.New(tensor.Float32, 1, heads, to-from, size)
	for h := range heads {
		copy(tensor.Data[float32](out)[h*(to-from)*size:][:(to-from)*size], tensor.Data[float32](x)[((entry*heads+h)*rows+from)*size:])
	}
	return out
}

// The error of weights that are rounded to 8 bits: half a unit of each, in both sums.
func TestBrainErrors(t *testing.T) {
	g := newGenerator(6)
	for _, s := range []int{300, 2100} {
		a := attr.New[attr.Attention]()
		a.Heads, a.KVHeads, a.Scale, a.Probe, a.HasProbe = 1, 1, 0.125, attr.ProbeLearned, true
		in := []*tensor.Tensor{g.floats(1, 1, 40, 64), g.floats(1, 1, s, 64), g.floats(1, 1, s, 33), g.floats(1, 1, 40, 64)}
		for i, x := range in {
			in[i] = cast(cast(x, tensor.BFloat16), tensor.Float32)
		}
		got := streaming(cpu.ParallaxBrain).run(t, "errors", a, in)[0]
		for q := range 40 {
			want, bound := exactly(in, q)
			for d, x := range want {
				if y := got.FloatAt(q*33 + d); math.Abs(y-x) > bound[d] {
					t.Fatalf("%d keys, query %d, column %d: %g, want %g within %g", s, q, d, y, x, bound[d])
				}
			}
		}
	}
}

// exactly is attention with a probe of one query in float64, and what weights of 8 bits
// may change of it, with 1e-5 of the sizes for what is in f32.
func exactly(in []*tensor.Tensor, q int) (o, bound []float64) {
	s, d, dv := in[1].Shape[2], in[1].Shape[3], in[2].Shape[3]
	scores, probes := make([]float64, s), make([]float64, s)
	var d1, d2 float64
	for j := range s {
		for i := range d {
			scores[j] += in[0].FloatAt(q*d+i) * in[1].FloatAt(j*d+i) / 8
			probes[j] += in[3].FloatAt(q*d+i) * in[1].FloatAt(j*d+i)
		}
		scores[j] = math.Exp(scores[j])
		d1, d2 = d1+scores[j], d2+scores[j]*probes[j]
	}
	mean := d2 / d1
	o, bound = make([]float64, dv), make([]float64, dv)
	for j := range s {
		p := scores[j] / d1
		for i := range dv {
			v := in[2].FloatAt(j*dv + i)
			o[i] += p * (1 + mean - probes[j]) * v
			bound[i] += (1.0/512 + 1e-5) * p * math.Abs(v) * (math.Abs(1+mean) + math.Abs(probes[j]))
		}
	}
	return o, bound
}
