// Package par is the process's worker pool: fork-join over ranges of indices.
//
// A [Pool] cuts a range into chunks whose borders depend on the range and the
// grain alone, so that a kernel that reduces within chunks gives the same bits
// with any number of threads. Who computes a chunk, and when, is left open.
//
// The package knows nothing of tensors or kernels. Generated programs carry a
// copy of it.
package par
