package onnx

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// Options changes how a model is imported. The zero value is right for a model
// without external data.
type Options struct {
	// Files holds the external data, rooted at the model's folder: a [Dir], or
	// any other file system that keeps links inside. nil: there is none.
	Files fs.FS
	// MaxNodes limits the nodes, functions expanded; 0 is [DefaultMaxNodes].
	MaxNodes int
	// Dims pins symbolic dimensions to numbers, before anything is inferred from
	// them; names that occur nowhere are ignored, so that one set of pins serves many
	// models.
	Dims map[string]int64
}

// DefaultMaxNodes is more than twice what the largest real models have. Without
// a limit a small file could ask for any number: functions may call functions
// twice each.
const DefaultMaxNodes = 1 << 18

// maxDepth limits the nesting of functions and subgraphs.
const maxDepth = 100

// Import makes the graph of m. Initializers share the bytes of m, and external
// ones those of mapped files. Operators that are not known become opaque nodes:
// see [Unsupported]. An error at a node is an *[ir.Error].
func Import(m *wire.Model, o Options) (*ir.Graph, error) {
	if m.Graph == nil {
		return nil, errors.New("the model has no graph")
	}
	imp := &importer{
		opts: o, left: o.MaxNodes, functions: map[functionName]*wire.Function{}, free: map[*wire.Graph][]string{},
		tensors: map[any]*tensor.Tensor{}, pins: map[string]sym.Dim{},
	}
	for _, name := range slices.Sorted(maps.Keys(o.Dims)) {
		if o.Dims[name] < 0 {
			return nil, fmt.Errorf("dimension %q is pinned to %d, which is negative", name, o.Dims[name])
		}
		imp.pins[name] = sym.Const(o.Dims[name])
	}
	if imp.left == 0 {
		imp.left = DefaultMaxNodes
	}
	versions := opsets(m.OpsetImport)
	if len(versions) == 0 {
		versions[""] = 1 // IR version 1 and 2 had no imports
	}
	if err := imp.addFunctions(m.Functions); err != nil {
		return nil, err
	}
	f := newFrame(imp, ir.NewGraph(m.Graph.Name), m.Graph.ValueInfo, m.Graph.Output)
	f.opsets = versions
	f.g.DocString = m.Graph.DocString
	f.g.Metadata = entries(m.MetadataProps)
	if err := f.root(m.Graph); err != nil {
		return nil, err
	}
	return f.g, nil
}

// importer is what the frames of one import share.
type importer struct {
	opts      Options
	left      int // nodes that may still be visited
	depth     int
	functions map[functionName]*wire.Function
	active    []functionName           // being expanded, outermost first
	free      map[*wire.Graph][]string // see freeNames
	// tensors holds the constants read from a part of the model: a function that
	// is expanded many times shares its own.
	tensors map[any]*tensor.Tensor
	pins    map[string]sym.Dim
}

// readType is [ReadType] with the pinned dimensions put in.
func (imp *importer) readType(t *wire.Type, fresh func(axis int) sym.Dim) (ir.Type, error) {
	read, err := ReadType(t, fresh)
	return imp.pinned(read), err
}

func (imp *importer) pinned(t ir.Type) ir.Type {
	if t.HasRank {
		t.Shape = t.Shape.Subst(imp.pins)
	}
	if t.Elem != nil {
		elem := imp.pinned(*t.Elem)
		t.Elem = &elem
	}
	return t
}

// tensor reads t once.
func (imp *importer) tensor(t *wire.Tensor) (*tensor.Tensor, error) {
	return imp.once(t, func() (*tensor.Tensor, error) { return readTensor(t, imp.opts.Files) })
}

func (imp *importer) once(key any, read func() (*tensor.Tensor, error)) (*tensor.Tensor, error) {
	if t, ok := imp.tensors[key]; ok {
		return t, nil
	}
	t, err := read()
	if err == nil {
		imp.tensors[key] = t
	}
	return t, err
}

// enter counts a level of nesting; leave takes it back.
func (imp *importer) enter() error {
	if imp.depth == maxDepth {
		return fmt.Errorf("functions and subgraphs are nested more than %d deep", maxDepth)
	}
	imp.depth++
	return nil
}

func (imp *importer) leave() { imp.depth-- }

