package host

import (
	"errors"
	"fmt"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu"
	"github.com/parallax-go/parallax/kernels/par"
	"github.com/parallax-go/parallax/runtime/rt"
)

// Options say how a model is loaded and run.
type Options struct {
	// Kernels finds the functions; nil: those of this build.
	Kernels *Table
	// Pool is what kernels and packing share; nil: one thread.
	Pool *par.Pool
	// Weights owns what is packed; nil: the store of the process.
	Weights *rt.WeightStore
	// Packed is told of every constant that is packed now, and no longer read
	// where it lies; may be nil.
	Packed func(weight *tensor.Tensor)

	MemoryLimit int64   // of one run; 0: the memory of the machine
	Hook        rt.Hook // may be nil
}

// Load makes a model that runs p.
func Load(p *codegen.Program, o Options) (*rt.Model, error) {
	if o.Kernels == nil {
		o.Kernels = Kernels()
	}
	if o.Weights == nil {
		o.Weights = rt.Weights()
	}
	spec, err := specOf(p)
	if err != nil {
		return nil, err
	}
	l := &linker{options: &o, consts: map[*rt.Spec][]*tensor.Tensor{}}
	l.link(p, spec)
	if err := errors.Join(l.errs...); err != nil {
		return nil, err
	}
	lease, err := l.pack()
	if err != nil {
		return nil, err
	}
	return rt.NewModel(spec, func(s *rt.Spec) []*tensor.Tensor { return l.consts[s] }, rt.Options{
		MemoryLimit: o.MemoryLimit, Hook: o.Hook, Release: lease.Release,
	})
}

// linker finds what a program and its children name.
type linker struct {
	options  *Options
	consts   map[*rt.Spec][]*tensor.Tensor
	packings []rt.Packing
	packed   []**tensor.Tensor // where the result of each packing goes
	errs     []error
}

// link gives spec and its children what runs their steps.
func (l *linker) link(p *codegen.Program, spec *rt.Spec) {
	x := &executable{program: p, options: l.options, funcs: make([]Func, len(p.Steps))}
	child := 0
	for i, step := range p.Steps {
		if x.funcs[i] = l.options.Kernels.Kernels[step.Kernel]; x.funcs[i] == nil && controls[step.Kernel] == nil {
			l.errs = append(l.errs, fmt.Errorf("node %q (%s): kernel %s is not in this build", step.Name, step.Op, step.Kernel))
		}
		for _, c := range step.Children {
			l.link(c, spec.Children[child])
			child++
		}
	}
	spec.Setup, spec.Run = x.setup, run
	l.consts[spec] = l.constants(p)
}

// constants returns the constants of p by slot, and asks for those to be packed.
func (l *linker) constants(p *codegen.Program) []*tensor.Tensor {
	consts := make([]*tensor.Tensor, len(p.Slots))
	for i, s := range p.Slots {
		switch s.Kind {
		case codegen.Const:
			consts[i] = s.Tensor
		case codegen.Weight:
			pack := l.options.Kernels.Packers[s.Layout]
			if pack == nil {
				l.errs = append(l.errs, fmt.Errorf("weight %q: layout %s is not in this build", s.Name, s.Layout))
			}
			l.packings = append(l.packings, rt.Packing{Layout: s.Layout, Source: s.Tensor, Pack: pack})
			l.packed = append(l.packed, &consts[i])
		}
	}
	return consts
}

func (l *linker) pack() (*rt.Lease, error) {
	lease, err := l.options.Weights.Acquire(l.options.Pool, l.packings)
	if err != nil {
		return nil, err
	}
	for i, t := range lease.Tensors {
		*l.packed[i] = t
		if l.options.Packed != nil {
			l.options.Packed(l.packings[i].Source)
		}
	}
	return lease, nil
}

// executable is a program with its kernels found.
type executable struct {
	program *codegen.Program
	options *Options
	funcs   []Func
}

// controls are the steps that rt runs itself.
var controls = map[string]func(f *rt.Frame, i int, step *codegen.Step) error{
	codegen.KernelView: func(f *rt.Frame, _ int, step *codegen.Step) error { return f.View(step.Out[0]) },
	codegen.KernelCut:  func(f *rt.Frame, _ int, step *codegen.Step) error { return f.Cut(step.Cut) },
	codegen.KernelIf:   func(f *rt.Frame, i int, _ *codegen.Step) error { return f.If(i) },
	codegen.KernelLoop: func(f *rt.Frame, i int, _ *codegen.Step) error { return f.Loop(i) },
	codegen.KernelScan: func(f *rt.Frame, i int, _ *codegen.Step) error { return f.Scan(i) },
}

// env is what a frame needs to run its steps: everything is looked up once.
type env struct {
	context *cpu.Ctx
	calls   []call
}

type call struct {
	fn      Func
	attr    any
	out, in []*tensor.Tensor
}

func (x *executable) setup(f *rt.Frame) {
	e := &env{}
	if outer, ok := f.Env.(*env); ok {
		e.context = outer.context
	} else {
		e.context = &cpu.Ctx{Pool: x.options.Pool}
	}
	for i := range x.program.Steps {
		step := &x.program.Steps[i]
		c := call{fn: x.funcs[i], attr: step.Attr, out: tensors(f, step.Out), in: tensors(f, step.In)}
		if control := controls[step.Kernel]; control != nil {
			c.fn = func(*cpu.Ctx, any, []*tensor.Tensor, []*tensor.Tensor) error { return control(f, i, step) }
		}
		e.calls = append(e.calls, c)
	}
	f.Env = e
}

func tensors(f *rt.Frame, slots []int) []*tensor.Tensor {
	list := make([]*tensor.Tensor, len(slots))
	for i, s := range slots {
		list[i] = f.T(s)
	}
	return list
}

func run(f *rt.Frame) error {
	e := f.Env.(*env)
	for i := range e.calls {
		c := &e.calls[i]
		if err := f.Done(i, c.fn(e.context, c.attr, c.out, c.in)); err != nil {
			return err
		}
	}
	return nil
}
