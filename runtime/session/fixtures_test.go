package session

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

const testdata = "../../tests/testdata"

// fixture is a model with the inputs and outputs recorded beside it.
type fixture struct {
	dir        string
	graph      *ir.Graph
	rtol, atol float64
	sets       []dataSet
}

type dataSet struct {
	name    string
	in, out map[string]*tensor.Tensor
}

// fixtures lists the folders that hold a model.
func fixtures(t testing.TB) []string {
	t.Helper()
	dirs, err := filepath.Glob(testdata + "/*/*/model.onnx")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	return dirs
}

func readFixture(t testing.TB, dir string) *fixture {
	t.Helper()
	f := &fixture{dir: dir, rtol: 1e-3, atol: 1e-4}
	var tolerance struct{ Rtol, Atol *float64 }
	if data, err := os.ReadFile(filepath.Join(dir, "case.json")); err == nil {
		if err := json.Unmarshal(data, &tolerance); err != nil {
			t.Fatal(err)
		}
	}
	if tolerance.Rtol != nil && tolerance.Atol != nil {
		f.rtol, f.atol = *tolerance.Rtol, *tolerance.Atol
	}
	data, err := os.ReadFile(filepath.Join(dir, "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if f.graph, err = onnx.Import(m, onnx.Options{Files: os.DirFS(dir)}); err != nil {
		t.Fatal(err)
	}
	sets, _ := filepath.Glob(dir + "/test_data_set_*")
	for _, set := range sets {
		f.sets = append(f.sets, dataSet{
			name: filepath.Base(set),
			in:   readTensors(t, set, "input", len(f.graph.Inputs), func(i int) string { return f.graph.Inputs[i].Name }),
			out:  readTensors(t, set, "output", len(f.graph.Outputs()), f.graph.OutputName),
		})
	}
	return f
}

func readTensors(t testing.TB, dir, kind string, n int, name func(int) string) map[string]*tensor.Tensor {
	t.Helper()
	all := map[string]*tensor.Tensor{}
	for i := range n {
		data, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%s_%d.pb", kind, i)))
		if err != nil {
			t.Fatal(err)
		}
		w, err := wire.DecodeTensor(data)
		if err != nil {
			t.Fatal(err)
		}
		if all[name(i)], err = onnx.ReadTensor(w); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// compare is numpy.allclose with NaN equal to NaN.
func (f *fixture) compare(got, want *tensor.Tensor) error {
	if got == nil || got.DType != want.DType || !tensor.SameShape(got.Shape, want.Shape) {
		return fmt.Errorf("got %s, want %s", got, want)
	}
	if !got.DType.IsFloat() {
		if !got.Equal(want) {
			return fmt.Errorf("elements differ")
		}
		return nil
	}
	for i := range got.Len() {
		a, b := got.FloatAt(i), want.FloatAt(i)
		if a == b || math.IsNaN(a) && math.IsNaN(b) {
			continue
		}
		if !(math.Abs(a-b) <= f.atol+f.rtol*math.Abs(b)) {
			return fmt.Errorf("element %d is %g, want %g", i, a, b)
		}
	}
	return nil
}

func TestFixtures(t *testing.T) {
	for _, dir := range fixtures(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			f := readFixture(t, dir)
			for _, target := range targets {
				s := open(t, f.graph, target, Options{})
				for _, set := range f.sets {
					got, err := s.Run(t.Context(), set.in)
					if err != nil {
						t.Errorf("%s, %s: %v", target, set.name, err)
						continue
					}
					for name, want := range set.out {
						if err := f.compare(got[name], want); err != nil {
							t.Errorf("%s, %s, output %q: %v", target, set.name, name, err)
						}
					}
				}
			}
		})
	}
}
