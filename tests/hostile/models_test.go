package hostile

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/onnx/wire"
	. "github.com/parallax-go/parallax/tests/onnxtest"
)

// badModel is a model that is refused, and what the message says.
type badModel struct {
	name  string
	model *wire.Model
	want  []string
}

func weigh(t *wire.Tensor) *wire.Model {
	g := Graph("x:f32[2]", "z", Node("Add", "x w", "z"))
	g.Initializer = []*wire.Tensor{t}
	return Model(18, g)
}

// with adds initializers.
func with(g *wire.Graph, list ...*wire.Tensor) *wire.Model {
	g.Initializer = list
	return Model(18, g)
}

func branch(nodes ...*wire.Node) *wire.Graph { return Graph("", "out", nodes...) }

// doubling is a model whose functions call the next one twice each: 2^levels nodes.
func doubling(levels int) *wire.Model {
	var list []*wire.Function
	for i := range levels {
		next := fmt.Sprintf("F%d", i+1)
		list = append(list, Function(fmt.Sprintf("F%d", i), "a", "b", Call(next, "a", "t"), Call(next, "t", "b")))
	}
	list = append(list, Function(fmt.Sprintf("F%d", levels), "a", "b", Node("Neg", "a", "b")))
	return Model(18, Graph("x:f32[2]", "z", Call("F0", "x", "z")), list...)
}

// nested is a model of Ifs within each other.
func nested(levels int) *wire.Model {
	inner := branch(Node("Neg", "x", "out"))
	for range levels {
		inner = branch(Node("If", "c", "out", Body("then_branch", inner), Body("else_branch", branch(Node("Exp", "x", "out")))))
	}
	return Model(18, Graph("c:bool[] x:f32[2]", "z",
		Node("If", "c", "z", Body("then_branch", inner), Body("else_branch", branch(Node("Exp", "x", "out"))))))
}

func external(location string, entries ...string) *wire.Tensor {
	t := &wire.Tensor{Name: "w", DataType: wire.Float, Dims: []int64{2}, DataLocation: wire.LocationExternal,
		ExternalData: []*wire.StringStringEntry{{Key: "location", Value: location}}}
	for i := 0; i < len(entries); i += 2 {
		t.ExternalData = append(t.ExternalData, &wire.StringStringEntry{Key: entries[i], Value: entries[i+1]})
	}
	return t
}

