package rt

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
)

// Continue makes s the state of a sequence that went on elsewhere: past has, by
// pair, what its last run gave as present. The tensors are copied. After an error
// the state is as it was.
func (s *State) Continue(past []*tensor.Tensor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	spec := s.model.spec
	if len(past) != len(spec.States) {
		return fmt.Errorf("%w: %d pasts, want %d", ErrState, len(past), len(spec.States))
	}
	bytes := int64(0)
	for i, t := range past {
		if err := spec.checkPast(i, t); err != nil {
			return err
		}
		bytes += int64(len(t.Bytes()))
	}
	if err := s.model.afford(bytes); err != nil {
		return err
	}
	for i, t := range past {
		if s.inPlace[i] {
			s.current[i] = &tensor.Tensor{DType: t.DType, Shape: append([]int(nil), t.Shape...)}
		} else {
			s.current[i].CopyFrom(t)
		}
	}
	for k := range spec.Caches {
		s.fill(k, past[spec.Caches[k].State])
	}
	s.begun = true
	return nil
}

// checkPast finds out whether t can be state i.
func (s *Spec) checkPast(i int, t *tensor.Tensor) error {
	p := &s.Inputs[s.States[i].Input]
	switch {
	case t == nil:
		return &InputError{Name: p.Name, Want: p.Type, Err: ErrInputMissing}
	case p.DType.Valid() && t.DType != p.DType:
		return inputError(p, t, ErrInputType, "")
	case p.Shape != nil && len(p.Shape) != len(t.Shape):
		return inputError(p, t, ErrInputShape, fmt.Sprintf("rank %d, want %d", len(t.Shape), len(p.Shape)))
	}
	for axis, d := range p.Shape {
		if d >= 0 && int(d) != t.Shape[axis] {
			return inputError(p, t, ErrInputShape, fmt.Sprintf("axis %d is %d, want %d", axis, t.Shape[axis], d))
		}
	}
	elements := 0
	for k := range s.Caches {
		if s.Caches[k].State != i {
			continue
		}
		shape, ok := s.cacheShape(k, t)
		if !ok {
			return fmt.Errorf("%w: the heads of %q are not of one size, so it can't be continued", ErrState, p.Name)
		}
		n, ok := tensor.Elements(shape)
		if !ok || n > t.Len() {
			return inputError(p, t, ErrInputShape, fmt.Sprintf("%d elements, fewer than the cache %s has", t.Len(), tensor.ShapeString(shape)))
		}
		elements += n
	}
	if elements != t.Len() && elements > 0 {
		return inputError(p, t, ErrInputShape, fmt.Sprintf("%d elements, want %d", t.Len(), elements))
	}
	return nil
}

// cacheShape is the shape of cache k as a part of the state t; false unless the
// program says how many heads it has, and how large they are.
func (s *Spec) cacheShape(k int, t *tensor.Tensor) ([]int, bool) {
	c := &s.Caches[k]
	shape := s.Slots[c.Slot].Shape
	heads, size := shape[1], shape[3]
	return []int{t.Shape[s.States[c.State].Batch], int(heads), t.Shape[s.States[c.State].Axis], int(size)}, heads >= 0 && size >= 0
}

// fill makes cache k its part of the state t.
func (s *State) fill(k int, t *tensor.Tensor) {
	spec := s.model.spec
	shape, _ := spec.cacheShape(k, t)
	c := &cache{}
	length := shape[2]
	shape[2] = max(length+length/2, leastCapacity)
	c.buffer.Reset(t.DType, shape...)
	c.load(t, spec.Caches[k].start(t), spec.Caches[k].Perm, length)
	s.caches[k] = c
}
