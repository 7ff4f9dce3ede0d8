package onnx

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// fusion is a fused node being put together: its operands, in any order.
type fusion struct {
	*call
	a               *attr.Attention
	q, k, v         *ir.Value // [B, T, heads·size]; or [B, heads, T, size] in layout bhsd
	biases          []*ir.Value
	pastK, pastV    *ir.Value // [B, kv_heads, past, size]
	starts, lengths *ir.Value // [B]
	sink            *ir.Value // [heads]
}

// fuse begins a node with the attributes that the rule has decoded. Heads are
// packed in the last axis.
func (c *call) fuse() (*fusion, error) {
	f := &fusion{call: c, a: c.attr.(*attr.Attention)}
	f.a.Layout = attr.LayoutBSD
	if f.a.Heads < 1 {
		return nil, fmt.Errorf("attribute num_heads is %d, want at least 1", f.a.Heads)
	}
	if f.a.KVHeads == 0 {
		f.a.KVHeads = f.a.Heads
	}
	return f, nil
}

// attention makes the node. Outputs are o, present_k and present_v.
func (f *fusion) attention(presents bool) ([]*ir.Value, error) {
	if err := f.b.Err(); err != nil {
		return nil, err
	}
	if err := f.setScale(); err != nil {
		return nil, err
	}
	a := f.a
	a.Biases, a.HasPast, a.HasRanges, a.HasSink = len(f.biases), f.pastK != nil, f.lengths != nil, f.sink != nil
	a.HasPresent = presents
	if a.Biases > 0 {
		a.EmptyRow = attr.EmptyRowNaN // biases of −inf alone
	}
	in := append([]*ir.Value{f.q, f.k, f.v}, f.biases...)
	if a.HasPast {
		in = append(in, f.pastK, f.pastV)
	}
	if a.HasRanges {
		in = append(in, f.starts, f.lengths)
	}
	if a.HasSink {
		in = append(in, f.sink)
	}
	return f.b.Ops(op.Parallax, a, a.Outputs(), in...), f.b.Err()
}

// setScale puts the default of the operators, 1/√size, in place of 0.
func (f *fusion) setScale() error {
	if f.a.Scale != 0 {
		return nil
	}
	size, err := f.headSize(f.q, f.a.Heads)
	if err != nil {
		return err
	}
	f.a.Scale = 1 / math.Sqrt(float64(size))
	return nil
}

// headSize is the size of one head of x, in the node's layout.
func (f *fusion) headSize(x *ir.Value, heads int) (int64, error) {
	shape, err := f.shapeOf(x)
	if err != nil {
		return 0, err
	}
	n, ok := shape[len(shape)-1].IsConst()
	switch {
	case !ok:
		return 0, notSupported("the size of its heads, in %s, is not constant", shape)
	case f.a.Layout == attr.LayoutBHSD:
		return n, nil
	case n < 1 || n%int64(heads) != 0:
		return 0, fmt.Errorf("hidden size %d is not a multiple of %d heads", n, heads)
	}
	return n / int64(heads), nil
}

// shapeOf is the shape of x, whose rank must be known and at least 1.
func (c *call) shapeOf(x *ir.Value) (sym.Shape, error) {
	if rank, ok := x.Type.Rank(); !ok || rank == 0 {
		return nil, notSupported("the rank of an operand, %s, is not known, or 0", x.Type)
	}
	return x.Type.Shape, nil
}

// rankOf is the rank of x, which must be known.
func (c *call) rankOf(x *ir.Value) (int, error) {
	shape, err := c.shapeOf(x)
	return len(shape), err
}

// setCausal reads unidirectional: query i sees the keys up to i, after those of
// the past. With another number of new keys than of queries, ONNX Runtime lets
// the last query see all.
func (f *fusion) setCausal() error {
	on, err := f.int("unidirectional", 0)
	if err != nil || on == 0 {
		return err
	}
	f.a.Causal = attr.CausalBottomRight
	q, k := f.q.Type, f.k.Type
	if len(q.Shape) < 2 || len(k.Shape) < 2 || !q.Shape[1].Equal(k.Shape[1]) {
		return notSupported("unidirectional needs as many new keys as queries, got %s and %s", k, q)
	}
	return nil
}

// packedHeads gives [B, heads, T, size] the layout of packed heads.
func (c *call) packedHeads(x *ir.Value) *ir.Value {
	return c.reshape(c.transpose(x, 0, 2, 1, 3), 0, 0, -1)
}

// splitHeads is the inverse of packedHeads.
func (c *call) splitHeads(x *ir.Value, heads int) *ir.Value {
	return c.transpose(c.reshape(x, 0, 0, int64(heads), -1), 0, 2, 1, 3)
}

