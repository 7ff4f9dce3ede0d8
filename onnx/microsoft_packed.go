package onnx

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// packed holds the tokens of a batch without the padding, [tokens, hidden]:
// what com.microsoft RemovePadding writes.
type packed struct {
	*fusion
	places *ir.Value // of the tokens in [B·T]
	batch  *ir.Value // B and T, a list of two
}

// packedTokens is com.microsoft PackedMultiHeadAttention.
func packedTokens(c *call) ([]*ir.Value, error) {
	f, err := c.fuse()
	if err != nil {
		return nil, err
	}
	query, key, value := c.arg("query"), c.arg("key"), c.arg("value")
	rank, err := c.rankOf(query)
	if err != nil {
		return nil, err
	}
	f.q, f.k, f.v = query, key, value
	if key == nil && value == nil && rank == 4 { // [tokens, heads, 3, size]
		part := func(i int64) *ir.Value { return c.reshape(c.entry(query, 2, i), 0, -1) }
		f.q, f.k, f.v = part(0), part(1), part(2)
	}
	if f.k == nil || f.v == nil {
		return nil, notSupported("key and value are left out, and query is not [tokens, heads, 3, size]")
	}
	if bias := c.arg("bias"); bias != nil {
		if err := f.addBias(bias, false); err != nil {
			return nil, err
		}
	}
	return f.packed()
}

// packedTokensAndWeights is com.microsoft PackedAttention.
func packedTokensAndWeights(c *call) ([]*ir.Value, error) {
	f, err := c.fuse()
	if err != nil {
		return nil, err
	}
	if err := f.project(c.arg("input"), c.arg("weights"), c.arg("bias")); err != nil {
		return nil, err
	}
	return f.packed()
}

// packed puts the padding back, and takes it out of the result: the length of
// each sequence hides it.
func (f *fusion) packed() ([]*ir.Value, error) {
	offsets, ends := f.integers(f.arg("token_offset")), f.integers(f.arg("cumulative_sequence_length"))
	tokens := f.size(f.q, 0)
	p := &packed{fusion: f, batch: f.b.Op(op.Shape, attr.New[attr.Shape](), offsets)}
	p.places = f.sliceAt(f.reshape(offsets, -1), 0, f.b.Ints(0), tokens)
	f.q, f.k, f.v = p.padded(f.q), p.padded(f.k), p.padded(f.v)
	if bias := f.arg("attention_bias"); bias != nil {
		f.biases = []*ir.Value{bias}
	}
	f.starts = f.zeros(ends.Type.DType, f.size(offsets, 0))
	f.lengths = f.sub(f.slice(ends, 0, 1, toEnd), f.slice(ends, 0, 0, -1))
	out, err := f.attention(false)
	if err != nil {
		return nil, err
	}
	rows := f.reshapeTo(out[0], f.concat(0, f.b.Ints(-1), f.size(out[0], 2)))
	return []*ir.Value{f.b.Op(op.Gather, &attr.Axis{}, rows, p.places)}, nil
}

// padded makes [B, T, hidden] of [tokens, hidden].
func (p *packed) padded(x *ir.Value) *ir.Value {
	hidden := p.size(x, 1)
	all := p.b.Op(op.ReduceProd, &attr.Reduce{KeepDims: true}, p.batch, p.b.Ints(0))
	empty := p.zeros(x.Type.DType, p.concat(0, all, hidden))
	rows := p.b.Op(op.ScatterND, attr.New[attr.ScatterND](), empty, p.unsqueeze(p.places, 1), x)
	return p.reshapeTo(rows, p.concat(0, p.batch, hidden))
}
