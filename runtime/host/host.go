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

// Load makes a model that runs p with the functions of the table; nil: those of
// this build. The kernels of a run share the options' pool.
func Load(p *codegen.Program, table *Table, o rt.Options) (*rt.Model, error) {
	if table == nil {
		table = Kernels()
	}
	spec, err := specOf(p)
	if err != nil {
		return nil, err
	}
	l := &linker{table: table, pool: o.Pool, consts: map[*rt.Spec][]*tensor.Tensor{}}
	l.link(p, spec)
	if err := errors.Join(l.errs...); err != nil {
		return nil, err
	}
	return rt.NewModel(spec, func(s *rt.Spec) []*tensor.Tensor { return l.consts[s] }, l.weights, o), nil
}

// linker finds what a program and its children name.
type linker struct {
	table   *Table
	pool    *par.Pool
	consts  map[*rt.Spec][]*tensor.Tensor
	weights []rt.Weighted
	errs    []error
}

// link gives spec and its children what runs their steps.
func (l *linker) link(p *codegen.Program, spec *rt.Spec) {
	x := &executable{program: p, pool: l.pool, appenders: l.table.Appenders, funcs: make([]Func, len(p.Steps))}
	child := 0
	for i, step := range p.Steps {
		if x.funcs[i] = l.table.Kernels[step.Kernel]; x.funcs[i] == nil && controls[step.Kernel] == nil {
			l.errs = append(l.errs, fmt.Errorf("node %q (%s): kernel %s is not in this build", step.Name, step.Op, step.Kernel))
		}
		if step.Append != nil && l.table.Appenders[step.Append.Kernel] == nil {
			l.errs = append(l.errs, fmt.Errorf("node %q (%s): kernel %s is not in this build", step.Name, step.Op, step.Append.Kernel))
		}
		for _, c := range step.Children {
			l.link(c, spec.Children[child])
			child++
		}
	}
	spec.Setup, spec.Run = x.setup, run
	l.consts[spec] = l.constants(p, spec)
}

// constants returns the constants of p by slot, and asks for those to be packed.
func (l *linker) constants(p *codegen.Program, spec *rt.Spec) []*tensor.Tensor {
	consts := make([]*tensor.Tensor, len(p.Slots))
	for i, s := range p.Slots {
		switch s.Kind {
		case codegen.Const:
			consts[i] = s.Tensor
		case codegen.Weight:
			pack := l.table.packer(s.Layout)
			if pack == nil {
				l.errs = append(l.errs, fmt.Errorf("weight %q: layout %s is not in this build", s.Name, s.Layout))
			}
			l.weights = append(l.weights, rt.Weighted{Spec: spec, Slot: i, Packing: rt.Packing{Layout: s.Layout, Source: s.Tensor, Pack: pack}})
		}
	}
	return consts
}

// executable is a program with its kernels found.
type executable struct {
	program   *codegen.Program
	pool      *par.Pool
	funcs     []Func
	appenders map[string]Appender
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
	// stateless steps are left out in the run of a State.
	stateless bool
}

func (x *executable) setup(f *rt.Frame) {
	e := &env{}
	if outer, ok := f.Env.(*env); ok {
		e.context = outer.context
	} else {
		e.context = &cpu.Ctx{Pool: x.pool}
	}
	for i := range x.program.Steps {
		step := &x.program.Steps[i]
		c := call{fn: x.funcs[i], attr: step.Attr, out: tensors(f, step.Out), in: tensors(f, step.In)}
		if step.Append != nil {
			c.fn = x.inPlace(f, c.fn, step.Append)
		}
		c.stateless = step.Stateless
		if control := controls[step.Kernel]; control != nil {
			c.fn = func(*cpu.Ctx, any, []*tensor.Tensor, []*tensor.Tensor) error { return control(f, i, step) }
		}
		e.calls = append(e.calls, c)
	}
	f.Env = e
}

// inPlace runs a step in the run of a State by continuing its caches, and else as
// plain does.
func (x *executable) inPlace(f *rt.Frame, plain Func, p *codegen.Append) Func {
	appender, caches := x.appenders[p.Kernel], tensors(f, p.In)
	return func(c *cpu.Ctx, a any, out, in []*tensor.Tensor) error {
		if past := f.Kept(p.Caches[0]); past >= 0 {
			return appender(c, past, a, out, caches)
		}
		return plain(c, a, out, in)
	}
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
		if c.stateless && f.Kept(0) >= 0 {
			continue
		}
		if err := f.Done(i, c.fn(e.context, c.attr, c.out, c.in)); err != nil {
			return err
		}
	}
	return nil
}