// packedWeights is com.microsoft Attention: the projections of one input, and
// the attention.
func packedWeights(c *call) ([]*ir.Value, error) {
	f, err := c.fuse()
	if err != nil {
		return nil, err
	}
	if err := f.project(c.arg("input"), c.arg("weights"), c.arg("bias")); err != nil {
		return nil, err
	}
	return f.ofProjections(c.arg("past"), c.arg("mask_index"), c.arg("attention_bias"), c.arg("past_sequence_length"))
}

// ofProjections is the attention of q, k and v that have been cut, with past and
// present stacked. The operands may be nil.
func (f *fusion) ofProjections(past, mask, bias, pastLength *ir.Value) ([]*ir.Value, error) {
	var buffer *sharedBuffer
	if past != nil {
		f.pastK, f.pastV = f.entry(past, 0, 0), f.entry(past, 0, 1)
		buffer = f.sharedPast(pastLength)
	}
	if err := f.setCausal(); err != nil {
		return nil, err
	}
	if err := f.setMasks(mask, bias); err != nil {
		return nil, err
	}
	out, err := f.attention(f.wants(1))
	if err != nil || len(out) == 1 {
		return out, err
	}
	out = buffer.presents(out)
	return []*ir.Value{out[0], f.concat(0, f.unsqueeze(out[1], 0), f.unsqueeze(out[2], 0))}, nil
}

// project makes q, k and v of one input.
func (f *fusion) project(x, weights, bias *ir.Value) error {
	return f.cutProjection(weights, f.add(f.b.Op(op.MatMul, nil, x, weights), bias))
}

// cutProjection takes q, k and v from the product of one input with weights that stand
// side by side.
func (f *fusion) cutProjection(weights, product *ir.Value) error {
	w, err := f.shapeOf(weights)
	if err != nil {
		return err
	}
	all, ok := w[len(w)-1].IsConst()
	if !ok {
		return notSupported("the size of its weights, %s, is not constant", w)
	}
	sizes := []int64{all / 3, all / 3, all / 3}
	if given := f.raw["qkv_hidden_sizes"]; given != nil {
		if sizes, err = ints(given); err != nil {
			return err
		}
	}
	if len(sizes) != 3 || sizes[0] < 0 || sizes[1] < 0 || sizes[2] < 0 || sizes[0]+sizes[1]+sizes[2] != all {
		return fmt.Errorf("hidden sizes %d of weights %s", sizes, w)
	}
	qkv := f.split(product, -1, sizes...)
	f.q, f.k, f.v = qkv[0], qkv[1], qkv[2]
	return nil
}

// multiHead is com.microsoft MultiHeadAttention.
func multiHead(c *call) ([]*ir.Value, error) {
	f, err := c.fuse()
	if err != nil {
		return nil, err
	}
	if err := c.refuseArgs("beams that share a cache are not supported", "cache_indirection"); err != nil {
		return nil, err
	}
	if c.wants(3) {
		return nil, notSupported("it has the output of scores")
	}
	return f.separate("key_padding_mask")
}

// decoderMasked is com.microsoft DecoderMaskedMultiHeadAttention: one query, and
// a past in a buffer of the present's length.
func decoderMasked(c *call) ([]*ir.Value, error) {
	f, err := c.fuse()
	if err != nil {
		return nil, err
	}
	if err := c.refuseArgs("beams that share a cache are not supported", "cache_indirection"); err != nil {
		return nil, err
	}
	if beams := c.arg("beam_width"); beams != nil {
		if n, ok := beams.Ints(); !ok || len(n) != 1 || n[0] != 1 {
			return nil, notSupported("operand beam_width is not constant 1")
		}
	}
	return f.separate("mask_index")
}

// separate is an attention whose q, k and v are operands.
func (f *fusion) separate(mask string) ([]*ir.Value, error) {
	if err := f.takeOperands(f.arg("query"), f.arg("key"), f.arg("value"), f.arg("bias")); err != nil {
		return nil, err
	}
	f.pastK, f.pastV = f.arg("past_key"), f.arg("past_value")
	if (f.pastK == nil) != (f.pastV == nil) {
		return nil, fmt.Errorf("past_key and past_value go together")
	}
	buffer := f.sharedPast(f.arg("past_sequence_length"))
	if f.rule.known["unidirectional"].kind != 0 {
		if err := f.setCausal(); err != nil {
			return nil, err
		}
	}
	if err := f.setMasks(f.arg(mask), f.arg("attention_bias")); err != nil {
		return nil, err
	}
	out, err := f.attention(f.wants(1) || f.wants(2))
	if err != nil {
		return nil, err
	}
	return buffer.presents(out), nil
}

