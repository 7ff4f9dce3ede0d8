// Package passes runs an ordered list of passes over a graph: the [Pass] as a
// documented value, the [Context] that a running pass sees, statistics, the
// verifier and dumps between passes, bisection by [Options.StopAfter], and the
// [Remark], the verdict on one attention anchor that explain shows.
//
// A pass gets the root graph and descends into the regions itself
// ([ir.Graph.Graphs]). Passes that replace nodes do it through package rewrite.
//
// The package knows no operator and no particular pass; the ordered table is in
// passes/std.
package passes
