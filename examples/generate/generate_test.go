package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
)

var models = filepath.Join("..", "..", "tests", "testdata", "models")

func file(name string) string { return filepath.Join(models, name, "model.onnx") }

func generate(t *testing.T, j job) string {
	t.Helper()
	var out, progress strings.Builder
	if err := j.run(context.Background(), &out, &progress); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(progress.String(), "tokens per second") {
		t.Errorf("progress is %q", progress.String())
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// TestCache: a run with a cache makes the tokens that the file makes when it is
// run on the whole sequence, its own past inputs empty.
func TestCache(t *testing.T) {
	for _, name := range []string{"gpt2_kv_eager", "llama_gqa_kv_sdpa", "mistral_sliding_kv", "opt_kv", "qwen3_qknorm_kv"} {
		t.Run(name, func(t *testing.T) {
			want := wholeRuns(t, name, []int64{1, 5, 9, 12}, 20)
			for _, noCache := range []bool{false, true} {
				got := generate(t, job{model: file(name), tokens: "1,5, 9,12", count: 20, end: -1, noCache: noCache})
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("without cache %t: %s", noCache, diff)
				}
			}
		})
	}
}

// wholeRuns is a greedy generation by Model.Run alone.
func wholeRuns(t *testing.T, name string, sequence []int64, count int) string {
	t.Helper()
	m, err := parallax.Load(file(name))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var made []string
	for range count {
		ids, mask := tensor.Of([]int{1, len(sequence)}, sequence), tensor.New(tensor.Int64, 1, len(sequence))
		for i := range mask.Len() {
			mask.SetInt(i, 1)
		}
		in := map[string]*tensor.Tensor{"input_ids": ids, "attention_mask": mask}
		for _, p := range m.Inputs() {
			if in[p.Name] == nil {
				shape, err := parallax.SizesOf(p, map[string]int64{"past": 0})
				if err != nil {
					t.Fatal(err)
				}
				in[p.Name] = tensor.New(p.Type.DType, shape...)
			}
		}
		out, err := m.Run(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		token, err := (&Sampler{}).Pick(lastRow(out["logits"]))
		if err != nil {
			t.Fatal(err)
		}
		sequence = append(sequence, int64(token))
		made = append(made, tensor.Scalar(int64(token)).FormatElem(0))
	}
	return strings.Join(made, " ")
}

// lastRow is the logits of the last token of [1, sequence, vocabulary].
func lastRow(logits *tensor.Tensor) []float64 {
	row := make([]float64, logits.Shape[2])
	for i := range row {
		row[i] = logits.FloatAt(logits.Len() - len(row) + i)
	}
	return row
}

// TestRecall: the trained model answers a key that it has seen with a value.
func TestRecall(t *testing.T) {
	prompt, err := recallPrompt()
	if err != nil {
		t.Fatal(err)
	}
	key, value := int64(-1), int64(-1)
	for i := 0; i+1 < len(prompt); i += 2 {
		if prompt[i] < 24 {
			key, value = prompt[i], prompt[i+1]
			break
		}
	}
	asked := append(prompt, key)
	text := make([]string, len(asked))
	for i, id := range asked {
		text[i] = tensor.Scalar(id).FormatElem(0)
	}
	if got, want := generate(t, job{tokens: strings.Join(text, ","), count: 1, end: -1}), tensor.Scalar(value).FormatElem(0); got != want {
		t.Errorf("after %d comes %s, want %s", key, got, want)
	}
}

func TestEndAndText(t *testing.T) {
	llama := file("llama_gqa_kv_sdpa")
	all := strings.Fields(generate(t, job{model: llama, tokens: "1,5,9,12", count: 4, end: -1}))
	if got := generate(t, job{model: llama, tokens: "1,5,9,12", count: 4, end: 34}); got != strings.Join(all[:2], " ") {
		t.Errorf("up to token 34 of %v: %q", all, got)
	}
	if got := generate(t, job{model: llama, text: "\x01\x05\x09\x0c", count: 2, end: -1}); got != "\x70\x39" {
		t.Errorf("as bytes %q, as ids %v", got, all[:2])
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		job  job
		want string
	}{
		{job{model: file("llama_gqa_kv_sdpa")}, "a prompt is missing"},
		{job{model: file("llama_gqa_kv_sdpa"), tokens: "1,x"}, `"x" is no id`},
		{job{model: file("llama_gqa_kv_sdpa"), tokens: "1", text: "a"}, "either"},
		{job{model: file("vit_eager"), tokens: "1"}, "want one input of token ids"},
		{job{model: "nothing.onnx", tokens: "1"}, "nothing.onnx"},
	} {
		err := c.job.run(context.Background(), &strings.Builder{}, &strings.Builder{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
