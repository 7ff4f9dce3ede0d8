package onnxtest

import (
	"strconv"
	"strings"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// Node makes a node; operands and outputs are lists of names parted by blanks,
// "_" being one that is left out.
func Node(name, in, out string, attributes ...*wire.Attribute) *wire.Node {
	return &wire.Node{OpType: name, Name: name, Input: Names(in), Output: Names(out), Attribute: attributes}
}

// Names parts a list of names; "_" is the empty one.
func Names(list string) []string {
	words := strings.Fields(list)
	for i, w := range words {
		if w == "_" {
			words[i] = ""
		}
	}
	return words
}

// In puts n into domain.
func In(domain string, n *wire.Node) *wire.Node {
	n.Domain = domain
	return n
}

// Int makes an attribute.
func Int(name string, i int64) *wire.Attribute {
	return &wire.Attribute{Name: name, Type: wire.AttributeInt, I: i}
}

// Ints makes an attribute that is a list.
func Ints(name string, list ...int64) *wire.Attribute {
	return &wire.Attribute{Name: name, Type: wire.AttributeInts, Ints: list}
}

// Float makes an attribute.
func Float(name string, f float32) *wire.Attribute {
	return &wire.Attribute{Name: name, Type: wire.AttributeFloat, F: f}
}

// Text makes an attribute.
func Text(name, s string) *wire.Attribute {
	return &wire.Attribute{Name: name, Type: wire.AttributeString, S: []byte(s)}
}

// Tensor makes an attribute.
func Tensor(name string, t *wire.Tensor) *wire.Attribute {
	return &wire.Attribute{Name: name, Type: wire.AttributeTensor, T: t}
}

// Body makes an attribute that is a subgraph.
func Body(name string, g *wire.Graph) *wire.Attribute {
	return &wire.Attribute{Name: name, Type: wire.AttributeGraph, G: g}
}

// Ref makes an attribute that is the attribute called to of the function.
func Ref(name, to string, t wire.AttributeType) *wire.Attribute {
	return &wire.Attribute{Name: name, Type: t, RefAttrName: to}
}

// Value declares a value of type "f32[2,n]"; a type without a bracket has no
// rank, "" says nothing.
func Value(name, typ string) *wire.ValueInfo {
	v := &wire.ValueInfo{Name: name}
	if typ == "" {
		return v
	}
	elem, shape, ranked := strings.Cut(strings.TrimSuffix(typ, "]"), "[")
	d, _ := tensor.ParseDType(elem)
	t := &wire.TensorType{ElemType: wire.DataType(d)}
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

// Values declares "x:f32[2] y:i64".
func Values(list string) []*wire.ValueInfo {
	var out []*wire.ValueInfo
	for _, part := range strings.Fields(list) {
		name, typ, _ := strings.Cut(part, ":")
		out = append(out, Value(name, typ))
	}
	return out
}

// Graph makes a graph with inputs as for Values and outputs by name.
func Graph(inputs, outputs string, nodes ...*wire.Node) *wire.Graph {
	return &wire.Graph{Name: "g", Input: Values(inputs), Output: Values(outputs), Node: nodes}
}

// Function makes a function of domain "local"; operands and outputs are as in Node.
func Function(name, in, out string, nodes ...*wire.Node) *wire.Function {
	return &wire.Function{
		Name: name, Domain: "local", Input: Names(in), Output: Names(out), Node: nodes,
		OpsetImport: []*wire.OperatorSetID{{Version: 18}, {Domain: "local", Version: 1}},
	}
}

// Call makes a node that calls a function of domain "local".
func Call(name, in, out string, attributes ...*wire.Attribute) *wire.Node {
	return In("local", Node(name, in, out, attributes...))
}

// Model makes a model of ai.onnx in version opset, with domain "local" for
// functions and version 1 of ai.parallax.
func Model(opset int64, g *wire.Graph, functions ...*wire.Function) *wire.Model {
	return &wire.Model{
		IRVersion: 10, Graph: g, Functions: functions,
		OpsetImport: []*wire.OperatorSetID{{Version: opset}, {Domain: "local", Version: 1}, {Domain: "ai.parallax", Version: 1}},
	}
}

// Int64s makes a tensor in the typed field.
func Int64s(name string, dims []int64, list ...int64) *wire.Tensor {
	return &wire.Tensor{Name: name, DataType: wire.Int64, Dims: dims, Int64Data: wire.PackVarints(list)}
}

// Floats makes a tensor in the typed field.
func Floats(name string, dims []int64, list ...float32) *wire.Tensor {
	return &wire.Tensor{Name: name, DataType: wire.Float, Dims: dims, FloatData: wire.PackFixed(list)}
}

// Bools makes a tensor in the typed field.
func Bools(name string, dims []int64, list ...int32) *wire.Tensor {
	return &wire.Tensor{Name: name, DataType: wire.Bool, Dims: dims, Int32Data: wire.PackVarints(list)}
}
