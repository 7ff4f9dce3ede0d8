// Package decode drives decoders step by step: it says how each input of a step
// follows from the step before, so that a model with a token input and logits can
// be run through its state without knowing who exported it.
//
// The names of the inputs follow the conventions of the exporters of Hugging Face
// and of ONNX Runtime; what an input's axes count is read off the symbols of its
// shape: new tokens as the token input has them, or all positions so far. An input
// that depends on neither stays as it is: the encoder's result, a switch. What
// can't be told is an error that lists every such input.
//
// The package chooses tokens only greedily; other choices are the caller's. It
// knows no kernels and runs nothing.
package decode
