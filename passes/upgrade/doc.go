// Package upgrade turns softmax attention into Parallax attention (arXiv
// 2605.29157): each fused node gets a probe r = W_R x with a new W_R of zeros, so
// that the model computes what it did and can be trained on from there. (Where x
// is infinite, 0·x is NaN.)
//
// r follows the query's path: the same input x, and the same views, norms and
// rotary embedding between projection and attention. Three things differ.
// Biases are left out, so that r is zero at zero; scales of the query are left
// out, since s₂ = r·k is unscaled; and a norm's gain is a new parameter, the gate,
// that begins at √ε. A norm of zero is multiplied by 1/√ε, 1000 for ε = 10⁻⁶,
// which would make the first step of training jump; and a gate of zero would
// leave both the gate and W_R without a gradient. With √ε the derivative of r
// by W_R x is one at zero. A norm without an ε under its root is left out.
//
// The projection of the query is found by walking back from q. It may be part of
// a packed one: W_R has then the columns of the query alone.
//
// The package looks at fused nodes and what computes their operands. It doesn't
// know how they were recognised, nor where the graph comes from or goes.
package upgrade
