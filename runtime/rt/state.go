package rt

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/parallax-go/parallax/ir/tensor"
)

// State keeps the inputs of a sequence that each run takes from the run before:
// KV caches. It serves one run at a time; runs of different states may go on at
// once. The zero length state is the beginning of a sequence.
//
// What a step can append to is kept in place, in a [Spec.Caches] with room for
// more: a run writes behind what is there, which becomes longer if it succeeds.
// Other states have two buffers: a run reads one and writes the other. Either way
// a run that fails leaves the state as it was, and memory grows geometrically.
type State struct {
	model *Model

	mu      sync.Mutex
	current []*tensor.Tensor // by pair; of those in place only the type and shape
	next    []*tensor.Tensor
	inPlace []bool   // by pair
	caches  []*cache // by Spec.Caches
	begun   bool
	in, out []*tensor.Tensor // of a run, by port
}

// NewState returns the state of a new sequence. It fails if the model has no
// pairs of past and present.
func (m *Model) NewState() (*State, error) {
	if len(m.spec.States) == 0 {
		return nil, fmt.Errorf("%w: model %q has no inputs that continue an output", ErrState, m.spec.Name)
	}
	s := &State{
		model:   m,
		current: make([]*tensor.Tensor, len(m.spec.States)),
		next:    make([]*tensor.Tensor, len(m.spec.States)),
		inPlace: make([]bool, len(m.spec.States)),
		in:      make([]*tensor.Tensor, len(m.spec.Inputs)),
		out:     make([]*tensor.Tensor, len(m.spec.Outputs)),
	}
	for i := range s.current {
		s.current[i], s.next[i] = &tensor.Tensor{}, &tensor.Tensor{}
	}
	for _, c := range m.spec.Caches {
		s.inPlace[c.State] = true
		s.caches = append(s.caches, &cache{})
	}
	return s, nil
}

// Run runs one step of the sequence. in and out are by port; those of the pairs
// are ignored.
func (s *State) Run(ctx context.Context, in, out []*tensor.Tensor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	copy(s.in, in)
	copy(s.out, out)
	for i, p := range s.model.spec.States {
		s.in[p.Input], s.out[p.Output] = nil, s.next[i]
		if s.begun {
			s.in[p.Input] = s.current[i]
		}
	}
	err := s.model.run(ctx, s.in, s.out, s)
	clear(s.in)
	clear(s.out)
	if err != nil {
		return err
	}
	s.current, s.next = s.next, s.current
	for _, c := range s.caches {
		c.length = c.next
	}
	s.begun = true
	return nil
}

// reserve makes the buffer of a state that the run will write, whose size it now
// knows, half as large again if it is too small: a sequence that grows by one
// rarely needs a new one.
func (f *Frame) reserve(output int) {
	i := f.spec.Outputs[output].Slot
	s, t := &f.spec.Slots[i], f.slots[i]
	if s.Shape == nil {
		return
	}
	if need, ok := f.bytes(s, f.numbers); ok && need > int64(cap(t.Bytes())) {
		t.Reserve(int(need + need/2))
	}
}

// Len is the length of the sequence so far: the extent of the caches along the
// axis that grows.
func (s *State) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.length()
}

func (s *State) length() int {
	for i, p := range s.model.spec.States {
		if p.Axis >= 0 && s.begun {
			return s.current[i].Shape[p.Axis]
		}
	}
	return 0
}

// Tensor returns a copy of the state of the pair with that index, and nil if the
// sequence has not begun.
func (s *State) Tensor(pair int) *tensor.Tensor {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.begun:
		return nil
	case s.inPlace[pair]:
		return s.present(pair)
	}
	return s.current[pair].Clone()
}

// Reset begins a new sequence; memory is kept.
func (s *State) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = false
	for _, c := range s.caches {
		c.length = 0
	}
}