// root imports the main graph.
func (f *frame) root(g *wire.Graph) error {
	if err := f.initializers(g); err != nil {
		return err
	}
	given := map[string]bool{}
	for _, in := range g.Input {
		if in == nil {
			continue
		}
		if given[in.Name] {
			return fmt.Errorf("graph %q has two inputs called %q", g.Name, in.Name)
		}
		given[in.Name] = true
		// Up to IR version 3 initializers were listed among the inputs; later an
		// input with one has it as default. Either way it is a constant here.
		if _, ok := f.values[in.Name]; !ok {
			if err := f.input(in); err != nil {
				return err
			}
		}
	}
	if err := f.nodes(g.Node); err != nil {
		return err
	}
	return f.outputs(g)
}

// input makes an input of the main graph.
func (f *frame) input(in *wire.ValueInfo) error {
	t, err := f.readType(in.Type, dimOf(in))
	if err != nil {
		return fmt.Errorf("input %q: %w", in.Name, err)
	}
	if in.Name == "" {
		return errors.New("an input has no name")
	}
	if shape, known := t.ConstShape(); known {
		if _, fits := tensor.Elements(shape); !fits {
			return fmt.Errorf("input %q would be %s, which is too large", in.Name, t)
		}
	}
	f.values[in.Name] = f.g.NewInput(in.Name, t)
	return nil
}

// dimOf names the dimensions of an input of the main graph that have no name.
func dimOf(in *wire.ValueInfo) func(axis int) sym.Dim {
	return func(axis int) sym.Dim { return sym.Symbol(fmt.Sprintf("%s_dim%d", in.Name, axis)) }
}

// initializers makes the constants of g.
func (f *frame) initializers(g *wire.Graph) error {
	add := func(name string, t *tensor.Tensor, err error) error {
		if err != nil {
			return fmt.Errorf("initializer of graph %q: %w", g.Name, err)
		}
		if _, dup := f.values[name]; dup {
			return fmt.Errorf("graph %q has two initializers called %q", g.Name, name)
		}
		f.values[name] = f.g.NewConst(f.qualify(name), t)
		return nil
	}
	for _, w := range g.Initializer {
		if w == nil {
			continue
		}
		t, err := f.tensor(w)
		if err := add(w.Name, t, err); err != nil {
			return err
		}
	}
	for _, w := range g.SparseInitializer {
		if w == nil || w.Values == nil {
			continue
		}
		t, err := f.sparse(w)
		if err := add(w.Values.Name, t, err); err != nil {
			return err
		}
	}
	return nil
}

// outputs makes the outputs of g.
func (f *frame) outputs(g *wire.Graph) error {
	for _, out := range g.Output {
		if out == nil {
			continue
		}
		v, ok, err := f.lookup(out.Name)
		switch {
		case err != nil:
			return err
		case !ok || v == nil:
			return fmt.Errorf("output %q of graph %q is not defined", out.Name, g.Name)
		}
		if err := f.checkOutput(out, v); err != nil {
			return err
		}
		f.g.AddNamedOutput(out.Name, v)
	}
	return nil
}

// checkOutput compares the declared element type of an output with the one
// inferred. Declared sizes are often stale, and every runtime ignores them.
func (f *frame) checkOutput(out *wire.ValueInfo, v *ir.Value) error {
	want, err := ReadType(out.Type, func(axis int) sym.Dim { return sym.Const(0) })
	if err != nil {
		return fmt.Errorf("output %q: %w", out.Name, err)
	}
	got := v.Type
	if want.Kind == ir.KindTensor && want.DType == tensor.Invalid || got.Kind == ir.KindTensor && got.DType == tensor.Invalid {
		return nil
	}
	if want.Kind != got.Kind || want.DType != got.DType {
		return fmt.Errorf("output %q is declared as %s, and is %s", out.Name, want, got)
	}
	return nil
}

// qualify puts the name of the call in front of a name inside a function. Nested
// calls would make names of any length: the front is cut.
func (f *frame) qualify(name string) string {
	const limit = 400
	if f.prefix == "" || name == "" {
		return name
	}
	name = f.prefix + "/" + name
	if over := len(name) - limit; over > 0 {
		name = "…" + strings.ToValidUTF8(name[over:], "")
	}
	return name
}
