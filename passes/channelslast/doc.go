// Package channelslast makes convolutions of single channels ("depthwise") read and
// write rows of channels where that saves transpositions: between products of rows, as
// in Segformer, ConvNeXt and TinyViT, files transpose to [batch, channel, …] and back.
//
// A side of a convolution costs nothing if its value is one of [batch, …, channel] in
// another view; if not, it costs a transposition. The pass changes a convolution if
// no more transpositions come than go: the convolution itself is no slower on rows.
// Sums of what is transposed alike are transposed instead of their operands, so that a
// residual stream stays rows.
//
// Convolutions that cut an image into patches become products of the patches as rows, if
// what they give is transposed to rows: packed weights are then read once for many rows,
// where a convolution lays the image out anew for its filters.
//
// Without a target the pass does nothing: the layout is of the machine's kernels, and
// only what the target has a fast kernel for is changed.
package channelslast