// Truncate forgets what follows the first n positions.
func (s *State) Truncate(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n < 0 || n > s.length() {
		return fmt.Errorf("%w: it can't be truncated to %d positions, it has %d", ErrState, n, s.length())
	}
	if n == s.length() {
		return nil
	}
	for _, p := range s.model.spec.States {
		if p.Axis < 0 {
			return fmt.Errorf("%w: %q is no sequence of positions, so it can't be truncated", ErrState, s.model.spec.Inputs[p.Input].Name)
		}
	}
	for i, p := range s.model.spec.States {
		t := s.current[i]
		if s.inPlace[i] {
			t.Shape[p.Axis] = min(n, t.Shape[p.Axis])
			for _, c := range s.cachesOf(i) {
				c.length = min(n, c.length)
			}
			continue
		}
		shape := append([]int(nil), t.Shape...)
		shape[p.Axis] = min(n, shape[p.Axis])
		s.next[i].Reset(t.DType, shape...)
		copyBlocks(s.next[i], t, p.Axis, func(row int) int { return row })
		s.current[i], s.next[i] = s.next[i], t
	}
	return nil
}

// Reorder makes sequence i of the batch what sequence order[i] was: the step of
// a beam search.
func (s *State) Reorder(order []int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun {
		return fmt.Errorf("%w: it can't be reordered before the first run", ErrState)
	}
	for i, p := range s.model.spec.States {
		t := s.current[i]
		for _, j := range order {
			if len(t.Shape) <= p.Batch || j < 0 || j >= t.Shape[p.Batch] {
				return fmt.Errorf("%w: reordered by %d, but it has shape %s", ErrState, j, t)
			}
		}
	}
	for i, p := range s.model.spec.States {
		t := s.current[i]
		if s.inPlace[i] {
			t.Shape[p.Batch] = len(order)
			for _, c := range s.cachesOf(i) {
				c.reorder(order)
			}
			continue
		}
		shape := append([]int(nil), t.Shape...)
		shape[p.Batch] = len(order)
		s.next[i].Reset(t.DType, shape...)
		copyBlocks(s.next[i], t, p.Batch, func(row int) int { return order[row] })
		s.current[i], s.next[i] = s.next[i], t
	}
	return nil
}

// Clone returns a state that continues on its own from here.
func (s *State) Clone() *State {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.model.NewState()
	if err != nil {
		panic("BUG: a state of a model without pairs: " + err.Error())
	}
	c.begun = s.begun
	if !s.begun {
		return c
	}
	for i, t := range s.current {
		if s.inPlace[i] {
			c.current[i] = &tensor.Tensor{DType: t.DType, Shape: slices.Clone(t.Shape)}
		} else {
			c.current[i].CopyFrom(t)
		}
	}
	for i, k := range s.caches {
		c.caches[i] = k.clone()
	}
	return c
}

// copyBlocks fills dst, which differs from src in the extent of one axis only,
// with the rows from(0), from(1), … of src along that axis.
func copyBlocks(dst, src *tensor.Tensor, axis int, from func(row int) int) {
	outer, inner := 1, 1
	for i, n := range src.Shape {
		if i < axis {
			outer *= n
		} else if i > axis {
			inner *= n
		}
	}
	to, of := dst.Shape[axis], src.Shape[axis]
	for o := range outer {
		for row := range to {
			copyElements(dst, (o*to+row)*inner, src, (o*of+from(row))*inner, inner)
		}
	}
}

// copyElements copies n elements of whole bytes, or strings.
func copyElements(dst *tensor.Tensor, at int, src *tensor.Tensor, from, n int) {
	if dst.DType == tensor.String {
		copy(dst.Strings()[at:at+n], src.Strings()[from:from+n])
		return
	}
	if dst.DType.Bits() < 8 {
		for i := range n {
			dst.SetFloat(at+i, src.FloatAt(from+i))
		}
		return
	}
	size := dst.DType.Bytes(1)
	copy(dst.Bytes()[at*size:(at+n)*size], src.Bytes()[from*size:(from+n)*size])
}
