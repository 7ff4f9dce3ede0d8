package host

import (
	"errors"
	"fmt"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/runtime/rt"
)

// specOf describes p to rt, with its formulas compiled.
func specOf(p *codegen.Program) (*rt.Spec, error) {
	s := &rt.Spec{
		Name: p.Name, Numbers: len(p.Numbers), Captures: p.Captures,
		Inherited: convert(p.Outer, func(x codegen.Inherited) rt.Inherited { return rt.Inherited(x) }),
		Binds:     convert(p.Binds, func(x codegen.Bind) rt.Bind { return rt.Bind(x) }),
		States:    convert(p.States, func(x codegen.StatePair) rt.StatePair { return rt.StatePair(x) }),
		Caches:    convert(p.Caches, func(x codegen.Cache) rt.Cache { return rt.Cache(x) }),
		Slots:     convert(p.Slots, slotOf),
		Inputs:    convert(p.Inputs, func(x codegen.Port) rt.Port { return portOf(p, x) }),
		Outputs:   convert(p.Outputs, func(x codegen.Port) rt.Port { return portOf(p, x) }),
	}
	c := newCompiler(p)
	for _, x := range p.Solves {
		s.Solves = append(s.Solves, rt.Solve{Input: x.Input, Axis: x.Axis, Number: x.Number, Dim: c.formula(x.Dim)})
	}
	for k, cut := range p.Cuts {
		s.Cuts = append(s.Cuts, rt.Cut{
			Fresh:  convert(cut.Fresh, func(x codegen.Extent) rt.Extent { return rt.Extent(x) }),
			Derive: c.derive(k), Dims: cut.Dims,
		})
	}
	for _, step := range p.Steps {
		s.Steps = append(s.Steps, stepOf(s, step))
		for _, child := range step.Children {
			inner, err := specOf(child)
			if err != nil {
				return nil, err
			}
			s.Children = append(s.Children, inner)
		}
	}
	return s, errors.Join(c.errs...)
}

func convert[T, U any](xs []T, f func(T) U) []U {
	ys := make([]U, len(xs))
	for i, x := range xs {
		ys[i] = f(x)
	}
	return ys
}

// kinds maps the compiler's kinds to the runtime's.
var kinds = map[codegen.Kind]rt.Kind{
	codegen.Arena: rt.Arena, codegen.Heap: rt.Heap, codegen.Boxed: rt.Boxed, codegen.Kept: rt.Kept, codegen.Weight: rt.Weight,
	codegen.Const: rt.Const, codegen.Input: rt.Input, codegen.Output: rt.Output, codegen.Dims: rt.Dims, codegen.View: rt.View,
	codegen.Room: rt.Room,
}

func slotOf(s codegen.Slot) rt.Slot {
	return rt.Slot{Kind: kinds[s.Kind], DType: s.DType, Shape: dimsOf(s.Shape), First: s.First, Last: s.Last, Of: s.Of, Contents: s.Contents, Stateless: s.Stateless}
}

func dimsOf(shape []codegen.Dim) []rt.Dim {
	if shape == nil {
		return nil
	}
	return convert(shape, func(d codegen.Dim) rt.Dim { return rt.Dim(d) })
}

func portOf(p *codegen.Program, x codegen.Port) rt.Port {
	return rt.Port{Name: x.Name, Slot: x.Slot, DType: x.Type.DType, Shape: dimsOf(x.Shape), Type: x.Type.String()}
}

func stepOf(s *rt.Spec, x codegen.Step) rt.Step {
	step := rt.Step{Name: x.Name, Op: x.Op, Kernel: x.Kernel, Sources: x.Sources, In: x.In, Out: x.Out}
	for i := range x.Children {
		step.Children = append(step.Children, len(s.Children)+i)
	}
	if x.Scan != nil {
		plan := rt.ScanPlan(*x.Scan)
		step.Scan = &plan
	}
	return step
}

// compiler makes functions of the formulas of one program.
type compiler struct {
	p       *codegen.Program
	symbols map[string]int
	errs    []error
}

func newCompiler(p *codegen.Program) *compiler {
	c := &compiler{p: p, symbols: map[string]int{}}
	for i, n := range p.Numbers {
		if name, ok := n.Dim.IsSymbol(); ok && n.Origin != codegen.FromFormula {
			c.symbols[name] = i
		}
	}
	return c
}

func (c *compiler) index(name string) int {
	if i, ok := c.symbols[name]; ok {
		return i
	}
	return -1
}

// formula compiles d for rt, where a formula without a value unwinds.
func (c *compiler) formula(d sym.Dim) func([]int64) int64 {
	f, err := d.Compile(c.index)
	if err != nil {
		c.errs = append(c.errs, fmt.Errorf("program %q: %w", c.p.Name, err))
		return nil
	}
	return func(numbers []int64) int64 {
		n, err := f(numbers)
		if err != nil {
			rt.NoSize(&sym.EvalError{Dim: d, Err: err})
		}
		return n
	}
}

// derive computes the formulas of cut k.
func (c *compiler) derive(k int) func([]int64) {
	type entry struct {
		number int
		eval   func([]int64) int64
	}
	var entries []entry
	for i, n := range c.p.Numbers {
		if n.Origin == codegen.FromFormula && n.Cut == k {
			entries = append(entries, entry{i, c.formula(n.Dim)})
		}
	}
	if len(entries) == 0 {
		return nil
	}
	return func(numbers []int64) {
		for _, e := range entries {
			numbers[e.number] = e.eval(numbers)
		}
	}
}
