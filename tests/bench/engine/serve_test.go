package engine

import (
	"bufio"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/tests/bench/zoo"
	"github.com/parallax-go/parallax/tests/models"
)

// talk runs the worker in this process and returns a function that asks it.
func talk(t *testing.T) func(Request) Reply {
	t.Helper()
	requests, in := io.Pipe()
	out, replies := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- Serve(requests, replies) }()
	t.Cleanup(func() {
		in.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	lines := bufio.NewScanner(out)
	read := func() (r Reply) {
		if !lines.Scan() {
			t.Fatal("the worker is gone")
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	if hello := read(); !strings.HasPrefix(hello.Version, "go") {
		t.Errorf("version %q", hello.Version)
	}
	return func(r Request) Reply {
		if err := json.NewEncoder(in).Encode(r); err != nil {
			t.Fatal(err)
		}
		return read()
	}
}

func file(t *testing.T, name string, x *tensor.Tensor) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".npy")
	if err := WriteArray(path, x); err != nil {
		t.Fatal(err)
	}
	return path
}

func written(t *testing.T, g zoo.Graph) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := g.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestServe(t *testing.T) {
	model := written(t, zoo.Graph{Name: "g", Inputs: "x:f32[n]", Outputs: "y:f32[n]", Nodes: "y = Mul x 2.0"})
	inputs := map[string]string{"x": file(t, "x", tensor.Of([]int{3}, []float32{1, 2, 3}))}
	ask := talk(t)
	for _, mode := range []string{Run, Load} {
		opened := ask(Request{Do: "open", Setup: &Setup{Model: model, Threads: 1, Mode: mode, Inputs: inputs}})
		if opened.Error != "" {
			t.Fatal(opened.Error)
		}
		timed := ask(Request{Do: "time", Session: opened.Session, Warm: 2, Runs: 5})
		if len(timed.NS) != 5 || len(timed.NS[0]) != len(Phases[mode]) || timed.NS[4][0] <= 0 {
			t.Errorf("%s: times %v", mode, timed.NS)
		}
		out := ask(Request{Do: "outputs", Session: opened.Session, Folder: t.TempDir()})
		y, err := ReadArray(out.Outputs["y"])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]float32{2, 4, 6}, tensor.Data[float32](y)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", mode, diff)
		}
		if r := ask(Request{Do: "close", Session: opened.Session}); r.Error != "" {
			t.Error(r.Error)
		}
		if r := ask(Request{Do: "time", Session: opened.Session, Runs: 1}); r.Error == "" {
			t.Error("a closed session runs")
		}
	}
	if r := ask(Request{Do: "memory"}); r.Peak < r.Before || r.Before <= 0 {
		t.Errorf("memory %+v", r)
	}
	if r := ask(Request{Do: "open", Setup: &Setup{Model: "nowhere.onnx", Mode: Run}}); r.Error == "" {
		t.Error("a model that is not there opens")
	}
	if r := ask(Request{Do: "sing"}); r.Error == "" {
		t.Error("an unknown request is answered")
	}
}

// decode is a small decoder, for 5 tokens and 3 steps.
func decode(t *testing.T) Setup {
	sizes := zoo.Sizes{Layers: 2, Hidden: 32, Heads: 4, KVHeads: 2, Head: 8, FeedForward: 64}
	x := func(shape ...int) *tensor.Tensor {
		y := tensor.New(tensor.Float32, shape...)
		for i := range y.Len() {
			y.SetFloat(i, float64(i%7)-3)
		}
		return y
	}
	setup := Setup{
		Model: written(t, zoo.Decoder(sizes)), Threads: 1, Mode: Decode, Pasts: zoo.Pasts(sizes),
		Inputs: map[string]string{"h.0": file(t, "h", x(1, 5, 32))},
		Steps:  map[string]string{"h.0": file(t, "steps", x(3, 1, 1, 32))},
	}
	for past := range setup.Pasts {
		setup.Inputs[past] = file(t, past, x(1, 2, 0, 8))
	}
	return setup
}

// TestDecode: a State, and caches that are handed over, give the same.
func TestDecode(t *testing.T) {
	setup := decode(t)
	ask := talk(t)
	var all []map[string]*tensor.Tensor
	for _, variant := range []string{"", Plain} {
		setup.Variant = variant
		opened := ask(Request{Do: "open", Setup: &setup})
		if opened.Error != "" {
			t.Fatal(opened.Error)
		}
		if timed := ask(Request{Do: "time", Session: opened.Session, Runs: 2}); len(timed.NS) != 2 || len(timed.NS[1]) != 2 {
			t.Errorf("times %+v", timed)
		}
		out := ask(Request{Do: "outputs", Session: opened.Session, Folder: t.TempDir()})
		arrays, err := readArrays(out.Outputs)
		if err != nil {
			t.Fatal(err)
		}
		if len(arrays) != 2 || arrays["prefill h.2"] == nil || arrays["steps h.2"] == nil {
			t.Fatalf("outputs %v", out.Outputs)
		}
		all = append(all, arrays)
	}
	for name, want := range all[0] {
		if !want.Equal(all[1][name]) {
			t.Errorf("%s differs between a State and caches that are handed over", name)
		}
	}
}

// TestGenerated: a worker of a generated package gives what the run in process gives.
func TestGenerated(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	setup := decode(t)
	l := Launcher{Folder: t.TempDir(), Root: models.Root()}
	w, err := l.StartGenerated("decoder", setup.Model)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ask := talk(t)
	for _, mode := range []string{Run, Decode} {
		setup.Mode = mode
		opened, err := w.Ask(Request{Do: "open", Setup: &setup})
		if err != nil {
			t.Fatal(err)
		}
		timed, err := w.Ask(Request{Do: "time", Session: opened.Session, Runs: 2})
		if err != nil || len(timed.NS) != 2 || len(timed.NS[0]) != len(Phases[mode]) {
			t.Errorf("%s: times %+v, error %v", mode, timed, err)
		}
		out, err := w.Ask(Request{Do: "outputs", Session: opened.Session, Folder: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		got, err := readArrays(out.Outputs)
		if err != nil {
			t.Fatal(err)
		}
		here := ask(Request{Do: "open", Setup: &setup})
		want, err := readArrays(ask(Request{Do: "outputs", Session: here.Session, Folder: t.TempDir()}).Outputs)
		if err != nil || len(want) == 0 || len(got) != len(want) {
			t.Fatalf("%s: %d outputs, want %d, error %v", mode, len(got), len(want), err)
		}
		for name, w := range want {
			if !w.Equal(got[name]) {
				t.Errorf("%s: %s is %v, want %v", mode, name, got[name], w)
			}
		}
	}
	setup.Mode = Load
	if _, err := w.Ask(Request{Do: "open", Setup: &setup}); err == nil {
		t.Error("a generated package loads a file")
	}
}
