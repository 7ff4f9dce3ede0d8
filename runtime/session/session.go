package session

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
	"github.com/parallax-go/parallax/runtime/host"
	"github.com/parallax-go/parallax/runtime/rt"
)

// Options say how a session runs.
type Options struct {
	// Kernels finds the functions; nil: those of this build.
	Kernels *host.Table
	// Pool is what the kernels of all runs share; nil: one thread.
	Pool *par.Pool
	// Weights owns packed weights; nil: the store of the process.
	Weights *rt.WeightStore
	// Packed is told of every constant that is packed, and no longer read where
	// it lies; may be nil.
	Packed func(weight *tensor.Tensor)
	// Gathered is called once, before any is packed: small constants have been
	// copied, and are no longer read where they lie; may be nil.
	Gathered func()
	// MemoryLimit bounds the bytes of one run; 0: half the memory of the machine.
	MemoryLimit int64
	// Hook, if set, is told of every step. It is called from the goroutines that
	// run, so of several runs at once.
	Hook func(Event)
}

// Event tells of one step that has ended.
type Event struct {
	// Program is the session's, or that of a body in it; Step is one of its steps.
	Program *codegen.Program
	Step    *codegen.Step
	Took    time.Duration
	// Inputs and Outputs are the tensors that the step read and made; they may
	// not be kept. nil: left out, or kept by a State in a cache.
	Inputs, Outputs []*tensor.Tensor
}

// Session is a program ready to run. It may be used by many goroutines at once.
type Session struct {
	program *codegen.Program
	model   *rt.Model
	lists   sync.Pool
}

// New makes a session of p.
func New(p *codegen.Program, o Options) (*Session, error) {
	options := rt.Options{Pool: o.Pool, Weights: o.Weights, Packed: o.Packed, Gathered: o.Gathered, MemoryLimit: o.MemoryLimit}
	programs := map[*rt.Spec]*codegen.Program{}
	if o.Hook != nil {
		options.Hook = tellHook(o.Hook, programs)
	}
	model, err := host.Load(p, o.Kernels, options)
	if err != nil {
		return nil, err
	}
	pair(programs, model.Spec(), p)
	return &Session{program: p, model: model}, nil
}

// pair notes which spec is made of which program: those of bodies are in the
// order of the steps that own them.
func pair(programs map[*rt.Spec]*codegen.Program, s *rt.Spec, p *codegen.Program) {
	programs[s] = p
	next := 0
	for i := range p.Steps {
		for _, body := range p.Steps[i].Children {
			pair(programs, s.Children[next], body)
			next++
		}
	}
}

func tellHook(hook func(Event), programs map[*rt.Spec]*codegen.Program) rt.Hook {
	return func(f *rt.Frame, i int, took time.Duration) {
		p := programs[f.Spec()]
		step := &p.Steps[i]
		hook(Event{Program: p, Step: step, Took: took, Inputs: tensors(f, step.In), Outputs: tensors(f, step.Out)})
	}
}

func tensors(f *rt.Frame, slots []int) []*tensor.Tensor {
	list := make([]*tensor.Tensor, len(slots))
	for i, s := range slots {
		if !f.Elsewhere(s) {
			list[i] = f.T(s)
		}
	}
	return list
}

// Inputs returns the inputs in the order of the graph.
func (s *Session) Inputs() []codegen.Port { return s.program.Inputs }

// Outputs returns the outputs in the order of the graph.
func (s *Session) Outputs() []codegen.Port { return s.program.Outputs }

// Program returns the program that the session runs.
func (s *Session) Program() *codegen.Program { return s.program }

// Prepare packs the weights, which else the first run does.
func (s *Session) Prepare() error { return s.model.Prepare() }

// Close waits for the runs under way and releases the memory.
func (s *Session) Close() error { return s.model.Close() }

// Run computes the outputs of the inputs, by name. The outputs are new tensors
// that share memory with nothing.
func (s *Session) Run(ctx context.Context, in map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error) {
	l := s.borrow()
	defer s.giveBack(l)
	if err := byName(in, s.program.Inputs, l.in, nil); err != nil {
		return nil, err
	}
	out := make(map[string]*tensor.Tensor, len(s.program.Outputs))
	for i, p := range s.program.Outputs {
		l.out[i] = &tensor.Tensor{}
		out[p.Name] = l.out[i]
	}
	if err := s.model.Run(ctx, l.in, l.out); err != nil {
		return nil, err
	}
	return out, nil
}

// lists are the positional forms of one run's maps.
type lists struct{ in, out []*tensor.Tensor }

func (s *Session) borrow() *lists {
	if l, ok := s.lists.Get().(*lists); ok {
		return l
	}
	return &lists{in: make([]*tensor.Tensor, len(s.program.Inputs)), out: make([]*tensor.Tensor, len(s.program.Outputs))}
}

func (s *Session) giveBack(l *lists) {
	clear(l.in)
	clear(l.out)
	s.lists.Put(l)
}

// RunInto is [Session.Run] into the tensors of out, whose memory is used where
// it is large enough. out has a tensor for every output.
func (s *Session) RunInto(ctx context.Context, in, out map[string]*tensor.Tensor) error {
	l := s.borrow()
	defer s.giveBack(l)
	if err := byName(in, s.program.Inputs, l.in, nil); err != nil {
		return err
	}
	for i, p := range s.program.Outputs {
		l.out[i] = out[p.Name]
	}
	return s.model.Run(ctx, l.in, l.out)
}

// byName puts the tensors of in in the order of the ports. Those that skip
// marks belong to a state, and must not be given.
func byName(in map[string]*tensor.Tensor, ports []codegen.Port, list []*tensor.Tensor, skip []bool) error {
	given := 0
	for i, p := range ports {
		if skip != nil && skip[i] {
			continue
		}
		t, ok := in[p.Name]
		if !ok || t == nil {
			return &rt.InputError{Name: p.Name, Want: p.Type.String(), Err: rt.ErrInputMissing}
		}
		list[i] = t
		given++
	}
	if given == len(in) {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		i := slices.IndexFunc(ports, func(p codegen.Port) bool { return p.Name == name })
		switch {
		case i < 0:
			return &rt.InputError{Name: name, Err: rt.ErrInputUnknown, Detail: "the inputs are " + names(ports, skip)}
		case skip != nil && skip[i]:
			return &rt.InputError{Name: name, Err: rt.ErrInputUnknown, Detail: "it is kept by the state"}
		}
	}
	return nil
}

func names(ports []codegen.Port, skip []bool) string {
	var list []string
	for i, p := range ports {
		if skip == nil || !skip[i] {
			list = append(list, p.Name)
		}
	}
	return fmt.Sprintf("%q", list)
}
