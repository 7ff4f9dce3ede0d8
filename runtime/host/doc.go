// Package host executes programs on the CPU: it finds the function of every
// kernel that a program names, and describes the program to package rt, which
// runs it.
//
// It knows kernels by their IDs, and no operator.
package host
