package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/onnx/wire"
)

// functionName is what a node calls a model-local function by.
type functionName struct{ domain, name, overload string }

func (n functionName) String() string {
	s := qualified(n.domain, n.name)
	if n.overload != "" {
		s += ":" + n.overload
	}
	return s
}

// addFunctions lists the functions of a model.
func (imp *importer) addFunctions(list []*wire.Function) error {
	for _, fn := range list {
		if fn == nil {
			continue
		}
		name := functionName{normalDomain(fn.Domain), fn.Name, fn.Overload}
		if imp.functions[name] != nil {
			return fmt.Errorf("the model has two functions %s", name)
		}
		imp.functions[name] = fn
	}
	return nil
}

// expand imports the body of a function in place of the node n that calls it.
func (f *frame) expand(n *wire.Node, fn *wire.Function) error {
	name := functionName{normalDomain(fn.Domain), fn.Name, fn.Overload}
	if i := slices.Index(f.active, name); i >= 0 {
		return f.fail(n, fmt.Errorf("the function calls itself: %s", chain(append(f.active[i:len(f.active):len(f.active)], name))))
	}
	if err := f.enter(); err != nil {
		return f.fail(n, err)
	}
	f.active = append(f.active, name)
	err := f.expandInside(n, fn)
	f.active = f.active[:len(f.active)-1]
	f.leave()
	return err
}

func (f *frame) expandInside(n *wire.Node, fn *wire.Function) error {
	body, args, err := f.bind(n, fn)
	if err != nil {
		return f.fail(n, err)
	}
	if done, err := f.fused(n, fn, args); done || err != nil {
		return err
	}
	if err := body.nodes(fn.Node); err != nil {
		return err
	}
	return f.results(n, fn, body, args)
}

func chain(names []functionName) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = n.String()
	}
	return strings.Join(parts, " → ")
}

// bind makes the frame of a function's body: arguments and attributes of the
// call, versions of the function.
func (f *frame) bind(n *wire.Node, fn *wire.Function) (*frame, []*ir.Value, error) {
	if len(n.Input) > len(fn.Input) || len(n.Output) > len(fn.Output) {
		return nil, nil, fmt.Errorf("the call has %d operands and %d outputs, the function %d and %d",
			len(n.Input), len(n.Output), len(fn.Input), len(fn.Output))
	}
	body := newFrame(f.importer, f.g)
	body.prefix = f.label(n)
	body.opsets = opsets(fn.OpsetImport)
	for domain, version := range f.opsets {
		if _, ok := body.opsets[domain]; !ok {
			body.opsets[domain] = version
		}
	}
	args := make([]*ir.Value, len(fn.Input))
	for i, name := range fn.Input {
		if i < len(n.Input) {
			v, err := f.operand(n.Input[i])
			if err != nil {
				return nil, nil, err
			}
			args[i] = v
		}
		if _, dup := body.values[name]; dup {
			return nil, nil, fmt.Errorf("the function has two inputs called %q", name)
		}
		body.values[name] = args[i]
	}
	given, err := f.attributesOf(n)
	if err != nil {
		return nil, nil, err
	}
	body.attributes = map[string]*wire.Attribute{}
	for _, a := range fn.AttributeProto {
		if a != nil {
			body.attributes[a.Name] = a
		}
	}
	for name, a := range given {
		body.attributes[name] = a
	}
	return body, args, nil
}

// results gives the outputs of a call the values of the body. What the body
// made takes the names that the caller uses.
func (f *frame) results(n *wire.Node, fn *wire.Function, body *frame, args []*ir.Value) error {
	for i, name := range n.Output {
		if name == "" {
			continue
		}
		v, found, err := body.lookup(fn.Output[i])
		if err == nil && (!found || v == nil) {
			err = fmt.Errorf("the function's output %q is not defined", fn.Output[i])
		}
		if err != nil {
			return f.fail(n, err)
		}
		if !slices.Contains(args, v) {
			v.Name = f.qualify(name)
		}
		f.values[name] = v
	}
	return nil
}

// attributesOf returns the attributes of n by name, those that refer to
// attributes of the function's call resolved; a reference to one that is not
// given leaves the attribute out.
func (f *frame) attributesOf(n *wire.Node) (map[string]*wire.Attribute, error) {
	m := make(map[string]*wire.Attribute, len(n.Attribute))
	seen := make(map[string]bool, len(n.Attribute))
	for _, a := range n.Attribute {
		if a == nil {
			continue
		}
		if seen[a.Name] {
			return nil, fmt.Errorf("attribute %s is given twice", a.Name)
		}
		seen[a.Name] = true
		a, err := f.dereference(a)
		if err != nil {
			return nil, err
		}
		if a != nil {
			m[a.Name] = a
		}
	}
	return m, nil
}

func (f *frame) dereference(a *wire.Attribute) (*wire.Attribute, error) {
	if a.RefAttrName == "" {
		return a, nil
	}
	if f.attributes == nil {
		return nil, errors.New("attribute " + a.Name + " refers to one of a function, outside of any")
	}
	source := f.attributes[a.RefAttrName]
	if source == nil {
		return nil, nil
	}
	if a.Type != source.Type && a.Type != wire.AttributeUndefined {
		return nil, fmt.Errorf("attribute %s is of type %s, and refers to %s of type %s", a.Name, a.Type, a.RefAttrName, source.Type)
	}
	copied := *source
	copied.Name = a.Name
	return &copied, nil
}

// resolved returns a copy of n in which no attribute refers to a function's,
// subgraphs included.
func (f *frame) resolved(n *wire.Node) (*wire.Node, error) {
	kept := &wire.Node{Input: n.Input, Output: n.Output, Name: n.Name, OpType: n.OpType, Domain: n.Domain, Overload: n.Overload}
	for _, a := range n.Attribute {
		if a == nil {
			continue
		}
		a, err := f.dereference(a)
		if err != nil {
			return nil, err
		}
		if a == nil {
			continue
		}
		if f.attributes != nil && (a.G != nil || len(a.Graphs) > 0) {
			if a, err = f.resolvedGraphs(a); err != nil {
				return nil, err
			}
		}
		kept.Attribute = append(kept.Attribute, a)
	}
	return kept, nil
}

func (f *frame) resolvedGraphs(a *wire.Attribute) (*wire.Attribute, error) {
	copied := *a
	copied.Graphs = nil
	for i, g := range append([]*wire.Graph{a.G}, a.Graphs...) {
		if g == nil {
			continue
		}
		inner := *g
		inner.Node = nil
		for _, n := range g.Node {
			if n == nil {
				continue
			}
			r, err := f.resolved(n)
			if err != nil {
				return nil, err
			}
			inner.Node = append(inner.Node, r)
		}
		if i == 0 {
			copied.G = &inner
		} else {
			copied.Graphs = append(copied.Graphs, &inner)
		}
	}
	return &copied, nil
}
