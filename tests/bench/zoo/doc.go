// Package zoo writes the models of the benchmark: ONNX files as exporters write
// them, unfused, with the shape arithmetic around every attention, symbolic
// dimensions and deterministic random weights.
package zoo
