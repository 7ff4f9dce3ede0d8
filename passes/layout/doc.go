// Package layout lets attention read and write heads where the projections have
// them, in the last axis of tokens: then nothing transposes them.
//
// The package knows the layouts of the fused node, and which nodes between projection
// and attention work on any.
package layout
