package codegen

import (
	"errors"
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
)

// Options say what a program is made for.
type Options struct {
	Catalog *kernels.Catalog
	Target  kernels.Target
	// Precision of products with constant weights, and of those of attention.
	Precision kernels.Precision
	// NoState leaves past/present pairs plain inputs and outputs.
	NoState bool
}

// Lower makes the program of g. The error joins one *ir.Error for every node
// that the target has no kernel for.
func Lower(g *ir.Graph, o Options) (*Program, error) {
	l := newLowering(g, &o, nil)
	l.run()
	if !o.NoState {
		l.findStates()
		l.findCaches()
	}
	return l.p, errors.Join(l.errs...)
}

// lowering is the work on one graph.
type lowering struct {
	o      *Options
	g      *ir.Graph
	p      *Program
	parent *lowering

	order    map[*ir.Node]int
	symbols  map[string]int         // number of each symbol known so far
	formulas map[string]int         // number of each expression, by key
	definers map[string]definer     // symbols that only a step makes known
	wanted   map[string]bool        // those of them that something needs
	live     map[*ir.Node]bool      // nodes that become steps
	bases    map[*ir.Node]*ir.Value // what each view is of
	slots    map[*ir.Value]int      // what holds each value
	consts   map[constKey]int       // what holds each constant
	direct   map[*ir.Value]bool     // values computed straight into an output
	steps    map[*ir.Node]int       // index of the step of each node
	appends  []appending            // steps that could continue caches in place
	errs     []error
}

// definer is the first value whose extent along axis is a symbol.
type definer struct {
	value *ir.Value
	axis  int
}

// constKey tells constants apart: a tensor may be wanted as it lies and packed.
type constKey struct {
	tensor *tensor.Tensor
	layout string
}

func newLowering(g *ir.Graph, o *Options, parent *lowering) *lowering {
	return &lowering{
		o: o, g: g, parent: parent,
		p:     &Program{Name: g.Name, Target: o.Target, Captures: g.Captures, Cuts: []Cut{{}}},
		order: map[*ir.Node]int{}, symbols: map[string]int{}, formulas: map[string]int{},
		definers: map[string]definer{}, wanted: map[string]bool{}, live: map[*ir.Node]bool{},
		bases: map[*ir.Node]*ir.Value{}, slots: map[*ir.Value]int{}, consts: map[constKey]int{}, direct: map[*ir.Value]bool{},
		steps: map[*ir.Node]int{},
	}
}

func (l *lowering) run() {
	l.inputs()
	l.findDefiners()
	for _, v := range l.g.Outputs() {
		l.mark(v)
	}
	for _, v := range l.g.Outputs() {
		l.direct[v] = v.Def != nil && !l.isContents(v) && !l.isView(v.Def)
	}
	for n := range l.g.Nodes() {
		if l.live[n] {
			l.emit(n)
		}
	}
	l.outputs()
}

// emit appends the step of n.
func (l *lowering) emit(n *ir.Node) {
	at := len(l.p.Steps)
	l.steps[n] = at
	step := Step{Op: n.Op.QualifiedName(), Attr: n.Attr, Name: n.Label(), Sources: n.Sources}
	if l.isView(n) {
		step.Kernel, step.Attr = KernelView, nil
		step.In = []int{l.operand(l.renamed(n), "")}
		l.use(step.In[0], at)
		step.Out = []int{l.viewSlot(n.Out[0], step.In[0], at)}
		l.p.Steps = append(l.p.Steps, step)
		return
	}
	layouts, ok := l.choose(n, &step)
	if !ok {
		return
	}
	for i, v := range n.In {
		s := l.operand(v, layouts[i])
		l.use(s, at)
		step.In = append(step.In, s)
	}
	l.children(n, &step)
	for i, v := range n.Out {
		step.Out = append(step.Out, l.resultSlot(n, i, v, at))
	}
	l.p.Steps = append(l.p.Steps, step)
	l.cutAfter(n)
}

// choose sets the kernel of a step and returns the layouts it wants.
func (l *lowering) choose(n *ir.Node, step *Step) (layouts map[int]string, ok bool) {
	switch n.Op {
	case op.If:
		step.Kernel = KernelIf
		return nil, true
	case op.Loop:
		step.Kernel = KernelLoop
		return nil, true
	case op.Scan:
		step.Kernel = KernelScan
		return nil, true
	case op.Opaque:
		a := n.Attr.(*attr.Opaque)
		l.fail(n, fmt.Errorf("operator %s of domain %q, version %d, is not supported: %s", a.OpType, a.Domain, a.Version, a.Why))
		return nil, false
	}
	use := l.caseOf(n)
	k, refusals := l.o.Catalog.Select(l.o.Target, use)
	if k.ID == "" {
		l.fail(n, &kernels.NoKernelError{Target: l.o.Target, Case: use, Refusals: refusals})
		return nil, false
	}
	step.Kernel = k.ID
	if k.Append != "" {
		l.appends = append(l.appends, appending{n, k.Append})
	}
	if k.Pack != nil {
		layouts = map[int]string{}
		for _, p := range k.Pack(use) {
			layouts[p.Operand] = p.Layout
		}
	}
	return layouts, true
}

