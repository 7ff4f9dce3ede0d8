package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/runtime/decode"
)

// Decoder computes what follows a sequence.
type Decoder struct {
	model  *parallax.Model
	plan   *decode.Plan
	state  *parallax.State // nil: the file has no pairs of past and present
	cached bool
	last   map[string]*tensor.Tensor // the inputs of the step before
}

// NewDecoder finds out what the inputs of m want. If cached, and if the model has
// pairs of past and present, each step computes the new token alone.
func NewDecoder(m *parallax.Model, cached bool) (*Decoder, error) {
	plan, err := decode.Whole(m.Program())
	if err != nil {
		return nil, err
	}
	d := &Decoder{model: m, plan: plan}
	d.state, err = m.NewState()
	if err != nil && !errors.Is(err, parallax.ErrState) {
		return nil, err
	}
	d.cached = cached && d.state != nil
	return d, nil
}

// Next returns the logits of the token that follows the sequence, which is that
// of the call before and one token more, or a first one.
func (d *Decoder) Next(ctx context.Context, sequence []int64) ([]float64, error) {
	in, err := d.inputs(sequence)
	if err != nil {
		return nil, err
	}
	run := d.model.Run
	if d.state != nil {
		run = d.state.Run
	}
	out, err := run(ctx, in)
	if err != nil {
		return nil, err
	}
	d.last = in
	rows, err := d.plan.LastLogits(out)
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

// inputs are those of the step for the sequence's end, or for all of it.
func (d *Decoder) inputs(sequence []int64) (map[string]*tensor.Tensor, error) {
	if d.cached && d.last != nil {
		return d.plan.Next(d.last, sequence[len(sequence)-1:])
	}
	ports := d.model.Inputs()
	if d.state != nil {
		d.state.Reset()
		ports = d.state.Inputs()
	}
	in := map[string]*tensor.Tensor{}
	for _, p := range ports {
		if p.Name == d.plan.Tokens {
			in[p.Name] = tensor.New(p.Type.DType, 1, len(sequence))
			for i, id := range sequence {
				in[p.Name].SetInt(i, id)
			}
		}
	}
	d.plan.First(in)
	return in, switchOff(in, ports)
}

// switchOff makes the switches that First doesn't: they turn on once there is a
// past.
func switchOff(in map[string]*tensor.Tensor, ports []parallax.Port) error {
	for _, p := range ports {
		if in[p.Name] != nil || p.Type.DType != tensor.Bool {
			continue
		}
		shape, err := parallax.SizesOf(p, nil)
		if err != nil {
			return err
		}
		in[p.Name] = tensor.New(tensor.Bool, shape...)
	}
	return nil
}

// How says how steps are computed.
func (d *Decoder) How() string {
	switch {
	case d.state == nil:
		return "the whole sequence at every step, since the file has no past and present"
	case !d.cached:
		return "the whole sequence at every step"
	}
	return fmt.Sprintf("with a cache of %d tokens", d.state.Len())
}
