// Package op holds the descriptor of every operator of the IR: arity,
// commutativity, attributes and type inference. They are those of ONNX in their
// newest form (opset 23: axes, shapes, splits and clip limits are operands),
// and Parallax of the domain ai.parallax.
//
// Inference works on symbolic shapes, and carries the contents of small integer
// tensors as expressions of the dims, so that the target of a Reshape computed
// by Shape, Gather and Concat is known as a symbolic shape.
//
// The package knows neither files nor how anything is computed.
package op
