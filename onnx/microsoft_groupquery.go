package onnx

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// groupQuery is com.microsoft GroupQueryAttention. The rows of its cache are
// used up to a length per batch entry, seqlens_k + 1 with the new ones: these go
// in behind the used ones, which is a scatter, and attention sees the whole
// buffer up to that length.
func groupQuery(c *call) ([]*ir.Value, error) {
	f, err := c.fuse()
	if err != nil {
		return nil, err
	}
	g := &grouped{fusion: f}
	for _, step := range []func() error{g.refuse, g.takeRows, g.takeLengths, g.normalise, g.rotate, g.setVisible, g.setScores} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if g.arg("past_key") == nil {
		return g.attention(c.wants(1) || c.wants(2))
	}
	return g.withCache()
}

// grouped is a fusion with what the steps of GroupQueryAttention share.
type grouped struct {
	*fusion
	width   int64     // of a head
	queries *ir.Value // their number, an i64 scalar
	totals  *ir.Value // keys in use per batch entry, the new ones included: [B]
	longest *ir.Value // keys in use at most, an i64 scalar
	before  *ir.Value // keys in use before the new ones: [B]
	prompt  *ir.Value // whether there are none: a bool scalar
}

// refuse lists what quantised and evicting caches bring.
func (g *grouped) refuse() error {
	if err := g.refuseArgs("a quantised cache is not supported", "k_scale", "v_scale"); err != nil {
		return err
	}
	if err := g.refuseArgs("queries of several lengths are not supported", "query_seqlens"); err != nil {
		return err
	}
	for _, name := range []string{"k_quant_type", "v_quant_type"} {
		if kind, err := g.text(name, "NONE"); err != nil || kind != "NONE" {
			return notSupported("attribute %s is %s: a quantised cache is not supported", name, kind)
		}
	}
	if g.wants(3) {
		return notSupported("it has the output of scores")
	}
	return nil
}

// takeRows reads the queries, keys and values; all may be packed in the query.
func (g *grouped) takeRows() error {
	a := g.a
	if a.KVHeads < 1 || a.Heads%a.KVHeads != 0 {
		return fmt.Errorf("%d heads and %d kv heads", a.Heads, a.KVHeads)
	}
	g.q, g.k, g.v = g.arg("query"), g.arg("key"), g.arg("value")
	if (g.k == nil) != (g.v == nil) {
		return fmt.Errorf("key and value go together")
	}
	heads := a.Heads
	if g.k == nil {
		heads += 2 * a.KVHeads
	}
	var err error
	if g.width, err = g.headSize(g.q, heads); err != nil {
		return err
	}
	if g.k == nil {
		own, shared := int64(a.Heads)*g.width, int64(a.KVHeads)*g.width
		qkv := g.split(g.q, -1, own, shared, shared)
		g.q, g.k, g.v = qkv[0], qkv[1], qkv[2]
	}
	return nil
}

// takeLengths reads how many keys are in use.
func (g *grouped) takeLengths() error {
	if (g.arg("past_key") == nil) != (g.arg("past_value") == nil) {
		return fmt.Errorf("past_key and past_value go together")
	}
	g.queries = g.reshape(g.size(g.q, 1))
	g.totals = g.add(g.reshape(g.integers(g.arg("seqlens_k")), -1), g.b.Int(1))
	g.longest = g.reshape(g.integers(g.arg("total_sequence_length")))
	g.prompt = g.b.Op(op.Equal, nil, g.queries, g.longest)
	g.before = g.where(g.prompt, g.b.Int(0), g.sub(g.totals, g.queries))
	return nil
}

// normalise is the norm per head of queries and keys, before they are rotated.
func (g *grouped) normalise() error {
	all, err := g.float("qk_norm_epsilon", 1e-6)
	if err != nil {
		return err
	}
	for _, x := range []struct {
		rows           **ir.Value
		weight, number string
		heads          int
	}{{&g.q, "q_norm_weight", "q_norm_epsilon", g.a.Heads}, {&g.k, "k_norm_weight", "k_norm_epsilon", g.a.KVHeads}} {
		weight := g.arg(x.weight)
		if weight == nil {
			continue
		}
		epsilon, err := g.float(x.number, all)
		if err != nil {
			return err
		}
		heads := g.reshape(*x.rows, 0, 0, int64(x.heads), g.width)
		norm := g.b.Op(op.RMSNormalization, &attr.LayerNormalization{Axis: -1, Epsilon: float32(epsilon)}, heads, weight)
		*x.rows = g.reshape(norm, 0, 0, -1)
	}
	return nil
}

// rotate turns queries and keys by their positions.
func (g *grouped) rotate() error {
	on, err := g.int("do_rotary", 0)
	if err != nil || on == 0 {
		return err
	}
	cos, sin := g.arg("cos_cache"), g.arg("sin_cache")
	if cos == nil || sin == nil {
		return fmt.Errorf("do_rotary without cos_cache and sin_cache")
	}
	interleaved, err := g.int("rotary_interleaved", 0)
	if err != nil {
		return err
	}
	pairs, err := g.pairs(cos)
	if err != nil {
		return err
	}
	positions := g.positions()
	turn := func(x *ir.Value, heads int) *ir.Value {
		a := &attr.RotaryEmbedding{Interleaved: interleaved != 0, Heads: heads, RotaryDim: int(2 * pairs)}
		return g.b.Op(op.RotaryEmbedding, a, x, cos, sin, positions)
	}
	g.q, g.k = turn(g.q, g.a.Heads), turn(g.k, g.a.KVHeads)
	return nil
}

