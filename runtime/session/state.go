package session

import (
	"context"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/runtime/rt"
)

// State runs a model that has past inputs and present outputs as one that
// remembers: the pairs are gone from the signature. A new state is the beginning
// of a sequence.
type State struct {
	*rt.State
	session *Session
	past    []bool // by input
	present []bool // by output
}

// NewState returns the state of a new sequence. It fails with rt.ErrState if
// the model has no pairs.
func (s *Session) NewState() (*State, error) {
	inner, err := s.model.NewState()
	if err != nil {
		return nil, err
	}
	st := &State{State: inner, session: s, past: make([]bool, len(s.program.Inputs)), present: make([]bool, len(s.program.Outputs))}
	for _, p := range s.program.States {
		st.past[p.Input], st.present[p.Output] = true, true
	}
	return st, nil
}

// Run runs one step of the sequence. in has the inputs that are no pasts; the
// result has the outputs that are no presents.
func (s *State) Run(ctx context.Context, in map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error) {
	l := s.session.borrow()
	defer s.session.giveBack(l)
	if err := byName(in, s.session.program.Inputs, l.in, s.past); err != nil {
		return nil, err
	}
	out := map[string]*tensor.Tensor{}
	for i, p := range s.session.program.Outputs {
		if !s.present[i] {
			l.out[i] = &tensor.Tensor{}
			out[p.Name] = l.out[i]
		}
	}
	if err := s.State.Run(ctx, l.in, l.out); err != nil {
		return nil, err
	}
	return out, nil
}

// Present returns copies of the present outputs by name, as a run without a
// state would have returned them; nil if the sequence has not begun.
func (s *State) Present() map[string]*tensor.Tensor {
	out := map[string]*tensor.Tensor{}
	for i, p := range s.session.program.States {
		t := s.Tensor(i)
		if t == nil {
			return nil
		}
		out[s.session.program.Outputs[p.Output].Name] = t
	}
	return out
}

// Continue makes s the state of a sequence that went on elsewhere: past has the
// past inputs by name. They are copied.
func (s *State) Continue(past map[string]*tensor.Tensor) error {
	list := make([]*tensor.Tensor, len(s.session.program.States))
	for i, p := range s.session.program.States {
		list[i] = past[s.session.program.Inputs[p.Input].Name]
	}
	return s.State.Continue(list)
}

// Clone returns a state that continues on its own from here.
func (s *State) Clone() *State {
	c := *s
	c.State = s.State.Clone()
	return &c
}
