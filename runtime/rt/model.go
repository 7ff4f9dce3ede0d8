package rt

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// Options say how a model runs.
type Options struct {
	// MemoryLimit bounds the bytes that one run may plan and what its kernels
	// allocate beside; 0: half the memory of the machine, since the collector lets
	// garbage grow as large as what is in use.
	MemoryLimit int64
	// Hook, if set, is told of every step.
	Hook Hook
	// Pool is what packs the weights, and what the kernels of a run share: it is
	// told when runs begin and end. nil: one thread.
	Pool *par.Pool
	// Weights owns what is packed; nil: the store of the process.
	Weights *WeightStore
	// Packed is told of every constant that is packed, and no longer read where
	// it lies; may be nil.
	Packed func(weight *tensor.Tensor)
	// Gathered is called once, before any is packed: small constants have been
	// copied, and are no longer read where they lie; may be nil.
	Gathered func()
	// Release is called once when the model has closed; may be nil.
	Release func()
}

// Model is a program with its constants, ready to run. It may be used by many
// goroutines at once.
type Model struct {
	spec    *Spec
	consts  map[*Spec][]*tensor.Tensor
	weights []Weighted
	options Options
	prepare sync.Once
	lease   *Lease
	failed  error // of prepare

	mu      sync.Mutex
	idle    []*Frame
	layouts map[*Spec][]*layout
	closed  bool
	runs    sync.WaitGroup
}

// Weighted asks for the constant of a Weight slot.
type Weighted struct {
	Spec *Spec
	Slot int
	Packing
}

// NewModel makes a model. consts gives the constants of a spec, by slot: of the
// program itself and of its children. Those of Weight slots are made of weights
// by [Model.Prepare].
func NewModel(spec *Spec, consts func(*Spec) []*tensor.Tensor, weights []Weighted, o Options) *Model {
	if o.MemoryLimit <= 0 {
		o.MemoryLimit = totalMemory() / 2
	}
	if o.Weights == nil {
		o.Weights = Weights()
	}
	m := &Model{spec: spec, consts: map[*Spec][]*tensor.Tensor{}, weights: weights, options: o, layouts: map[*Spec][]*layout{}}
	m.collect(spec, consts)
	return m
}

func (m *Model) collect(spec *Spec, consts func(*Spec) []*tensor.Tensor) {
	m.consts[spec] = consts(spec)
	for i, s := range spec.Slots {
		if s.Kind == Const && m.consts[spec][i] == nil {
			panic(fmt.Sprintf("BUG: program %q has no constant for slot %d", spec.Name, i))
		}
	}
	for _, child := range spec.Children {
		m.collect(child, consts)
	}
}

// Prepare gathers small constants and packs the weights, once. The first run does so if nobody has before:
// a model that is loaded and not run yet holds its file mapped, and no more.
func (m *Model) Prepare() error {
	m.prepare.Do(func() {
		m.gather()
		if m.options.Gathered != nil {
			m.options.Gathered()
		}
		packings := make([]Packing, len(m.weights))
		for i, w := range m.weights {
			packings[i] = w.Packing
		}
		if m.lease, m.failed = m.options.Weights.Acquire(m.options.Pool, packings, m.options.Packed); m.failed != nil {
			return
		}
		for i, w := range m.weights {
			m.consts[w.Spec][w.Slot] = m.lease.Tensors[i]
		}
	})
	return m.failed
}

// Spec returns the program.
func (m *Model) Spec() *Spec { return m.spec }

// Run computes the outputs of the inputs, both in the order of the ports. The
// tensors in out are overwritten; their memory is used again where it is large
// enough, so it must not be that of an input. After an error their contents are
// undefined.
func (m *Model) Run(ctx context.Context, in, out []*tensor.Tensor) error {
	if len(in) != len(m.spec.Inputs) || len(out) != len(m.spec.Outputs) {
		return fmt.Errorf("%w: %d inputs and %d outputs, want %d and %d", ErrInput, len(in), len(out), len(m.spec.Inputs), len(m.spec.Outputs))
	}
	for i, t := range in {
		if t == nil {
			p := &m.spec.Inputs[i]
			return &InputError{Name: p.Name, Want: p.Type, Err: ErrInputMissing}
		}
	}
	return m.run(ctx, in, out, nil)
}

