package onnx_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// node makes a node; operands and outputs are lists of names parted by blanks,
// "_" being one that is left out.
func node(name, in, out string, attributes ...*wire.Attribute) *wire.Node {
	return &wire.Node{OpType: name, Name: name, Input: names(in), Output: names(out), Attribute: attributes}
}

func names(list string) []string {
	words := strings.Fields(list)
	for i, w := range words {
		if w == "_" {
			words[i] = ""
		}
	}
	return words
}

func in(domain string, n *wire.Node) *wire.Node {
	n.Domain = domain
	return n
}

func integer(name string, i int64) *wire.Attribute {
	return &wire.Attribute{Name: name, Type: wire.AttributeInt, I: i}
}

func integers(name string, list ...int64) *wire.Attribute {
	return &wire.Attribute{Name: name, Type: wire.AttributeInts, Ints: list}
}

func float(name string, f float32) *wire.Attribute {
	return &wire.Attribute{Name: name, Type: wire.AttributeFloat, F: f}
}

func text(name, s string) *wire.Attribute {
	return &wire.Attribute{Name: name, Type: wire.AttributeString, S: []byte(s)}
}

func tensorOf(name string, t *wire.Tensor) *wire.Attribute {
	return &wire.Attribute{Name: name, Type: wire.AttributeTensor, T: t}
}

func body(name string, g *wire.Graph) *wire.Attribute {
	return &wire.Attribute{Name: name, Type: wire.AttributeGraph, G: g}
}

func reference(name, to string, t wire.AttributeType) *wire.Attribute {
	return &wire.Attribute{Name: name, Type: t, RefAttrName: to}
}

// value declares a value of type "f32[2,n]"; a type without a bracket has no
// rank, "" says nothing.
func value(name, typ string) *wire.ValueInfo {
	v := &wire.ValueInfo{Name: name}
	if typ == "" {
		return v
	}
	elem, shape, ranked := strings.Cut(strings.TrimSuffix(typ, "]"), "[")
	t := &wire.TensorType{ElemType: elements[elem]}
	v.Type = &wire.Type{Tensor: t}
	if !ranked {
		return v
	}
	t.Shape = &wire.TensorShape{}
	for _, d := range strings.FieldsFunc(shape, func(c rune) bool { return c == ',' }) {
		dim := &wire.Dim{Kind: wire.DimParam, Param: d}
		if n, err := strconv.ParseInt(d, 10, 64); err == nil {
			dim.Kind, dim.Value, dim.Param = wire.DimValue, n, ""
		}
		if d == "?" {
			dim.Kind, dim.Param = wire.DimAbsent, ""
		}
		t.Shape.Dim = append(t.Shape.Dim, dim)
	}
	return v
}

var elements = map[string]wire.DataType{
	"f32": wire.Float, "f16": wire.Float16, "i64": wire.Int64, "i32": wire.Int32, "u8": wire.Uint8, "bool": wire.Bool, "str": wire.String,
}

// values declares "x:f32[2], y:i64".
func values(list string) []*wire.ValueInfo {
	var out []*wire.ValueInfo
	for _, part := range strings.Fields(list) {
		name, typ, _ := strings.Cut(part, ":")
		out = append(out, value(name, typ))
	}
	return out
}

// graph makes a graph with inputs as for values and outputs by name.
func graph(inputs, outputs string, nodes ...*wire.Node) *wire.Graph {
	return &wire.Graph{Name: "g", Input: values(inputs), Output: values(outputs), Node: nodes}
}

func model(opset int64, g *wire.Graph, functions ...*wire.Function) *wire.Model {
	return &wire.Model{
		IRVersion: 10, Graph: g, Functions: functions,
		OpsetImport: []*wire.OperatorSetID{{Version: opset}, {Domain: "local", Version: 1}},
	}
}

func int64s(name string, dims []int64, list ...int64) *wire.Tensor {
	return &wire.Tensor{Name: name, DataType: wire.Int64, Dims: dims, Int64Data: wire.PackVarints(list)}
}

func floats(name string, dims []int64, list ...float32) *wire.Tensor {
	return &wire.Tensor{Name: name, DataType: wire.Float, Dims: dims, FloatData: wire.PackFixed(list)}
}

func bools(name string, dims []int64, list ...int32) *wire.Tensor {
	return &wire.Tensor{Name: name, DataType: wire.Bool, Dims: dims, Int32Data: wire.PackVarints(list)}
}

// imported imports and verifies m.
func imported(t *testing.T, m *wire.Model) *ir.Graph {
	t.Helper()
	g, err := onnx.Import(m, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Verify(); err != nil {
		t.Fatal(err)
	}
	return g
}

// brief prints the nodes of g in one line: constants in place, values by the
// letters a, b, … in the order of the nodes.
func brief(g *ir.Graph) string {
	known := map[*ir.Value]string{}
	for _, v := range g.Inputs {
		known[v] = v.Name
	}
	ref := func(v *ir.Value) string {
		switch {
		case v == nil:
			return "_"
		case v.Const != nil:
			return literal(v)
		case known[v] == "":
			known[v] = string(rune('a' + len(known) - len(g.Inputs)))
		}
		return known[v]
	}
	var parts []string
	for n := range g.Nodes() {
		var args []string
		for _, v := range n.In {
			args = append(args, ref(v))
		}
		var outs []string
		for _, v := range n.Out {
			outs = append(outs, ref(v))
		}
		s := fmt.Sprintf("%s = %s(%s)", strings.Join(outs, ","), n.Op.Name, strings.Join(args, ", "))
		if a := attr.Format(n.Attr); a != "" {
			s += " {" + a + "}"
		}
		for _, r := range n.Regions {
			s += " {" + brief(r) + "}"
		}
		parts = append(parts, s)
	}
	var outs []string
	for _, v := range g.Outputs() {
		outs = append(outs, ref(v))
	}
	return strings.Join(append(parts, "→ "+strings.Join(outs, ", ")), "; ")
}

func literal(v *ir.Value) string {
	parts := make([]string, v.Const.Len())
	for i := range parts {
		parts[i] = v.Const.FormatElem(i)
	}
	s := strings.Join(parts, " ")
	if v.Const.Rank() > 0 {
		s = "[" + s + "]"
	}
	return s
}
