package onnx

import (
	"errors"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/onnx/wire"
)

// writer writes one list of nodes: of the main graph, a region, or a function.
type writer struct {
	*exporter
	g        *ir.Graph // nil in a function
	out      *wire.Graph
	function *wire.Function // nil outside; constants are nodes in it
	defined  map[*ir.Value]bool
	pending  map[*ir.Value]string // names promised to outputs
}

// graph writes w.g, whose own inputs are given.
func (w *writer) graph(inputs []*ir.Value) error {
	root := w.g.Captures == 0 && w.out == w.exporter.out.Graph
	w.defined, w.pending = map[*ir.Value]bool{}, map[*ir.Value]string{}
	for _, v := range inputs {
		w.values[v] = w.names.take(v.Name)
		w.out.Input = append(w.out.Input, &wire.ValueInfo{Name: w.values[v], Type: WriteType(v.Type)})
	}
	if root {
		w.promise(inputs)
	}
	for n := range w.g.Nodes() {
		if err := w.node(n); err != nil {
			return exportError(n, err)
		}
	}
	taken := map[string]bool{}
	for i, v := range w.g.Outputs() {
		name := w.output(i, v, root, taken)
		taken[name] = true
		w.out.Output = append(w.out.Output, &wire.ValueInfo{Name: name, Type: WriteType(v.Type)})
	}
	return nil
}

// promise reserves the names of the main graph's outputs for the values that
// nodes will define, before any other value takes them.
func (w *writer) promise(inputs []*ir.Value) {
	for i, v := range w.g.Outputs() {
		name := w.g.OutputName(i)
		if name == "" || slices.Contains(inputs, v) && w.values[v] == name {
			continue
		}
		free := w.names.reserve(name)
		if _, promised := w.pending[v]; free && !promised && v.Def != nil {
			w.pending[v] = name
		}
	}
}

// output returns the name of output i. A value that isn't one of this graph gets
// a copy, as ONNX wants; so does one that is an output of the main graph under
// another name.
func (w *writer) output(i int, v *ir.Value, root bool, taken map[string]bool) string {
	name := w.value(v)
	want := name
	if root && w.g.OutputName(i) != "" {
		want = w.g.OutputName(i)
	}
	own := w.defined[v] || slices.Contains(w.g.Inputs[:len(w.g.Inputs)-w.g.Captures], v)
	if own && name == want && !(root && taken[name]) {
		return name
	}
	if !root || taken[want] {
		want = w.names.take(want)
	}
	w.add(&wire.Node{OpType: op.Identity.Name, Input: []string{name}, Output: []string{want}})
	return want
}

func exportError(n *ir.Node, err error) error {
	if inner := (*ir.Error)(nil); errors.As(err, &inner) {
		return err
	}
	return ir.NewError(n, err)
}

// retry reports whether another opset version may do better.
func retry(err error) bool {
	w := (*wrongOpset)(nil)
	return errors.As(err, &w)
}

func (w *writer) add(n *wire.Node) {
	if w.function != nil {
		w.function.Node = append(w.function.Node, n)
		return
	}
	w.out.Node = append(w.out.Node, n)
}

// value returns the name of v, which is written now if it is a constant.
func (w *writer) value(v *ir.Value) string {
	if v == nil {
		return ""
	}
	if name, ok := w.values[v]; ok {
		return name
	}
	if v.Const != nil {
		w.values[v] = w.constant(v)
	} else {
		w.values[v] = w.define(v)
	}
	return w.values[v]
}

// constant writes an initializer of the main graph, which regions see too, or a
// Constant node in a function, where there are none.
func (w *writer) constant(v *ir.Value) string {
	if w.function != nil {
		name := w.names.take("const")
		w.add(&wire.Node{OpType: "Constant", Output: []string{name}, Attribute: []*wire.Attribute{
			{Name: "value", Type: wire.AttributeTensor, T: WriteTensor("", v.Const)},
		}})
		return name
	}
	if name, ok := w.constants[v.Const]; ok {
		return name
	}
	name := v.Name
	if name == "" {
		name = "const"
	}
	name = w.names.take(name)
	main := w.exporter.out.Graph
	main.Initializer = append(main.Initializer, WriteTensor(name, v.Const))
	w.constants[v.Const] = name
	return name
}

// define names an output of a node.
func (w *writer) define(v *ir.Value) string {
	if w.defined != nil {
		w.defined[v] = true
	}
	if name, ok := w.pending[v]; ok {
		return name
	}
	return w.names.take(v.Name)
}

// operands returns the names of in; those left out at the end are dropped.
func (w *writer) operands(in []*ir.Value) []string {
	for len(in) > 0 && in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	names := make([]string, len(in))
	for i, v := range in {
		names[i] = w.value(v)
	}
	return names
}

// results names the outputs of a node.
func (w *writer) results(n *ir.Node) []string {
	names := make([]string, len(n.Out))
	for i, v := range n.Out {
		if v != nil {
			w.values[v] = w.define(v)
			names[i] = w.values[v]
		}
	}
	return names
}
