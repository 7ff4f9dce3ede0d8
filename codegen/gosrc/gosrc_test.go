package gosrc_test

import (
	"bytes"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/codegen/gosrc"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	. "github.com/parallax-go/parallax/tests/onnxtest"
)

// lower makes the program of a model, without passes.
func lower(t *testing.T, m *wire.Model) *codegen.Program {
	t.Helper()
	g, err := onnx.Import(m, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := codegen.Lower(g, codegen.Options{Catalog: catalog.New(), Target: kernels.CPU})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func emit(t *testing.T, m *wire.Model, o gosrc.Options) map[string]string {
	t.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "pkg")
	}
	list, err := gosrc.Emit(lower(t, m), o)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range list {
		files[f.Name] = string(f.Data)
	}
	return files
}

// named is a model of one node whose input, output, node and dim have odd names.
func named(name string) *wire.Model {
	g := &wire.Graph{Name: name, Input: []*wire.ValueInfo{Value(name, "f32[n,3]")}, Output: []*wire.ValueInfo{Value(name+"'", "")}}
	g.Input[0].Type.Tensor.Shape.Dim[0].Param = name
	g.Node = []*wire.Node{{OpType: "Neg", Name: name, Input: []string{name}, Output: []string{name + "'"}}}
	return Model(18, g)
}

// pairs is a model that adds inputs of these names.
func pairs(names ...string) *wire.Model {
	g := &wire.Graph{Name: "pairs", Output: Values("sum")}
	for _, name := range names {
		g.Input = append(g.Input, Value(name, "f32[2]"))
	}
	g.Node = []*wire.Node{{OpType: "Sum", Name: "sum", Input: names, Output: []string{"sum"}}}
	return Model(18, g)
}

func branch(nodes ...*wire.Node) *wire.Graph { return Graph("", "out", nodes...) }

// programs are models that show every part of the printed form.
func programs() map[string]*wire.Model {
	list := map[string]*wire.Model{
		"keywords":   pairs("type", "func", "range", "map", "error", "nil"),
		"digits":     pairs("1x", "2", "x.1", "x/1", "-"),
		"colliding":  pairs("x", "X", "x2", "X2", "_x", "x_", "x:0"),
		"unicode":    pairs("π", "输入", "ǅ", "é", "\u00a0", "🙂"),
		"own names":  pairs("Model", "Inputs", "tensor", "ctx", "context", "rt", "spec0", "weights", "attr0", "f", "c"),
		"no numbers": Model(18, Graph("", "z", Node("Constant", "", "z", Tensor("value", Floats("", []int64{2}, float32(math.Inf(-1)), float32(math.NaN())))))),
		"If": Model(18, Graph("c:bool[] x:f32[2]", "z", Node("If", "c", "z",
			Body("then_branch", branch(Node("If", "c", "out", Body("then_branch", branch(Node("Neg", "x", "out"))), Body("else_branch", branch(Node("Exp", "x", "out")))))),
			Body("else_branch", branch(Node("Abs", "x", "out")))))),
		"Loop": Model(18, Graph("n:i64[] c:bool[] x:f32[2]", "z s", Node("Loop", "n c x", "z s",
			Body("body", Graph("i:i64[] k:bool[] v:f32[2]", "k o o", Node("Add", "v x", "o")))))),
		"Scan": Model(18, Graph("s:f32[3] x:f32[5,3]", "z y", Node("Scan", "s x", "z y", Int("num_scan_inputs", 1), Ints("scan_input_directions", 1),
			Body("body", Graph("a:f32[3] b:f32[3]", "o p", Node("Add", "a b", "o"), Node("Neg", "b", "p")))))),
		"strings":    strings_(),
		"attributes": Model(18, Graph("x:f32[2,3]", "z", Node("LeakyRelu", "x", "y", Float("alpha", float32(math.NaN()))), Node("Elu", "y", "w", Float("alpha", float32(math.Inf(1)))), Node("Transpose", "w", "z", Ints("perm", 1, 0)))),
		"unknown":    Model(18, Graph("x:f32[n]", "z", Node("NonZero", "x", "i"), Node("Transpose", "i", "j"), Node("GatherND", "x j", "z"))),
	}
	for i, name := range []string{"math.Pi", "*/ attr.X /*", "a\nb", "nul\x00", "\xff\xfe", "\"quoted\"", "`raw`", "%d%s", strings.Repeat("long", 300), "//go:embed x", "\u202e"} {
		list[fmt.Sprintf("odd %d", i)] = named(name)
	}
	many := Graph("x:f32[n]", "z")
	for i := range 300 {
		many.Node = append(many.Node, Node("Neg", fmt.Sprintf("v%d", i), fmt.Sprintf("v%d", i+1)))
	}
	many.Input[0].Name, many.Output[0].Name = "v0", "v300"
	list["many steps"] = Model(18, many)
	return list
}

func strings_() *wire.Model {
	g := Graph("x:str[2]", "z", Node("Equal", "x w", "z"))
	g.Initializer = []*wire.Tensor{{Name: "w", DataType: wire.String, Dims: []int64{2}, StringData: [][]byte{[]byte("a\"\\\n`"), []byte("日本\xff")}}}
	return Model(19, g)
}

