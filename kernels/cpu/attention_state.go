package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// state is what rows know after some keys (arXiv 2605.29157, algorithm 1): the
// greatest score m, and relative to it d1 = Σe, d2 = Σe·t, O1 = Σe·v and O2 =
// Σe·t·v with e = exp(s₁ − m). A row that saw no key has m = −inf and zeros.
type state struct {
	m, d1, d2 []float32 // per row
	o1, o2    []float32 // per row dv
	dv        int
}

// stateFloats is how many floats the state of a row takes.
func stateFloats(dv int) int { return 3 + 2*dv }

// stateIn views a state in memory.
func stateIn(memory []float32, rows, dv int) state {
	part := func(n int) []float32 {
		s := memory[:n:n]
		memory = memory[n:]
		return s
	}
	return state{part(rows), part(rows), part(rows), part(rows * dv), part(rows * dv), dv}
}

func (s *state) reset() {
	for i := range s.m {
		s.m[i] = negInf
	}
	clear(s.d1)
	clear(s.d2)
	clear(s.o1)
	clear(s.o2)
}

// merge adds the state of later keys, row by row.
func (s *state) merge(late *state) {
	for i := range s.m {
		top := maxOr(s.m[i], late.m[i])
		if top == negInf || late.m[i] == negInf {
			continue // nothing, or nothing new
		}
		a, b := exp32(s.m[i]-top), exp32(late.m[i]-top)
		s.m[i] = top
		s.d1[i] = float32(s.d1[i]*a) + float32(late.d1[i]*b)
		s.d2[i] = float32(s.d2[i]*a) + float32(late.d2[i]*b)
		from, to := i*s.dv, (i+1)*s.dv
		weigh(s.o1[from:to], a, late.o1[from:to], b)
		weigh(s.o2[from:to], a, late.o2[from:to], b)
	}
}

// weigh makes x a·x + b·y.
func weigh(x []float32, a float32, y []float32, b float32) {
	for i := range x {
		x[i] = float32(x[i]*a) + float32(y[i]*b)
	}
}

// rescale moves row i to a greatest score for which everything weighs a.
func (s *state) rescale(i int, a float32) {
	s.d1[i] *= a
	s.d2[i] *= a
	mulVS(s.o1[i*s.dv:][:s.dv], s.o1[i*s.dv:][:s.dv], a)
	mulVS(s.o2[i*s.dv:][:s.dv], s.o2[i*s.dv:][:s.dv], a)
}

// result writes row i's (O1/d1)(1 + d2/d1) − O2/d1 to out.
func (s *state) result(i int, out []float32) {
	d := 1 / s.d1[i]
	gain := 1 + float32(s.d2[i]*d)
	o1, o2 := s.o1[i*s.dv:][:len(out)], s.o2[i*s.dv:][:len(out)]
	for k := range out {
		out[k] = float32(float32(o1[k]*d)*gain) - float32(o2[k]*d)
	}
}

// State is the partial state of every row of an attention: M, D1 and D2 are
// f32[B, heads, T], O1 and O2 are f32[B, heads, T, Dv]. States of disjoint keys
// are merged; the sink and the rule for empty rows come in at the end.
type State struct {
	M, D1, D2, O1, O2 tensor.Tensor
	state             state
}

// ParallaxPartial sets s to the state after the keys from ≤ j < to.
func ParallaxPartial(c *Ctx, s *State, a *attr.Attention, from, to int, in ...*tensor.Tensor) error {
	t := &c.attend
	if err := t.bind(c, a, wholePast, in); err != nil {
		return fmt.Errorf("ParallaxPartial: %w", err)
	}
	b := &t.bound
	if from < 0 || to > b.S || from > to {
		return fmt.Errorf("ParallaxPartial: keys %d to %d of %d", from, to, b.S)
	}
	s.shape(b.B, b.Heads, b.T, b.Dv)
	s.state.reset()
	w := newWorker(t)
	for block := range b.B * b.KVHeads * t.blocks {
		w.begin(block)
		w.total.reset()
		w.keys(&w.total, from, to)
		for i := range w.n {
			h, q := w.place(i)
			s.state.copyRow((w.b*b.Heads+h)*b.T+q, &w.total, i)
		}
	}
	w.end()
	return nil
}

func (s *State) shape(b, h, t, dv int) {
	for _, x := range []*tensor.Tensor{&s.M, &s.D1, &s.D2} {
		x.Reset(tensor.Float32, b, h, t)
	}
	s.O1.Reset(tensor.Float32, b, h, t, dv)
	s.O2.Reset(tensor.Float32, b, h, t, dv)
	s.state = state{tensor.Data[float32](&s.M), tensor.Data[float32](&s.D1), tensor.Data[float32](&s.D2),
		tensor.Data[float32](&s.O1), tensor.Data[float32](&s.O2), dv}
}

func (s *state) copyRow(i int, from *state, k int) {
	s.m[i], s.d1[i], s.d2[i] = from.m[k], from.d1[k], from.d2[k]
	copy(s.o1[i*s.dv:][:s.dv], from.o1[k*s.dv:])
	copy(s.o2[i*s.dv:][:s.dv], from.o2[k*s.dv:])
}

// Merge adds the state of later keys.
func (s *State) Merge(late *State) error {
	if !tensor.SameShape(s.O1.Shape, late.O1.Shape) {
		return fmt.Errorf("states of rows %s and %s can't be merged", &s.O1, &late.O1)
	}
	s.state.merge(&late.state)
	return nil
}

// ParallaxFinish sets o to the result of a state that holds all keys, for the
// specification and operands it was made from.
func ParallaxFinish(c *Ctx, o *tensor.Tensor, s *State, a *attr.Attention, in ...*tensor.Tensor) error {
	t := &c.attend
	if err := t.bind(c, a, wholePast, in); err != nil {
		return fmt.Errorf("ParallaxFinish: %w", err)
	}
	b := &t.bound
	if !tensor.SameShape(s.O1.Shape, []int{b.B, b.Heads, b.T, b.Dv}) {
		return fmt.Errorf("ParallaxFinish: state of rows %s for q %s", &s.O1, b.Q.Tensor)
	}
	t.o = b.ResetOutputs(o, nil, nil)
	t.out = floatsOf(o)
	w := newWorker(t)
	for block := range b.B * b.KVHeads * t.blocks {
		w.begin(block)
		for i := range w.n {
			h, q := w.place(i)
			w.total.copyRow(i, &s.state, (w.b*b.Heads+h)*b.T+q)
		}
		w.finish(&w.total)
	}
	w.end()
	return nil
}
