package text

import (
	"fmt"
	"strconv"

	"github.com/parallax-go/parallax/ir"
)

// Parse reads a graph. Errors are *Error: line and column, and what is wrong
// there, which is an [*ir.Error] where a node can't be typed.
func Parse(src string) (g *ir.Graph, err error) {
	p := &parser{scanner: scanner{src: src}, taken: map[int]bool{}, consts: map[string]*ir.Value{}}
	defer func() {
		if r := recover(); r != nil {
			fault, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			g, err = nil, fault
		}
	}()
	return p.file(), nil
}

// maxDepth bounds the nesting of regions and types, and so the stack.
const maxDepth = 100

type parser struct {
	scanner
	depth int
	free  int          // every number from here on is free
	taken map[int]bool // numbers of values
	// consts are the constants of all graphs by label, for contents = %label.
	consts map[string]*ir.Value
}

// scope is a graph being read.
type scope struct {
	graph  *ir.Graph
	outer  *scope // nil for the root
	values map[string]*ir.Value
	// captured are the values of outer that the captures stand for.
	captured []*ir.Value
}

func (p *parser) file() *ir.Graph {
	p.free = highestNumber(p.src) + 1
	if !p.keyword("graph") {
		p.fail("a graph starts with %q, not %s", "graph", p.found())
	}
	root := &scope{values: map[string]*ir.Value{}}
	name, _ := p.optionalName()
	root.graph = ir.NewGraph(name)
	p.body(root)
	if p.rest() != "" {
		p.fail("%s follows the graph", p.found())
	}
	return root.graph
}

// maxNumber is the greatest number of a value that a text may use.
const maxNumber = 1<<31 - 1<<16

// highestNumber returns the highest number after a % in src, so that values
// without one get numbers above it.
func highestNumber(src string) int {
	s := scanner{src: src}
	highest := -1
	for ; s.pos < len(src); s.pos++ {
		if src[s.pos] != '%' {
			continue
		}
		end := s.pos + 1
		for end < len(src) && wordByte(src[end]) {
			end++
		}
		if n, err := strconv.Atoi(src[s.pos+1 : end]); err == nil && n <= maxNumber {
			highest = max(highest, n)
		}
	}
	return highest
}

// statements are those that start with a word; the rest are nodes.
var statements = map[string]func(*parser, *scope){
	"doc":      (*parser).doc,
	"metadata": (*parser).metadata,
	"input":    (*parser).input,
	"capture":  (*parser).capture,
	"const":    (*parser).constant,
	"output":   (*parser).output,
}

func (p *parser) body(s *scope) {
	p.expect("{")
	for !p.accept("}") {
		start := p.pos
		if read := statements[p.word()]; read != nil {
			read(p, s)
			continue
		}
		p.pos = start
		p.node(s)
	}
}

func (p *parser) doc(s *scope) { s.graph.DocString = p.quoted() }

func (p *parser) metadata(s *scope) {
	key := p.quoted()
	p.expect("=")
	if s.graph.Metadata == nil {
		s.graph.Metadata = map[string]string{}
	}
	s.graph.Metadata[key] = p.quoted()
}

func (p *parser) input(s *scope) {
	at, label, name := p.definition()
	if s.graph.Captures > 0 {
		p.failAt(at, fmt.Errorf("inputs stand before captures"))
	}
	p.expect(":")
	v := s.graph.NewInput(name, p.typ())
	p.define(s, at, label, v)
}

// capture reads what a region has from the graph around it. The type and the
// source may be left out: the source is then the value of the same label.
func (p *parser) capture(s *scope) {
	at, label, name := p.definition()
	if s.outer == nil {
		p.failAt(at, fmt.Errorf("only a region captures"))
	}
	var want *ir.Type
	if p.accept(":") {
		t := p.typ()
		want = &t
	}
	source := s.outer.values[label]
	if p.accept("=") {
		source = p.value(s.outer)
	}
	if source == nil {
		p.failAt(at, fmt.Errorf("there is no %%%s outside to capture", label))
	}
	if want != nil && !want.Equal(source.Type) {
		p.failAt(at, fmt.Errorf("%%%s captures a value of type %s, not %s", label, source.Type, want))
	}
	v := s.graph.Capture(source)
	v.Name = name
	s.captured = append(s.captured, source)
	p.define(s, at, label, v)
}

func (p *parser) constant(s *scope) {
	at, label, name := p.definition()
	p.expect(":")
	v := s.graph.NewConst(name, p.tensor())
	p.define(s, at, label, v)
	p.consts[label] = v
}

func (p *parser) output(s *scope) {
	v := p.value(s)
	name, given := p.optionalName()
	if !given {
		name = v.Name
	}
	s.graph.AddNamedOutput(name, v)
}

// definition reads %label and an optional name; a label that is a word is a
// name, too.
func (p *parser) definition() (at int, label, name string) {
	p.blanks()
	at = p.pos
	label = p.label()
	name, given := p.optionalName()
	if _, isNumber := number(label); !isNumber && !given {
		name = label
	}
	return at, label, name
}

// number returns the number that label is, if it is one.
func number(label string) (int, bool) {
	n, err := strconv.Atoi(label)
	return n, err == nil
}

// newID returns the number for a value called label, which nothing else has.
func (p *parser) newID(at int, label string) int {
	id, given := number(label)
	if !given {
		id = p.free
		p.free++
	}
	if id > maxNumber {
		p.failAt(at, fmt.Errorf("the number is above %d", maxNumber))
	}
	if p.taken[id] {
		p.failAt(at, fmt.Errorf("%%%s is defined twice", label))
	}
	p.taken[id] = true
	return id
}

// define enters v, just made, as label.
func (p *parser) define(s *scope, at int, label string, v *ir.Value) {
	s.graph.SetValueID(v, p.newID(at, label))
	p.enter(s, at, label, v)
}

func (p *parser) enter(s *scope, at int, label string, v *ir.Value) {
	if s.values[label] != nil {
		p.failAt(at, fmt.Errorf("%%%s is defined twice", label))
	}
	s.values[label] = v
}

// value reads a reference to a value of s.
func (p *parser) value(s *scope) *ir.Value {
	p.blanks()
	at := p.pos
	label := p.label()
	if v := s.values[label]; v != nil {
		return v
	}
	for outer := s.outer; outer != nil; outer = outer.outer {
		if outer.values[label] != nil {
			p.failAt(at, fmt.Errorf("%%%s is outside the region: it must be captured", label))
		}
	}
	p.failAt(at, fmt.Errorf("%%%s is not defined here", label))
	return nil
}
