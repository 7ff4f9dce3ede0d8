package parallax_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/tests/models"
	. "github.com/parallax-go/parallax/tests/onnxtest"
)

// TestWaysToOpen loads a model with external data by path, copied, and through an
// fs.FS, and expects the same bits.
func TestWaysToOpen(t *testing.T) {
	dir := filepath.Join(models.Root(), "tests", "testdata", "models", "qwen2_external")
	c := models.Case{Dir: dir}
	sets, err := c.Sets()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "model.onnx")
	ways := map[string]func() (*parallax.Source, error){
		"mapped": func() (*parallax.Source, error) { return parallax.Open(path) },
		"copied": func() (*parallax.Source, error) { return parallax.Open(path, parallax.WithCopy()) },
		"fs":     func() (*parallax.Source, error) { return parallax.OpenFS(os.DirFS(dir), "model.onnx") },
	}
	want := run(t, ways["mapped"], sets[0])
	for name, open := range ways {
		got := run(t, open, sets[0])
		for output := range want {
			if !got[output].Equal(want[output]) {
				t.Errorf("%s: output %s differs from the mapped model's", name, output)
			}
		}
	}
}

func run(t *testing.T, open func() (*parallax.Source, error), set models.Set) map[string]*tensor.Tensor {
	t.Helper()
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	out, err := m.Run(context.Background(), set.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// traced is attention whose keys and values have the 6 positions and the 2 heads of 4
// that the exporter saw written into a Reshape, while the queries have symbols.
func traced(t *testing.T) []byte {
	t.Helper()
	g := Graph("q:f32[b,2,s,4] x:f32[b,s,8]", "o:f32[b,2,s,4]",
		Node("Reshape", "x split", "heads"),
		Node("Transpose", "heads", "v", Ints("perm", 0, 2, 1, 3)),
		Node("Transpose", "heads", "k", Ints("perm", 0, 2, 3, 1)),
		Node("MatMul", "q k", "scores"),
		Node("Softmax", "scores", "p", Int("axis", -1)),
		Node("MatMul", "p v", "o"),
	)
	g.Initializer = append(g.Initializer, Int64s("split", []int64{4}, -1, 6, 2, 4))
	data, err := wire.Encode(Model(17, g))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPinnedDims(t *testing.T) {
	tests := []struct {
		name    string
		options []parallax.Option
		verdict passes.Verdict
		remedy  bool
	}{
		{"none", nil, passes.Refused, true},
		{"as traced", []parallax.Option{parallax.WithDim("s", 6)}, passes.Fused, false},
		{"a name that is not there", []parallax.Option{parallax.WithDim("s", 6), parallax.WithDim("past", 3)}, passes.Fused, false},
	}
	for _, tt := range tests {
		s, err := parallax.OpenReader(bytes.NewReader(traced(t)), tt.options...)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff([]string{"b", "s"}, s.Dims()); diff != "" {
			t.Errorf("%s: dims (-want +got):\n%s", tt.name, diff)
		}
		remarks, err := s.Explain(context.Background())
		if err != nil || len(remarks) != 1 || remarks[0].Verdict != tt.verdict || strings.Contains(remarks[0].Remedy, "WithDim") != tt.remedy {
			t.Errorf("%s: %+v, error %v, want %s", tt.name, remarks, err, tt.verdict)
		}
	}
	if _, err := parallax.OpenReader(bytes.NewReader(traced(t)), parallax.WithDim("s", 5), parallax.WithDim("b", 1)); !errors.Is(err, parallax.ErrDim) {
		t.Errorf("40 elements in heads of 48: error %v, want ErrDim", err)
	}
	if _, err := parallax.OpenReader(bytes.NewReader(traced(t)), parallax.WithDim("s", -1)); !errors.Is(err, parallax.ErrDim) {
		t.Errorf("a negative size: error %v, want ErrDim", err)
	}
}

// TestPinnedRun: a model with a pinned dimension gives what it gives without, and
// takes inputs of that size alone.
func TestPinnedRun(t *testing.T) {
	in := map[string]*tensor.Tensor{"q": tensor.New(tensor.Float32, 3, 2, 6, 4), "x": tensor.New(tensor.Float32, 3, 6, 8)}
	for _, x := range in {
		for i := range x.Len() {
			x.SetFloat(i, float64(i%7)-3)
		}
	}
	outputs := func(options ...parallax.Option) (*parallax.Model, *tensor.Tensor) {
		s, err := parallax.OpenReader(bytes.NewReader(traced(t)), options...)
		if err != nil {
			t.Fatal(err)
		}
		m, err := s.Load()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close() })
		out, err := m.Run(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		return m, out["o"]
	}
	_, want := outputs()
	m, got := outputs(parallax.WithDim("s", 6))
	for i := range want.Len() {
		if d := math.Abs(got.FloatAt(i) - want.FloatAt(i)); d > 1e-6 { // a few roundings of numbers up to 3
			t.Errorf("element %d is %v, want %v", i, got.FloatAt(i), want.FloatAt(i))
		}
	}
	in["q"], in["x"] = tensor.New(tensor.Float32, 3, 2, 12, 4), tensor.New(tensor.Float32, 3, 12, 8)
	if _, err := m.Run(context.Background(), in); !errors.Is(err, parallax.ErrInput) {
		t.Errorf("12 positions for 6: error %v, want ErrInput", err)
	}
}
