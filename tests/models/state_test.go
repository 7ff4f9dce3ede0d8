package models

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
)

// generated are fixtures with past/present pairs, by folder of testdata; their
// steps take token ids, and some a mask of all positions so far. The last keeps
// its caches in another order of axes than the file.
var generated = []struct {
	name string
	mask bool
}{
	{"models/gpt2_kv_eager", true},
	{"models/llama_fp16_kv", true},
	{"models/mistral_sliding_kv", true},
	{"models/qwen3_qknorm_kv", true},
	{"parallax-models/fla_cache_in_out_dynamo18", false},
}

// stepLengths are the tokens of each step: a prompt, single tokens, a few at once.
// Before the last step the sequence is cut back to truncateTo.
var stepLengths = []int{5, 1, 1, 3, 2}

const truncateTo = 7

// tokens are the same here and in the generated program.
func tokens(from, n int) (ids, mask *tensor.Tensor) {
	ids, mask = tensor.New(tensor.Int64, 2, n), tensor.New(tensor.Int64, 2, from+n)
	for i := range ids.Len() {
		ids.SetInt(i, int64((i*37+from*11)%40))
	}
	for i := range mask.Len() {
		mask.SetInt(i, 1)
	}
	return ids, mask
}

// TestGeneratedState: State of a generated package keeps what State in this
// process keeps, bit for bit.
func TestGeneratedState(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	for _, c := range generated {
		t.Run(c.name, func(t *testing.T) {
			model := filepath.Join(Root(), "tests", "testdata", filepath.FromSlash(c.name), "model.onnx")
			dir := t.TempDir()
			write(t, filepath.Join(dir, "go.mod"), "module generated\n\ngo 1.25.0\n\nrequire github.com/parallax-go/parallax v0.0.0\n\nreplace github.com/parallax-go/parallax => "+filepath.ToSlash(Root())+"\n")
			if _, err := parallax.Compile(model, filepath.Join(dir, "decoder"), parallax.CompileOptions{Func: "Step"}); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "main.go"), stateMain(c.mask))
			program := filepath.Join(dir, "steps.exe")
			goTool(t, dir, "build", "-o", program, ".")
			got, err := exec.Command(program).Output()
			if err != nil {
				t.Fatal(err)
			}
			if want := stepsInProcess(t, model); !bytes.Equal(got, want) {
				t.Errorf("%d bytes of logits differ from %d", len(got), len(want))
			}
		})
	}
}

func stepsInProcess(t *testing.T, model string) []byte {
	t.Helper()
	m, err := parallax.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s, err := m.NewState()
	if err != nil {
		t.Fatal(err)
	}
	var bits []byte
	for i, n := range stepLengths {
		if i == len(stepLengths)-1 {
			if err := s.Truncate(truncateTo); err != nil {
				t.Fatal(err)
			}
		}
		out, err := s.Run(context.Background(), step(m, s.Len(), n))
		if err != nil {
			t.Fatal(err)
		}
		bits = append(bits, out["logits"].Bytes()...)
	}
	return bits
}

// stateMain is stepsInProcess on the generated package, on the same tokens.
func stateMain(mask bool) string {
	inputs := "InputIds: ids"
	if mask {
		inputs += ", AttentionMask: mask"
	}
	return fmt.Sprintf(`package main

import (
	"context"
	"log"
	"os"

	"github.com/parallax-go/parallax/ir/tensor"

	"generated/decoder"
)

func tokens(from, n int) (ids, mask *tensor.Tensor) {
	ids, mask = tensor.New(tensor.Int64, 2, n), tensor.New(tensor.Int64, 2, from+n)
	for i := range ids.Len() {
		ids.SetInt(i, int64((i*37+from*11)%%40))
	}
	for i := range mask.Len() {
		mask.SetInt(i, 1)
	}
	return ids, mask
}

func main() {
	m, err := decoder.New(decoder.WithThreads(3))
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	s, err := m.NewState()
	if err != nil {
		log.Fatal(err)
	}
	steps := %#[1]v
	for i, n := range steps {
		if i == len(steps)-1 {
			if err := s.Truncate(%[2]d); err != nil {
				log.Fatal(err)
			}
		}
		ids, mask := tokens(s.Len(), n)
		in := decoder.StepInputs{%[3]s}
		_ = mask // not every model takes one
		out, err := s.Clone().Step(context.Background(), in)
		if err != nil {
			log.Fatal(err)
		}
		again, err := s.Step(context.Background(), in)
		if err != nil {
			log.Fatal(err)
		}
		if !out.Logits.Equal(again.Logits) {
			log.Fatal("a clone goes another way")
		}
		os.Stdout.Write(out.Logits.Bytes())
	}
}
`, stepLengths, truncateTo, inputs)
}

