package ir

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// PrintOptions choose between the full form, which package text reads back, and
// forms for reading and comparing. The zero value is the full form.
type PrintOptions struct {
	// Elide prints constants of more than [MaxInline] elements as a hash of
	// their contents.
	Elide bool
	// Renumber numbers the values in the order of the text, fresh symbols with
	// them: graphs that differ only in numbers print alike.
	Renumber bool
	// Anonymous leaves out all names, provenance, and the model's documentation.
	Anonymous bool
}

// MaxInline is the greatest number of elements that are printed one by one.
const MaxInline = 64

// String returns the full text form; package text parses it.
func (g *Graph) String() string { return g.text(PrintOptions{}) }

// Canonical returns the form in which two graphs that compute the same in the
// same order are equal texts, whatever their values are called: for tests.
func (g *Graph) Canonical() string {
	return g.text(PrintOptions{Renumber: true, Anonymous: true})
}

func (g *Graph) text(o PrintOptions) string {
	var b strings.Builder
	if err := g.Print(&b, o); err != nil {
		panic("BUG: a strings.Builder failed: " + err.Error())
	}
	return b.String()
}

// Print writes the text form of g:
//
//	graph "attention" {
//	  input %0 "x" : f32[batch,4]
//	  const %1 "w" : f32[4,1] = [1, 0.5, nan, -inf]
//	  %2 "y" = MatMul(%0, %1) : f32[batch,1] @"/layer/MatMul" sources ["/layer/Gemm"]
//	  %3 "top", _ = TopK(%2, %1) {axis=0} : f32[1,1], _
//	  output %3 "top"
//	}
//
// A constant stands before its first reader. The bodies of a node follow it, as
// region "name" { … }, each with its captures: capture %7 : f32[4] = %2.
func (g *Graph) Print(w io.Writer, o PrintOptions) error {
	p := &printer{w: bufio.NewWriter(w), opts: o, numbers: map[int]int{}, shared: map[*tensor.Tensor]*Value{}}
	p.graph("graph", g, nil)
	p.printf("\n")
	return p.w.Flush()
}

type printer struct {
	w       *bufio.Writer
	opts    PrintOptions
	indent  int
	numbers map[int]int // by ID, if values are renumbered
	// shared holds the first constant printed with each large tensor; others
	// refer to it, so that contents appear once.
	shared map[*tensor.Tensor]*Value
}

// printf writes; errors stick to the writer and come out of its Flush.
func (p *printer) printf(format string, args ...any) { fmt.Fprintf(p.w, format, args...) }

func (p *printer) line(format string, args ...any) {
	p.printf("\n%s", strings.Repeat("  ", p.indent))
	p.printf(format, args...)
}

// graph prints g, whose captures stand for the given values of the graph around.
func (p *printer) graph(keyword string, g *Graph, captured []*Value) {
	p.printf("%s ", keyword)
	if g.Name != "" && !p.opts.Anonymous {
		p.printf("%q ", g.Name)
	}
	p.printf("{")
	p.indent++
	if !p.opts.Anonymous {
		p.documentation(g)
	}
	own := max(0, len(g.Inputs)-g.Captures)
	for _, v := range g.Inputs[:own] {
		p.line("input %s : %s", p.define(v), p.typ(v.Type))
	}
	for i, v := range g.Inputs[own:] {
		source := "_"
		if i < len(captured) {
			source = p.ref(captured[i])
		}
		p.line("capture %s : %s = %s", p.define(v), p.typ(v.Type), source)
	}
	seen := map[*Value]bool{}
	for n := range g.Nodes() {
		p.constants(n.In, seen)
		p.node(n)
	}
	p.constants(g.outputs, seen)
	for i, v := range g.outputs {
		p.line("output %s", p.ref(v))
		if name := g.outputNames[i]; !p.opts.Anonymous && (name != "" || v.Name != "") {
			p.printf(" %q", name)
		}
	}
	p.indent--
	p.line("}")
}

func (p *printer) documentation(g *Graph) {
	if g.DocString != "" {
		p.line("doc %q", g.DocString)
	}
	for _, key := range slices.Sorted(maps.Keys(g.Metadata)) {
		p.line("metadata %q = %q", key, g.Metadata[key])
	}
}

// constants prints those of values that have not been printed yet.
func (p *printer) constants(values []*Value, seen map[*Value]bool) {
	for _, v := range values {
		if v == nil || v.Const == nil || seen[v] {
			continue
		}
		seen[v] = true
		p.line("const %s : %s = ", p.define(v), p.typ(v.Type))
		p.contents(v)
	}
}

