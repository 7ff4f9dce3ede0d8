// Package attn recognises attention for the two passes that fuse it, whatever
// exporter wrote it.
//
// The anchor is a softmax, as one node or written out as exp and sum. From
// there:
//
//   - scores.go walks up to the product q·k and collects, by position, the
//     scale, softcap, biases and masks on the way (masks.go puts them in the
//     order of the fused node);
//   - region.go walks down and calculates every value as a polynomial over p, t
//     = r·k, Σ p v and their kin (poly.go). So all phrasings of one function are
//     one polynomial, and there is one pattern: attention is Σ p v, Parallax is
//     Σ p v · (1 + Σ p t) − Σ p t v. Less usual parts of the algebra have a file
//     each: products of several values joined (join.go), what is calculated
//     feature by feature (features.go), factors per head or query (rowfactor.go),
//     the same probabilities computed twice (twin.go);
//   - layouts (layout.go) follow what each axis runs over through Reshape,
//     Transpose and Einsum, so that batch, heads and the transposed keys are read
//     off, not matched; operands.go turns them into the operands of the node.
//
// The work on one anchor is bounded (work.go). A check that fails is a [Refusal]: it names the place, what was wanted and
// found, and the remedy. Nothing here changes the graph: the result is a patch.
//
// The package knows operators, but no kernels and no targets.
package attn