// pairs is how many pairs of elements a table of angles turns.
func (c *call) pairs(table *ir.Value) (int64, error) {
	shape, err := c.shapeOf(table)
	if err != nil {
		return 0, err
	}
	n, ok := shape[len(shape)-1].IsConst()
	if !ok {
		return 0, notSupported("the number of angles, in %s, is not constant", shape)
	}
	return n, nil
}

// positions are those of the new tokens, [B, T]: after the ones in use, or as
// given. Of those given with a prompt the first counts alone.
func (g *grouped) positions() *ir.Value {
	steps := g.unsqueeze(g.count(g.queries), 0)
	after := g.add(g.unsqueeze(g.before, 1), steps)
	given := g.arg("position_ids")
	if given == nil {
		return after
	}
	given = g.integers(given)
	first := g.add(g.slice(g.reshape(given, -1), 0, 0, 1), steps)
	return g.where(g.prompt, first, g.expand(given, g.sizes(g.q, 0, 2)))
}

// setVisible reads which keys are seen: up to the query, or all in use; and none
// before a window.
func (g *grouped) setVisible() error {
	causal, err := g.int("causal", 1)
	if err != nil {
		return err
	}
	window, err := g.int("local_window_size", -1)
	if err != nil {
		return err
	}
	if causal != 0 {
		g.a.Causal = attr.CausalBottomRight
	}
	if window > 0 {
		g.a.WindowLeft = int(window) - 1
	}
	if causal == 0 {
		g.limit(g.totals)
	}
	return nil
}

// limit hides the keys from a length on.
func (g *grouped) limit(lengths *ir.Value) {
	g.starts, g.lengths = g.zeros(tensor.Int64, g.sizes(lengths, 0, 1)), lengths
}

// setScores reads what else joins the scores.
func (g *grouped) setScores() error {
	smooth, err := g.int("smooth_softmax", 0)
	if err != nil {
		return err
	}
	d, err := g.elementOf(g.q)
	if err != nil {
		return err
	}
	if g.sink = g.arg("head_sink"); g.sink == nil && smooth == 1 {
		g.sink = g.zeros(d, g.b.Ints(int64(g.a.Heads)))
	}
	if bias := g.arg("attention_bias"); bias != nil {
		g.biases = []*ir.Value{bias}
	}
	return nil
}

// withCache makes the node on the whole buffers, which are the presents.
func (g *grouped) withCache() ([]*ir.Value, error) {
	k, err := g.cached(g.arg("past_key"), g.k)
	if err != nil {
		return nil, err
	}
	v, err := g.cached(g.arg("past_value"), g.v)
	if err != nil {
		return nil, err
	}
	g.a.Layout = attr.LayoutBHSD
	g.q, g.k, g.v = g.splitHeads(g.q, g.a.Heads), k, v
	if g.a.Causal != attr.CausalNone {
		g.limit(g.add(g.before, g.queries))
	}
	for i, bias := range g.biases {
		g.biases[i] = g.lengthened(bias, 3, g.size(k, 2))
	}
	out, err := g.attention(false)
	if err != nil {
		return nil, err
	}
	return []*ir.Value{g.packedHeads(out[0]), k, v}, nil
}

// cached is a cache with the new rows behind those in use; what comes after is
// zero. It has room for as many rows as are used at most.
func (g *grouped) cached(past, rows *ir.Value) (*ir.Value, error) {
	if rank, err := g.rankOf(past); err != nil || rank != 4 {
		return nil, notSupported("its cache %s is not known to have rank 4", past.Type)
	}
	room := g.b.Op(op.Max, nil, g.size(past, 2), g.reshape(g.longest, 1))
	past = g.lengthened(past, 2, room)
	used := g.b.Op(op.Less, nil, g.unsqueeze(g.count(room), 1), g.reshape(g.before, -1, 1, 1, 1))
	past = g.where(used, past, g.numberLike(past, 0))
	return g.write(past, g.splitHeads(rows, g.a.KVHeads), g.before, 2), nil
}

// lengthened appends zeros along an axis up to a length, a list of one.
func (g *grouped) lengthened(x *ir.Value, axis int, length *ir.Value) *ir.Value {
	more := g.sub(length, g.size(x, axis))
	parts := []*ir.Value{more}
	if axis > 0 {
		parts = []*ir.Value{g.sizes(x, 0, axis), more}
	}
	if rank, _ := x.Type.Rank(); axis+1 < rank {
		parts = append(parts, g.sizes(x, axis+1, rank))
	}
	return g.concat(axis, x, g.zeros(x.Type.DType, g.concat(0, parts...)))
}
