// Package fusecache makes the concatenation of past and new keys and values part
// of the fused attention node: operands past_k and past_v, outputs present_k and
// present_v. Then a decoder needs no copy of its past per step: the run-time
// appends to the caches in place where a State keeps them.
//
// The node that it starts from reads k and v through views of Concat(past, new)
// along the positions, whatever the layout: [B, heads, S, size] as the node wants
// it, [B, S, heads, size], [B, S, heads·size], transposed keys [B, heads, size,
// S]. The same views of past and new are the operands afterwards, and the views
// undone on present what other readers of the concatenation get, graph outputs
// among them. Where that would transpose a cache that no State keeps, and where a
// check fails, the Concat stays: it computes the same.
//
// The past must come from an input. That is what tells a cache from keys that
// the model makes up, such as learned prefixes.
//
// The package knows no kernels and nothing of states.
package fusecache
