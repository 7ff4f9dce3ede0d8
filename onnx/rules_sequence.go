package onnx

import (
	"github.com/parallax-go/parallax/ir/op"
)

// sequenceRules are those of operators along time: transforms and recurrences.
func sequenceRules() []rule {
	cell := []string{"activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size"}
	// Before opset 7 a file said which of the outputs it wanted, though they tell.
	old := func(names ...string) known {
		k := fields(append(names, cell...)...)
		k["output_sequence"] = ignored
		return k
	}
	since := func(names ...string) known { return fields(append(names, cell...)...) }
	window := known{"output_datatype": custom, "periodic": custom}
	return []rule{
		{op: op.DFT, since: 17, known: known{"axis": custom, "inverse": field, "onesided": field}, build: transformAxis},
		{op: op.DFT, since: 20, known: fields("inverse", "onesided")},
		{op: op.STFT, since: 17, known: fields("onesided")},
		{op: op.RNN, since: 1, known: old()},
		{op: op.RNN, since: 7, known: since()},
		{op: op.RNN, since: 14, known: since("layout")},
		{op: op.GRU, since: 1, known: old()},
		{op: op.GRU, since: 3, known: old("linear_before_reset")},
		{op: op.GRU, since: 7, known: since("linear_before_reset")},
		{op: op.GRU, since: 14, known: since("layout", "linear_before_reset")},
		{op: op.LSTM, since: 1, known: old("input_forget")},
		{op: op.LSTM, since: 7, known: since("input_forget")},
		{op: op.LSTM, since: 14, known: since("input_forget", "layout")},
		{op: op.MelWeightMatrix, since: 17, known: fields("output_datatype")},
		{name: "HannWindow", since: 17, known: window, build: cosineWindow(0.5, 0.5, 0)},
		{name: "HammingWindow", since: 17, known: window, build: cosineWindow(25./46, 21./46, 0)},
		{name: "BlackmanWindow", since: 17, known: window, build: cosineWindow(0.42, 0.5, 0.08)},
	}
}
