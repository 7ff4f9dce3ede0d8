package onnx

import (
	"crypto/sha256"
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// What a function that stands for a fused node is called, and the entry of its
// metadata that holds the specification as text.
const (
	parallaxDomain  = "ai.parallax"
	functionPrefix  = "Parallax_"
	specKey         = "ai.parallax.spec"
	parallaxVersion = 1
)

// fused writes a fused attention in the form asked for.
func (w *writer) fused(n *ir.Node, a *attr.Attention) error {
	switch {
	case w.form == FormAttention && w.hasAttention() && expressible(n, a) == nil:
		return w.attention(n, a)
	case w.form == FormInline:
		return w.inline(n)
	}
	name, err := w.functionFor(n, a)
	if err != nil {
		return err
	}
	out := &wire.Node{OpType: name, Domain: parallaxDomain, Name: w.nodeName(n), Input: w.operands(n.In)}
	out.Output = w.results(n)
	w.add(out)
	return w.domain(parallaxDomain, parallaxVersion)
}

// inline writes the decomposition in place of n.
func (w *writer) inline(n *ir.Node) error {
	g := n.Graph()
	if g == nil { // n is itself of a decomposition
		g = w.g
	}
	b := ir.NewBuilder(g)
	b.Name = n.Name
	outs, err := n.Op.Decompose(b, n)
	if err != nil {
		return err
	}
	for i, v := range outs {
		if i < len(n.Out) && n.Out[i] != nil {
			w.alias(n.Out[i], v)
		}
	}
	if err := w.detached(b.Nodes()); err != nil {
		return err
	}
	for i, v := range outs {
		if i < len(n.Out) && n.Out[i] != nil {
			w.copyOf(n.Out[i], v)
		}
	}
	return nil
}

// alias promises the name of v, an output being replaced, to the value that a
// node about to be written defines.
func (w *writer) alias(v, by *ir.Value) {
	_, named := w.values[by]
	if by.Def == nil || by.Def.Graph() != nil || named || w.pending[by] != "" {
		return
	}
	name, promised := w.pending[v]
	if !promised {
		name = w.names.take(v.Name)
	}
	w.pending[by] = name
}

// copyOf gives v the name of the value that replaced it, or copies that one if
// it is not the replacement's alone (a present that is an operand).
func (w *writer) copyOf(v, by *ir.Value) {
	w.defined[v] = true
	name := w.value(by)
	if want, promised := w.pending[v]; promised && want != name {
		w.add(&wire.Node{OpType: op.Identity.Name, Input: []string{name}, Output: []string{want}})
		name = want
	}
	w.values[v] = name
}

// detached writes the nodes of a builder.
func (w *writer) detached(nodes []*ir.Node) error {
	for _, n := range nodes {
		if err := w.node(n); err != nil {
			return exportError(n, err)
		}
	}
	return nil
}

// functionFor returns the name of the function that stands for n; nodes that
// differ in sizes alone share one.
func (w *writer) functionFor(n *ir.Node, a *attr.Attention) (string, error) {
	d, err := decomposed(a, n.Operands())
	if err != nil {
		return "", err
	}
	what := attr.Format(a) + "\n" + d.text()
	if name, ok := w.functions[what]; ok {
		return name, nil
	}
	name := fmt.Sprintf("%s%x", functionPrefix, sha256.Sum256([]byte(what)))[:len(functionPrefix)+12]
	fn := &wire.Function{
		Name: name, Domain: parallaxDomain, DocString: "parallax: " + attr.Format(a),
		OpsetImport:   []*wire.OperatorSetID{{Version: w.opset}},
		MetadataProps: []*wire.StringStringEntry{{Key: specKey, Value: attr.Format(a)}},
	}
	for _, f := range attr.Fields(a) {
		if !f.Default {
			fn.AttributeProto = append(fn.AttributeProto, getField(f.Name, f.Value))
		}
	}
	body := &writer{
		exporter: &exporter{form: FormInline, opset: w.opset, names: namer{}, values: map[*ir.Value]string{}, domains: map[string]int64{"": w.opset}},
		function: fn,
	}
	for i, v := range d.g.Inputs {
		body.values[v] = body.names.take(v.Name)
		fn.Input = append(fn.Input, body.values[d.g.Inputs[i]])
	}
	if err := body.detached(d.nodes); err != nil {
		return "", err
	}
	for _, v := range d.outs {
		fn.Output = append(fn.Output, body.passed(v, d.g.Inputs))
	}
	w.exporter.out.Functions = append(w.exporter.out.Functions, fn)
	w.functions[what] = name
	return name, nil
}

// passed returns the name of a function's output; an input that is passed on
// gets a copy.
func (w *writer) passed(v *ir.Value, inputs []*ir.Value) string {
	name := w.value(v)
	for _, in := range inputs {
		if in == v {
			copied := w.names.take(name)
			w.add(&wire.Node{OpType: op.Identity.Name, Input: []string{name}, Output: []string{copied}})
			return copied
		}
	}
	return name
}

// decomposition is what a specification means, for operands of any size.
type decomposition struct {
	g     *ir.Graph // holds the operands alone
	nodes []*ir.Node
	outs  []*ir.Value
}

// decomposed builds the decomposition of a for operands like in: of their
// element types and ranks, their sizes open.
func decomposed(a *attr.Attention, in []*ir.Value) (*decomposition, error) {
	d := &decomposition{g: ir.NewGraph("")}
	for i, name := range operandNames(a) {
		t := ir.Type{}
		if i < len(in) && in[i] != nil {
			t = in[i].Type
		}
		if t.HasRank {
			shape := make(sym.Shape, len(t.Shape))
			for axis := range shape {
				shape[axis] = sym.Symbol(fmt.Sprintf("%s_%d", name, axis))
			}
			t.Shape = shape
		}
		d.g.NewInput(name, t)
	}
	n, err := d.g.AddSpec(ir.Spec{Op: op.Parallax, Attr: a, Outs: a.Outputs(), In: d.g.Inputs, Name: "parallax"})
	if err != nil {
		return nil, err
	}
	if n.Out[0].Type.DType == tensor.Invalid {
		return nil, fmt.Errorf("the element type of its operands is not known")
	}
	b := ir.NewBuilder(d.g)
	if d.outs, err = op.Parallax.Decompose(b, n); err != nil {
		return nil, err
	}
	d.nodes = b.Nodes()
	b.Commit(nil)
	d.g.Remove(n)
	for _, v := range d.outs {
		d.g.AddOutput(v)
	}
	return d, nil
}

// text is the form in which decompositions are compared.
func (d *decomposition) text() string { return d.g.Canonical() }

// operandNames lists a's operands by name, in contract order.
func operandNames(a *attr.Attention) []string {
	at := a.Operands()
	names := make([]string, at.Count)
	for i, name := range map[int]string{at.Q: "q", at.K: "k", at.V: "v", at.R: "r",
		at.PastK: "past_k", at.PastV: "past_v", at.Starts: "kv_starts", at.Lengths: "kv_lengths", at.Sink: "sink"} {
		if i >= 0 {
			names[i] = name
		}
	}
	for i := range a.Biases {
		names[at.Bias+i] = fmt.Sprintf("bias_%d", i)
	}
	for i := range a.Masks {
		names[at.Mask+i] = "mask"
		if a.Masks > 1 {
			names[at.Mask+i] = fmt.Sprintf("mask_%d", i)
		}
	}
	return names
}
