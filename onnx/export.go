package onnx

import (
	"fmt"
	"maps"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/onnx/wire"
)

// The forms in which [Export] writes fused attention.
const (
	// FormFunction writes a call of a model-local function that holds the
	// decomposition and names the specification.
	FormFunction = "function"
	// FormAttention writes ai.onnx Attention where it means the same, else
	// FormFunction.
	FormAttention = "attention"
	// FormInline writes the decomposition.
	FormInline = "inline"
)

// ExportOptions changes how a graph is written.
type ExportOptions struct {
	Form  string // one of the forms; empty: FormFunction
	Opset int    // version of ai.onnx to write; 0: the first that fits, from Prefer on
	// Prefer is the version to try first if Opset is 0, or the oldest that is
	// written if it is older; 0, or one that isn't known: 21.
	Prefer int
}

const (
	defaultOpset = 21
	// oldestExport is the first opset in which every operator can be written
	// without changing what it means.
	oldestExport = 13
)

// Export writes g as a model, whose tensors share g's. Opaque nodes are written
// as they were read. An error at a node is an *[ir.Error].
func Export(g *ir.Graph, o ExportOptions) (*wire.Model, error) {
	switch o.Form {
	case "":
		o.Form = FormFunction
	case FormFunction, FormAttention, FormInline:
	default:
		return nil, fmt.Errorf("form %q is not one of %s, %s, %s", o.Form, FormFunction, FormAttention, FormInline)
	}
	versions := candidates(o)
	if versions == nil {
		return nil, fmt.Errorf("opset %d can't be written, want %d to %d", o.Opset, oldestExport, newestOpset)
	}
	var first error
	for _, v := range versions {
		m, err := newExporter(o, v).model(g)
		if err == nil {
			return m, nil
		}
		if first == nil {
			first = err
		}
		if !retry(err) {
			break
		}
	}
	return nil, first
}

// candidates lists the opset versions to try, the preferred first. Newer ones
// are asked for by newer operators, older ones by opaque nodes.
func candidates(o ExportOptions) []int64 {
	if o.Opset != 0 {
		if o.Opset < oldestExport || o.Opset > newestOpset {
			return nil
		}
		return []int64{int64(o.Opset)}
	}
	first := int64(defaultOpset)
	if p := int64(o.Prefer); 0 < p && p <= newestOpset {
		first = max(p, oldestExport)
	}
	var list []int64
	for v := first; v <= newestOpset; v++ {
		list = append(list, v)
	}
	for v := first - 1; v >= oldestExport; v-- {
		list = append(list, v)
	}
	return list
}

// exporter writes one model at one opset version.
type exporter struct {
	form  string
	opset int64
	fixed bool // the opset was asked for
	names namer
	// values holds the names given so far. Those of a region's captures are the
	// captured values'.
	values    map[*ir.Value]string
	out       *wire.Model
	constants map[any]string // tensor → the initializer that holds it
	domains   map[string]int64
	functions map[string]string // what a function is → its name
}

func newExporter(o ExportOptions, opset int64) *exporter {
	return &exporter{
		form: o.Form, opset: opset, fixed: o.Opset != 0, names: namer{}, values: map[*ir.Value]string{},
		constants: map[any]string{}, domains: map[string]int64{"": opset}, functions: map[string]string{},
	}
}

func (e *exporter) model(g *ir.Graph) (*wire.Model, error) {
	e.out = &wire.Model{ProducerName: "parallax", Graph: &wire.Graph{Name: g.Name, DocString: g.DocString}}
	if g.Name == "" {
		e.out.Graph.Name = "main"
	}
	for _, key := range slices.Sorted(maps.Keys(g.Metadata)) {
		e.out.MetadataProps = append(e.out.MetadataProps, &wire.StringStringEntry{Key: key, Value: g.Metadata[key]})
	}
	w := &writer{exporter: e, g: g, out: e.out.Graph}
	if err := w.graph(g.Inputs); err != nil {
		return nil, err
	}
	for _, domain := range slices.Sorted(maps.Keys(e.domains)) {
		e.out.OpsetImport = append(e.out.OpsetImport, &wire.OperatorSetID{Domain: domain, Version: e.domains[domain]})
	}
	e.out.IRVersion = irVersion(e.opset, len(e.out.Functions) > 0)
	return e.out, nil
}

// domain notes that the model uses a version of a domain.
func (e *exporter) domain(name string, version int64) error {
	if v, ok := e.domains[name]; ok && v != version {
		return fmt.Errorf("the model needs versions %d and %d of domain %q", v, version, name)
	}
	e.domains[name] = version
	return nil
}

// wrongOpset is the error of a node that another opset version could hold.
type wrongOpset struct {
	opset int64
	why   string
}

func (w *wrongOpset) Error() string {
	return fmt.Sprintf("it can't be written at opset %d: %s", w.opset, w.why)
}

// namer hands out names, each once. It holds, for each, the number that the next
// one like it may try: files repeat names any number of times.
type namer map[string]int

// take returns name, with a number if it is taken.
func (n namer) take(name string) string {
	if name == "" {
		name = "value"
	}
	unique := name
	for n[unique] > 0 {
		unique = fmt.Sprintf("%s_%d", name, n[name])
		n[name]++
	}
	n[unique] = 1
	return unique
}

// reserve takes name as it is, and reports whether it was free.
func (n namer) reserve(name string) bool {
	free := n[name] == 0
	n[name] = max(n[name], 1)
	return free
}

// isFused reports whether n is a fused attention.
func isFused(n *ir.Node) (*attr.Attention, bool) {
	if n.Op != op.Parallax {
		return nil, false
	}
	return n.Attr.(*attr.Attention), true
}
