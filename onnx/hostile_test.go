package onnx_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// withInitializer is a model that adds t, called w, to its input.
func withInitializer(t *wire.Tensor) *wire.Model {
	g := graph("x:f32[2]", "z", node("Add", "x w", "z"))
	g.Initializer = []*wire.Tensor{t}
	return model(18, g)
}

func external(location string, entries ...string) *wire.Tensor {
	t := &wire.Tensor{Name: "w", DataType: wire.Float, Dims: []int64{2}, DataLocation: wire.LocationExternal,
		ExternalData: []*wire.StringStringEntry{{Key: "location", Value: location}}}
	for i := 0; i < len(entries); i += 2 {
		t.ExternalData = append(t.ExternalData, &wire.StringStringEntry{Key: entries[i], Value: entries[i+1]})
	}
	return t
}

// doubling is a model whose functions call the next one twice each.
func doubling(levels int) *wire.Model {
	var list []*wire.Function
	for i := range levels {
		next := fmt.Sprintf("F%d", i+1)
		list = append(list, function(fmt.Sprintf("F%d", i), "a", "b", call(next, "a", "t"), call(next, "t", "b")))
	}
	list = append(list, function(fmt.Sprintf("F%d", levels), "a", "b", node("Neg", "a", "b")))
	return model(18, graph("x:f32[2]", "z", call("F0", "x", "z")), list...)
}

func deep(levels int) *wire.Model {
	var list []*wire.Function
	for i := range levels {
		list = append(list, function(fmt.Sprintf("F%d", i), "a", "b", call(fmt.Sprintf("F%d", i+1), "a", "b")))
	}
	list = append(list, function(fmt.Sprintf("F%d", levels), "a", "b", node("Neg", "a", "b")))
	return model(18, graph("x:f32[2]", "z", call("F0", "x", "z")), list...)
}

