// Package readmasks understands the masks and biases of fused attention nodes. It
// reads the subgraph that computes one as an expression of the indices of the
// scores, (batch, head, query, key), and splits the condition under which a key
// is seen into what [attr.Attention] has words for: causal, windows, ranges of
// keys, masks of the keys or of the queries alone, and a formula over those. What
// is added to the scores is split into terms, each kept at its lowest rank; one
// that depends on key minus query becomes a relative bias. Afterwards no operand
// of queries × keys is left where the file computed it from smaller things.
//
// Answers stay as they were, rows that see no key included: what is not
// understood stays an operand, and an added number becomes a condition only where
// nothing but the number can show.
//
// The element of a value at given indices is read by walking up (read.go,
// views.go), over constant tables too (table.go); conditions are kept in a normal
// form (logic.go, compare.go), functions with few values as cases (cases.go);
// condition.go and bias.go turn them into the specification, and emit.go builds
// the operands by doing the file's own operations on smaller arrays, so that
// their elements are the same to the last bit.
//
// Two things are taken for granted of a file that runs. Positions are below 2²⁴, so
// that they are the same as f32: no mask of queries × keys could be computed of
// more. And an axis that was cut to the scores' extent (min(keys, …) long) is not
// broadcast from a single entry that happened to be left.
//
// Work is bounded: per attention by the expressions made (maxExprs), per expression
// by its cases (maxCases) and by the conditions compared with each other
// (maxMembers). Past a limit a value is an operand, as if it were not understood.
//
// The package knows nothing of exporters: there is no list of phrasings, only of
// operators.
package readmasks
