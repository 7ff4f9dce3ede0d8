package onnx

import (
	"fmt"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/onnx/wire"
)

// attentionFields are the attributes of ai.parallax Parallax, version 1: those of
// its specification.
func attentionFields() known {
	k := known{}
	for _, f := range attr.Fields(attr.New[attr.Attention]()) {
		k[f.Name] = field
	}
	return k
}

// fused imports a call of a function that [Export] wrote for a fused node as that
// node, and reports whether it is one. The function's body is compared with the
// decomposition made anew: one that was edited means something else, and is
// expanded.
func (f *frame) fused(n *wire.Node, fn *wire.Function, args []*ir.Value) (bool, error) {
	if fn.Domain != parallaxDomain || !strings.HasPrefix(fn.Name, functionPrefix) {
		return false, nil
	}
	a, err := specOf(fn)
	if err != nil || a.Check() != nil || a.Operands().Count != len(args) || a.Outputs() < len(n.Output) {
		return false, nil
	}
	for _, v := range args {
		if v == nil {
			return false, nil
		}
	}
	want, err := decomposed(a, args)
	if err != nil || f.bodyText(fn, want) != want.text() {
		return false, nil
	}
	s := ir.Spec{Op: op.Parallax, Attr: a, In: args, Outs: a.Outputs(), Name: f.label(n), Names: make([]string, a.Outputs())}
	for i, name := range n.Output {
		s.Names[i] = f.qualify(name)
	}
	made, err := f.g.AddSpec(s)
	if err != nil {
		return false, err
	}
	f.define(n, made.Out)
	return true, nil
}

// specOf reads the specification that a function stands for: its attributes, and
// its metadata, where numbers are exact.
func specOf(fn *wire.Function) (*attr.Attention, error) {
	a := attr.New[attr.Attention]()
	known := attentionFields()
	for _, x := range fn.AttributeProto {
		if x == nil || known[x.Name].kind == 0 {
			return nil, fmt.Errorf("function %s has an attribute that is not of the specification", fn.Name)
		}
		if err := setField(fieldOf(a, x.Name), x); err != nil {
			return nil, err
		}
	}
	for _, part := range strings.Split(entries(fn.MetadataProps)[specKey], ", ") {
		name, text, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		if err := attr.Set(a, name, text); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// bodyText imports the body of fn for operands like those of d, and returns it in
// the form in which decompositions are compared; "" if it can't be imported.
func (f *frame) bodyText(fn *wire.Function, d *decomposition) string {
	g := ir.NewGraph("")
	body := newFrame(f.importer, g)
	body.opsets, body.attributes = opsets(fn.OpsetImport), map[string]*wire.Attribute{}
	for i, in := range d.g.Inputs {
		body.values[fn.Input[i]] = g.NewInput(in.Name, in.Type)
	}
	if err := body.nodes(fn.Node); err != nil {
		return ""
	}
	for _, name := range fn.Output {
		v, ok, err := body.lookup(name)
		if err != nil || !ok || v == nil {
			return ""
		}
		g.AddOutput(body.original(v))
	}
	return g.Canonical()
}

// original skips the copy that a function's output needs when it is an input.
func (f *frame) original(v *ir.Value) *ir.Value {
	if v.Def == nil || v.Def.Op != op.Identity || v.Def.In[0].Def != nil || len(v.Uses()) > 0 {
		return v
	}
	in := v.Def.In[0]
	f.g.Remove(v.Def)
	return in
}
