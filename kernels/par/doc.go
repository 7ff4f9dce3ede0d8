// Package par is the process's worker pool: fork-join over ranges of indices.
//
// A [Pool] cuts a range into chunks whose borders depend on the range and the
// grain alone, so that a kernel that reduces within chunks gives the same bits
// with any number of threads. Who computes a chunk is left open. Chunks begin in the
// order of their indices, so that one may wait for those before it: see [Ordered].
//
// A handing over between threads that are awake takes some hundred nanoseconds;
// one that sleeps is awake after up to 100 µs on virtual machines. So workers stay
// awake within a run, which [Pool.Enter] and [Pool.Leave] enclose, and a little
// longer, and then sleep: an idle process uses no processor time.
// On Linux they sleep in a call to the system, and are woken on another processor than
// who wakes them is on: see slumber_linux.go.
//
// The package knows nothing of tensors or kernels. Generated programs carry a
// copy of it.
package par