// TestEmit: what is printed parses, is formatted, and is the same twice.
func TestEmit(t *testing.T) {
	for name, m := range programs() {
		t.Run(name, func(t *testing.T) {
			files := emit(t, m, gosrc.Options{Package: "p"})
			for _, file := range []string{"model.go", "plan.go"} {
				text := []byte(files[file])
				if _, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ParseComments|parser.AllErrors); err != nil {
					t.Error(err)
				}
				if again, err := format.Source(text); err != nil || !bytes.Equal(again, text) {
					t.Errorf("%s is not formatted (%v)", file, err)
				}
			}
			for file, text := range emit(t, m, gosrc.Options{Package: "p"}) {
				if text != files[file] {
					t.Errorf("%s differs the second time", file)
				}
			}
			if len(files) != 3 || files["weights.bin"] == "" {
				t.Errorf("%d files", len(files))
			}
		})
	}
}

// TestBuild: all of it passes vet, in a module that requires this one.
func TestBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("builds packages")
	}
	_, self, _, _ := runtime.Caller(0)
	dir := t.TempDir()
	goMod := "module example.com/gen\n\ngo 1.25.0\n\nrequire github.com/parallax-go/parallax v0.0.0\n\nreplace github.com/parallax-go/parallax => " +
		filepath.ToSlash(filepath.Join(filepath.Dir(self), "..", "..")) + "\n"
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(goMod), 0o644); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range programs() {
		n++
		at := filepath.Join(dir, fmt.Sprintf("p%d", n))
		files, err := gosrc.Emit(lower(t, m), gosrc.Options{Dir: at})
		if err != nil {
			t.Fatal(err)
		}
		if err := gosrc.Write(at, files); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "vet", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off", "GOTOOLCHAIN=local")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
}

var fieldLine = regexp.MustCompile(`(?m)^\t(\S+) +\*tensor\.Tensor +// "`)

// TestNames: tensors become exported fields, each with a name of its own.
func TestNames(t *testing.T) {
	cases := []struct {
		inputs []string
		want   string
	}{
		{[]string{"input_ids", "attention_mask"}, "InputIds AttentionMask"},
		{[]string{"past_key_values.0.key", "past_key_values.10.value"}, "PastKeyValues0Key PastKeyValues10Value"},
		{[]string{"type", "1x", "-"}, "Type T1x T"},
		{[]string{"x", "X", "x2", "X2"}, "X X2 X22 X23"},
		{[]string{"π", "输入"}, "Π T输入"},
		{[]string{"keyValue", "key_value", "key.value"}, "KeyValue KeyValue2 KeyValue3"},
	}
	for _, c := range cases {
		text := emit(t, pairs(c.inputs...), gosrc.Options{Package: "p"})["model.go"]
		text, _, _ = strings.Cut(text, "type Outputs")
		var got []string
		for _, m := range fieldLine.FindAllStringSubmatch(text, -1) {
			got = append(got, m[1])
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q become %q, want %q", c.inputs, got, c.want)
		}
	}
}

// TestWeights: constants lie in one file, each once, on 64-byte boundaries;
// strings are in the source.
func TestWeights(t *testing.T) {
	g := Graph("x:f32[3]", "z", Node("Add", "x a", "b"), Node("Add", "b c", "d"), Node("Mul", "d a", "z"))
	g.Initializer = []*wire.Tensor{Floats("a", []int64{3}, 1, 2, 3), Floats("c", nil, 4)}
	files := emit(t, Model(18, g), gosrc.Options{Package: "p"})
	data := files["weights.bin"]
	want := string([]byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40})
	if len(data) != 64+4 || data[:12] != want || data[64:] != string([]byte{0, 0, 0x80, 0x40}) {
		t.Errorf("weights % x", data)
	}
	text := emit(t, strings_(), gosrc.Options{Package: "p"})["plan.go"]
	if !strings.Contains(text, `Strings: []string{"a\"\\\n`+"`"+`", "日本\xff"}`) {
		t.Error("the strings are not in the source")
	}
	if got := emit(t, pairs("x"), gosrc.Options{Package: "p"})["weights.bin"]; len(got) != 1 {
		t.Errorf("%d bytes of weights where there are none, want one: an empty file looks lost", len(got))
	}
}

// TestComments: a step says what it computes, in the words of the file.
func TestComments(t *testing.T) {
	g := Graph("x:f32[batch,4]", "probabilities", Node("Transpose", "x", "turned", Ints("perm", 1, 0)), Node("Softmax", "turned", "probabilities", Int("axis", 0)))
	text := emit(t, Model(18, g), gosrc.Options{Package: "p"})["model.go"]
	for _, want := range []string{
		"// Package p runs the ONNX model \"g\" on target cpu:",
		"// Transpose: turned f32[4,batch] = Transpose(x) {perm=[1,0]}",
		"// Softmax: probabilities f32[4,batch] = Softmax(turned)",
		"Probabilities *tensor.Tensor // \"probabilities\", f32[4,batch]",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
}
