package text

import (
	"fmt"
	"strconv"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// result is an output as the text defines it.
type result struct {
	at          int
	label, name string // label "": left out
	typ         *ir.Type
}

// node reads
//
//	outputs = Operator(operands) {attributes} : types @"name" sources ["…"] region { … }
//
// of which only the operator and the parentheses must be there.
func (p *parser) node(s *scope) {
	results := p.results()
	p.blanks()
	at := p.pos
	spec := ir.Spec{Op: p.operator(), Outs: len(results)}
	spec.In = p.operands(s)
	spec.Attr = p.attributes(spec.Op)
	p.types(results)
	p.provenance(&spec)
	for _, r := range results {
		p.name(&spec, r)
	}
	for p.keyword("region") {
		p.region(s, &spec)
	}
	n, err := s.graph.AddSpec(spec)
	if err != nil {
		p.failAt(at, err)
	}
	p.finish(s, n, results)
}

// results reads the outputs and the = after them; a node without outputs has
// neither.
func (p *parser) results() []*result {
	var results []*result
	for p.next("%") || p.next("_") {
		r := &result{}
		if !p.accept("_") {
			r.at, r.label, r.name = p.definition()
		}
		results = append(results, r)
		if !p.accept(",") {
			p.expect("=")
			break
		}
	}
	return results
}

func (p *parser) operator() *ir.Op {
	at := p.pos
	name := p.word()
	if name == "" {
		p.fail("%s starts no statement", p.found())
	}
	o := op.ByName(name)
	if o == nil {
		p.failAt(at, fmt.Errorf("there is no operator %q", name))
	}
	return o
}

func (p *parser) operands(s *scope) []*ir.Value {
	var in []*ir.Value
	p.expect("(")
	for !p.accept(")") {
		if len(in) > 0 {
			p.expect(",")
		}
		in = append(in, p.operand(s))
	}
	return in
}

// operand reads a value, _ for none, or a constant.
func (p *parser) operand(s *scope) *ir.Value {
	if p.next("%") {
		return p.value(s)
	}
	if p.accept("_") {
		return nil
	}
	at := p.pos
	v := s.graph.NewConst("", p.tensor())
	s.graph.SetValueID(v, p.newID(at, ""))
	return v
}

func (p *parser) attributes(o *ir.Op) any {
	var a any
	if o.Attr != nil {
		a = o.Attr()
	}
	if !p.accept("{") {
		return a
	}
	set := map[string]bool{}
	for !p.accept("}") {
		if len(set) > 0 {
			p.expect(",")
		}
		p.blanks()
		at := p.pos
		name := p.word()
		p.expect("=")
		err := attr.Set(a, name, p.attribute())
		if err == nil && set[name] {
			err = fmt.Errorf("attribute %s is given twice", name)
		}
		if err != nil {
			p.failAt(at, err)
		}
		set[name] = true
	}
	return a
}

// attribute reads the text of a value: a string, a list or a word.
func (p *parser) attribute() string {
	rest := p.rest()
	switch {
	case p.next(`"`):
		return strconv.Quote(p.quoted())
	case p.next("["):
		list, _, ok := attr.CutList(rest)
		if !ok {
			p.fail("the list has no end")
		}
		p.pos += len(list)
		return list
	}
	return p.raw(",}")
}

// types reads the types after a colon, one per output.
func (p *parser) types(results []*result) {
	if !p.accept(":") {
		return
	}
	for i, r := range results {
		if i > 0 {
			p.expect(",")
		}
		if p.accept("_") {
			continue
		}
		t := p.typ()
		r.typ = &t
	}
}

func (p *parser) provenance(spec *ir.Spec) {
	if p.accept("@") {
		spec.Name = p.quoted()
	}
	if !p.keyword("sources") {
		return
	}
	p.expect("[")
	for !p.accept("]") {
		if len(spec.Sources) > 0 {
			p.expect(",")
		}
		spec.Sources = append(spec.Sources, p.quoted())
	}
}

// name gives output r its number and name in spec.
func (p *parser) name(spec *ir.Spec, r *result) {
	if r.label == "" {
		spec.Names = append(spec.Names, ir.OmitOutput)
		spec.IDs = append(spec.IDs, 0)
		return
	}
	name := r.name
	if name == ir.OmitOutput {
		name = "" // finish sets it
	}
	spec.Names = append(spec.Names, name)
	spec.IDs = append(spec.IDs, p.newID(r.at, r.label))
}

func (p *parser) region(s *scope, spec *ir.Spec) {
	if p.depth++; p.depth > maxDepth {
		p.fail("regions are nested too deeply")
	}
	defer func() { p.depth-- }()
	name, _ := p.optionalName()
	inner := &scope{graph: s.graph.NewRegion(name), outer: s, values: map[string]*ir.Value{}}
	p.body(inner)
	spec.Regions = append(spec.Regions, inner.graph)
	spec.In = append(spec.In, inner.captured...)
}

// finish enters the outputs of n and checks the types that the text gives. An
// opaque node has them from there.
func (p *parser) finish(s *scope, n *ir.Node, results []*result) {
	for i, r := range results {
		v := n.Out[i]
		if v == nil {
			continue
		}
		v.Name = r.name
		p.enter(s, r.at, r.label, v)
		switch {
		case r.typ == nil:
		case n.Op == op.Opaque:
			v.DeclareType(*r.typ)
		case !r.typ.Equal(v.Type):
			p.failAt(r.at, fmt.Errorf("%%%s has type %s, the text says %s", r.label, v.Type, r.typ))
		}
	}
}
