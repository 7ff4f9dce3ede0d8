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
	model *parallax.Model
	first map[string]*tensor.Tensor   // the inputs of the prefill
	steps []map[string]*tensor.Tensor // those of each step
	pasts map[string]string
	state *parallax.State // nil: the caches are handed over
}

func newDecoding(m *parallax.Model, s Setup, first map[string]*tensor.Tensor) (*decoding, error) {
	d := &decoding{model: m, first: first, pasts: s.Pasts}
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
	if s.Variant == Plain {
		return d, nil
	}
	for past := range d.pasts {
		delete(d.first, past)
	}
	d.state, err = m.NewState()
	return d, err
}

// slice is element i of t's first axis.
func slice(t *tensor.Tensor, i int) *tensor.Tensor {
	x := tensor.New(t.DType, t.Shape[1:]...)
	copy(x.Bytes(), t.Bytes()[i*len(x.Bytes()):])
	return x
}

// sequence returns the times of the phases, and the outputs after each.
func (d *decoding) sequence() ([]int64, []map[string]*tensor.Tensor, error) {
	if d.state != nil {
		d.state.Reset()
	}
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

// step runs once, after a run that gave before.
func (d *decoding) step(in, before map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error) {
	if d.state != nil {
		return d.state.Run(context.Background(), in)
	}
	if before != nil {
		in = maps.Clone(in)
		for past, present := range d.pasts {
			in[past] = before[present]
		}
	}
	return d.model.Run(context.Background(), in)
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

func (d *decoding) close() error { return d.model.Close() }
