package onnx_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// again exports g and reads the bytes back.
func again(t *testing.T, g *ir.Graph, o onnx.ExportOptions) *ir.Graph {
	t.Helper()
	m, err := onnx.Export(g, o)
	if err != nil {
		t.Fatal(err)
	}
	b, err := wire.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = wire.Decode(b); err != nil {
		t.Fatal(err)
	}
	back, err := onnx.Import(m, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Verify(); err != nil {
		t.Fatal(err)
	}
	return back
}

// TestRoundTripFixtures: what is exported means what was imported, to the last
// attribute and type.
func TestRoundTripFixtures(t *testing.T) {
	for _, path := range models(t) {
		t.Run(strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), testdata+"/"), func(t *testing.T) {
			_, g := load(t, path)
			if diff := cmp.Diff(g.Canonical(), again(t, g, onnx.ExportOptions{}).Canonical()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOpsetChoice: the default opset is raised by newer operators, and lowered by
// opaque nodes of operators that changed since.
func TestOpsetChoice(t *testing.T) {
	x := graph("x:f32[2,3]", "z", node("Relu", "x", "z"))
	cases := []struct {
		name  string
		model *wire.Model
		asked int
		want  int64
		err   string
	}{
		{"default", model(11, x), 0, 21, ""},
		{"asked for", model(11, x), 13, 13, ""},
		{"too old", model(11, x), 12, 0, "opset 12 can't be written"},
		{"newer operator", model(23, graph("x:f32[2,3] s:f32[3]", "z", node("RMSNormalization", "x s", "z"))), 0, 23, ""},
		{"newer operator, old opset", model(24, graph("x:f32[2,3]", "z", node("Swish", "x", "z"))), 18, 0, `node "Swish" (Swish) of (f32[2,3]): it can't be written at opset 18`},
		{"newer operator with a decomposition", model(20, graph("x:f32[2,3]", "z", node("Gelu", "x", "z"))), 18, 18, ""},
		{"axes as an attribute", model(18, graph("x:f32[2,3]", "z", node("ReduceMax", "x", "z"))), 13, 13, ""},
		{"attribute of later", model(18, graph("x:f32[2,3]", "z", node("ReduceMax", "x", "z", integer("noop_with_empty_axes", 1)))), 13, 0, "no attribute noop_with_empty_axes"},
		{"element type of later", model(23, graph("x:f32[2,3] s:f32[] o:i16[]", "z", node("QuantizeLinear", "x s o", "z"))), 19, 0, "it has no elements of type int16 then"},
		{"type of later that others had", model(23, graph("x:i8[2,3] s:f16[]", "z", node("DequantizeLinear", "x s", "z"))), 18, 0, "it has no elements of type float16 then"},
		{"scale of another type", model(13, graph("x:i32[2,3] s:f32[]", "z", node("QuantizeLinear", "x s", "z"))), 0, 23, ""},
		{"scale of another type, later", model(13, graph("x:i32[2,3] s:f32[]", "z", node("QuantizeLinear", "x s", "z"))), 19, 0, "its scale has the type of its operand then, not float32"},
		{"opaque that hasn't changed", model(18, graph("x:f32[2,2]", "z", node("MaxRoiPool", "x x", "z"))), 0, 21, ""},
		{"opaque that changed", model(18, graph("x:f32[2,2]", "z", node("MaxUnpool", "x x", "z"), node("DeformConv", "x x x", "y"))), 0, 18, ""},
		{"opaque that changed, newer asked for", model(18, graph("x:f32[2,2]", "z", node("MaxUnpool", "x x", "z"))), 22, 0, "its operator has changed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m, err := onnx.Export(imported(t, c.model), onnx.ExportOptions{Opset: c.asked})
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := m.OpsetImport[0].Version; got != c.want {
				t.Errorf("opset %d, want %d", got, c.want)
			}
		})
	}
}

// TestExportUpgrades: every canonical form is written and read back, at every
// opset that can be written.
func TestExportUpgrades(t *testing.T) {
	for _, c := range upgrades {
		g := imported(t, model(c.opset, graph(c.inputs, "z", c.node)))
		written := 0
		for opset := 13; opset <= 27; opset++ {
			m, err := onnx.Export(g, onnx.ExportOptions{Opset: opset})
			if err != nil {
				if !strings.Contains(err.Error(), "can't be written at opset") {
					t.Errorf("%s at opset %d: %v", c.name, opset, err)
				}
				continue
			}
			written++
			if got := imported(t, m).Canonical(); g.Len() > 0 && !decomposed(g, m) && got != g.Canonical() {
				t.Errorf("%s at opset %d: %s", c.name, opset, cmp.Diff(g.Canonical(), got))
			}
		}
		if written == 0 {
			t.Errorf("%s can't be written at any opset", c.name)
		}
	}
}

// TestExportScopes: names stay apart, and regions read what is around them.
func TestExportScopes(t *testing.T) {
	for _, c := range scopes() {
		g := imported(t, c.model)
		back := again(t, g, onnx.ExportOptions{})
		if g.Canonical() != back.Canonical() && !strings.Contains(c.name, "pass") {
			t.Errorf("%s: %s", c.name, cmp.Diff(g.Canonical(), back.Canonical()))
		}
		for i := range g.Outputs() {
			if g.OutputName(i) != back.OutputName(i) {
				t.Errorf("%s: output %d is called %q, want %q", c.name, i, back.OutputName(i), g.OutputName(i))
			}
		}
	}
}

// TestOutputsThatAreNoNodes: constants, inputs and one value under two names.
func TestOutputsThatAreNoNodes(t *testing.T) {
	g := graph("x:f32[2]", "x w", node("Relu", "x", "z"))
	g.Initializer = []*wire.Tensor{floats("w", []int64{1}, 5)}
	made := imported(t, model(18, g))
	made.AddNamedOutput("first", made.First().Out[0])
	made.AddNamedOutput("second", made.First().Out[0])
	made.AddNamedOutput("copy", made.Inputs[0])
	back := again(t, made, onnx.ExportOptions{})
	var got []string
	for i := range back.Outputs() {
		got = append(got, back.OutputName(i))
	}
	if diff := cmp.Diff([]string{"x", "w", "first", "second", "copy"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestTypes: types are written and read as they are; only sizes known at run time
// are left open.
func TestTypes(t *testing.T) {
	fresh := func(axis int) sym.Dim { return sym.Symbol("open") }
	f32 := func(shape string) ir.Type {
		s, err := sym.ParseShape(shape)
		if err != nil {
			t.Fatal(err)
		}
		return ir.TensorOf(tensor.Float32, s)
	}
	for _, c := range []struct{ typ, want ir.Type }{
		{f32("[2,batch,2*seq+1]"), f32("[2,batch,2*seq+1]")},
		{f32("[u12_0]"), f32("[open]")},
		{ir.Unranked(tensor.Int64), ir.Unranked(tensor.Int64)},
		{ir.SequenceOf(f32("[2]")), ir.SequenceOf(f32("[2]"))},
		{ir.OptionalOf(f32("[]")), ir.OptionalOf(f32("[]"))},
		{ir.MapOf(tensor.String, f32("[2]")), ir.MapOf(tensor.String, f32("[2]"))},
	} {
		got, err := onnx.ReadType(onnx.WriteType(c.typ), fresh)
		if err != nil || !got.Equal(c.want) {
			t.Errorf("%s is read as %s, error %v", c.typ, got, err)
		}
	}
}

func TestInfo(t *testing.T) {
	m := model(18, graph("x:f32[2]", "x"), function("F", "a", "a"))
	m.ProducerName, m.MetadataProps = "maker", []*wire.StringStringEntry{{Key: "k", Value: "v"}}
	want := onnx.Info{Producer: "maker", IRVersion: 10, Opsets: map[string]int64{"": 18, "local": 1, "ai.parallax": 1},
		Metadata: map[string]string{"k": "v"}, Functions: []string{"local.F"}}
	if diff := cmp.Diff(want, onnx.ReadInfo(m)); diff != "" {
		t.Error(diff)
	}
	if got := again(t, imported(t, m), onnx.ExportOptions{}).Metadata["k"]; got != "v" {
		t.Errorf("metadata k is %q after a round trip", got)
	}
}

// TestSameNames: files repeat the names of nodes, and may repeat them often.
func TestSameNames(t *testing.T) {
	const n = 20000 // quadratic in time, this takes a minute
	nodes := make([]*wire.Node, n)
	for i := range nodes {
		nodes[i] = node("Neg", fmt.Sprint("v", i), fmt.Sprint("v", i+1))
	}
	g := imported(t, model(18, graph("v0:f32[2]", fmt.Sprint("v", n), nodes...)))
	start := time.Now()
	m, err := onnx.Export(g, onnx.ExportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("export took %v", took)
	}
	seen := map[string]bool{}
	for _, n := range m.Graph.Node {
		if seen[n.Name] {
			t.Fatalf("two nodes are called %q", n.Name)
		}
		seen[n.Name] = true
	}
}
