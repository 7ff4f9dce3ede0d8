// Package canon brings graphs into a normal form, so that later passes meet one
// phrasing of each idea:
//
//   - what does nothing is removed: Identity, casts to the same type, slices and
//     expansions that keep the shape, x·1, x−0, single operands joined;
//   - chains of Reshape, Flatten, Squeeze, Unsqueeze and Transpose become at most
//     Reshape, Transpose, Reshape; where one node will do, one;
//   - targets of Reshape are constants where 0 and −1 can say them;
//   - constants are the right operand of commutative operators; comparisons are
//     Less and LessOrEqual; conditions are not negated;
//   - an Einsum of x and a weight is MatMul, Reshape, Transpose;
//   - x⁻¹ is Reciprocal, x² is Mul(x, x), x + (−y) is Sub;
//   - the axis of softmax and of normalisations counts from the end, other axes
//     from the start; permutations are spelled out.
//
// Every rewrite gives the same bits. That is why some that look obvious are not
// here: x + 0 is not x (−0 + 0 is +0; with an integer or −0 it is done), x/c is
// not x·(1/c), √x is not x^0.5 (they differ at −0 and −∞), ¬(a < b) is a ≥ b for
// integers only (NaN). The sign and payload of NaN are not counted as bits.
// Pow(x, 2) counts as x·x: the correctly rounded square.
package canon
