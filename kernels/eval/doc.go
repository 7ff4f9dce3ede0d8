// Package eval connects the operators of the IR with the reference kernels: a
// table of every operator's function, called through one signature, and an
// evaluator of nodes and whole graphs on top of it. Constant folding and the
// tests are its users.
//
// The package knows nothing of programs, memory plans and targets.
package eval
