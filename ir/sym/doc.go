// Package sym holds symbolic dimensions: immutable integer expressions over
// named symbols, kept in one canonical form so that equal shapes compare equal.
//
// A Dim is a polynomial with integer coefficients. Its variables are atoms:
// symbols, and terms that no polynomial can express (floor division, ceiling
// division, minimum, maximum, broadcasting). Remainders are rewritten to
// a - b*(a/b), so padding to a multiple and splitting into blocks cancel.
//
// A symbol is the size of a dimension and therefore at least 0, unless it was
// made by Signed. Simplification relies on that. It also relies on the
// expression being defined: (a*b)/b is a, although the first form divides by
// zero where b is 0. So the canonical form equals the written one wherever the
// written one has a value; it may have a value where the written one has none.
// Sizes are taken to be far from the ends of int64: evaluation reports an
// overflow at any step of the canonical form, though the written one may have
// none.
//
// Growth is bounded. A sum or product with too many terms, or with a
// coefficient beyond int64, keeps its operands as closed groups: still correct,
// only no longer simplified. Equal subterms are shared, and everything that
// walks an expression takes time linear in its distinct subterms.
//
// The package knows integers and names. It must not know tensors, graphs,
// operators or where a symbol comes from.
package sym
