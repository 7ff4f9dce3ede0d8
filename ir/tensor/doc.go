// Package tensor holds host values: dense tensors of every ONNX element type,
// and the sequence, optional and map values that some operators pass around.
//
// It knows nothing of graphs, operators or devices. Elements are stored packed
// and little-endian in row-major (C) order; sub-byte types keep two (4-bit) or
// four (2-bit) elements per byte, low bits first, as ONNX raw_data does.
package tensor
