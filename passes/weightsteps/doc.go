// Package weightsteps reads weights that a file holds as integers with a scale as what
// they are, in whatever way the file writes them:
//
//   - Mul(Cast(w), scale), with or without a zero point taken off between, is
//     DequantizeLinear, if the scale is one number or one for each index of an axis.
//   - Rows that are gathered of such a table are gathered before they are scaled, so that
//     nobody needs the table in floats. So are those of a large table of f16 or bf16 that is
//     converted to f32.
//
// It runs before constants are folded, which leaves DequantizeLinear of large constants for
// the passes of a target: products take the integers as they are, in a quarter of the memory.
// Values stay the same to the bit.
//
// A graph that has no target may become a file, and stays as it is: ONNX's Gather takes no
// elements of 4 bits, and ONNX Runtime rounds what meets DequantizeLinear in a product to 8
// bits by default.
package weightsteps
