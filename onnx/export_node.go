package onnx

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// node writes n.
func (w *writer) node(n *ir.Node) error {
	if a, ok := isFused(n); ok {
		return w.fused(n, a)
	}
	if n.Op == op.Opaque {
		return w.opaque(n)
	}
	if n.Op.Decompose != nil && !w.has(n) {
		return w.inline(n)
	}
	return w.standard(n)
}

// has reports whether an operator that has a decomposition is to be written as
// itself: if it is of ai.onnx and the opset that was asked for knows it. Without such a wish the
// model gets the opset of its newest operator.
func (w *writer) has(n *ir.Node) bool {
	if n.Op.Domain != "" || n.Op == op.RotaryEmbedding && !standardRotary(n) {
		return false
	}
	return !w.fixed || sinceVersion(n.Op.Name, w.opset) > 0
}

// standardRotary reports whether ai.onnx has a RotaryEmbedding like n: not of
// f64, and of tables with the batch of x, where ours may serve every entry of it.
func standardRotary(n *ir.Node) bool {
	x, tables := n.In[0].Type, n.In[1].Type
	return x.DType != tensor.Float64 &&
		(n.Operand(3) != nil || x.HasRank && tables.HasRank && x.Shape[0].Equal(tables.Shape[0]))
}

// standard writes a node of ai.onnx by the rule that would read it.
func (w *writer) standard(n *ir.Node) error {
	fail := func(format string, args ...any) error { return &wrongOpset{w.opset, fmt.Sprintf(format, args...)} }
	r, why := findRule(n.Op.Domain, n.Op.Name, w.opset)
	switch {
	case r == nil:
		return fail("%s", why)
	case r.build != nil && r.write == nil:
		return fail("its form of then is another")
	}
	err := typesThen(n, w.opset)
	if err != nil {
		return fail("%s", err)
	}
	operands := slices.Clone(n.Operands())
	if err = r.args.check(operands); err != nil {
		return fail("%s", err)
	}
	out := &wire.Node{OpType: n.Op.Name, Name: w.nodeName(n)}
	if out.Attribute, err = w.attributes(n, r, operands); err != nil {
		return fail("%s", err)
	}
	if n.Op.Regions > 0 {
		out.Input = make([]string, len(operands)) // the places of a Loop count
		for i, v := range operands {
			out.Input[i] = w.value(v)
		}
	} else {
		out.Input = w.operands(operands)
	}
	if r.write != nil {
		if err := r.write(w, n, out); err != nil {
			return err
		}
	}
	out.Output = w.results(n)
	w.add(out)
	return nil
}

// nodeName keeps the name of n if no other node of the model has it.
func (w *writer) nodeName(n *ir.Node) string {
	if n.Name == "" {
		return ""
	}
	return w.names.take("node " + n.Name)[len("node "):]
}

// attributes returns the attributes of n that differ from the defaults of r.
// Operands that are attributes there are taken out of in.
func (w *writer) attributes(n *ir.Node, r *rule, in []*ir.Value) ([]*wire.Attribute, error) {
	var list []*wire.Attribute
	written := map[string]bool{}
	defaults := map[string]reflect.Value{}
	for _, f := range attr.Fields(r.newAttr()) {
		defaults[f.Name] = f.Value
	}
	for _, name := range slices.Sorted(maps.Keys(r.known)) {
		switch role := r.known[name]; role.kind {
		case toField:
			field := role.fieldName(name)
			written[field] = true
			v := fieldOf(n.Attr, field)
			if role.needed || !sameField(v, defaults[field]) {
				list = append(list, getField(name, v))
			}
		case toVector:
			if role.at >= len(in) || in[role.at] == nil {
				continue
			}
			axes, ok := in[role.at].Ints()
			if !ok {
				return nil, fmt.Errorf("operand %d was the attribute %s then, and is not constant", role.at, name)
			}
			list = append(list, &wire.Attribute{Name: name, Type: wire.AttributeInts, Ints: axes})
			in[role.at] = nil
		case toScalar, requireAt:
			return nil, fmt.Errorf("attribute %s can't be written", name)
		}
	}
	if r.write != nil {
		return list, nil
	}
	for _, f := range attr.Fields(n.Attr) {
		if !written[f.Name] && !sameField(f.Value, defaults[f.Name]) {
			return nil, fmt.Errorf("it had no attribute %s then", f.Name)
		}
	}
	return list, nil
}

// sameField compares attributes; nil and empty lists are the same.
func sameField(a, b reflect.Value) bool {
	if a.Kind() == reflect.Slice && a.Len() == 0 && b.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// opaque writes a node as it was read, under the names that its values have now.
func (w *writer) opaque(n *ir.Node) error {
	a := n.Attr.(*attr.Opaque)
	out, err := wire.DecodeNode(a.Raw)
	if err != nil {
		return err
	}
	if len(out.Input) != len(n.In) || len(out.Output) != len(n.Out) {
		return fmt.Errorf("it has %d operands and %d outputs, the file %d and %d", len(n.In), len(n.Out), len(out.Input), len(out.Output))
	}
	if err := w.opaqueVersion(a); err != nil {
		return err
	}
	listed := len(out.Input) - len((&importer{free: map[*wire.Graph][]string{}}).capturedNames(out))
	rename := map[string]string{}
	for i, v := range n.In {
		rename[out.Input[i]] = w.value(v)
		out.Input[i] = w.value(v)
	}
	out.Input = out.Input[:listed]
	for _, g := range subgraphs(out) {
		renameFree(g, rename)
	}
	out.Name = w.nodeName(n)
	out.Output = w.results(n)
	w.add(out)
	for _, v := range n.Out {
		if v != nil && w.function == nil && (v.Type.DType.Valid() || !v.Type.IsTensor()) && w.pending[v] == "" {
			w.out.ValueInfo = append(w.out.ValueInfo, &wire.ValueInfo{Name: w.values[v], Type: WriteType(v.Type)})
		}
	}
	return nil
}

// opaqueVersion checks that the node means the same in the model being written.
func (w *writer) opaqueVersion(a *attr.Opaque) error {
	version := int64(a.Version)
	if a.Domain != "" {
		return w.domain(a.Domain, version)
	}
	if version != w.opset && sinceVersion(a.OpType, version) != sinceVersion(a.OpType, w.opset) {
		return &wrongOpset{w.opset, fmt.Sprintf("it was read at opset %d, and its operator has changed", version)}
	}
	return nil
}

// renameFree renames what g reads from around it.
func renameFree(g *wire.Graph, rename map[string]string) {
	bound := boundNames(g)
	inner := map[string]string{}
	for from, to := range rename {
		if !bound[from] {
			inner[from] = to
		}
	}
	for _, n := range g.Node {
		if n == nil {
			continue
		}
		for i, name := range n.Input {
			if to, ok := inner[name]; ok {
				n.Input[i] = to
			}
		}
		for _, sub := range subgraphs(n) {
			renameFree(sub, inner)
		}
	}
	for _, out := range g.Output {
		if to, ok := inner[out.Name]; ok {
			out.Name = to
		}
	}
}