// takeOperands reads q, k and v in the forms that there are: all three packed in
// the query, [B, T, heads, 3, size] or [B, T, sizes together]; keys and values in
// the key, [B, S, heads, 2, size]; each alone, [B, S, heads·size]; keys and
// values as a cache holds them, [B, heads, S, size]. A bias belongs to the
// projections before; those of a cache have it already.
func (f *fusion) takeOperands(query, key, value, bias *ir.Value) error {
	rank, err := f.rankOf(query)
	if err != nil {
		return err
	}
	f.q, f.k, f.v = query, key, value
	cached := false
	switch {
	case key == nil && value == nil && rank == 5:
		f.q, f.k, f.v = f.interleaved(query, 0), f.interleaved(query, 1), f.interleaved(query, 2)
	case key == nil && value == nil:
		if err := f.cutThirds(query); err != nil {
			return err
		}
	case key == nil:
		return fmt.Errorf("value is given without key")
	case value == nil:
		if rank, err := f.rankOf(key); err != nil || rank != 5 {
			return fmt.Errorf("key of rank %d without value, want 5", rank)
		}
		f.k, f.v = f.interleaved(key, 0), f.interleaved(key, 1)
	default:
		if rank, err = f.rankOf(key); err != nil {
			return err
		}
		if cached = rank == 4; cached {
			f.k, f.v = f.packedHeads(key), f.packedHeads(value)
		}
	}
	if bias == nil {
		return nil
	}
	return f.addBias(bias, cached)
}

// interleaved takes entry i of axis 3 of [B, S, heads, n, size].
func (f *fusion) interleaved(x *ir.Value, i int64) *ir.Value {
	return f.reshape(f.entry(x, 3, i), 0, 0, -1)
}

// cutThirds takes q, k and v from the last axis of x.
func (f *fusion) cutThirds(x *ir.Value) error {
	shape, err := f.shapeOf(x)
	if err != nil {
		return err
	}
	n, ok := shape[len(shape)-1].IsConst()
	if !ok || n%3 != 0 {
		return notSupported("packed operand %s is not three of constant size", shape)
	}
	qkv := f.split(x, -1, n/3, n/3, n/3)
	f.q, f.k, f.v = qkv[0], qkv[1], qkv[2]
	return nil
}

// addBias adds the parts of a bias to q, k and v, or to q alone.
func (f *fusion) addBias(bias *ir.Value, onlyQuery bool) error {
	var ends [2]int64 // of q's and k's parts
	for i, x := range []*ir.Value{f.q, f.k} {
		shape, err := f.shapeOf(x)
		if err != nil {
			return err
		}
		n, ok := shape[len(shape)-1].IsConst()
		if !ok {
			return notSupported("the hidden size of %s is not constant", shape)
		}
		ends[i] = n
	}
	ends[1] += ends[0]
	f.q = f.add(f.q, f.slice(bias, 0, 0, ends[0]))
	if !onlyQuery {
		f.k = f.add(f.k, f.slice(bias, 0, ends[0], ends[1]))
		f.v = f.add(f.v, f.slice(bias, 0, ends[1], toEnd))
	}
	return nil
}

// sharedBuffer is a past in a buffer that has room for the present: the present
// is the buffer with the new rows put in.
type sharedBuffer struct {
	*fusion
	k, v *ir.Value // whole
	used *ir.Value // rows of the past, a list of one
}

// sharedPast cuts pasts to a given length; nil: none is given.
func (f *fusion) sharedPast(length *ir.Value) *sharedBuffer {
	if length == nil || f.pastK == nil {
		return nil
	}
	used := f.reshape(f.integers(length), 1)
	s := &sharedBuffer{fusion: f, k: f.pastK, v: f.pastV, used: used}
	f.pastK = f.sliceAt(s.k, 2, f.b.Ints(0), used)
	f.pastV = f.sliceAt(s.v, 2, f.b.Ints(0), used)
	return s
}

// presents puts what the buffer holds beyond the new rows after those.
func (s *sharedBuffer) presents(out []*ir.Value) []*ir.Value {
	if s == nil || len(out) == 1 {
		return out
	}
	whole := func(buffer, present *ir.Value) *ir.Value {
		return s.concat(2, present, s.sliceAt(buffer, 2, s.size(present, 2), s.b.Ints(toEnd)))
	}
	return []*ir.Value{out[0], whole(s.k, out[1]), whole(s.v, out[2])}
}

// elementOf is the element type of x, which must be a known float.
func (c *call) elementOf(x *ir.Value) (tensor.DType, error) {
	if d := x.Type.DType; d.IsFloat() {
		return d, nil
	}
	return 0, notSupported("the element type of %s is not a known float", x.Type)
}
