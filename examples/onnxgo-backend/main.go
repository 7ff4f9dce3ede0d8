// Onnxgo-backend keeps onnx-go's own Model and gives it onnxgo's back end, which
// runs any file that onnx-go can decode. It runs one and prints its outputs'
// shapes; inputs are tensors of zeros where no file is given.
//
//	go run ./examples/onnxgo-backend -opset 14 model.onnx input_0.pb input_1.pb
package main

import (
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/owulveryck/onnx-go"
	"github.com/parallax-go/parallax/onnx/onnxgo"
	"gorgonia.org/tensor"
)

func main() {
	log.SetFlags(0)
	opset := flag.Int("opset", 0, "version of ai.onnx that the file is written in, if the file leaves a choice")
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	outputs, err := run(*opset, flag.Arg(0), flag.Args()[1:])
	if err != nil {
		log.Fatal("onnxgo-backend: ", err)
	}
	for i, t := range outputs {
		fmt.Printf("output %d: %v %v\n", i, t.Dtype(), t.Shape())
	}
}

// run returns the outputs of the model for inputs that are files of TensorProto.
func run(opset int, file string, inputs []string) ([]tensor.Tensor, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	backend := onnxgo.NewGraph(onnxgo.WithOpset(opset)) // was gorgonnx.NewGraph()
	defer backend.Close()
	model := onnx.NewModel(backend)
	if err := model.UnmarshalBinary(data); err != nil {
		return nil, err
	}
	for i, name := range inputs {
		if err := setInput(model, i, name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := backend.Run(); err != nil {
		return nil, err
	}
	return model.GetOutputTensors()
}

func setInput(model *onnx.Model, i int, name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	t, err := onnxgo.NewTensor(data)
	if err != nil {
		return err
	}
	return model.SetInput(i, t)
}
