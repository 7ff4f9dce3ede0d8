// Package foldaffine takes scales and shifts of channels, constants all, into the
// constant weights beside them: a BatchNormalization, a product with a vector such
// as a layer scale, the sum of a convolution and a vector.
//
//   - s·(x·w + b) + t is x·(s·w) + (s·b + t), where x·w is a Conv, ConvTranspose,
//     Gemm or MatMul that nothing else reads. Views and transpositions may stand
//     between, as long as the channels stay one axis of theirs.
//   - A Conv of s·x + t is one of x by other weights. Its padding is of zeros and
//     not of t, so that a shift goes in only where nothing is padded.
//   - What is left of BatchNormalization is, for a target, a product and a sum,
//     which fuse with what stands beside them.
//
// The new weights are computed in f64 and rounded once. Values stay within
// rounding: sums are taken of scaled terms instead of being scaled.
//
// Weights that another node reads are left, since a copy would cost more memory
// than the scale costs time; and so are results that are not finite, or that f16
// holds with too few bits.
package foldaffine
