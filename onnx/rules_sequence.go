package onnx

import (
	"github.com/parallax-go/parallax/ir/op"
)

// sequenceRules are those of operators along time: transforms and recurrences.
func sequenceRules() []rule {
	window := known{"output_datatype": custom, "periodic": custom}
	return []rule{
		{op: op.DFT, since: 17, known: known{"axis": custom, "inverse": field, "onesided": field}, build: transformAxis},
		{op: op.DFT, since: 20, known: fields("inverse", "onesided")},
		{op: op.STFT, since: 17, known: fields("onesided")},
		{op: op.MelWeightMatrix, since: 17, known: fields("output_datatype")},
		{name: "HannWindow", since: 17, known: window, build: cosineWindow(0.5, 0.5, 0)},
		{name: "HammingWindow", since: 17, known: window, build: cosineWindow(25./46, 21./46, 0)},
		{name: "BlackmanWindow", since: 17, known: window, build: cosineWindow(0.42, 0.5, 0.08)},
	}
}
