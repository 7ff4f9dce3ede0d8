// Package attention tests every evaluation of the fused node against each other
// and against recorded vectors: the reference, the streaming kernel, the
// decomposition into standard operators.
package attention
