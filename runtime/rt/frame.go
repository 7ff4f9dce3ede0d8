package rt

import (
	"context"
	"fmt"
	"time"

	"github.com/parallax-go/parallax/ir/tensor"
)

// Frame is the memory of one run: a tensor for every slot, and the numbers that
// their sizes are made of. A model keeps the frames of ended runs for later
// ones; a frame serves one run at a time. Children have frames of their own.
type Frame struct {
	// Env is the runner's: the context of the kernels, prepared calls. It is the
	// parent's unless Setup changes it.
	Env any

	spec     *Spec
	model    *Model
	parent   *Frame
	children []*Frame
	slots    []*tensor.Tensor
	numbers  []int64
	last     []int64 // numbers of the run before, if it got far enough
	scratch  []int64
	need     []int64 // bytes by slot
	bound    []bool
	shape    []int
	layout   *layout
	arena    []byte
	control  *control       // of a frame that runs a loop
	budget   *tensor.Budget // of the whole run: what is not planned
	at       int            // the step that runs
	kept     []int          // positions of each cache, if a State runs; else −1
	stateful bool           // a State runs

	ctx    context.Context
	done   <-chan struct{}
	hook   Hook
	lapsed time.Time // when the step before ended, if there is a hook
}

// Hook is told of every step that has ended. It may look at the slots of the
// frame, but not keep them.
type Hook func(f *Frame, step int, took time.Duration)

func newFrame(spec *Spec, m *Model, parent *Frame, consts []*tensor.Tensor) *Frame {
	f := &Frame{
		spec: spec, model: m, parent: parent,
		slots:    make([]*tensor.Tensor, len(spec.Slots)),
		numbers:  make([]int64, spec.Numbers),
		scratch:  make([]int64, spec.Numbers),
		bound:    make([]bool, spec.Numbers),
		children: make([]*Frame, len(spec.Children)),
		kept:     make([]int, len(spec.Caches)),
	}
	f.budget = newBudget(m.options.MemoryLimit)
	if parent != nil {
		f.budget = parent.budget
	}
	headers := make([]tensor.Tensor, len(spec.Slots))
	for i := range spec.Slots {
		f.slots[i] = &headers[i]
		if k := spec.Slots[i].Kind; k == Heap || k == Boxed {
			f.slots[i].DrawOn(f.budget)
		}
		if consts[i] != nil {
			f.slots[i] = consts[i]
		}
	}
	f.detach()
	if parent != nil {
		f.Env = parent.Env
	}
	if spec.Setup != nil {
		spec.Setup(f)
	}
	for i, child := range spec.Children {
		f.children[i] = newFrame(child, m, f, m.consts[child])
	}
	return f
}

// T returns the tensor of slot i; nil for −1, an operand left out.
func (f *Frame) T(i int) *tensor.Tensor {
	if i < 0 {
		return nil
	}
	return f.slots[i]
}

// Spec returns the program that the frame runs.
func (f *Frame) Spec() *Spec { return f.spec }

// Child returns the frame of child i.
func (f *Frame) Child(i int) *Frame { return f.children[i] }

// Done ends step i, whose kernel returned err: it names the step in an error,
// stops a cancelled run, and tells the hook.
func (f *Frame) Done(i int, err error) error {
	if err != nil {
		return &StepError{&f.spec.Steps[i], err}
	}
	f.at = i + 1
	if f.done != nil {
		select {
		case <-f.done:
			return f.cancelled()
		default:
		}
	}
	if f.hook != nil {
		f.tell(i)
	}
	return nil
}

func (f *Frame) tell(i int) {
	now := time.Now()
	f.hook(f, i, now.Sub(f.lapsed))
	f.lapsed = time.Now()
}

func (f *Frame) cancelled() error {
	return fmt.Errorf("%w: %w", ErrCancelled, context.Cause(f.ctx))
}

// start takes over what a run was given.
func (f *Frame) start(ctx context.Context, hook Hook) {
	f.ctx, f.done, f.hook = ctx, ctx.Done(), hook
	if hook != nil {
		f.lapsed = time.Now()
	}
}

// lend lets the steps write into the memory of out; nil: into new memory.
func (f *Frame) lend(out []*tensor.Tensor) {
	for i := range f.spec.Outputs {
		if out[i] != nil {
			s := f.spec.Outputs[i].Slot
			*f.slots[s] = *out[i]
			if f.parent == nil && f.spec.Slots[s].Shape == nil {
				f.slots[s].DrawOn(f.budget)
			}
		}
	}
}

// deliver moves the outputs to out, and keeps nothing of them.
func (f *Frame) deliver(out []*tensor.Tensor) {
	for i := range f.spec.Outputs {
		t := f.slots[f.spec.Outputs[i].Slot]
		if f.parent == nil {
			t.DrawOn(nil)
		}
		*out[i] = *t
		*t = tensor.Tensor{}
	}
}

// finish drops what belongs to the caller, so that a waiting frame keeps nothing
// alive. Shapes of inputs are the frame's own; those of outputs the caller's.
func (f *Frame) finish() {
	f.ctx, f.done, f.hook = nil, nil, nil
	f.detach()
	for i := range f.spec.Inputs {
		drop(f.slots[f.spec.Inputs[i].Slot])
	}
	for i := range f.spec.Outputs {
		*f.slots[f.spec.Outputs[i].Slot] = tensor.Tensor{}
	}
	for i := range f.spec.Slots {
		switch f.spec.Slots[i].Kind {
		case View:
			drop(f.slots[i])
		case Boxed:
			f.slots[i].DrawOn(nil)
			drop(f.slots[i])
			f.slots[i].DrawOn(f.budget)
		}
	}
}

func drop(t *tensor.Tensor) { *t = tensor.Tensor{Shape: t.Shape[:0]} }

// View makes slot i its view of another slot.
func (f *Frame) View(i int) error {
	s := &f.spec.Slots[i]
	of := f.slots[s.Of]
	f.evalShape(s.Shape)
	n, ok := tensor.Elements(f.shape)
	if !ok || n != of.Len() {
		return fmt.Errorf("%s can't be reshaped to %s", of, tensor.ShapeString(f.shape))
	}
	f.slots[i].Alias(of, f.shape...)
	return nil
}

// evalShape leaves the sizes of shape in f.shape; negative ones are kept.
func (f *Frame) evalShape(shape []Dim) {
	f.shape = f.shape[:0]
	for _, d := range shape {
		f.shape = append(f.shape, int(f.size(d, f.numbers)))
	}
}

func (f *Frame) size(d Dim, numbers []int64) int64 {
	if d >= 0 {
		return int64(d)
	}
	return numbers[^d]
}
