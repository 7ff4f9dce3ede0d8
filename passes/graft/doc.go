// Package graft takes attention that passes have fused in a copy of a graph back
// into the graph itself, which else stays as its file has it.
//
// Recognition needs a graph that is folded and in normal form; a conversion must
// not optimise. So the passes work on a clone, and only the fused nodes, with
// what lies between them and the nearest values that both graphs have, come back.
//
// A value of the clone is one of the graph's if it is the clone of one, or bears
// its name: rewrites move the name of a value to the one that replaces it, and
// both have the same contents (package rewrite).
//
// The package knows nothing of attention but which operator is the fused node.
package graft
