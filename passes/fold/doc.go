// Package fold computes at compile time what is known at compile time: nodes
// whose operands are all constants, by the reference kernels; shape arithmetic
// whose symbolic contents turn out to be numbers; and If with a constant
// condition, whose branch is inlined.
//
// Left alone are random and unknown operators, contents that depend on symbolic
// dims, and results that are large or much larger than what they are made of: an
// expanded or tiled constant would be private memory where the operand is a view
// of the file. What such a result is needed for is computed with it if that is small.
// Quantised weights are the exception: see decoder.
package fold
