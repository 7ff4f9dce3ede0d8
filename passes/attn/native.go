package attn

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// The operands of ai.onnx Attention.
const (
	nativeMask = iota + 3
	nativePastK
	nativePastV
	nativeLengths
)

// Native translates ai.onnx Attention into the fused node. The refusal says what
// the fused node can't express; the specification is then nil. Where releases of
// ONNX differ under the same opset, the corrected text counts: see
// [ref.Attention].
func Native(n *ir.Node) (*rewrite.Patch, *passes.Spec, *Refusal) {
	a, size, why := nativeSpec(n)
	if why != nil {
		return nil, nil, why
	}
	c := &nativeCall{Patch: rewrite.NewPatch(n, "attention operator"), n: n, a: a}
	spec := &passes.Spec{Attention: a, HeadSize: size, ValueSize: size, Cache: a.HasPast, Rope: rotated(n.In[0]) && rotated(n.In[1])}
	in := n.In[:3:3]
	for _, part := range []func() ([]*ir.Value, *Refusal){c.masks, c.past, c.ranges} {
		operands, why := part()
		if why != nil {
			return nil, nil, why
		}
		in = append(in, operands...)
	}
	out := c.Ops(op.Parallax, a, a.Outputs(), in...)
	for i, v := range n.Out {
		if v != nil && i < len(out) {
			c.Replace(v, out[i])
		}
	}
	if err := c.Err(); err != nil {
		return nil, nil, refuse(checkNative, n, "operands that the fused node takes", err.Error())
	}
	return c.Patch, spec, nil
}

// nativeCall is an attention operator being translated.
type nativeCall struct {
	*rewrite.Patch
	n *ir.Node
	a *attr.Attention
}

func (c *nativeCall) past() ([]*ir.Value, *Refusal) {
	if !c.a.HasPast {
		return nil, nil
	}
	return []*ir.Value{c.n.In[nativePastK], c.n.In[nativePastV]}, nil
}

// ranges are the keys that nonpad_kv_seqlen leaves.
func (c *nativeCall) ranges() ([]*ir.Value, *Refusal) {
	lengths := c.n.Operand(nativeLengths)
	if lengths == nil {
		return nil, nil
	}
	starts := c.Op(op.Expand, nil, c.Int(0), c.Op(op.Shape, attr.New[attr.Shape](), lengths))
	return []*ir.Value{starts, lengths}, nil
}

// masks are the mask, or bias, and what a causal mask needs that the fused node
// has no alignment for.
func (c *nativeCall) masks() ([]*ir.Value, *Refusal) {
	var in []*ir.Value
	if mask := c.n.Operand(nativeMask); mask != nil {
		mask, why := c.whole(mask)
		if why != nil {
			return nil, why
		}
		in = append(in, mask)
		if mask.Type.DType == tensor.Bool {
			c.a.Masks = 1
		} else {
			c.a.Biases = 1
		}
	}
	if !c.n.Attr.(*attr.ONNXAttention).Causal {
		return in, nil
	}
	last := c.causal()
	if last == nil {
		return in, nil
	}
	// The last key that each query sees is compared with the keys.
	at := fmt.Sprintf("k<=m%d", c.a.Masks)
	if c.a.Visible = at; c.a.Masks > 0 {
		c.a.Visible = "m0&" + at
	}
	c.a.Masks++
	return append(in, last), nil
}

// wanted reports whether output i is used.
func wanted(n *ir.Node, i int) bool {
	return i < len(n.Out) && n.Out[i] != nil && (len(n.Out[i].Uses()) > 0 || n.Out[i].IsGraphOutput())
}

// causal sets the alignment: query i sees the keys up to i, after those of the
// past, or so that the last query sees the last valid key. If the fused node has
// no name for it, the last key of each query is returned.
func (c *nativeCall) causal() *ir.Value {
	t, s := c.queries(), c.newKeys()
	switch {
	case c.n.Operand(nativeLengths) != nil:
		c.a.Causal = attr.CausalBottomRight
	case !c.a.HasPast:
		c.a.Causal = attr.CausalTopLeft
	case t.Equal(s):
		c.a.Causal = attr.CausalBottomRight
	default:
		queries := c.Op(op.Range, nil, c.Int(0), c.size(c.n.In[0], len(c.n.In[0].Type.Shape)-2), c.Int(1))
		return c.Op(op.Unsqueeze, nil, c.Op(op.Add, nil, queries, c.size(c.n.In[nativePastK], 2)), c.Ints(1))
	}
	return nil
}

