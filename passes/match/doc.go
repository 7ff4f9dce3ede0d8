// Package match recognises shapes of computation. A [Pattern] describes a value
// by how it is computed:
//
//	x := match.Var("x")
//	gelu := match.Op(op.Mul, x, match.Op(op.Sigmoid, match.Op(op.Mul, x, match.Scalar(1.702))))
//
// and [All] yields every way in which a value fits. All of them matter: on
// (x+y)·y the pattern Mul(Add(a, b), a) fits with a = y only, which a matcher
// that settles for the first choice at Add does not find.
//
// What a pattern says:
//
//   - [Op] fits the output of a node of that operator whose operands fit, in
//     this order or, if the operator is commutative, with the first two swapped.
//     Operands beyond those described must be left out.
//   - [Var] captures a value under a name. Under one name there is one value:
//     at its second place the pattern fits the same value, or an equal constant.
//   - [Any], [Const], [Scalar], [ScalarWhere] fit single values, [Maybe] a value
//     or an operand that is left out.
//   - [Or] fits what any alternative fits; [Through] looks through operators
//     such as Cast, where they stand or not.
//   - Methods narrow a pattern: [Pattern.As] captures, [Pattern.Where] and
//     [Pattern.Attr] add a condition, [Pattern.Sole] wants a single reader.
//
// [Explain] says why a value does not fit: the check that failed after the most
// nodes had fitted, its node, what was wanted and what was found.
//
// The search is bounded: a pattern with many alternatives on a graph with many
// swaps gives up after [Budget] steps and counts as not fitting.
//
// The package also tells what a value is as a view of another, see [View].
package match
