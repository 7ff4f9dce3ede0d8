package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Decoder computes what follows a sequence.
type Decoder struct {
	model  *parallax.Model
	state  *parallax.State // nil: the file has no pairs of past and present
	cached bool
	inputs []input
	logits string // the output's name
}

// input is one of the inputs that a step has, and what is put into it.
type input struct {
	parallax.Port
	fill func(t *tensor.Tensor, from int, ids []int64)
}

// NewDecoder finds out what the inputs of m want. If cached, and if the model has
// pairs of past and present, each step computes the new tokens alone.
func NewDecoder(m *parallax.Model, cached bool) (*Decoder, error) {
	d := &Decoder{model: m, cached: cached}
	ports := m.Inputs()
	state, err := m.NewState()
	switch {
	case err == nil:
		d.state, ports = state, state.Inputs()
	case !errors.Is(err, parallax.ErrState):
		return nil, err
	}
	for _, p := range ports {
		in, err := inputOf(p)
		if err != nil {
			return nil, err
		}
		d.inputs = append(d.inputs, in)
	}
	for _, p := range m.Outputs() {
		if rank, known := p.Type.Rank(); known && rank == 3 && p.Type.DType.IsFloat() && (d.logits == "" || p.Name == "logits") {
			d.logits = p.Name
		}
	}
	if d.logits == "" {
		return nil, errors.New("no output is logits: floats [batch, sequence, vocabulary]")
	}
	return d, nil
}

// roles tell by a part of its name what an input wants. The first that fits
// counts.
var roles = []struct {
	part string
	fill func(t *tensor.Tensor, from int, ids []int64)
}{
	{"mask", func(t *tensor.Tensor, from int, ids []int64) { set(t, from+len(ids), func(int) int64 { return 1 }) }},
	{"position", func(t *tensor.Tensor, from int, ids []int64) {
		set(t, len(ids), func(i int) int64 { return int64(from + i) })
	}},
	{"type", func(t *tensor.Tensor, _ int, ids []int64) { set(t, len(ids), func(int) int64 { return 0 }) }},
	{"use_cache", func(t *tensor.Tensor, from int, _ []int64) { set(t, 1, func(int) int64 { return int64(min(from, 1)) }) }},
	{"id", fillIDs},
	{"token", fillIDs},
}

func fillIDs(t *tensor.Tensor, _ int, ids []int64) {
	set(t, len(ids), func(i int) int64 { return ids[i] })
}

// set gives t, whose axes before the last have size 1, n elements.
func set(t *tensor.Tensor, n int, value func(i int) int64) {
	shape := make([]int, t.Rank())
	for i := range shape {
		shape[i] = 1
	}
	if len(shape) > 0 {
		shape[len(shape)-1] = n
	}
	t.Reset(t.DType, shape...)
	for i := range t.Len() {
		if t.DType.IsFloat() {
			t.SetFloat(i, float64(value(i)))
		} else {
			t.SetInt(i, value(i))
		}
	}
}

func inputOf(p parallax.Port) (input, error) {
	rank, known := p.Type.Rank()
	for _, r := range roles {
		if known && rank <= 2 && strings.Contains(strings.ToLower(p.Name), r.part) {
			return input{p, r.fill}, nil
		}
	}
	return input{}, fmt.Errorf("input %q (%s) is neither token ids, nor a mask, nor positions, nor the past of a present output", p.Name, p.Type)
}

// Next returns the logits of the token that follows the sequence, which must
// begin with that of the call before.
func (d *Decoder) Next(ctx context.Context, sequence []int64) ([]float32, error) {
	from := 0
	if d.state != nil && d.cached {
		from = d.state.Len()
	} else if d.state != nil {
		d.state.Reset()
	}
	if from >= len(sequence) {
		return nil, fmt.Errorf("a sequence of %d tokens after %d", len(sequence), from)
	}
	in := map[string]*tensor.Tensor{}
	for _, i := range d.inputs {
		rank, _ := i.Type.Rank()
		t := tensor.New(i.Type.DType, make([]int, rank)...)
		i.fill(t, from, sequence[from:])
		in[i.Name] = t
	}
	run := d.model.Run
	if d.state != nil {
		run = d.state.Run
	}
	out, err := run(ctx, in)
	if err != nil {
		return nil, err
	}
	return lastRow(out[d.logits])
}

// lastRow returns the logits of the last token.
func lastRow(logits *tensor.Tensor) ([]float32, error) {
	if logits == nil || logits.Rank() != 3 || logits.Len() == 0 {
		return nil, fmt.Errorf("logits are %s, want [1, sequence, vocabulary]", logits)
	}
	n := logits.Shape[2]
	row := make([]float32, n)
	for i := range row {
		row[i] = float32(logits.FloatAt(logits.Len() - n + i))
	}
	return row, nil
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
