package host

import (
	"errors"
	"fmt"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/runtime/rt"
)

// Context is what kernels are given besides tensors; one per run.
type Context struct{}

// Load makes a model that runs p with the functions of the table.
func Load(p *codegen.Program, table Table, o rt.Options) (*rt.Model, error) {
	spec, err := specOf(p)
	if err != nil {
		return nil, err
	}
	consts := map[*rt.Spec][]*tensor.Tensor{}
	if err := link(p, spec, table, consts); err != nil {
		return nil, err
	}
	return rt.NewModel(spec, func(s *rt.Spec) []*tensor.Tensor { return consts[s] }, o)
}

// link gives spec and its children what runs their steps.
func link(p *codegen.Program, spec *rt.Spec, table Table, consts map[*rt.Spec][]*tensor.Tensor) error {
	consts[spec] = constsOf(p)
	var errs []error
	x := &executable{program: p, funcs: make([]Func, len(p.Steps))}
	child := 0
	for i, step := range p.Steps {
		if x.funcs[i] = table[step.Kernel]; x.funcs[i] == nil && controls[step.Kernel] == nil {
			errs = append(errs, fmt.Errorf("node %q (%s): kernel %s is not in this build", step.Name, step.Op, step.Kernel))
		}
		for _, c := range step.Children {
			errs = append(errs, link(c, spec.Children[child], table, consts))
			child++
		}
	}
	spec.Setup, spec.Run = x.setup, run
	return errors.Join(errs...)
}

// executable is a program with its kernels found.
type executable struct {
	program *codegen.Program
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
	context *Context
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
		e.context = &Context{}
	}
	for i := range x.program.Steps {
		step := &x.program.Steps[i]
		c := call{fn: x.funcs[i], attr: step.Attr, out: tensors(f, step.Out), in: tensors(f, step.In)}
		if control := controls[step.Kernel]; control != nil {
			c.fn = func(*Context, any, []*tensor.Tensor, []*tensor.Tensor) error { return control(f, i, step) }
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
