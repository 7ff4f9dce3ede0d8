package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/runtime/decode"
)

// stepper drives a model through its state: a decoder with the most likely token
// of each step, or a model without tokens, whose states have one size, with the
// same inputs again.
type stepper struct {
	m    *parallax.Model
	plan *decode.Plan // nil: the inputs stay the same
}

func newStepper(m *parallax.Model) (*stepper, error) {
	p := m.Program()
	plan, err := decode.New(p)
	grows := slices.ContainsFunc(p.States, func(s codegen.StatePair) bool { return s.Axis >= 0 })
	if errors.Is(err, decode.ErrTokens) && !grows {
		return &stepper{m: m}, nil
	}
	return &stepper{m, plan}, err
}

// first adds to the inputs of the first step what follows from its tokens, and
// from how many the pasts hold.
func (s *stepper) first(in map[string]*tensor.Tensor) {
	if s.plan == nil {
		return
	}
	past := 0
	for _, pair := range s.m.Program().States {
		if t := in[s.m.Inputs()[pair.Input].Name]; t != nil && pair.Axis >= 0 && pair.Axis < t.Rank() {
			past = t.Shape[pair.Axis]
		}
	}
	s.plan.Complete(in, past)
}

// begin takes the pasts off the inputs of the first step. If there are any, the
// state goes on from them.
func (s *stepper) begin(in map[string]*tensor.Tensor) (*parallax.State, map[string]*tensor.Tensor, error) {
	state, err := s.m.NewState()
	if err != nil {
		return nil, nil, err
	}
	in, past, elements := maps.Clone(in), map[string]*tensor.Tensor{}, 0
	for _, pair := range s.m.Program().States {
		name := s.m.Inputs()[pair.Input].Name
		if t := in[name]; t != nil {
			past[name] = t
			elements += t.Len()
		}
		delete(in, name)
	}
	if elements > 0 {
		err = state.Continue(past)
	}
	return state, in, err
}

// run runs n steps. It returns the outputs of the last one, and the tokens that
// each step chose, by sequence of the batch.
func (s *stepper) run(ctx context.Context, in map[string]*tensor.Tensor, n int) (out map[string]*tensor.Tensor, tokens [][]int64, err error) {
	state, in, err := s.begin(in)
	if err != nil {
		return nil, nil, err
	}
	for step := range n {
		if out, err = state.Run(ctx, in); err != nil {
			return nil, nil, fmt.Errorf("step %d: %w", step+1, err)
		}
		if s.plan == nil {
			continue
		}
		chosen, err := s.plan.Greedy(out)
		if err != nil {
			return nil, nil, err
		}
		if step == 0 {
			tokens = make([][]int64, len(chosen))
		}
		for i, id := range chosen {
			tokens[i] = append(tokens[i], id)
		}
		if in, err = s.plan.Next(in, chosen); err != nil {
			return nil, nil, err
		}
	}
	return out, tokens, nil
}

// showTokens prints the tokens of each sequence on a line.
func showTokens(w io.Writer, tokens [][]int64) {
	for _, row := range tokens {
		fmt.Fprintf(w, "tokens  %d\n", row)
	}
}