// wrong are models that mean nothing.
func wrong() []badModel {
	graph := func(in, out string, nodes ...*wire.Node) *wire.Model { return Model(18, Graph(in, out, nodes...)) }
	return []badModel{
		{"no graph", &wire.Model{}, []string{"no graph"}},
		{"cycle", graph("x:f32[2]", "z", Node("Add", "x b", "a"), Node("Neg", "a", "b"), Node("Exp", "b", "z")), []string{`"Add"`, "its own output"}},
		{"cycle through a body", graph("c:bool[] x:f32[2]", "z", Node("If", "c", "z",
			Body("then_branch", branch(Node("Neg", "z", "out"))), Body("else_branch", branch(Node("Neg", "x", "out"))))), []string{"its own output"}},
		{"name defined twice", graph("x:f32[2]", "z", Node("Neg", "x", "z"), Node("Exp", "x", "z")), []string{`"Exp"`, `"z"`}},
		{"undefined name", graph("x:f32[2]", "z", Node("Add", "x y", "z")), []string{`"Add"`, `"y"`}},
		{"ranks", graph("x:f32[2,3] y:f32[4,5]", "z", Node("MatMul", "x y", "z")), []string{`"MatMul"`, "f32[2,3]", "f32[4,5]"}},
		{"transposed too far", graph("x:f32[2,3]", "z", Node("Transpose", "x", "z", Ints("perm", 0, 1, 2))), []string{`"Transpose"`}},
		{"axis out of range", graph("x:f32[2,3]", "z", Node("Softmax", "x", "z", Int("axis", 7))), []string{`"Softmax"`, "7"}},
		{"negative input size", graph("x:f32[-3]", "z", Node("Neg", "x", "z")), []string{`"x"`, "-3"}},
		{"attribute of another type", graph("x:f32[2]", "z", Node("Softmax", "x", "z", Float("axis", 1))), []string{`"Softmax"`, "axis", "FLOAT"}},
		{"attribute unknown", graph("x:f32[2]", "z", Node("Softmax", "x", "z", Int("axes", 1))), []string{`"Softmax"`, "axes"}},
		{"cast to nothing", graph("x:f32[2]", "z", Node("Cast", "x", "z", Int("to", 1<<40))), []string{`"Cast"`}},
		{"declared otherwise", graph("x:f32[2]", "z:i64[2]", Node("Neg", "x", "z")), []string{`"z"`, "i64[2]"}},
		{"unknown operators", graph("x:f32[2]", "z", Node("Frobnicate", "x", "y"), Node("Mangle", "y", "z")), []string{"Frobnicate", "Mangle"}},
		{"recursion", Model(18, Graph("x:f32[2]", "z", Call("F", "x", "z")),
			Function("F", "a", "b", Call("G", "a", "b")), Function("G", "a", "b", Call("F", "a", "b"))), []string{"calls itself", "local.F"}},
		{"Ifs without end", nested(60), []string{"deep"}},

		{"initializer too short", weigh(Floats("w", []int64{3}, 1, 2)), []string{`"w"`, "[3]"}},
		{"initializer too long", weigh(Floats("w", []int64{1}, 1, 2)), []string{`"w"`, "[1]"}},
		{"raw data too short", weigh(&wire.Tensor{Name: "w", DataType: wire.Float, Dims: []int64{2}, RawData: []byte{1}}), []string{`"w"`, "8 bytes"}},
		{"initializer of negative size", weigh(Floats("w", []int64{-2}, 1)), []string{`"w"`, "-2"}},
		{"initializer of 2^60", weigh(Floats("w", []int64{1 << 60}, 1)), []string{`"w"`}},
		{"initializer of 2^60 on two axes", weigh(Floats("w", []int64{1 << 30, 1 << 30}, 1)), []string{`"w"`}},
		{"initializer of 2^40", weigh(Floats("w", []int64{1 << 40}, 1)), []string{`"w"`}},
		{"initializer without type", weigh(&wire.Tensor{Name: "w", DataType: 77}), []string{`"w"`, "77"}},

		{"external data missing", weigh(external("w.bin")), []string{`"w"`, "w.bin"}},
		{"external data outside", weigh(external("../w.bin")), []string{`"w"`, "../w.bin"}},
		{"external data outside, further down", weigh(external("a/../../w.bin")), []string{`"w"`}},
		{"external data absolute", weigh(external("/etc/hostname")), []string{`"w"`, "/etc/hostname"}},
		{"external data on a drive", weigh(external(`C:\w.bin`)), []string{`"w"`}},
		{"external data of negative length", weigh(external("w.bin", "length", "-7")), []string{`"w"`}},
		{"external data at the end of the world", weigh(external("model.onnx", "offset", "9223372036854775800")), []string{`"w"`}},
	}
}

// TestWrongModels: every command refuses them, and writes nothing.
func TestWrongModels(t *testing.T) {
	for _, c := range wrong() {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, c.model)
			parallax(nil, "run", path, "--fill", "ones").refused(t, 3, append(c.want, "model.onnx")...)
			parallax(nil, "verify", path, "--fill", "ones", "--against", "ref").refused(t, 3, c.want...)
			out := filepath.Join(t.TempDir(), "out")
			parallax(nil, "compile", path, "-o", out).refused(t, 3, c.want...)
			nothingAt(t, out)
		})
	}
}

// TestExpansion: functions that would expand to 2^60 nodes end at the limit of
// nodes, which leaves room for the largest graphs that there are.
func TestExpansion(t *testing.T) {
	o := parallax(nil, "inspect", write(t, doubling(60)))
	if o.code != 3 || !strings.Contains(o.stderr, "too many nodes") || o.allocated > 1<<30 || o.took > patience {
		t.Errorf("exit code %d, %d MiB, %s: %s", o.code, o.allocated>>20, o.took, o.stderr)
	}
}

// nothingAt checks that neither path nor anything beside it was made.
func nothingAt(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("%s is left", e.Name())
	}
}

// hugeModel is a model that would need more memory than there is.
type hugeModel struct {
	name  string
	model *wire.Model
	args  []string
}

