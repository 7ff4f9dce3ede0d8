// Onnxgo-model is a program for onnx-go, changed in two lines: it makes onnxgo's
// graph and model where onnx-go's were made. It runs the demo model, a decoder with
// Parallax attention that onnx-go can't run, and counts how often it recalls
// the right token.
//
//	go run ./examples/onnxgo-model
package main

import (
	"fmt"
	"log"

	"github.com/parallax-go/parallax/examples/recall"
	parallax "github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/onnxgo"
	"gorgonia.org/tensor"
)

func main() {
	log.SetFlags(0)
	correct, counted, err := evaluate(recall.Parallax, 64)
	if err != nil {
		log.Fatal("onnxgo-model: ", err)
	}
	fmt.Printf("%s: %d of %d tokens recalled\n", recall.Parallax, correct, counted)
}

// evaluate runs the first n sequences of a demo model's evaluation set.
func evaluate(name string, n int) (correct, counted int, err error) {
	file, err := recall.Model(name)
	if err != nil {
		return 0, 0, err
	}
	set, err := recall.EvaluationOf(name)
	if err != nil {
		return 0, 0, err
	}

	backend := onnxgo.NewGraph()      // was gorgonnx.NewGraph()
	model := onnxgo.NewModel(backend) // was onnx.NewModel(backend)
	defer backend.Close()
	if err := model.UnmarshalBinary(file); err != nil {
		return 0, 0, err
	}
	batch := set.Batch(0, n)
	tokens := tensor.New(tensor.WithShape(batch.Shape...), tensor.WithBacking(parallax.Data[int64](batch)))
	if err := model.SetInput(0, tokens); err != nil {
		return 0, 0, err
	}
	if err := backend.Run(); err != nil {
		return 0, 0, err
	}
	outputs, err := model.GetOutputTensors()
	if err != nil {
		return 0, 0, err
	}

	logits := outputs[0]
	correct, counted = set.Score(0, parallax.Of(logits.Shape(), logits.Data().([]float32)))
	return correct, counted, nil
}