// TestBadModels: what is wrong is said, with its place.
func TestBadModels(t *testing.T) {
	duplicates := graph("x:f32[2]", "z", node("Relu", "x", "z"))
	duplicates.Initializer = []*wire.Tensor{floats("w", []int64{1}, 1), floats("w", []int64{1}, 1)}

	cases := []struct {
		name  string
		model *wire.Model
		want  string
	}{
		{"no graph", &wire.Model{}, "the model has no graph"},
		{"undefined name", model(18, graph("x:f32[2]", "z", node("Add", "x y", "z"))), `node "Add" (Add): it reads "y", which nothing defines`},
		{"undefined output", model(18, graph("x:f32[2]", "z")), `output "z" of graph "g" is not defined`},
		{"cycle", model(18, graph("x:f32[2]", "z", node("Add", "x b", "a"), node("Neg", "a", "b"), node("Exp", "b", "z"))), "the node depends on its own output"},
		{"cycle through a subgraph", model(18, graph("c:bool[] x:f32[2]", "z", node("If", "c", "z",
			body("then_branch", branch(node("Neg", "z", "out"))), body("else_branch", branch(node("Neg", "x", "out")))))), "the node depends on its own output"},
		{"name defined twice", model(18, graph("x:f32[2]", "z", node("Neg", "x", "z"), node("Exp", "x", "z"))), `node "Exp" (Exp): it defines "z", which is defined already`},
		{"input defined again", model(18, graph("x:f32[2]", "x", node("Neg", "x", "x"))), `it defines "x", which is defined already`},
		{"inputs of one name", model(18, graph("x:f32[2] x:f32[2]", "x")), `two inputs called "x"`},
		{"initializers of one name", model(18, duplicates), `two initializers called "w"`},
		{"negative input size", model(18, graph("x:f32[-3]", "x")), `input "x": axis 0 has size -3`},
		{"wrong ranks", model(18, graph("x:f32[2,3] y:f32[4,5]", "z", node("MatMul", "x y", "z"))), `node "MatMul" (MatMul) of (f32[2,3], f32[4,5])`},
		{"operand missing", model(18, graph("x:f32[2]", "z", node("Add", "x", "z"))), `node "Add" (Add)`},
		{"declared output type", model(18, graph("x:f32[2]", "z:i64[2]", node("Neg", "x", "z"))), `output "z" is declared as i64[2], and is f32[2]`},
		{"attribute type", model(18, graph("x:f32[2]", "z", node("Softmax", "x", "z", float("axis", 1)))), "attribute axis is of type FLOAT, want INT"},
		{"attribute twice", model(18, graph("x:f32[2]", "z", node("Softmax", "x", "z", integer("axis", 0), integer("axis", 0)))), "attribute axis is given twice"},
		{"attribute and operand", model(11, graph("x:f32[2] k:i64[1]", "z", node("Squeeze", "x k", "z", integers("axes", 0)))), "attribute axes is given, and operand 1 too"},
		{"attribute reference outside", model(18, graph("x:f32[2]", "z", node("Softmax", "x", "z", reference("axis", "a", wire.AttributeInt)))), "outside of any"},
		{"cast to nothing", model(18, graph("x:f32[2]", "z", node("Cast", "x", "z", integer("to", 1<<40)))), "which is no element type"},
		{"missing branch", model(18, graph("c:bool[]", "z", node("If", "c", "z"))), "attribute then_branch has to be a graph"},
		{"constant without contents", model(18, graph("", "z", node("Constant", "", "z"))), "0 attributes, want one"},

		{"short data", withInitializer(floats("w", []int64{2}, 1)), `tensor "w": float_data: shape [2] of float32 needs 8 bytes, there are 4`},
		{"short raw data", withInitializer(&wire.Tensor{Name: "w", DataType: wire.Float, Dims: []int64{2}, RawData: []byte{1}}), "needs 8 bytes, there are 1"},
		{"negative dim", withInitializer(floats("w", []int64{-2}, 1)), `tensor "w": axis 0 has size -2`},
		{"2^60 elements", withInitializer(floats("w", []int64{1 << 30, 1 << 30}, 1)), "too many elements"},
		{"2^40 elements", withInitializer(floats("w", []int64{1 << 40}, 1)), "needs 4398046511104 bytes, there are 4"},
		{"no element type", withInitializer(&wire.Tensor{Name: "w", DataType: 77}), "element type 77 is not known"},
		{"sparse of 2^40", func() *wire.Model {
			m := withInitializer(floats("v", []int64{1}, 1))
			m.Graph.SparseInitializer = []*wire.SparseTensor{{Values: floats("w", []int64{1}, 1), Indices: int64s("", []int64{1}, 0), Dims: []int64{1 << 40}}}
			return m
		}(), `sparse tensor "w": shape`},
		{"sparse index", func() *wire.Model {
			m := withInitializer(floats("v", []int64{1}, 1))
			m.Graph.SparseInitializer = []*wire.SparseTensor{{Values: floats("w", []int64{1}, 1), Indices: int64s("", []int64{1}, 9), Dims: []int64{2}}}
			return m
		}(), "index 9 is out of range for size 2"},

		{"external without a folder", withInitializer(external("w.bin")), "no folder was given"},
		{"external absolute", withInitializer(external("/etc/passwd")), "want a path below the model's folder"},
		{"external parent", withInitializer(external("a/../../w.bin")), "want a path below the model's folder"},
		{"external length", withInitializer(external("w.bin", "length", "7")), "external data of 7 bytes, the shape needs 8"},

		{"recursion", model(18, graph("x:f32[2]", "z", call("F", "x", "z")), function("F", "a", "b", call("G", "a", "b")), function("G", "a", "b", call("F", "a", "b"))),
			"the function calls itself: local.F → local.G → local.F"},
		{"two functions of one name", model(18, graph("x:f32[2]", "x"), function("F", "", ""), function("F", "", "")), "two functions local.F"},
		{"too many arguments", model(18, graph("x:f32[2]", "z", call("F", "x x", "z")), function("F", "a", "b", node("Neg", "a", "b"))), "the call has 2 operands"},
		{"function without its output", model(18, graph("x:f32[2]", "z", call("F", "x", "z")), function("F", "a", "b")), `the function's output "b" is not defined`},
		{"exponential functions", doubling(60), "too many nodes"},
		{"deep functions", deep(100000), "nested more than 100 deep"},
		{"loop body of other inputs", model(18, graph("n:i64[] x:f32[2]", "z", node("Loop", "n _ x", "z", body("body", graph("i:i64[]", "i"))))), "has 1 inputs, want 3"},
		{"scan of nothing", model(18, graph("x:f32[2]", "z", node("Scan", "x", "z", integer("num_scan_inputs", -1), body("body", graph("", ""))))), "num_scan_inputs is -1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g, err := onnx.Import(c.model, onnx.Options{})
			if err == nil {
				t.Fatalf("imported as %s", brief(g))
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestErrorsNamePlaces: an error at a node is typed.
func TestErrorsNamePlaces(t *testing.T) {
	_, err := onnx.Import(model(18, graph("x:f32[2] y:f32[3]", "z", node("Add", "x y", "z"))), onnx.Options{})
	var e *ir.Error
	if !errors.As(err, &e) || e.Node != "Add" || e.Op != "Add" || len(e.Inputs) != 2 {
		t.Errorf("error %#v", err)
	}
}

// TestBlankDim: a dim whose name is blank has none.
func TestBlankDim(t *testing.T) {
	g := graph("x:f32[n]", "z", node("Neg", "x", "z"))
	g.Input[0].Type.Tensor.Shape.Dim[0].Param = " "
	if got := imported(t, model(18, g)).Inputs[0].Type.String(); got != "f32[x_dim0]" {
		t.Errorf("x is %s", got)
	}
}

// TestNodeLimit: the limit counts nodes after expansion, and a loop's rounds.
func TestNodeLimit(t *testing.T) {
	if _, err := onnx.Import(doubling(3), onnx.Options{MaxNodes: 23}); err != nil {
		t.Error(err)
	}
	if _, err := onnx.Import(doubling(3), onnx.Options{MaxNodes: 22}); err == nil {
		t.Error("15 calls and 8 nodes pass a limit of 22")
	}
}

// TestLongNames: names of nested calls stay short, however long each is.
func TestLongNames(t *testing.T) {
	m := doubling(3)
	for _, f := range m.Functions {
		for _, n := range f.Node {
			n.Name = strings.Repeat("long", 200)
		}
	}
	for n := range imported(t, m).Nodes() {
		if len(n.Name) > 500 || len(n.Out[0].Name) > 500 {
			t.Fatalf("a name of %d bytes", len(n.Name))
		}
	}
}
