package onnxgo

import (
	"encoding/json"
	"fmt"
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
	external        bool // has its weights beside it, which onnx-go's interface has no place for
}

func readFixture(t *testing.T, name string) fixture {
	t.Helper()
	dir := filepath.Join("..", "..", "tests", "testdata", name)
	var tolerance struct{ RTol, ATol float64 }
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "case.json")), &tolerance); err != nil {
		t.Fatal(err)
	}
	beside, err := filepath.Glob(filepath.Join(dir, "*.data"))
	if err != nil {
		t.Fatal(err)
	}
	return fixture{
		model:   readFile(t, filepath.Join(dir, "model.onnx")),
		inputs:  readTensors(t, filepath.Join(dir, "test_data_set_0", "input_%d.pb")),
		outputs: readTensors(t, filepath.Join(dir, "test_data_set_0", "output_%d.pb")),
		rtol:    tolerance.RTol, atol: tolerance.ATol, external: len(beside) > 0,
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

// readTensors reads the files whose names have the numbers 0, 1, …
func readTensors(t *testing.T, names string) []gorgonia.Tensor {
	t.Helper()
	var list []gorgonia.Tensor
	for {
		name := fmt.Sprintf(names, len(list))
		if _, err := os.Stat(name); err != nil {
			break
		}
		x, err := NewTensor(readFile(t, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		list = append(list, x)
	}
	if len(list) == 0 {
		t.Fatalf("there is no %s", fmt.Sprintf(names, 0))
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
