// Package fuserope finds rotary position embeddings that exporters wrote out and
// makes them RotaryEmbedding nodes.
//
// There are too many phrasings for patterns: halves cut by Slice or Split, pairs
// taken by strided slices, by a reshape to pairs or by complex multiplication,
// tables that repeat their halves or are half as wide, rotations of a part of
// the head. What they have in common is what they do to the lanes, the entries
// of the last axis: with tables c and s,
//
//	out[a] = x[a]·c − x[b]·s
//	out[b] = x[b]·c + x[a]·s
//
// for pairs (a, b) that are (i, i+h) or (2i, 2i+1), and out = x for the lanes
// behind the last pair. So the pass reads each lane of a candidate as a term
// over lanes of other values (reader, algebra), through whatever moves lanes
// about, and compares with these equations (rotation). The same reading tells
// that both halves of a table are one: then the table is cut to that half, as
// far up as its lanes can be told apart, so that cosines are taken of half as
// many angles.
//
// Values stay within the order of rounding: the operator rounds once where 16-bit
// nodes did three times; in f32 it computes the same products and the same sum.
//
// A scale of what is rotated then moves behind the rotation, where attention
// takes it.
//
// The pass doesn't know what a query or a key is, nor where positions come from:
// any tables will do, if they are constant along the heads.
package fuserope
