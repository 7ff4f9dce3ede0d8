package attn

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
)

// nativeRules are the places in which releases of ONNX say different things of
// Attention under the same opset, and what is taken to hold: ONNX corrected the
// text in place. ONNX Runtime 1.32 computes the same.
var nativeRules = []struct {
	applies func(n *ir.Node, a *attr.ONNXAttention) bool
	text    string
}{
	{func(n *ir.Node, a *attr.ONNXAttention) bool {
		return a.Softcap != 0 && (n.Operand(nativeMask) != nil || a.Causal)
	}, "the softcap comes before the mask: since ONNX 1.22 (onnx/onnx#7867); 1.18 to 1.21 had it after"},
	{func(n *ir.Node, _ *attr.ONNXAttention) bool {
		return n.Operand(nativeMask) != nil || n.Operand(nativeLengths) != nil
	}, "a row that sees no key is zero: after ONNX 1.22 (onnx/onnx#8068); NaN up to then"},
	{func(n *ir.Node, a *attr.ONNXAttention) bool {
		return a.Causal && n.Operand(nativeLengths) != nil
	}, "with nonpad_kv_seqlen the last query sees the last valid key: after ONNX 1.22 (onnx/onnx#8068); up to then the first query sees the first key alone"},
	{func(n *ir.Node, a *attr.ONNXAttention) bool {
		return a.Causal && n.Operand(nativeLengths) == nil && !square(n)
	}, "without nonpad_kv_seqlen the first query sees the keys of the past and the first new one"},
	{func(n *ir.Node, a *attr.ONNXAttention) bool {
		q, k := headCount(n.In[0], a.Heads), headCount(n.In[1], a.KVHeads)
		return !q.Equal(k) && !k.Is(1)
	}, "query head h reads key head h/(q_num_heads/kv_num_heads): since onnx/onnx#7274 (2025); before, h mod kv_num_heads"},
}

// Rules lists which reading of its standard an attention operator follows.
func Rules(n *ir.Node) []string {
	a := n.Attr.(*attr.ONNXAttention)
	var list []string
	for _, r := range nativeRules {
		if r.applies(n, a) {
			list = append(list, r.text)
		}
	}
	return list
}

// square reports whether there are as many new keys as queries.
func square(n *ir.Node) bool {
	q, k := n.In[0].Type.Shape, n.In[1].Type.Shape
	return len(q) > 2 && len(k) > 2 && q[len(q)-2].Equal(k[len(k)-2])
}

// headCount is the number of heads of x: said by an attribute for rank 3.
func headCount(x *ir.Value, attribute int) sym.Dim {
	if len(x.Type.Shape) == 4 {
		return x.Type.Shape[1]
	}
	return sym.Const(int64(attribute))
}
