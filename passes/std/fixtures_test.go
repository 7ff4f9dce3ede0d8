package std

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/expandattn"
	"github.com/parallax-go/parallax/tests/models"
)

// expectation is what case.json says of a model.
type expectation struct {
	Attention   int     `json:"attention"`
	Optional    int     `json:"optional"`
	Parallax    int     `json:"parallax"`
	ParallaxMax *int    `json:"parallax_max"`
	Rtol        float64 `json:"rtol"`
	Atol        float64 `json:"atol"`
}

// TestFixtures checks on every model that what is attention is fused and nothing
// else, and that the fused graph gives the recorded outputs.
func TestFixtures(t *testing.T) {
	for _, folder := range []string{"tests/testdata/models", "tests/testdata/parallax-models", "tests/testdata/quantised-models", "examples/recall"} {
		files, err := filepath.Glob("../../" + folder + "/*/model.onnx")
		if err != nil || len(files) == 0 {
			t.Fatalf("no models: %v", err)
		}
		for _, file := range files {
			t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
				t.Parallel()
				fixture(t, filepath.Dir(file))
			})
		}
	}
}

func expected(t *testing.T, dir string) *expectation {
	want := &expectation{}
	data, err := os.ReadFile(filepath.Join(dir, "case.json"))
	if err == nil {
		err = json.Unmarshal(data, want)
	}
	if err != nil {
		t.Fatal(err)
	}
	return want
}

func fixture(t *testing.T, dir string) {
	want := expected(t, dir)
	g := models.Load(t, filepath.Join(dir, "model.onnx"))
	r, err := passes.Run(context.Background(), g, Passes(), &passes.Options{Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	verdicts(t, want, r)
	sets, err := filepath.Glob(filepath.Join(dir, "test_data_set_*"))
	if err != nil || len(sets) == 0 {
		t.Fatalf("no data sets: %v", err)
	}
	for _, set := range sets {
		if err := compare(g, set, want); err != nil {
			t.Errorf("%s: %v", filepath.Base(set), err)
		}
	}
	if _, err := passes.Run(context.Background(), g, []passes.Pass{expandattn.All}, &passes.Options{Verify: true}); err != nil {
		t.Fatalf("expanded again: %v", err)
	}
	for n := range g.All() {
		if n.Op == op.Parallax {
			t.Fatalf("%s is not expanded", n.Label())
		}
	}
	for _, set := range sets {
		if err := compare(g, set, want); err != nil {
			t.Errorf("%s, expanded again: %v", filepath.Base(set), err)
		}
	}
}

// TestFacts checks what explain tells beyond the specification.
func TestFacts(t *testing.T) {
	tests := []struct {
		model       string
		rope, cache bool
	}{
		{"llama_gqa_kv_sdpa", true, true}, {"llama_gqa_eager", true, false}, {"gpt2_kv_eager", false, true}, {"bert_sdpa", false, false},
	}
	for _, tt := range tests {
		g := models.Load(t, "../../tests/testdata/models/"+tt.model+"/model.onnx")
		r, err := passes.Run(context.Background(), g, Passes(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range r.Remarks {
			if m.Spec == nil || m.Spec.Rope != tt.rope || m.Spec.Cache != tt.cache {
				t.Errorf("%s: %s: %+v, want rope %t, cache %t", tt.model, m.Anchor, m.Spec, tt.rope, tt.cache)
			}
		}
	}
}

// TestSelections checks that a graph is right after any selection of passes, not
// only after all of them.
func TestSelections(t *testing.T) {
	files, err := filepath.Glob("../../tests/testdata/*models/*/model.onnx")
	if err != nil || len(files) == 0 {
		t.Fatalf("no models: %v", err)
	}
	for _, spec := range []string{"fuseparallax,fuseattn", "-fold", "-canon", "-cse", "-fuseparallax", "fusenorm,fuseattn,tidy"} {
		for i, file := range files {
			if i%3 != len(spec)%3 {
				continue // a third of the models for each, to be quick
			}
			dir := filepath.Dir(file)
			t.Run(spec+" on "+filepath.Base(dir), func(t *testing.T) {
				t.Parallel()
				selection(t, dir, spec)
			})
		}
	}
}

func selection(t *testing.T, dir, spec string) {
	want := expected(t, dir)
	list, err := Select(spec)
	if err != nil {
		t.Fatal(err)
	}
	g := models.Load(t, filepath.Join(dir, "model.onnx"))
	if _, err := passes.Run(context.Background(), g, list, &passes.Options{Verify: true}); err != nil {
		t.Fatal(err)
	}
	if err := compare(g, filepath.Join(dir, "test_data_set_0"), want); err != nil {
		t.Error(err)
	}
}

// verdicts compares the counts with those that case.json asks for.
func verdicts(t *testing.T, want *expectation, r *passes.Result) {
	count := map[passes.Kind]int{}
	for _, m := range r.Remarks {
		if m.Verdict != passes.Refused {
			count[m.Kind]++
			continue
		}
		if m.Reason == nil || m.Reason.Check == "" || m.Reason.Want == "" || m.Reason.Got == "" || m.Remedy == "" {
			t.Errorf("%s is refused without a full reason: %+v", m.Anchor, m.Reason)
		}
		t.Logf("%s: refused: %+v", m.Anchor, *m.Reason)
	}
	most := want.Parallax
	if want.ParallaxMax != nil {
		most = *want.ParallaxMax
	}
	if n := count[passes.KindParallax]; n < want.Parallax || n > most {
		t.Errorf("%d fused Parallax nodes, want %d to %d", n, want.Parallax, most)
	}
	if n := count[passes.KindAttention]; n < want.Attention || n > want.Attention+want.Optional {
		t.Errorf("%d fused attention nodes, want %d", n, want.Attention)
	}
}

// compare evaluates g on a data set.
func compare(g *ir.Graph, set string, want *expectation) error {
	inputs, err := tensors(set, "input", len(g.Inputs))
	if err != nil {
		return err
	}
	outputs, err := tensors(set, "output", len(g.Outputs()))
	if err != nil {
		return err
	}
	got, err := eval.Graph(g, inputs)
	if err != nil {
		return err
	}
	for i, x := range got {
		if err := close(x, outputs[i], want); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	return nil
}

func tensors(set, kind string, n int) ([]*tensor.Tensor, error) {
	out := make([]*tensor.Tensor, n)
	for i := range out {
		data, err := os.ReadFile(filepath.Join(set, fmt.Sprintf("%s_%d.pb", kind, i)))
		if err != nil {
			return nil, err
		}
		w, err := wire.DecodeTensor(data)
		if err != nil {
			return nil, err
		}
		if out[i], err = onnx.ReadTensor(w); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func close(got, want *tensor.Tensor, e *expectation) error {
	if got.DType != want.DType || !tensor.SameShape(got.Shape, want.Shape) {
		return fmt.Errorf("got %s, want %s", got, want)
	}
	for i := range want.Len() {
		x, y := got.FloatAt(i), want.FloatAt(i)
		if math.IsNaN(x) && math.IsNaN(y) || x == y {
			continue
		}
		if !(math.Abs(x-y) <= e.Atol+e.Rtol*math.Abs(y)) {
			return fmt.Errorf("element %d is %g, want %g", i, x, y)
		}
	}
	return nil
}
