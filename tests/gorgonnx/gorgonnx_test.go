package gorgonnx

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/owulveryck/onnx-go"
	"github.com/owulveryck/onnx-go/backend"
	"github.com/owulveryck/onnx-go/backend/x/gorgonnx"
	"github.com/parallax-go/parallax/onnx/onnxgo"
	"gorgonia.org/tensor"
)

const testdata = "../testdata"

// refusals are models, and what onnx-go says to them: its decoder, its back end
// about an operator that it lacks, or the operator about what it gets.
var refusals = map[string]string{
	"models/bart_ts14":                   "operator Shape not implemented",
	"models/bert_eager_ts11":             "operator Shape not implemented",
	"models/bert_fp16":                   "FLOAT16: Not Yet Implemented",
	"models/bert_opset23":                "Unable to decode data",
	"models/bert_sdpa_ts14":              "operator Shape not implemented",
	"models/if_merged_decoder":           "attribute then_branch",
	"models/llama_gqa_kv_sdpa":           "Unable to decode data",
	"models/llama_ts17":                  "operator Gather not implemented",
	"models/mha_causal":                  "operator Shape not implemented",
	"models/op_attention_3d_bool_mask":   "operator Attention not implemented",
	"models/sdpa_bool_mask":              "operator Shape not implemented",
	"models/sdpa_gqa_causal":             "operator Shape not implemented",
	"models/softmax_opset11_axis3":       "", // that varies from run to run
	"models/static_shapes":               "operator Matmul not implemented (dimension too high)",
	"models/t5_enc_dec":                  "Unable to decode data",
	"models/vit_eager":                   "Unable to decode data",
	"parallax-models/cast_bf16_dynamo18": "Unknown input type: BFLOAT16",
	"parallax-models/cov_einsum_ts17":    "operator Shape not implemented",
	"parallax-models/encoder_ts17":       "operator Shape not implemented",
	"parallax-models/fla_plain_ts17":     "operator Gather not implemented",
}

// TestRefusals shows why onnx-go can't run models that the tests of onnx/onnxgo run
// and compare with recorded outputs.
func TestRefusals(t *testing.T) {
	for name, want := range refusals {
		err := refusal(t, filepath.Join(testdata, name))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// TestAll shows that there is no fixture that onnx-go can run.
func TestAll(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata, "*", "*", "model.onnx"))
	if err != nil || len(files) < len(refusals) {
		t.Fatalf("%d fixtures: %v", len(files), err)
	}
	for _, file := range files {
		if refusal(t, filepath.Dir(file)) == nil {
			t.Errorf("onnx-go runs %s", file)
		}
	}
}

// refusal is what onnx-go says to a model with its recorded inputs.
func refusal(t *testing.T, dir string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	b := gorgonnx.NewGraph()
	model := onnx.NewModel(b)
	if err := model.UnmarshalBinary(readFile(t, filepath.Join(dir, "model.onnx"))); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "test_data_set_0", "input_*.pb"))
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		x, err := onnxgo.NewTensor(readFile(t, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := model.SetInput(i, x); err != nil {
			return err
		}
	}
	return b.Run()
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// model is what onnx-go's Model and onnxgo's have in common.
type model interface {
	UnmarshalBinary([]byte) error
	SetInput(int, tensor.Tensor) error
	GetOutputTensors() ([]tensor.Tensor, error)
	GetInputTensors() []tensor.Tensor
}

// TestSame runs a model that gorgonnx can run, in all three ways.
func TestSame(t *testing.T) {
	ours, theirs, mixed := onnxgo.NewGraph(), gorgonnx.NewGraph(), onnxgo.NewGraph()
	var want []float32
	for _, c := range []struct {
		name    string
		model   model
		backend backend.ComputationBackend
	}{
		{"onnx-go", onnx.NewModel(theirs), theirs},
		{"Model", onnxgo.NewModel(ours), ours},
		{"Graph", onnx.NewModel(mixed), mixed},
	} {
		got := run(t, c.model, c.backend)
		if want == nil {
			want = got
		}
		// Sums of three products: the orders of summation differ by a few ulp.
		const tolerance = 1e-6
		for i := range want {
			if len(got) != len(want) || got[i]-want[i] > tolerance || want[i]-got[i] > tolerance {
				t.Fatalf("%s gives %v, onnx-go %v", c.name, got, want)
			}
		}
	}
}

func run(t *testing.T, m model, b backend.ComputationBackend) []float32 {
	t.Helper()
	if err := m.UnmarshalBinary(perceptron(t)); err != nil {
		t.Fatal(err)
	}
	if in := m.GetInputTensors(); len(in) != 1 || !in[0].Shape().Eq(tensor.Shape{2, 3}) {
		t.Fatalf("inputs %v", in)
	}
	x := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{1, -2, 3, 0.5, 0.25, -1}))
	if err := m.SetInput(0, x); err != nil {
		t.Fatal(err)
	}
	if err := b.Run(); err != nil {
		t.Fatal(err)
	}
	out, err := m.GetOutputTensors()
	if err != nil {
		t.Fatal(err)
	}
	return out[0].Data().([]float32)
}
