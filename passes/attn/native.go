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
// the fused node can't express; the specification is then nil.
func Native(n *ir.Node) (*rewrite.Patch, *passes.Spec, *Refusal) {
	a, size, why := nativeSpec(n)
	if why != nil {
		return nil, nil, why
	}
	p := rewrite.NewPatch(n, "attention operator")
	in := n.In[:3:3]
	mask := n.Operand(nativeMask)
	spec := &passes.Spec{Attention: a, HeadSize: size, ValueSize: size, Cache: a.HasPast}
	if mask != nil {
		if why := wholeMask(n, mask, a); why != nil {
			return nil, nil, why
		}
		if mask.Type.DType == tensor.Bool {
			a.Masks, spec.Masks = 1, []string{mask.String()}
		} else {
			a.Biases, spec.Biases = 1, []string{mask.String()}
		}
		in = append(in, mask)
	}
	if a.HasPast {
		in = append(in, n.In[nativePastK], n.In[nativePastV])
	}
	out := p.Ops(op.Parallax, a, a.Outputs(), in...)
	for i, v := range n.Out {
		if v != nil {
			p.Replace(v, out[i])
		}
	}
	if err := p.Err(); err != nil {
		return nil, nil, refuse(checkNative, n, "operands that the fused node takes", err.Error())
	}
	return p, spec, nil
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
	case len(n.Out) > 3 && n.Out[3] != nil:
		return fail("no output of scores", n.Out[3].String())
	case n.Operand(nativeLengths) != nil:
		return fail("no lengths of the keys", n.In[nativeLengths].String())
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
	a.HasPresent = len(n.Out) > 1 && n.Out[1] != nil || len(n.Out) > 2 && n.Out[2] != nil
	if n.Operand(nativeMask) != nil {
		a.EmptyRow = attr.EmptyRowNaN
	}
	return a, size, causal(n, from, a)
}

// causal reads is_causal: query i sees the keys up to i, after those of the past.
func causal(n *ir.Node, from *attr.ONNXAttention, a *attr.Attention) *Refusal {
	t, s := n.In[0].Type.Shape[len(n.In[0].Type.Shape)-2], newKeys(n)
	switch {
	case !from.Causal:
	case !a.HasPast:
		a.Causal = attr.CausalTopLeft
	case t.Equal(s):
		a.Causal = attr.CausalBottomRight
	default:
		return refuse(checkNative, n, "as many new keys as queries beside a past", s.String()+" and "+t.String())
	}
	return nil
}

func newKeys(n *ir.Node) sym.Dim {
	shape := n.In[1].Type.Shape
	return shape[len(shape)-2]
}

// wholeMask refuses a mask that may be shorter than the keys: the operator pads
// it, where the fused node would broadcast.
func wholeMask(n *ir.Node, mask *ir.Value, a *attr.Attention) *Refusal {
	s := newKeys(n)
	if a.HasPast {
		past := n.In[nativePastK].Type
		if !past.HasRank {
			return refuse(checkNative, n, "a past of known rank", past.String())
		}
		s = s.Add(past.Shape[len(past.Shape)-2])
	}
	if !mask.Type.HasRank || len(mask.Type.Shape) == 0 || !mask.Type.Shape[len(mask.Type.Shape)-1].Equal(s) {
		return refuse(checkNative, n, fmt.Sprintf("a mask for all %s keys", s), mask.Type.String())
	}
	return nil
}
