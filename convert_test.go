package parallax_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/examples/recall"
	"github.com/parallax-go/parallax/ir/tensor"
)

// The softmax attention of a trained model becomes Parallax attention; the names
// are those that trained weights are put in by.
func ExampleConvert() {
	dir, err := os.MkdirTemp("", "parallax")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	data, err := recall.Model(recall.Softmax)
	if err != nil {
		log.Fatal(err)
	}
	model := filepath.Join(dir, "model.onnx")
	if err := os.WriteFile(model, data, 0o644); err != nil {
		log.Fatal(err)
	}
	written, err := parallax.Convert(model, filepath.Join(dir, "upgraded.onnx"), parallax.ConvertOptions{Upgrade: "parallax"})
	if err != nil {
		log.Fatal(err)
	}
	for _, u := range written.Upgrade.Upgraded {
		for _, p := range u.Parameters {
			fmt.Println(p.Name, p.DType, p.Shape)
		}
	}
	// Output:
	// node_linear.W_R f32 [64 64]
	// node_linear.W_R.gate f32 [32]
	// node_linear_7.W_R f32 [64 64]
	// node_linear_7.W_R.gate f32 [32]
}

func TestConvertOptions(t *testing.T) {
	tests := []struct {
		options parallax.ConvertOptions
		want    string // part of the error; "": none
	}{
		{parallax.ConvertOptions{}, ""},
		{parallax.ConvertOptions{Upgrade: "parallax", Form: "inline", Weights: map[string]*tensor.Tensor{}}, ""},
		{parallax.ConvertOptions{Upgrade: "linear"}, `upgrade "linear" is not parallax`},
		{parallax.ConvertOptions{Weights: map[string]*tensor.Tensor{}}, "none is asked for"},
		{parallax.ConvertOptions{Form: "round"}, `form "round"`},
	}
	for _, tt := range tests {
		err := tt.options.Check()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%+v: %v, want %q", tt.options, err, tt.want)
		}
	}
}