// size is one size of x, a scalar.
func (c *nativeCall) size(x *ir.Value, axis int) *ir.Value {
	return c.Op(op.Squeeze, nil, c.Op(op.Shape, &attr.Shape{Start: axis, End: axis + 1}, x))
}

func (c *nativeCall) queries() sym.Dim {
	shape := c.n.In[0].Type.Shape
	return shape[len(shape)-2]
}

func (c *nativeCall) newKeys() sym.Dim {
	shape := c.n.In[1].Type.Shape
	return shape[len(shape)-2]
}

// whole is a mask for all keys: the operator hides those that a shorter one
// lacks, where the fused node would broadcast.
func (c *nativeCall) whole(mask *ir.Value) (*ir.Value, *Refusal) {
	s := c.newKeys()
	if c.a.HasPast {
		past := c.n.In[nativePastK].Type
		if !past.HasRank {
			return nil, refuse(checkNative, c.n, "a past of known rank", past.String())
		}
		s = s.Add(past.Shape[len(past.Shape)-2])
	}
	rank, _ := mask.Type.Rank()
	if rank == 0 {
		return nil, refuse(checkNative, c.n, fmt.Sprintf("a mask for all %s keys", s), mask.Type.String())
	}
	last := mask.Type.Shape[rank-1]
	if last.Equal(s) || last.Is(1) {
		return mask, nil
	}
	missing, ok := s.Sub(last).IsConst()
	if !ok || missing < 1 {
		return nil, refuse(checkNative, c.n, fmt.Sprintf("a mask for all %s keys", s), mask.Type.String())
	}
	hidden := tensor.New(mask.Type.DType)
	if mask.Type.DType.IsFloat() {
		hidden.SetFloat(0, math.Inf(-1))
	}
	pads := make([]int64, 2*rank)
	pads[2*rank-1] = missing
	return c.Op(op.Pad, attr.New[attr.Pad](), mask, c.Ints(pads...), c.Const(hidden)), nil
}

// nativeSpec reads the attributes.
func nativeSpec(n *ir.Node) (*attr.Attention, sym.Dim, *Refusal) {
	from, a := n.Attr.(*attr.ONNXAttention), attr.New[attr.Attention]()
	fail := func(want, got string) (*attr.Attention, sym.Dim, *Refusal) {
		return nil, sym.Dim{}, refuse(checkNative, n, want, got)
	}
	q, k := n.In[0].Type, n.In[1].Type
	rank, ok := q.Rank()
	switch {
	case !ok || !k.HasRank || !n.In[2].Type.HasRank:
		return fail("operands of known rank", q.String())
	case wanted(n, 3):
		return fail("no output of scores", n.Out[3].String())
	case n.In[2].Type.DType != q.DType || k.DType != q.DType:
		return fail("operands of one type", fmt.Sprintf("%s, %s and %s", q, k, n.In[2].Type))
	}
	a.Heads, a.KVHeads = from.Heads, from.KVHeads
	size := q.Shape[rank-1]
	if rank == 3 {
		a.Layout = attr.LayoutBSD
		size, ok = size.DivExact(sym.Const(int64(max(1, from.Heads))))
	} else {
		h, okH := q.Shape[1].IsConst()
		kv, okKV := k.Shape[1].IsConst()
		a.Heads, a.KVHeads, ok = int(h), int(kv), okH && okKV
	}
	if !ok {
		return fail("constant numbers of heads", q.String()+" and "+k.String())
	}
	if a.Scale = float64(from.Scale); a.Scale == 0 {
		d, ok := size.IsConst()
		if !ok || d < 1 {
			return fail("a constant head size, or a scale", q.String())
		}
		a.Scale = 1 / math.Sqrt(float64(d))
	}
	a.Softcap = float64(from.Softcap)
	a.HasPast = n.Operand(nativePastK) != nil
	a.HasPresent = wanted(n, 1) || wanted(n, 2)
	a.HasRanges = n.Operand(nativeLengths) != nil
	return a, size, nil
}
