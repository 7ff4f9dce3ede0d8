package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// state is what rows know after some keys (arXiv 2605.29157, algorithm 1): the
// greatest score m, and relative to it d1 = Σe, d2 = Σe·t, O1 = Σe·v and O2 =
// Σe·t·v with e = exp(s₁ − m). A row that saw no key has m = −inf and zeros.
//
// The results lie pitch apart; without a probe there is no second one.
type state struct {
	m, d1, d2 []float32 // per row
	o1, o2    []float32 // per row dv
	pitch, dv int
}

// stateFloats is how many floats the state of a row takes.
func stateFloats(pitch, branches int) int { return 3 + branches*pitch }

// stateIn views a state in memory. The results come first, so that they begin where
// the memory does.
func stateIn(memory []float32, rows, pitch, dv, branches int) state {
	part := func(n int) []float32 {
		s := memory[:n:n]
		memory = memory[n:]
		return s
	}
	s := state{pitch: pitch, dv: dv, o1: part(rows * pitch)}
	if branches == 2 {
		s.o2 = part(rows * pitch)
	}
	s.m, s.d1, s.d2 = part(rows), part(rows), part(rows)
	return s
}

// slice views n rows from first on.
func (s *state) slice(first, n int) state {
	part := state{
		m: s.m[first:][:n], d1: s.d1[first:][:n], d2: s.d2[first:][:n],
		o1: s.o1[first*s.pitch:][:n*s.pitch], pitch: s.pitch, dv: s.dv,
	}
	if s.o2 != nil {
		part.o2 = s.o2[first*s.pitch:][:n*s.pitch]
	}
	return part
}

// reset makes s the state before any key.
func (s *state) reset() {
	s.begin()
	clear(s.o1)
	clear(s.o2)
}

// begin is reset but for the results, which the first keys will set.
func (s *state) begin() {
	for i := range s.m {
		s.m[i] = negInf
	}
	clear(s.d1)
	clear(s.d2)
}

// untouched reports whether no row has seen a key.
func (s *state) untouched() bool {
	for i, m := range s.m {
		if m != negInf || s.d1[i] != 0 { // only NaN was seen
			return false
		}
	}
	return true
}

// empty reports whether row i saw no key.
func (s *state) empty(i int) bool { return s.m[i] == negInf && s.d1[i] == 0 }

// merge adds the state of later keys, row by row; early and late are scratch.
func (s *state) merge(k *simd.Kernels, other *state, early, late []float32) {
	n := len(s.m)
	if n == 0 {
		return
	}
	k.Join(n, &s.m[0], &s.d1[0], &s.d2[0], &other.m[0], &other.d1[0], &other.d2[0], &early[0], &late[0])
	if s.dv == 0 {
		return
	}
	k.Blend(n, s.dv, &s.o1[0], &other.o1[0], s.pitch, &early[0], &late[0])
	if s.o2 != nil {
		k.Blend(n, s.dv, &s.o2[0], &other.o2[0], s.pitch, &early[0], &late[0])
	}
}

// copyRow copies row k of a state.
func (s *state) copyRow(i int, from *state, k int) {
	s.m[i], s.d1[i], s.d2[i] = from.m[k], from.d1[k], from.d2[k]
	copy(s.o1[i*s.pitch:][:s.dv], from.o1[k*from.pitch:])
	if s.o2 != nil && from.o2 != nil {
		copy(s.o2[i*s.pitch:][:s.dv], from.o2[k*from.pitch:])
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
	if err := t.bind(c, a, wholePast, nil, in); err != nil {
		return fmt.Errorf("ParallaxPartial: %w", err)
	}
	b := &t.bound
	if from < 0 || to > b.S || from > to {
		return fmt.Errorf("ParallaxPartial: keys %d to %d of %d", from, to, b.S)
	}
	s.shape(b.B, b.Heads, b.T, b.Dv)
	s.state.reset()
	t.streaming()
	w := t.worker(0)
	for block := range b.B * b.KVHeads * t.blocks {
		w.begin(block)
		w.total.reset()
		w.keys(&w.total, from, to)
		for i := range w.n {
			h, q := w.place(i)
			s.state.copyRow((w.b*b.Heads+h)*b.T+q, &w.total, i)
		}
	}
	return nil
}

func (s *State) shape(b, h, t, dv int) {
	for _, x := range []*tensor.Tensor{&s.M, &s.D1, &s.D2} {
		x.Reset(tensor.Float32, b, h, t)
	}
	s.O1.Reset(tensor.Float32, b, h, t, dv)
	s.O2.Reset(tensor.Float32, b, h, t, dv)
	s.state = state{tensor.Data[float32](&s.M), tensor.Data[float32](&s.D1), tensor.Data[float32](&s.D2),
		tensor.Data[float32](&s.O1), tensor.Data[float32](&s.O2), dv, dv}
}

// Merge adds the state of later keys.
func (s *State) Merge(late *State) error {
	if !tensor.SameShape(s.O1.Shape, late.O1.Shape) {
		return fmt.Errorf("states of rows %s and %s can't be merged", &s.O1, &late.O1)
	}
	n := len(s.state.m)
	factors := make([]float32, 2*n)
	s.state.merge(simd.Active, &late.state, factors[:n], factors[n:])
	return nil
}

// ParallaxFinish sets o to the result of a state that holds all keys, for the
// specification and operands it was made from.
func ParallaxFinish(c *Ctx, o *tensor.Tensor, s *State, a *attr.Attention, in ...*tensor.Tensor) error {
	t := &c.attend
	if err := t.bind(c, a, wholePast, nil, in); err != nil {
		return fmt.Errorf("ParallaxFinish: %w", err)
	}
	b := &t.bound
	if !tensor.SameShape(s.O1.Shape, []int{b.B, b.Heads, b.T, b.Dv}) {
		return fmt.Errorf("ParallaxFinish: state of rows %s for q %s", &s.O1, b.Q.Tensor)
	}
	t.o = b.ResetOutputs(o, nil, nil)
	t.out = floatsOf(o)
	t.streaming()
	w := t.worker(0)
	for block := range b.B * b.KVHeads * t.blocks {
		w.begin(block)
		for i := range w.n {
			h, q := w.place(i)
			w.total.copyRow(i, &s.state, (w.b*b.Heads+h)*b.T+q)
		}
		w.finish(&w.total)
	}
	return nil
}
