package ref

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Parallax evaluates the fused attention node as its specification reads
// ([attr.Attention]): row by row, in float64, rounding once at the output.
func Parallax(o, presentK, presentV *tensor.Tensor, a *attr.Attention, in ...*tensor.Tensor) error {
	var c attr.Bound
	if err := a.Bind(&c, in...); err != nil {
		return fmt.Errorf("Parallax: %w", err)
	}
	out := c.ResetOutputs(o, presentK, presentV)
	keys, values := gatherCache(&c)
	storeCache(presentK, keys)
	storeCache(presentV, values)
	for b := range c.B {
		for h := range c.Heads {
			kv := h / c.Group()
			r := row{c: &c, b: b, h: h, k: keys[b][kv], v: values[b][kv], o: make([]float64, c.Dv)}
			for i := range c.T {
				r.eval(i)
				storeRow(out, out.At(b, h, i), r.o)
			}
		}
	}
	return nil
}

// row evaluates the queries of one head of one batch entry.
type row struct {
	c    *attr.Bound
	b, h int
	k, v [][]float64 // all keys and values of the head
	o    []float64   // the result
}

// eval computes row i.
func (r *row) eval(i int) {
	clear(r.o)
	seen := r.visible(i)
	p := r.weights(i, seen)
	if p == nil {
		switch r.c.EmptyRow {
		case attr.EmptyRowZero:
			return
		case attr.EmptyRowNaN:
			fill(r.o, math.NaN())
			return
		}
		p = r.filled(i)
	}
	r.combine(p, r.probe(i, p))
}

// visible reports which keys query i sees.
func (r *row) visible(i int) []bool {
	seen := make([]bool, r.c.S)
	lo, hi := r.c.Keys(r.b, i)
	for j := lo; j < hi; j++ {
		seen[j] = r.c.Seen(r.b, r.h, i, j)
	}
	return seen
}

// weights returns p, by key; nil: the row is empty.
func (r *row) weights(i int, seen []bool) []float64 {
	if r.c.Weights == attr.WeightsUniform {
		return r.uniform(seen)
	}
	s := make([]float64, len(seen))
	for j := range s {
		s[j] = math.Inf(-1)
		if seen[j] {
			s[j] = r.score(i, j)
		}
	}
	sink := r.sink(i)
	if math.IsInf(maxOf(s), -1) && math.IsInf(sink, -1) {
		return nil
	}
	return softmax(s, sink)
}

// uniform weighs the seen keys alike: by 1/n, or by 1 in sums that are not
// normalised.
func (r *row) uniform(seen []bool) []float64 {
	p, n := make([]float64, len(seen)), 0.0
	for j := range seen {
		if seen[j] {
			p[j] = 1
			n++
		}
	}
	if n == 0 {
		return nil
	}
	if r.c.Affine == attr.AffineCentred {
		for j := range p {
			p[j] /= n
		}
	}
	return p
}

// filled weighs the keys of a row that sees none as the file did that added
// FillValue to every score. There the sum was rounded to the elements' type:
// whether the fill absorbs the scores depends on it.
func (r *row) filled(i int) []float64 {
	all := make([]bool, r.c.S)
	for j := range all {
		all[j] = true
	}
	if r.c.Weights == attr.WeightsUniform {
		return r.uniform(all)
	}
	d := r.c.Q.DType
	s := make([]float64, r.c.S)
	for j := range s {
		s[j] = rounded(d, rounded(d, r.score(i, j))+rounded(d, r.c.FillValue))
	}
	return softmax(s, r.sink(i))
}

// score is s₁ of key j before masks.
func (r *row) score(i, j int) float64 {
	s := r.c.Scale * dot(r.query(r.c.Q, i), r.k[j])
	if cap := r.c.Softcap; cap > 0 {
		s = cap * math.Tanh(s/cap)
	}
	for _, g := range r.c.Bias {
		s += g.FloatAt(g.At(r.b, r.h, i) + j*g.Strides[3])
	}
	return s
}

// sink is the score of the virtual key; −inf without one.
func (r *row) sink(i int) float64 {
	g := r.c.Sink
	if g.Tensor == nil {
		return math.Inf(-1)
	}
	return g.FloatAt(g.At(r.b, r.h, i))
}

func (r *row) query(v attr.View, i int) []float64 { return loadRow(v, v.At(r.b, r.h, i), r.c.D) }

// probe returns the direction of the correction; nil: none.
func (r *row) probe(i int, p []float64) []float64 {
	switch r.c.Probe {
	case attr.ProbeLearned:
		return r.query(r.c.R, i)
	case attr.ProbeExact:
		return r.ridge(i, p).Solve()
	}
	return nil
}

// combine sums the values: Σ p(1+t̄−t)v centred, Σ p t v otherwise. Keys without
// weight are not read: they may hold anything.
func (r *row) combine(p, probe []float64) {
	t, mean := make([]float64, len(p)), 0.0
	for j := range p {
		if p[j] != 0 && probe != nil {
			t[j] = dot(probe, r.k[j])
			mean += float64(p[j] * t[j])
		}
	}
	for j, v := range r.v {
		if p[j] == 0 {
			continue
		}
		w := p[j] * (1 + mean - t[j])
		if r.c.Affine == attr.AffineNone {
			w = p[j] * t[j]
		}
		for d, x := range v {
			r.o[d] += float64(w * x)
		}
	}
}

// softmax normalises exp(s), the sink's share dropped. Scores that are all −inf
// give NaN.
func softmax(s []float64, sink float64) []float64 {
	top := max(maxOf(s), sink)
	p, sum := make([]float64, len(s)), math.Exp(sink-top)
	if math.IsInf(sink, -1) {
		sum = 0
	}
	for j := range s {
		p[j] = math.Exp(s[j] - top)
		sum += p[j]
	}
	for j := range p {
		p[j] /= sum
	}
	return p
}

func maxOf(s []float64) float64 {
	top := math.Inf(-1)
	for _, x := range s {
		top = math.Max(top, x) // NaN stays NaN
	}
	return top
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i] * b[i])
	}
	return sum
}

func fill(x []float64, v float64) {
	for i := range x {
		x[i] = v
	}
}

// rounded is v after rounding to type d.
func rounded(d tensor.DType, v float64) float64 {
	t := tensor.New(d)
	t.SetFloat(0, v)
	return t.FloatAt(0)
}
