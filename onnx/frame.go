package onnx

import (
	"errors"
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/onnx/wire"
)

// frame is one scope of names being imported: the main graph, a region, or the
// body of a function, which goes into the graph of its caller.
type frame struct {
	*importer
	g      *ir.Graph
	values map[string]*ir.Value // nil: an optional argument that is left out
	// outer is the frame around a region: names that are not found are captured
	// from it. captured lists the values of outer.g in the order of g's inputs.
	outer    *frame
	captured []*ir.Value

	opsets     map[string]int64
	attributes map[string]*wire.Attribute // of the function call
	prefix     string                     // of names inside a function
	types      map[string]*wire.Type      // what the file says of values
}

func newFrame(imp *importer, g *ir.Graph, lists ...[]*wire.ValueInfo) *frame {
	f := &frame{importer: imp, g: g, values: map[string]*ir.Value{}, types: map[string]*wire.Type{}}
	for _, list := range lists {
		for _, v := range list {
			if v != nil && v.Type != nil {
				f.types[v.Name] = v.Type
			}
		}
	}
	return f
}

// lookup finds a name in f or, for a region, in the frames around it. A constant
// from outside becomes one of the region; anything else is captured.
func (f *frame) lookup(name string) (v *ir.Value, found bool, err error) {
	if v, ok := f.values[name]; ok {
		return v, true, nil
	}
	if f.outer == nil {
		return nil, false, nil
	}
	outer, found, err := f.outer.lookup(name)
	if !found || err != nil {
		return nil, false, err
	}
	switch {
	case outer == nil:
	case outer.Const != nil:
		v = f.g.NewConst(outer.Name, outer.Const)
	default:
		v = f.g.Capture(outer)
		f.captured = append(f.captured, outer)
	}
	f.values[name] = v
	return v, true, nil
}

// nodes imports a list of nodes in an order in which each follows what it reads.
func (f *frame) nodes(list []*wire.Node) error {
	order, err := f.order(list)
	if err != nil {
		return err
	}
	for _, i := range order {
		if err := f.node(list[i]); err != nil {
			return err
		}
	}
	return nil
}

// label names a node as ir.Node.Label does.
func (f *frame) label(n *wire.Node) string {
	if n.Name != "" {
		return f.qualify(n.Name)
	}
	for _, out := range n.Output {
		if out != "" {
			return f.qualify(out)
		}
	}
	return f.qualify(n.OpType)
}

// fail is an error at a node that is not in the graph. Errors of a nested node
// name that one.
func (f *frame) fail(n *wire.Node, err error) error {
	if inner := (*ir.Error)(nil); errors.As(err, &inner) {
		return err
	}
	return &ir.Error{Graph: f.g.Name, Node: f.label(n), Op: qualified(n.Domain, n.OpType), Err: err}
}

// node imports one node.
func (f *frame) node(n *wire.Node) error {
	if f.left--; f.left < 0 {
		return f.fail(n, errors.New("the model has too many nodes, its functions expanded"))
	}
	domain := normalDomain(n.Domain)
	if fn := f.functions[functionName{domain, n.OpType, n.Overload}]; fn != nil {
		return f.expand(n, fn)
	}
	version, imported := f.opsets[domain]
	r, why := findRule(domain, n.OpType, version)
	if !imported {
		r, why = nil, "the model imports no opset of its domain"
	}
	if r == nil {
		return f.opaque(n, version, why)
	}
	c, err := f.newCall(n, r)
	if err == nil {
		err = c.run()
	}
	if u := (*unsupported)(nil); errors.As(err, &u) {
		return f.opaque(n, version, u.why)
	}
	if err != nil {
		return f.fail(n, err)
	}
	return nil
}

// operand finds what a node reads; an empty name is an operand left out.
func (f *frame) operand(name string) (*ir.Value, error) {
	if name == "" {
		return nil, nil
	}
	v, found, err := f.lookup(name)
	if err == nil && !found {
		err = fmt.Errorf("it reads %q, which nothing defines", name)
	}
	return v, err
}

// define gives the outputs of a node their names in the scope.
func (f *frame) define(n *wire.Node, outs []*ir.Value) {
	for i, name := range n.Output {
		if name == "" || i >= len(outs) {
			continue
		}
		f.values[name] = outs[i]
		if outs[i] != nil && outs[i].Name == "" {
			outs[i].Name = f.qualify(name)
		}
	}
}

// opaque makes a node that keeps what the file says. Values that its subgraphs
// capture are operands after the ones listed.
func (f *frame) opaque(n *wire.Node, version int64, why string) error {
	kept, err := f.resolved(n)
	if err != nil {
		return f.fail(n, err)
	}
	kept.Input = append(kept.Input[:len(kept.Input):len(kept.Input)], f.importer.capturedNames(kept)...)
	s := ir.Spec{Op: op.Opaque, Name: f.label(n), Outs: len(n.Output), Names: make([]string, len(n.Output))}
	for _, name := range kept.Input {
		v, err := f.operand(name)
		if err != nil {
			return f.fail(n, err)
		}
		s.In = append(s.In, v)
	}
	for i, name := range n.Output {
		s.Names[i] = f.qualify(name)
		if name == "" {
			s.Names[i] = ir.OmitOutput
		}
	}
	raw, err := wire.EncodeNode(kept)
	if err != nil {
		return f.fail(n, err)
	}
	s.Attr = &attr.Opaque{Domain: normalDomain(n.Domain), OpType: n.OpType, Version: int(version), Raw: raw, Why: why}
	made, err := f.g.AddSpec(s)
	if err != nil {
		return err
	}
	f.define(n, made.Out)
	return f.declare(n, made)
}

// declare gives the outputs of an opaque node the types that the file tells.
func (f *frame) declare(n *wire.Node, made *ir.Node) error {
	for i, name := range n.Output {
		v := made.Out[i]
		if v == nil {
			continue
		}
		t, err := f.readType(f.types[name], func(axis int) sym.Dim { return sym.Symbol(ir.FreshName(v, axis)) })
		if err != nil {
			return f.fail(n, fmt.Errorf("value_info of %q: %w", name, err))
		}
		v.DeclareType(t)
	}
	return nil
}
