package attention

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// gridCase is one specification with operands of random contents.
type gridCase struct {
	name string
	a    *attr.Attention
	in   []*tensor.Tensor
}

// generator makes cases: every feature of the specification turns up with every
// other sooner or later.
type generator struct {
	*rand.Rand
	sizes struct{ b, t, s, past, d, dv int }
}

func newGenerator(seed uint64) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
}

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

// floats is a tensor of normal numbers.
func (g *generator) floats(shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, shape...)
	x := tensor.Data[float32](t)
	for i := range x {
		x[i] = float32(g.NormFloat64())
	}
	return t
}

// next makes a case; family decides the weights and the affine part.
func (g *generator) next(i int, uniform bool) gridCase {
	a := attr.New[attr.Attention]()
	a.KVHeads = pick(g, 1, 2, 3)
	a.Heads = a.KVHeads * pick(g, 1, 2, 4)
	a.Scale = pick(g, 1, 0.25, 0.125)
	a.Layout = pick(g, attr.LayoutBHSD, attr.LayoutBSD, attr.LayoutSBD)
	a.Probe = pick(g, attr.ProbeNone, attr.ProbeLearned)
	a.Causal = pick(g, attr.CausalNone, attr.CausalBottomRight, attr.CausalTopLeft)
	a.EmptyRow = pick(g, attr.EmptyRowZero, attr.EmptyRowNaN, attr.EmptyRowFilled)
	a.FillValue = pick(g, -math.MaxFloat32, -10000)
	if uniform {
		a.Weights = attr.WeightsUniform
		a.Affine = pick(g, attr.AffineCentred, attr.AffineNone)
	} else {
		a.Softcap = pick(g, 0.0, 0, 2)
		a.Biases = pick(g, 0, 0, 1, 2)
		a.Relative = g.IntN(a.Biases + 1)
		a.HasSink = g.chance(20)
	}
	a.WindowLeft, a.WindowRight = pick(g, -1, -1, 0, 3, 40), pick(g, -1, -1, 2, 20)
	a.HasProbe = a.Probe == attr.ProbeLearned
	a.Masks, a.HasPast, a.HasRanges = pick(g, 0, 0, 1, 2), g.chance(30), g.chance(30)
	if g.chance(40) {
		a.Masks, a.Visible = g.formula()
	}
	a.HasPresent = a.HasPast || g.chance(20)
	z := &g.sizes
	z.b, z.t, z.s = pick(g, 1, 2), pick(g, 1, 2, 7, 33), pick(g, 1, 9, 33, 70)
	z.d, z.dv, z.past = pick(g, 4, 8, 16), pick(g, 4, 8, 12), 0
	if a.HasPast {
		z.past = pick(g, 0, 5, 40)
	}
	name := fmt.Sprintf("%d:%+v %+v", i, *a, *z)
	return gridCase{name, a, g.operands(a)}
}

// operands makes what a asks for, in contract order.
func (g *generator) operands(a *attr.Attention) []*tensor.Tensor {
	z := g.sizes
	total := z.past + z.s
	rows := func(heads, length, size int) *tensor.Tensor {
		switch a.Layout {
		case attr.LayoutBSD:
			return g.floats(z.b, length, heads*size)
		case attr.LayoutSBD:
			return g.floats(length, z.b, heads*size)
		}
		return g.floats(z.b, heads, length, size)
	}
	in := []*tensor.Tensor{rows(a.Heads, z.t, z.d), rows(a.KVHeads, z.s, z.d), rows(a.KVHeads, z.s, z.dv)}
	if a.HasProbe {
		in = append(in, rows(a.Heads, z.t, z.d))
	}
	for i := range a.Biases {
		shape := g.broadcastShape(a, total)
		if i >= a.Biases-a.Relative {
			shape = []int{pick(g, 1, z.b), pick(g, 1, a.Heads), 1, z.t + total - 1}[g.IntN(4):]
		}
		in = append(in, g.bias(shape))
	}
	for i := range a.Masks {
		if a.Compared(i) {
			in = append(in, g.numbers(g.broadcastShape(a, total), total))
		} else {
			in = append(in, g.mask(g.broadcastShape(a, total)))
		}
	}
	if a.HasPast {
		in = append(in, g.floats(z.b, a.KVHeads, z.past, z.d), g.floats(z.b, a.KVHeads, z.past, z.dv))
	}
	if a.HasRanges {
		in = append(in, g.ranges(total)...)
	}
	if a.HasSink {
		in = append(in, pick(g, g.floats(a.Heads), g.floats(1, a.Heads, z.t, 1), g.floats(z.b, 1, 1, 1)))
	}
	return in
}

func (g *generator) broadcastShape(a *attr.Attention, total int) []int {
	z := g.sizes
	shape := []int{pick(g, 1, z.b), pick(g, 1, a.Heads), pick(g, 1, z.t), pick(g, total, total, 1)}
	return shape[g.IntN(3):]
}

func (g *generator) bias(shape []int) *tensor.Tensor {
	t := g.floats(shape...)
	x := tensor.Data[float32](t)
	for i := range x {
		if g.chance(10) {
			x[i] = float32(math.Inf(-1))
		}
	}
	return t
}

// formula returns a formula and how many masks it is about.
func (g *generator) formula() (masks int, text string) {
	texts := [][]string{
		{"q<k", "!(k<=q)"},
		{"m0", "!m0", "k<m0", "k<=q|k<m0"},
		{"m0==m1", "m0<=k&m1", "!(m0|m1)", "m0!=q&!m1"},
		{"m0<=m1&m2", "m0!=q&(m1|!m2)", "!(m0&m1|m2)", "m0==m1|m0<=k&m2"},
	}
	masks = g.IntN(len(texts))
	return masks, pick(g, texts[masks]...)
}

// numbers are small, so that comparisons hold and don't.
func (g *generator) numbers(shape []int, most int) *tensor.Tensor {
	t := tensor.New(pick(g, tensor.Int64, tensor.Int32, tensor.Float32), shape...)
	for i := range t.Len() {
		if t.DType == tensor.Float32 {
			t.SetFloat(i, float64(g.IntN(2*most))/2)
		} else {
			t.SetInt(i, int64(g.IntN(most+1)))
		}
	}
	return t
}

func (g *generator) mask(shape []int) *tensor.Tensor {
	t := tensor.New(tensor.Bool, shape...)
	x := tensor.Data[bool](t)
	for i := range x {
		x[i] = g.chance(70)
	}
	return t
}

func (g *generator) ranges(total int) []*tensor.Tensor {
	z := g.sizes
	starts, lengths := make([]int64, z.b), make([]int32, z.b)
	for b := range z.b {
		lengths[b] = int32(g.IntN(total + 2)) // one above the keys: clamped
		starts[b] = int64(g.IntN(3))
	}
	return []*tensor.Tensor{tensor.Of([]int{z.b}, starts), tensor.Of([]int{z.b}, lengths)}
}