// huge are models whose tensors would be larger than any machine.
func huge() []hugeModel {
	const most = 1 << 60
	sizes := Int64s("n", []int64{1}, most)
	one := Floats("one", nil, 1)
	value := Tensor("value", Floats("", []int64{1}, 1))
	limited := []string{"--max-memory", "8000000"}
	number := func(name string, n int64) *wire.Tensor { return Int64s(name, nil, n) }
	return []hugeModel{
		{"ConstantOfShape", with(Graph("", "z", Node("ConstantOfShape", "n", "z", value)), sizes), nil},
		{"ConstantOfShape of 2^36", with(Graph("", "z", Node("ConstantOfShape", "n", "z", value)), Int64s("n", []int64{1}, 1<<36)), nil},
		{"ConstantOfShape, then a scalar", with(Graph("", "z", Node("ConstantOfShape", "n", "y", value), Node("ReduceSum", "y", "z", Int("keepdims", 0))), sizes), nil},
		{"Expand", with(Graph("x:f32[1]", "z", Node("Expand", "x n", "z")), sizes), nil},
		{"Expand on two axes", with(Graph("x:f32[1]", "z", Node("Expand", "x n", "z")), Int64s("n", []int64{2}, 1<<40, 1<<40)), nil},
		{"Tile", with(Graph("x:f32[1]", "z", Node("Tile", "x n", "z")), sizes), nil},
		{"Tile of nothing known", with(Graph("x:f32[m]", "z", Node("Tile", "x n", "z")), sizes), nil},
		{"Pad", with(Graph("x:f32[1]", "z", Node("Pad", "x n", "z")), Int64s("n", []int64{2}, 0, most)), nil},
		{"Pad to less than nothing", with(Graph("x:f32[1]", "z", Node("Pad", "x n", "z")), Int64s("n", []int64{2}, 0, -most)), nil},
		{"Range", with(Graph("", "z", Node("Range", "a n d", "z")), number("a", 0), number("n", most), number("d", 1)), nil},
		{"Range over everything", with(Graph("", "z", Node("Range", "a n d", "z")), number("a", math.MinInt64), number("n", math.MaxInt64), number("d", 1)), nil},
		{"OneHot", with(Graph("i:i64[2]", "z", Node("OneHot", "i n v", "z")), sizes, Floats("v", []int64{2}, 0, 1)), nil},
		{"Resize", with(Graph("x:f32[1,1,1,1]", "z", Node("Resize", "x _ _ n", "z")), Int64s("n", []int64{4}, 1, 1, 1<<30, 1<<30)), nil},
		{"Reshape", with(Graph("x:f32[4]", "z", Node("Reshape", "x n", "z")), Int64s("n", []int64{2}, 1<<40, 1<<40)), nil},
		{"Reshape that wraps round to 0", with(Graph("x:f32[4]", "z", Node("Reshape", "x n", "z")), Int64s("n", []int64{2}, 1<<32, 1<<32)), nil},
		{"MatMul of expanded", with(Graph("x:f32[1,1]", "z", Node("Expand", "x n", "y"), Node("Transpose", "y", "t"), Node("MatMul", "y t", "z")),
			Int64s("n", []int64{2}, 1<<31, 1)), nil},
		{"Gather of expanded", with(Graph("x:f32[1]", "z", Node("Expand", "x n", "y"), Node("Gather", "y i", "z")), sizes, number("i", 0)), nil},
		{"input", Model(18, Graph("x:f32[1152921504606846976]", "z", Node("Neg", "x", "z"))), nil},
		{"input of too many dims", Model(18, Graph("x:f32["+strings.Repeat("2,", 60)+"2]", "z", Node("Neg", "x", "z"))), nil},
		{"Loop that grows", with(Graph("x:f32[2]", "z", Node("Loop", "m _ x", "z", Body("body",
			Graph("i:i64[] k:bool[] v:f32", "k o", Node("Concat", "v v", "o", Int("axis", 0)))))), number("m", 60)), limited},
		{"Loop that fills", with(Graph("x:f32[2]", "z s", Node("Loop", "m _ x", "z s", Body("body",
			Graph("i:i64[] k:bool[] v:f32", "k o y", Node("Identity", "v", "o"), Node("Expand", "one n", "y"))))), number("m", 5), one, sizes), limited},
	}
}

// TestHugeModels: no more is allocated than what a small model takes.
func TestHugeModels(t *testing.T) {
	for _, c := range huge() {
		for _, passes := range []string{"std", "none"} {
			t.Run(c.name+"/"+passes, func(t *testing.T) {
				path := write(t, c.model)
				for _, target := range []string{"cpu", "ref"} {
					args := append([]string{"run", path, "--fill", "ones", "--passes", passes, "--target", target}, c.args...)
					o := parallax(nil, args...)
					if !slices.Contains([]int{3, 4}, o.code) {
						t.Errorf("target %s", target)
					}
					o.refused(t, o.code)
				}
				out := filepath.Join(t.TempDir(), "out")
				o := parallax(nil, "compile", path, "-o", out, "--passes", passes)
				if o.code == 0 {
					return // it fails when it runs
				}
				o.refused(t, 3)
				nothingAt(t, out)
			})
		}
	}
}
