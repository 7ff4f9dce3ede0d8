// Package layout lets attention read and write heads where the projections have
// them, in the last axis of tokens: then nothing transposes them.
//
// The package knows the layouts of the fused node, which nodes between projection and
// attention work on any, and that products don't mind which of batch and positions
// comes first.
package layout