// run is Run, also of a State: then inputs that it has not begun are nil.
func (m *Model) run(ctx context.Context, in, out []*tensor.Tensor, state *State) error {
	if err := m.checkOutputs(in, out); err != nil {
		return err
	}
	m.options.Pool.Enter()
	defer m.options.Pool.Leave()
	f, err := m.acquire()
	if err != nil {
		return err
	}
	again := false
	defer func() { m.release(f, again) }()
	f.start(ctx, m.options.Hook)
	if ctx.Err() != nil {
		return f.cancelled()
	}
	err = f.execute(in, out, state)
	again = err == nil || !errors.As(err, new(*StepError))
	return err
}

// execute binds, runs and delivers.
func (f *Frame) execute(in, out []*tensor.Tensor, state *State) (err error) {
	defer f.overdrawn(&err)
	f.at = 0
	if f.stateful != (state != nil) {
		f.stateful, f.last = state != nil, f.last[:0] // other slots have to be laid out
	}
	if err := f.bind(in); err != nil {
		return err
	}
	f.lend(out)
	if state != nil {
		if err := f.attach(state); err != nil {
			return err
		}
	}
	if err := f.spec.Run(f); err != nil {
		return err
	}
	f.deliver(out)
	return nil
}

// acquire takes an idle frame, or makes one.
func (m *Model) acquire() (*Frame, error) {
	f, err := m.enter()
	if f != nil || err != nil {
		return f, err
	}
	if err := m.Prepare(); err != nil {
		m.runs.Done()
		return nil, err
	}
	return newFrame(m.spec, m, nil, m.consts[m.spec]), nil
}

// enter counts a run, and takes an idle frame if there is one.
func (m *Model) enter() (*Frame, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	m.runs.Add(1)
	n := len(m.idle)
	if n == 0 {
		return nil, nil
	}
	f := m.idle[n-1]
	m.idle = m.idle[:n-1]
	return f, nil
}

// release ends a run. The frame of one that failed at a step is not used again:
// what it holds is not accounted for, and may be what took the memory.
func (m *Model) release(f *Frame, again bool) {
	f.finish()
	if again {
		m.mu.Lock()
		m.idle = append(m.idle, f)
		m.mu.Unlock()
	}
	m.runs.Done()
}

// Close waits for the runs under way, and lets go of the memory. Later runs fail
// with ErrClosed.
func (m *Model) Close() error {
	m.mu.Lock()
	first := !m.closed
	m.closed = true
	m.mu.Unlock()
	m.runs.Wait()
	if !first {
		return nil
	}
	m.idle, m.consts, m.layouts = nil, nil, nil
	if m.lease != nil {
		m.lease.Release()
	}
	if m.options.Release != nil {
		m.options.Release()
	}
	return nil
}

// maxLayouts is how many layouts of a program are kept for other frames.
const maxLayouts = 8

// layoutFor returns the smallest layout kept that serves the sizes, or nil.
func (m *Model) layoutFor(spec *Spec, need []int64) *layout {
	m.mu.Lock()
	defer m.mu.Unlock()
	var best *layout
	for _, l := range m.layouts[spec] {
		if serves(l, need) && (best == nil || l.total < best.total) {
			best = l
		}
	}
	return best
}

func (m *Model) keepLayout(spec *Spec, l *layout) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.layouts[spec]
	if len(kept) == maxLayouts {
		kept = kept[1:]
	}
	m.layouts[spec] = append(kept, l)
}

// afford fails if a run may not have so many bytes.
func (m *Model) afford(bytes int64) error {
	if limit := m.options.MemoryLimit; bytes > limit {
		return &LimitError{Need: bytes, Limit: limit}
	}
	return nil
}

var errNilOutput = errors.New("no tensor to write to")

func (m *Model) checkOutputs(in, out []*tensor.Tensor) error {
	for i, t := range out {
		name := m.spec.Outputs[i].Name
		if t == nil {
			return fmt.Errorf("%w %q: %w", ErrOutput, name, errNilOutput)
		}
		for j, u := range in {
			if u != nil && overlap(t, u) {
				return fmt.Errorf("%w %q: it shares memory with input %q", ErrOutput, name, m.spec.Inputs[j].Name)
			}
		}
		for j, u := range out[:i] {
			if t == u || overlap(t, u) {
				return fmt.Errorf("%w %q: it shares memory with output %q", ErrOutput, name, m.spec.Outputs[j].Name)
			}
		}
	}
	return nil
}

// overlap reports whether memory that t may be written to holds elements of u.
func overlap(t, u *tensor.Tensor) bool {
	a, b := t.Bytes(), u.Bytes()
	if cap(a) == 0 || cap(b) == 0 {
		return false
	}
	at, bt := uintptr(unsafe.Pointer(unsafe.SliceData(a))), uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	return at < bt+uintptr(cap(b)) && bt < at+uintptr(cap(a))
}
