// Package fusenorm finds normalisations and activations that exporters wrote
// out: LayerNormalization, RMSNormalization and Gelu.
//
// A normalisation is found in steps that multiply the phrasings in data instead
// of in patterns: first its core, x minus mean over deviation, or x over root
// mean square, becomes the operator with a scale of ones; then a product with a
// vector becomes its scale, a sum with a vector its bias, and a cast around a
// core computed in f32 its element type. That last is Llama's: the normalised
// value is rounded to f16 before it is scaled, as ONNX's own definition of the
// operators has it. A core that is scaled before the cast stays f32 inside casts.
//
// Heads' norms are no different. A core by the root of the sum of squares is an
// RMS norm with a scale of 1/√n. One whose root is bounded from below, as
// torch's normalize has it, is none of the operators and stays.
//
// An instance norm between views that join channels to groups and part them again is
// a GroupNormalization, for a target that has a kernel for it. It and what stays an
// InstanceNormalization take in the scale and the bias of the channels behind them.
//
// Gelu is read as a product: its factors are multiplied out, whatever their
// order and grouping, and compared with x/2·(1+erf(x/√2)) and with the tanh form.
//
// The pass keeps values within rounding, not bit for bit: the fused operators
// round once where the nodes did at every step, and take statistics in f32 or
// wider. It applies only if the rank of x is known and the axes are the last.
// It expects the phrasings of pass canon and the sharing of pass cse.
package fusenorm
