// Package fusechain makes one node of elementwise operators that feed each
// other, for targets that have a kernel for it: what they would write to memory
// and read again stays in the first-level cache.
//
// A group grows from its last operator backwards. A value goes inside if all its
// readers are inside, it is no output of the graph, and computing it inside takes
// no more work: it has the shape of the result, or is one number for each of the
// result's rows. In 16 bits a group rounds once, where its operators round each
// result.
package fusechain
