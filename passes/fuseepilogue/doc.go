// Package fuseepilogue makes fused products of matrix products by constant
// weights, and takes into them what is done to the result before anything else
// reads it: bias, activation, gate and residual.
//
// It grows a product step by step: a MatMul or Gemm becomes a plain one, which
// takes in the sum with a vector, then a function of the elements, then the
// product with another product of the same operand (SwiGLU and its kin), then
// the sum with a value of the same shape. One whose result is only taken apart, as
// queries, keys and values that were computed at once are, becomes a product by the
// parts of its weight. One that stands between
// views, which exporters write to flatten the leading axes for a Gemm, is moved
// out of them, so that it meets the residual; so is one between transposes of batch
// and positions.
//
// A convolution takes in a function of the elements and the sum with a value of the
// same shape, in either order; its bias is its own. The function may be of a view of
// the convolution, as of rows that were flattened for a product.
//
// Nothing is taken in that has another reader, that is broadcast, or for which the
// target has no fast kernel. Without a target the pass does nothing: the node is
// of the machine, not of the file. It keeps values within rounding: 16-bit floats
// are rounded once where the nodes did at every step.
package fuseepilogue
