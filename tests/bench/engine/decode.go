package engine

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
)

// decoding runs a sequence: the prefill, then single steps with a cache.
type decoding struct {
	decoder
	first map[string]*tensor.Tensor   // the inputs of the prefill
	steps []map[string]*tensor.Tensor // those of each step
	pasts map[string]string
}

// decoder is a model that is driven step by step.
type decoder interface {
	// begin forgets the sequence.
	begin()
	// step runs once, after a run that gave before; nil: it is the first.
	step(in, before map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error)
	close() error
}

func newDecoding(m decoder, s Setup, first map[string]*tensor.Tensor) (*decoding, error) {
	d := &decoding{decoder: m, first: first, pasts: s.Pasts}
	all, err := readArrays(s.Steps)
	if err != nil {
		return nil, err
	}
	for name, t := range all {
		for i := range t.Shape[0] {
			if i == len(d.steps) {
				d.steps = append(d.steps, map[string]*tensor.Tensor{})
			}
			d.steps[i][name] = slice(t, i)
		}
	}
	return d, nil
}

// slice is element i of t's first axis.
func slice(t *tensor.Tensor, i int) *tensor.Tensor {
	x := tensor.New(t.DType, t.Shape[1:]...)
	copy(x.Bytes(), t.Bytes()[i*len(x.Bytes()):])
	return x
}

// sequence returns the times of the phases, and the outputs after each.
func (d *decoding) sequence() ([]int64, []map[string]*tensor.Tensor, error) {
	d.begin()
	start := time.Now()
	prefill, err := d.step(d.first, nil)
	if err != nil {
		return nil, nil, err
	}
	between, out := time.Now(), prefill
	for _, in := range d.steps {
		if out, err = d.step(in, out); err != nil {
			return nil, nil, err
		}
	}
	times := []int64{between.Sub(start).Nanoseconds(), time.Since(between).Nanoseconds()}
	return times, []map[string]*tensor.Tensor{prefill, out}, nil
}

func (d *decoding) run() ([]int64, error) {
	times, _, err := d.sequence()
	return times, err
}

// outputs are those of the prefill and of the last step, but for the caches.
func (d *decoding) outputs() (map[string]*tensor.Tensor, error) {
	_, both, err := d.sequence()
	if err != nil {
		return nil, err
	}
	presents := map[string]bool{}
	for _, present := range d.pasts {
		presents[present] = true
	}
	all := map[string]*tensor.Tensor{}
	for i, phase := range Phases[Decode] {
		for name, t := range both[i] {
			if !presents[name] {
				all[phase+" "+name] = t
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("the decoder has no outputs but its caches")
	}
	return all, nil
}

// stateful keeps the caches in a State.
type stateful struct {
	model *parallax.Model
	state *parallax.State
	in    map[string]*tensor.Tensor
}

func newStateful(m *parallax.Model) (*stateful, error) {
	state, err := m.NewState()
	return &stateful{model: m, state: state, in: map[string]*tensor.Tensor{}}, err
}

func (s *stateful) begin() { s.state.Reset() }

func (s *stateful) step(in, _ map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error) {
	for _, p := range s.state.Inputs() { // not the pasts of the prefill
		s.in[p.Name] = in[p.Name]
	}
	return s.state.Run(context.Background(), s.in)
}

func (s *stateful) close() error { return s.model.Close() }

// handing hands the caches from run to run.
type handing struct {
	model *parallax.Model
	pasts map[string]string
}

func (h *handing) begin() {}

func (h *handing) step(in, before map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error) {
	if before != nil {
		in = maps.Clone(in)
		for past, present := range h.pasts {
			in[past] = before[present]
		}
	}
	return h.model.Run(context.Background(), in)
}

func (h *handing) close() error { return h.model.Close() }