func (l *lowering) fail(n *ir.Node, err error) { l.errs = append(l.errs, ir.NewError(n, err)) }

// caseOf describes n to the catalog.
func (l *lowering) caseOf(n *ir.Node) kernels.Case {
	use := kernels.Case{Op: n.Op.QualifiedName(), Attr: n.Attr, Precision: l.o.Precision}
	for _, v := range n.In {
		use.In = append(use.In, l.describe(v))
	}
	for i, v := range n.Out {
		out := kernels.Operand{}
		if wanted(n, i) {
			out = l.describe(v)
		}
		use.Out = append(use.Out, out)
	}
	return use
}

// wanted reports whether output i of n has to be computed: somebody reads it, or
// every node of that kind has it.
func wanted(n *ir.Node, i int) bool {
	v := n.Out[i]
	return v != nil && (len(v.Uses()) > 0 || i < n.Op.MinOut || n.Op.MaxOut < 0)
}

func (l *lowering) describe(v *ir.Value) kernels.Operand {
	if v == nil {
		return kernels.Operand{}
	}
	return kernels.Operand{Present: true, DType: v.Type.DType, HasRank: v.Type.HasRank, Shape: v.Type.Shape, Const: v.Const}
}

// children lowers the bodies of n.
func (l *lowering) children(n *ir.Node, step *Step) {
	for _, r := range n.Regions {
		child := newLowering(r, l.o, l)
		child.run()
		step.Children = append(step.Children, child.p)
		l.errs = append(l.errs, child.errs...)
	}
	if a, ok := n.Attr.(*attr.Scan); ok {
		step.Scan = scanPlan(a, len(n.Regions[0].Outputs()))
	}
}

func scanPlan(a *attr.Scan, outputs int) *ScanPlan {
	pick := func(list []int, i int) int {
		if i < len(list) {
			return list[i]
		}
		return 0
	}
	plan := &ScanPlan{Inputs: a.ScanInputs}
	for i := range a.ScanInputs {
		plan.InAxes = append(plan.InAxes, pick(a.InputAxes, i))
		plan.InReverse = append(plan.InReverse, pick(a.InputDirections, i) == 1)
	}
	for i := range outputs {
		plan.OutAxes = append(plan.OutAxes, pick(a.OutputAxes, i))
		plan.OutReverse = append(plan.OutReverse, pick(a.OutputDirections, i) == 1)
	}
	return plan
}

// cutAfter appends the cut at which the wanted symbols that n makes known become
// numbers.
func (l *lowering) cutAfter(n *ir.Node) {
	cut := Cut{}
	at := len(l.p.Cuts)
	for _, v := range n.Out {
		if v == nil || !v.Type.HasRank {
			continue
		}
		for axis, d := range v.Type.Shape {
			name, ok := d.IsSymbol()
			if !ok || !l.wanted[name] || l.definers[name] != (definer{v, axis}) {
				continue
			}
			l.symbols[name] = l.addNumber(Number{Dim: d, Origin: FromStep, Cut: at})
			cut.Fresh = append(cut.Fresh, Extent{Number: l.symbols[name], Slot: l.slots[v], Axis: axis})
		}
	}
	if len(cut.Fresh) > 0 {
		l.p.Cuts = append(l.p.Cuts, cut)
		l.p.Steps = append(l.p.Steps, Step{Kernel: KernelCut, Name: n.Label(), Cut: at})
	}
}

// outputs makes the ports of the outputs. Those that no step computes straight
// into memory of their own are copied: an output shares memory with nothing.
func (l *lowering) outputs() {
	taken := map[*ir.Value]bool{}
	for i, v := range l.g.Outputs() {
		port := Port{Name: l.g.OutputName(i), Type: v.Type}
		if l.direct[v] && !taken[v] && len(l.errs) == 0 {
			taken[v] = true
			port.Slot = l.slots[v]
		} else {
			port.Slot = l.copyOut(v, port.Name)
		}
		l.portShape(&port)
		l.p.Outputs = append(l.p.Outputs, port)
	}
}

// copyOut appends a step that copies v into a new slot, for the output name.
func (l *lowering) copyOut(v *ir.Value, name string) int {
	if len(l.errs) > 0 {
		return -1
	}
	at := len(l.p.Steps)
	d := l.describe(v)
	k, _ := l.o.Catalog.Select(l.o.Target, kernels.Case{Op: op.Identity.Name, In: []kernels.Operand{d}, Out: []kernels.Operand{d}})
	if k.ID == "" {
		l.errs = append(l.errs, fmt.Errorf("output %q: target %s has no kernel for Identity", name, l.o.Target))
		return -1
	}
	in := l.operand(v, "")
	l.use(in, at)
	out := l.addSlot(Slot{Kind: Output, DType: v.Type.DType, First: at, Last: at, Name: name})
	l.setShape(out, v)
	l.p.Steps = append(l.p.Steps, Step{Kernel: k.ID, Op: op.Identity.Name, In: []int{in}, Out: []int{out}, Name: name})
	return out
}
