// Package ref evaluates every operator slowly and obviously right: the oracle
// of the tests, and the kernels of operators that nobody has written a fast one
// for.
//
// A function has the operator's name and takes the outputs, the attributes if
// the operator has any, and the operands, in ONNX's order. An optional operand
// that is left out is nil, and so is an optional output that nobody wants. The
// function checks its operands, gives each output its type and shape with
// [tensor.Tensor.Reset] and writes every element. Outputs never alias operands.
//
// Elements of 16-bit floats are computed in wider types and rounded once, at the
// output; sums of f32 are kept in f64. Where ONNX leaves a result undefined, it
// does not depend on the machine: division of integers by zero gives 0, and a
// conversion to an integer saturates, see [Cast].
//
// The package knows tensors and attributes: no graphs, no threads, no memory
// plan. Generated programs carry a copy of it.
package ref
