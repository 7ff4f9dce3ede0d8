package models

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
)

// decoders are fixtures with past/present pairs whose steps take token ids and a
// mask of all positions so far.
var decoders = []string{"gpt2_kv_eager", "llama_gqa_kv_sdpa", "mistral_sliding_kv", "qwen3_qknorm_kv"}

// stepLengths are the tokens of each step: a prompt, single tokens, a few at once.
// Before the last step the sequence is cut back to truncateTo.
var stepLengths = []int{5, 1, 1, 3, 2}

const truncateTo = 7

// tokens are the same here and in the generated program.
func tokens(from, n int) (ids, mask *tensor.Tensor) {
	ids, mask = tensor.New(tensor.Int64, 2, n), tensor.New(tensor.Int64, 2, from+n)
	for i := range ids.Len() {
		ids.SetInt(i, int64((i*37+from*11)%50))
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
	for _, name := range decoders {
		t.Run(name, func(t *testing.T) {
			model := filepath.Join(Root(), "tests", "testdata", "models", name, "model.onnx")
			dir := t.TempDir()
			write(t, filepath.Join(dir, "go.mod"), "module generated\n\ngo 1.25.0\n\nrequire github.com/parallax-go/parallax v0.0.0\n\nreplace github.com/parallax-go/parallax => "+filepath.ToSlash(Root())+"\n")
			if _, err := parallax.Compile(model, filepath.Join(dir, "decoder"), parallax.CompileOptions{Func: "Step"}); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "main.go"), stateMain())
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
		ids, mask := tokens(s.Len(), n)
		out, err := s.Run(context.Background(), map[string]*tensor.Tensor{"input_ids": ids, "attention_mask": mask})
		if err != nil {
			t.Fatal(err)
		}
		bits = append(bits, out["logits"].Bytes()...)
	}
	return bits
}

// stateMain is stepsInProcess on the generated package, on the same tokens.
func stateMain() string {
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
		ids.SetInt(i, int64((i*37+from*11)%%50))
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
	steps := %#v
	for i, n := range steps {
		if i == len(steps)-1 {
			if err := s.Truncate(%d); err != nil {
				log.Fatal(err)
			}
		}
		ids, mask := tokens(s.Len(), n)
		out, err := s.Clone().Step(context.Background(), decoder.StepInputs{InputIds: ids, AttentionMask: mask})
		if err != nil {
			log.Fatal(err)
		}
		again, err := s.Step(context.Background(), decoder.StepInputs{InputIds: ids, AttentionMask: mask})
		if err != nil {
			log.Fatal(err)
		}
		if !out.Logits.Equal(again.Logits) {
			log.Fatal("a clone goes another way")
		}
		os.Stdout.Write(out.Logits.Bytes())
	}
}
`, stepLengths, truncateTo)
}
