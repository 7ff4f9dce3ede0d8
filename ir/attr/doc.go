// Package attr holds the attributes of every IR operator as plain structs,
// decoded once at import: no string maps survive it.
//
// A field's tag gives its name in the printed form and its ONNX default:
// `attr:"axis,-1"`. Fields equal to their default are not printed; [New] returns
// a struct with all defaults set.
//
// [Attention] is the only specification of attention in the project.
//
// The package knows tensors and nothing else of the project: no graph, no
// kernel. Generated programs carry a copy of it.
package attr
