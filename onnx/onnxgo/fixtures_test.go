package onnxgo

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	gorgonia "gorgonia.org/tensor"
)

// fixture is a model with a recorded run.
type fixture struct {
	model           []byte
	inputs, outputs []gorgonia.Tensor
	rtol, atol      float64
}

func readFixture(t *testing.T, name string) fixture {
	t.Helper()
	dir := filepath.Join("..", "..", "tests", "testdata", name)
	var tolerance struct{ RTol, ATol float64 }
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "case.json")), &tolerance); err != nil {
		t.Fatal(err)
	}
	return fixture{
		model:   readFile(t, filepath.Join(dir, "model.onnx")),
		inputs:  readTensors(t, filepath.Join(dir, "test_data_set_0", "input_*.pb")),
		outputs: readTensors(t, filepath.Join(dir, "test_data_set_0", "output_*.pb")),
		rtol:    tolerance.RTol, atol: tolerance.ATol,
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func readTensors(t *testing.T, pattern string) []gorgonia.Tensor {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	var list []gorgonia.Tensor
	for _, name := range names {
		x, err := NewTensor(readFile(t, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		list = append(list, x)
	}
	return list
}

// wantClose compares as numpy.allclose does, within the fixture's tolerance.
func (f fixture) wantClose(t *testing.T, got []gorgonia.Tensor) {
	t.Helper()
	if len(got) != len(f.outputs) {
		t.Fatalf("%d outputs, want %d", len(got), len(f.outputs))
	}
	for i, want := range f.outputs {
		if got[i] == nil || !got[i].Shape().Eq(want.Shape()) || got[i].Dtype() != want.Dtype() {
			t.Fatalf("output %d is %v, want shape %v", i, got[i], want.Shape())
		}
		g, w := floats(t, got[i]), floats(t, want)
		for j := range w {
			if math.Abs(g[j]-w[j]) > f.atol+f.rtol*math.Abs(w[j]) {
				t.Fatalf("output %d, element %d is %g, want %g", i, j, g[j], w[j])
			}
		}
	}
}

func floats(t *testing.T, x gorgonia.Tensor) []float64 {
	t.Helper()
	ours, err := toTensor(x)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]float64, ours.Len())
	for i := range list {
		list[i] = ours.FloatAt(i)
	}
	return list
}
