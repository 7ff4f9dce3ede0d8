package session

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/par"
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

// pastLength is how many positions a data set's caches hold; -1 without caches.
func pastLength(s *Session, set dataSet) int {
	for _, p := range s.Program().States {
		if p.Axis >= 0 {
			return set.in[s.Inputs()[p.Input].Name].Shape[p.Axis]
		}
	}
	return -1
}

// nextStep makes the inputs of one more token after past positions: every symbol
// that is neither the batch nor a length of the sequence is 1, integers are 1.
func nextStep(t *testing.T, s *Session, batch, past int) map[string]*tensor.Tensor {
	pair := s.Program().States[0]
	cache := s.Inputs()[pair.Input].Type.Shape
	values := sym.Bindings{}
	for _, port := range s.Inputs() {
		for _, name := range port.Type.Shape.Symbols() {
			values[name] = 1
		}
	}
	for _, name := range cache[0].Symbols() {
		values[name] = int64(batch)
	}
	for _, p := range s.Program().States {
		name, _ := s.Inputs()[p.Input].Type.Shape[p.Axis].IsSymbol()
		values[name] = int64(past)
	}
	if _, ok := values["total"]; ok {
		values["total"] = int64(past + 1)
	}
	in := map[string]*tensor.Tensor{}
	for i, port := range s.Inputs() {
		if slices.ContainsFunc(s.Program().States, func(p codegen.StatePair) bool { return p.Input == i }) {
			continue
		}
		shape, err := port.Type.Shape.Eval(values)
		if err != nil {
			t.Fatal(err)
		}
		x := tensor.New(port.Type.DType, shape...)
		for j := range x.Len() {
			x.SetFloat(j, 1)
		}
		in[port.Name] = x
	}
	return in
}

// TestFixtureStates runs every fixture with caches as a sequence: a prefill, and
// then token by token, against the same with the past given explicitly.
func TestFixtureStates(t *testing.T) {
	tried := 0
	for _, dir := range fixtures(t) {
		f := readFixture(t, dir)
		s := open(t, f.graph, kernels.CPU, Options{})
		for _, set := range f.sets {
			if pastLength(s, set) != 0 {
				continue
			}
			tried++
			t.Run(filepath.Base(dir), func(t *testing.T) { f.followState(t, s, set) })
		}
	}
	if tried < 5 {
		t.Errorf("only %d fixtures have a prefill, there are more", tried)
	}
}

func (f *fixture) followState(t *testing.T, s *Session, set dataSet) {
	state, err := s.NewState()
	if err != nil {
		t.Fatal(err)
	}
	in, past := maps.Clone(set.in), map[string]*tensor.Tensor{}
	batch := 0
	for _, p := range s.Program().States {
		name := s.Inputs()[p.Input].Name
		past[name], batch = in[name], in[name].Shape[0]
		delete(in, name)
	}
	for step := range 4 {
		got, err := state.Run(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(in, past)
		want, err := s.Run(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(got, state.Present())
		for name, w := range want {
			if !got[name].Equal(w) {
				t.Errorf("step %d, output %q: the state gives other bits than the past given", step, name)
			}
			if err := f.compare(got[name], set.out[name]); step == 0 && err != nil {
				t.Errorf("output %q: %v", name, err)
			}
		}
		for _, p := range s.Program().States {
			past[s.Inputs()[p.Input].Name] = want[s.Outputs()[p.Output].Name]
		}
		in = nextStep(t, s, batch, state.Len())
	}
}

// TestThreadsGiveTheSameBits runs every fixture with 1, 2, 3 and 7 threads.
func TestThreadsGiveTheSameBits(t *testing.T) {
	pools := map[int]*par.Pool{}
	for _, n := range []int{1, 2, 3, 7} {
		pools[n] = par.New(n)
		defer pools[n].Close()
	}
	for _, dir := range fixtures(t) {
		f := readFixture(t, dir)
		if len(f.sets) == 0 {
			continue
		}
		in := f.sets[len(f.sets)-1].in
		var first map[string]*tensor.Tensor
		for _, n := range []int{1, 2, 3, 7} {
			got, err := open(t, f.graph, kernels.CPU, Options{Pool: pools[n]}).Run(t.Context(), in)
			if err != nil {
				t.Fatalf("%s: %v", filepath.Base(dir), err)
			}
			if first == nil {
				first = got
			}
			for name, want := range first {
				if !got[name].Equal(want) {
					t.Errorf("%s: output %q has other bits with %d threads", filepath.Base(dir), name, n)
				}
			}
		}
	}
}

// TestRunsAtOnce runs one session on a shared pool from many goroutines, with
// inputs of different sizes.
func TestRunsAtOnce(t *testing.T) {
	pool := par.New(3)
	defer pool.Close()
	f := readFixture(t, filepath.Join(testdata, "models", "bert_sdpa"))
	s := open(t, f.graph, kernels.CPU, Options{Pool: pool})
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() {
			for i := range 4 {
				set := f.sets[(g+i)%len(f.sets)]
				got, err := s.Run(context.Background(), set.in)
				if err != nil {
					t.Error(err)
					return
				}
				for name, want := range set.out {
					if err := f.compare(got[name], want); err != nil {
						t.Errorf("output %q: %v", name, err)
					}
				}
			}
		})
	}
	wg.Wait()
}
