package cli

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/passes"
)

const fixture = "../../tests/testdata/models/bert_sdpa"

// wrongScale spoils the first fused node.
var wrongScale = passes.Pass{Name: "wrong", Doc: "of this test", Run: func(_ *passes.Context, g *ir.Graph) error {
	for n := range g.All() {
		if n.Op == op.Parallax {
			n.Attr.(*attr.Attention).Scale *= 2
			return nil
		}
	}
	return nil
}}

// TestFirstDifference spoils a model: the first value that differs must be what
// the spoiled node makes, and each node is still what it says it is.
func TestFirstDifference(t *testing.T) {
	all := func(tensor.DType) tolerance { return tolerance{1e-3, 1e-4} }
	trace := &valueTrace{}
	values := &valueWatch{trace: trace, tolerance: all}
	nodes := &nodeWatch{target: kernels.CPU, tolerance: all}
	spoiled, err := parallax.Load(fixture+"/model.onnx", parallax.WithPass("tidy", wrongScale), parallax.WithProfile(func(s parallax.Step) {
		values.step(s)
		nodes.step(s)
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer spoiled.Close()
	right, err := parallax.Load(fixture+"/model.onnx", append(asUnfused(), parallax.WithProfile(trace.step))...)
	if err != nil {
		t.Fatal(err)
	}
	defer right.Close()
	set, err := readDataSet(filepath.Join(fixture, "test_data_set_0"), portNames(right.Inputs()), portNames(right.Outputs()))
	if err != nil {
		t.Fatal(err)
	}
	trace.begin(spoiled.Program())
	if _, err := right.Run(t.Context(), set.inputs); err != nil {
		t.Fatal(err)
	}
	values.begin()
	nodes.begin(t.Context(), spoiled.Remarks())
	if _, err := spoiled.Run(t.Context(), set.inputs); err != nil {
		t.Fatal(err)
	}
	d := values.end()
	if d.First == nil || d.First.Value != "view_4" || d.First.Operator != "ai.parallax.Parallax" || d.First.Index == nil || d.First.Got == d.First.Want {
		t.Errorf("the first difference is %+v", d.First)
	}
	if d.Diverged == 0 || d.Diverged >= d.Compared {
		t.Errorf("%d of %d values differ", d.Diverged, d.Compared)
	}
	if values.begin(); d.Compared == 0 {
		t.Error("what was found is gone with the next run")
	}
	found, err := nodes.end()
	if err != nil || len(found) != 2 {
		t.Fatalf("%d nodes, error %v", len(found), err)
	}
	for _, n := range found {
		if !n.OK || n.Anchor == "" || n.Runs != 1 || n.MaxULP == 0 {
			t.Errorf("%+v", n)
		}
	}
}

// TestWorstOfLoop keeps the run of a node that is furthest off.
func TestWorstOfLoop(t *testing.T) {
	w := &nodeWatch{anchors: map[string]string{"n": "softmax"}}
	step := parallax.Step{Name: "n", Kernel: "cpu.Parallax"}
	for _, c := range []comparison{
		{Name: "o", OK: true, MaxAbs: 1e-7}, {Name: "o", OK: true, MaxAbs: 3e-7}, {Name: "o", MaxAbs: 1}, {Name: "o", OK: true, MaxAbs: 2},
	} {
		w.add(step, c)
	}
	want := []nodeComparison{{"n", "softmax", "cpu.Parallax", 4, comparison{Name: "o", MaxAbs: 1}}}
	if diff := cmp.Diff(want, w.found, cmp.AllowUnexported(nodeComparison{})); diff != "" {
		t.Error(diff)
	}
}

// TestOperandRoles names every operand there can be.
func TestOperandRoles(t *testing.T) {
	a := attr.New[attr.Attention]()
	a.HasProbe, a.Biases, a.Masks, a.HasPast, a.HasRanges, a.HasSink = true, 2, 1, true, true, true
	want := []string{"query", "key", "value", "probe r", "bias 0", "bias 1", "mask", "past keys", "past values", "first keys", "key counts", "sink"}
	if diff := cmp.Diff(want, operandRoles(a)); diff != "" {
		t.Error(diff)
	}
}