// contents prints the elements of a constant: one by one if they are few and
// come out exactly, else as base64 of the packed elements.
func (p *printer) contents(v *Value) {
	t := v.Const
	large := t.Len() > MaxInline
	if first := p.shared[t]; large && first != nil {
		p.printf("%s", p.ref(first))
		return
	}
	p.shared[t] = v
	switch {
	case large && p.opts.Elide:
		p.printf("elided %q", hash(t))
	case t.DType == tensor.String || !large && spellable(t):
		p.elements(t)
	default:
		p.printf("base64 %q", base64.StdEncoding.EncodeToString(t.Bytes()))
	}
}

func (p *printer) elements(t *tensor.Tensor) {
	if t.Rank() == 0 {
		p.printf("%s", t.FormatElem(0))
		return
	}
	p.printf("[")
	for i := range t.Len() {
		if i > 0 {
			p.printf(", ")
		}
		p.printf("%s", t.FormatElem(i))
	}
	p.printf("]")
}

// spellable reports whether every element comes out of its spelling bit by bit,
// which NaNs with a payload and the padding of packed types may not.
func spellable(t *tensor.Tensor) bool {
	again := tensor.New(t.DType, t.Shape...)
	for i := range t.Len() {
		if again.ParseElem(i, t.FormatElem(i)) != nil {
			return false
		}
	}
	return again.Equal(t)
}

func hash(t *tensor.Tensor) string {
	h := sha256.New()
	h.Write(t.Bytes())
	for _, s := range t.Strings() {
		fmt.Fprintf(h, "%q", s)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

func (p *printer) node(n *Node) {
	p.line("")
	if len(n.Out) > 0 {
		p.printf("%s = ", join(n.Out, p.define))
	}
	p.printf("%s(%s)", n.Op.QualifiedName(), join(operands(n), p.ref))
	if a := attr.Format(n.Attr); a != "" {
		p.printf(" {%s}", a)
	}
	if len(n.Out) > 0 {
		p.printf(" : %s", join(n.Out, p.typeOf))
	}
	if !p.opts.Anonymous {
		p.provenance(n)
	}
	for i, r := range n.Regions {
		p.printf(" ")
		p.graph("region", r, captures(n, i))
	}
}

func (p *printer) provenance(n *Node) {
	if n.Name != "" {
		p.printf(" @%q", n.Name)
	}
	if len(n.Sources) > 0 {
		p.printf(" sources [%s]", join(n.Sources, func(s string) string { return fmt.Sprintf("%q", s) }))
	}
}

// operands is n.Operands for graphs that may be broken: a dump is wanted most
// when Verify has failed.
func operands(n *Node) []*Value {
	if !n.capturesFit() {
		return n.In
	}
	return n.Operands()
}

func captures(n *Node, region int) []*Value {
	if !n.capturesFit() {
		return nil
	}
	return n.Captures(region)
}

func join[T any](list []T, f func(T) string) string {
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = f(x)
	}
	return strings.Join(parts, ", ")
}

// ref is the number of v.
func (p *printer) ref(v *Value) string {
	if v == nil {
		return "_"
	}
	return fmt.Sprintf("%%%d", p.number(v.ID))
}

// define is the number of v with its name.
func (p *printer) define(v *Value) string {
	if v == nil || v.Name == "" || p.opts.Anonymous {
		return p.ref(v)
	}
	return fmt.Sprintf("%s %q", p.ref(v), v.Name)
}

func (p *printer) number(id int) int {
	if !p.opts.Renumber {
		return id
	}
	n, ok := p.numbers[id]
	if !ok {
		n = len(p.numbers)
		p.numbers[id] = n
	}
	return n
}

func (p *printer) typeOf(v *Value) string {
	if v == nil {
		return "_"
	}
	return p.typ(v.Type)
}

// typ is the text of t, its fresh symbols renumbered like the values they are
// named after.
func (p *printer) typ(t Type) string {
	if !p.opts.Renumber {
		return t.String()
	}
	return p.renamed(t).String()
}

func (p *printer) renamed(t Type) Type {
	if t.Elem != nil {
		elem := p.renamed(*t.Elem)
		t.Elem = &elem
	}
	names := map[string]sym.Dim{}
	for _, s := range t.Shape.Symbols() {
		if id, axis, ok := parseFresh(s); ok {
			names[s] = sym.Symbol(freshName(p.number(id), axis))
		}
	}
	if len(names) > 0 {
		t.Shape = t.Shape.Subst(names)
	}
	return t
}
