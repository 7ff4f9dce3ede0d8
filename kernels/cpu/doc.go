// Package cpu holds the fast CPU kernels, made of the vector kernels of package
// simd: a blocked matrix product on packed panels, elementwise and normalising
// operators over rows, reductions, copies, and streaming attention.
//
// A kernel takes the context of the run, the outputs, the attributes if the
// operator has any, and the operands, in ONNX's order; an operand that is left
// out is nil. It gives each output its type and shape, writes every element, and
// returns an error for operands it doesn't take. Outputs never alias operands.
//
// What a kernel gives is the same to the bit with any number of threads: the
// order of every reduction follows from shapes and element types alone. Numeric
// code writes float32(a*b) + c, since the conversion forbids the compiler to
// fuse on machines where it would.
//
// The package knows slices, tensors, attributes and the worker pool: neither
// graphs nor programs nor the memory plan. Generated programs carry a copy of
// it.
package cpu