// cached are fixtures whose states are caches that their attention appends to, by
// folder of testdata.
var cached = []string{
	"models/gpt2_kv_eager", "models/llama_fp16_kv", "models/llama_gqa_kv_sdpa", "models/mistral_sliding_kv", "models/opt_kv",
	"models/qwen3_qknorm_kv", "parallax-models/fla_cache_in_out_dynamo18", "parallax-models/two_cache_dynamo18",
}

// TestStepsAreRuns: the steps of a State give the bits of runs that are handed
// the past and hand on the present, and the last step what one run over the
// whole sequence gives, but for rounding.
func TestStepsAreRuns(t *testing.T) {
	for _, name := range cached {
		t.Run(name, func(t *testing.T) {
			m, err := parallax.Load(filepath.Join(Root(), "tests", "testdata", filepath.FromSlash(name), "model.onnx"))
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if p := m.Program(); len(p.Caches) != len(p.States) {
				t.Errorf("%d of %d states are kept in place", len(p.Caches), len(p.States))
			}
			s, err := m.NewState()
			if err != nil {
				t.Fatal(err)
			}
			past := map[string]*tensor.Tensor{}
			var ids []*tensor.Tensor
			var last *tensor.Tensor
			for _, n := range []int{5, 1, 1, 3, 30, 2} {
				step := step(m, s.Len(), n)
				ids = append(ids, step["input_ids"])
				got, err := s.Run(context.Background(), step)
				if err != nil {
					t.Fatal(err)
				}
				want, err := m.Run(context.Background(), withPast(m, step, past))
				if err != nil {
					t.Fatal(err)
				}
				presents := s.Present()
				for _, pair := range m.Program().States {
					in, out := m.Inputs()[pair.Input].Name, m.Outputs()[pair.Output].Name
					past[in] = want[out]
					if !presents[out].Equal(want[out]) {
						t.Errorf("after %d: %s differs", s.Len(), out)
					}
				}
				last = got["logits"]
				if !last.Equal(want["logits"]) {
					t.Errorf("after %d: the logits differ", s.Len())
				}
			}
			whole := step(m, 0, s.Len())
			whole["input_ids"] = joined(ids)
			want, err := m.Run(context.Background(), withPast(m, whole, nil))
			if err != nil {
				t.Fatal(err)
			}
			tailEqual(t, last, want["logits"])
		})
	}
}

// step is what a step of n tokens after others takes.
func step(m *parallax.Model, from, n int) map[string]*tensor.Tensor {
	ids, mask := tokens(from, n)
	in := map[string]*tensor.Tensor{"input_ids": ids}
	for _, p := range m.Inputs() {
		if p.Name == "attention_mask" {
			in[p.Name] = mask
		}
	}
	return in
}

// withPast adds the pasts, empty ones where there are none.
func withPast(m *parallax.Model, step, past map[string]*tensor.Tensor) map[string]*tensor.Tensor {
	in := maps.Clone(step)
	for _, pair := range m.Program().States {
		p := m.Inputs()[pair.Input]
		if in[p.Name] = past[p.Name]; past[p.Name] != nil {
			continue
		}
		shape := make([]int, len(p.Type.Shape))
		for i, d := range p.Type.Shape {
			n, constant := d.IsConst()
			switch {
			case constant:
				shape[i] = int(n)
			case i == 0:
				shape[i] = step["input_ids"].Shape[0]
			}
		}
		in[p.Name] = tensor.New(p.Type.DType, shape...)
	}
	return in
}

// joined puts token ids behind one another.
func joined(ids []*tensor.Tensor) *tensor.Tensor {
	batch, n := ids[0].Shape[0], 0
	for _, x := range ids {
		n += x.Shape[1]
	}
	all := tensor.New(tensor.Int64, batch, n)
	for b := range batch {
		at := b * n
		for _, x := range ids {
			for i := range x.Shape[1] {
				all.SetInt(at, x.IntAt(b*x.Shape[1]+i))
				at++
			}
		}
	}
	return all
}

// tailEqual compares logits of the last positions with those of all positions.
// Sums over the keys are merged in other places: the tolerances are those of
// verify.
func tailEqual(t *testing.T, tail, all *tensor.Tensor) {
	t.Helper()
	rtol, atol := 1e-3, 1e-4
	if tail.DType == tensor.Float16 {
		rtol, atol = 2e-2, 1e-2
	}
	batch, n, size := tail.Shape[0], tail.Shape[1], tail.Shape[2]
	for b := range batch {
		from := (b*all.Shape[1] + all.Shape[1] - n) * size
		for i := range n * size {
			x, y := tail.FloatAt(b*n*size+i), all.FloatAt(from+i)
			if math.Abs(x-y) > atol+rtol*math.Abs(y) {
				t.Fatalf("batch entry %d, element %d: %g after steps, %g in one run", b, i, x, y)
			}
		}
	}
}
