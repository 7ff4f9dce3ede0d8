// Package kernels says what a kernel is to the compiler: which operator it
// computes, for which target, for which operands, and how it wants its weights
// laid out. A [Catalog] holds the kernels of a build and chooses among them.
//
// A kernel is named by its ID, "package.Function", and called by convention:
// outputs first, then the attributes if the operator has any, then the
// operands. The functions themselves are found by whoever runs a program.
//
// The package knows operators by name only: neither graphs nor programs, and no
// kernel in particular (those are in package catalog).
package kernels
