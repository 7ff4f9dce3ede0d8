// Package recall holds two small trained decoders and their evaluation sets: the
// models that parallax demo runs. They solve noisy in-context recall, one with
// Parallax attention, its twin with softmax attention; the README.md of each
// says how they were trained, and what they do not show.
package recall

import (
	"bytes"
	"embed"
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/tensor/npy"
)

//go:embed parallax-recall/model.onnx parallax-recall/eval.npz softmax-recall/model.onnx softmax-recall/eval.npz
var files embed.FS

// The models.
const (
	Parallax = "parallax-recall"
	Softmax  = "softmax-recall"
)

// Model returns the ONNX file of a model: input tokens i64 [batch, seq], output
// logits f32 [batch, seq, 64].
func Model(name string) ([]byte, error) { return files.ReadFile(name + "/model.onnx") }

// Evaluation is a set of sequences, all arrays [sequences, seq]. Positions with
// mask 1 count: there argmax(logits) should be the target.
type Evaluation struct {
	Tokens, Targets, Mask *tensor.Tensor
}

// Sequences returns the number of sequences and their length.
func (e *Evaluation) Sequences() (n, length int) { return e.Tokens.Shape[0], e.Tokens.Shape[1] }

// Batch returns the tokens of sequences from to to as the models want them.
func (e *Evaluation) Batch(from, to int) *tensor.Tensor {
	_, length := e.Sequences()
	ids := make([]int64, (to-from)*length)
	for i := range ids {
		ids[i] = e.Tokens.IntAt(from*length + i)
	}
	return tensor.Of([]int{to - from, length}, ids)
}

// Score counts the positions of sequences from from on whose greatest logit is
// the target. logits is [n, seq, vocabulary].
func (e *Evaluation) Score(from int, logits *tensor.Tensor) (correct, counted int) {
	vocabulary := logits.Shape[2]
	values := tensor.Data[float32](logits)
	for i := range logits.Shape[0] * logits.Shape[1] {
		at := from*logits.Shape[1] + i
		if e.Mask.IntAt(at) == 0 {
			continue
		}
		counted++
		if int64(argmax(values[i*vocabulary:][:vocabulary])) == e.Targets.IntAt(at) {
			correct++
		}
	}
	return correct, counted
}

func argmax(values []float32) int {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return best
}

// EvaluationOf reads the evaluation set of a model.
func EvaluationOf(name string) (*Evaluation, error) {
	data, err := files.ReadFile(name + "/eval.npz")
	if err != nil {
		return nil, err
	}
	arrays, err := npy.ReadArchive(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	e := &Evaluation{}
	for _, a := range arrays {
		switch a.Name {
		case "tokens":
			e.Tokens = a.Tensor
		case "targets":
			e.Targets = a.Tensor
		case "mask":
			e.Mask = a.Tensor
		}
	}
	if e.Tokens == nil || e.Targets == nil || e.Mask == nil {
		return nil, fmt.Errorf("%s: eval.npz lacks tokens, targets or mask", name)
	}
	return e, nil
}
