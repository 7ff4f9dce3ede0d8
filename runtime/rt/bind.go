package rt

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/tensor"
)

// bind gives the inputs to the frame, finds the numbers, and makes room. An
// input of a root is nil if it is the state of a run that has none yet: only
// its growing axis is known, to be 0. Children trust their inputs.
func (f *Frame) bind(in []*tensor.Tensor) error {
	root := f.parent == nil
	if root {
		if err := f.checkTypes(in); err != nil {
			return err
		}
	}
	clear(f.bound)
	f.bindExtents(in)
	for _, x := range f.spec.Inherited {
		f.set(x.Number, f.parent.numbers[x.Parent])
	}
	if err := f.solve(in); err != nil {
		return err
	}
	cut := &f.spec.Cuts[0]
	if err := evaluate(cut.Derive, f.numbers); err != nil {
		return f.sizeError(err)
	}
	for i := range f.spec.Inputs {
		if err := f.bindInput(i, in[i], root); err != nil {
			return err
		}
	}
	if f.layout != nil && slices.Equal(f.numbers, f.last) {
		return nil
	}
	f.last = f.last[:0]
	if err := f.fit(); err != nil {
		return err
	}
	f.fillDims(cut)
	f.last = append(f.last, f.numbers...)
	return nil
}

func (f *Frame) sizeError(err error) error {
	if f.parent != nil {
		return err
	}
	return fmt.Errorf("%w: the shapes of the inputs don't go together: %w", ErrInput, err)
}

func (f *Frame) checkTypes(in []*tensor.Tensor) error {
	for i := range f.spec.Inputs {
		p, t := &f.spec.Inputs[i], in[i]
		switch {
		case t == nil && f.spec.stateOf(i) == nil:
			return &InputError{Name: p.Name, Want: p.Type, Err: ErrInputMissing}
		case t == nil:
		case p.DType.Valid() && t.DType != p.DType:
			return inputError(p, t, ErrInputType, "")
		case p.Shape != nil && len(p.Shape) != len(t.Shape):
			return inputError(p, t, ErrInputShape, fmt.Sprintf("rank %d, want %d", len(t.Shape), len(p.Shape)))
		}
	}
	return nil
}

// stateOf returns the pair that input i belongs to, or nil.
func (s *Spec) stateOf(i int) *StatePair {
	for j := range s.States {
		if s.States[j].Input == i {
			return &s.States[j]
		}
	}
	return nil
}

func (f *Frame) set(number int, n int64) {
	if !f.bound[number] {
		f.bound[number] = true
		f.numbers[number] = n
	}
}

// extent returns the size of an input along an axis, if it is known yet.
func (f *Frame) extent(in []*tensor.Tensor, input, axis int) (int64, bool) {
	if t := in[input]; t != nil {
		if axis >= len(t.Shape) {
			return 0, false
		}
		return int64(t.Shape[axis]), true
	}
	return 0, f.spec.stateOf(input).Axis == axis
}

func (f *Frame) bindExtents(in []*tensor.Tensor) {
	for _, b := range f.spec.Binds {
		if n, ok := f.extent(in, b.Input, b.Axis); ok {
			f.set(b.Number, n)
		}
	}
	for _, b := range f.spec.Binds {
		if !f.bound[b.Number] {
			f.numbers[b.Number] = 0 // an empty state tells nothing else
		}
	}
}

// solve finds the numbers that occur within expressions. Linear in x, such an
// expression is known from its values at 0 and 1; whether the solution is right
// is seen when the shapes are checked.
func (f *Frame) solve(in []*tensor.Tensor) error {
	for i := range f.spec.Solves {
		s := &f.spec.Solves[i]
		want, ok := f.extent(in, s.Input, s.Axis)
		if !ok || f.bound[s.Number] {
			continue
		}
		var at [2]int64
		err := evaluate(func(n []int64) {
			for x := range at {
				n[s.Number] = int64(x)
				at[x] = s.Dim(n)
			}
		}, f.numbers)
		if err != nil {
			return f.sizeError(err)
		}
		f.numbers[s.Number] = 0
		if slope := at[1] - at[0]; slope != 0 {
			f.set(s.Number, (want-at[0])/slope)
		}
		if f.numbers[s.Number] < 0 && f.parent == nil {
			return inputError(&f.spec.Inputs[s.Input], in[s.Input], ErrInputShape, fmt.Sprintf("axis %d is %d, too small", s.Axis, want))
		}
	}
	return nil
}

// bindInput makes the slot of input i the caller's tensor, once its shape is
// checked.
func (f *Frame) bindInput(i int, t *tensor.Tensor, check bool) error {
	p := &f.spec.Inputs[i]
	if t == nil {
		return f.bindEmpty(i)
	}
	if check {
		for axis, d := range p.Shape {
			if d == Unknown {
				continue
			}
			if want := f.size(d, f.numbers); want != int64(t.Shape[axis]) {
				return inputError(p, t, ErrInputShape, fmt.Sprintf("axis %d is %d, want %d", axis, t.Shape[axis], want))
			}
		}
	}
	f.slots[p.Slot].Alias(t, t.Shape...)
	return nil
}

// bindEmpty makes the slot of input i the state of a sequence that has not
// begun: nothing along the growing axis, or zeros.
func (f *Frame) bindEmpty(i int) error {
	p, pair := &f.spec.Inputs[i], f.spec.stateOf(i)
	for _, d := range p.Shape {
		if d == Unknown || d < 0 && f.isBind(int(^d)) && !f.bound[^d] {
			return fmt.Errorf("%w: the shape %s of the empty state %q does not follow from the other inputs", ErrState, p.Type, p.Name)
		}
	}
	f.evalShape(p.Shape)
	n, ok := tensor.Elements(f.shape)
	if !ok {
		return fmt.Errorf("%w: state %q would have shape %s", ErrTooLarge, p.Name, tensor.ShapeString(f.shape))
	}
	if pair.Axis >= 0 && n > 0 {
		return fmt.Errorf("%w: the empty state %q would have shape %s", ErrState, p.Name, tensor.ShapeString(f.shape))
	}
	if err := f.model.afford(int64(p.DType.Bytes(n))); err != nil {
		return err
	}
	*f.slots[p.Slot] = *tensor.New(p.DType, f.shape...)
	return nil
}

func (f *Frame) isBind(number int) bool {
	return slices.ContainsFunc(f.spec.Binds, func(b Bind) bool { return b.Number == number })
}

// Cut makes the numbers of cut k known: extents of what has been computed, what
// follows from them, and the slots that hold them.
func (f *Frame) Cut(k int) error {
	cut := &f.spec.Cuts[k]
	for _, x := range cut.Fresh {
		t := f.slots[x.Slot]
		if x.Axis >= len(t.Shape) {
			return fmt.Errorf("result %s has no axis %d", t, x.Axis)
		}
		f.numbers[x.Number] = int64(t.Shape[x.Axis])
	}
	if err := evaluate(cut.Derive, f.numbers); err != nil {
		return err
	}
	f.fillDims(cut)
	return nil
}

func (f *Frame) fillDims(cut *Cut) {
	for _, i := range cut.Dims {
		s := &f.spec.Slots[i]
		f.evalShape(s.Shape)
		t := f.slots[i]
		t.Reset(s.DType, f.shape...)
		for j, number := range s.Contents {
			t.SetInt(j, f.numbers[number])
		}
	}
}
