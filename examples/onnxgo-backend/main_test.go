package main

import (
	"path/filepath"
	"testing"

	"gorgonia.org/tensor"
)

func TestRun(t *testing.T) {
	dir := filepath.Join("..", "..", "tests", "testdata", "models", "bert_sdpa_ts14")
	set := filepath.Join(dir, "test_data_set_0")
	outputs, err := run(0, filepath.Join(dir, "model.onnx"), []string{filepath.Join(set, "input_0.pb"), filepath.Join(set, "input_1.pb")})
	if err != nil {
		t.Fatal(err)
	}
	if len(outputs) != 1 || outputs[0].Dtype() != tensor.Float32 || outputs[0].Dims() != 3 {
		t.Errorf("outputs %v", outputs)
	}
	if _, err := run(0, filepath.Join(dir, "case.json"), nil); err == nil {
		t.Error("JSON is a model")
	}
}
