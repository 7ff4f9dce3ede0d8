package onnx

import (
	"errors"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/onnx/wire"
)

// expressible returns why ai.onnx Attention (opset 23) doesn't mean what n does;
// nil: it does. Its row without a visible key is NaN, and its causal mask begins
// at the last key of the past.
func expressible(n *ir.Node, a *attr.Attention) error {
	at := a.Operands()
	switch {
	case a.Probe != attr.ProbeNone || a.Weights != attr.WeightsSoftmax || a.Affine != attr.AffineCentred:
		return errors.New("it is no softmax attention")
	case a.HasSink || a.HasRanges || a.WindowLeft >= 0 || a.WindowRight >= 0:
		return errors.New("it has a sink, ranges or a window")
	case a.Biases+a.Masks > 1 || a.Relative > 0 || a.Visible != "":
		return errors.New("it has more than one mask, or one that is no array of scores")
	case a.Biases+a.Masks > 0 && a.EmptyRow != attr.EmptyRowNaN:
		return errors.New("it gives empty rows a value")
	case a.Biases == 1 && n.In[at.Bias].Type.DType != n.In[at.Q].Type.DType:
		return errors.New("its bias is of another type")
	case a.Scale == 0:
		return errors.New("its scale is 0, which means another there")
	case !maskFits(n, a):
		return errors.New("its mask is broadcast along queries or keys, which ONNX Runtime refuses")
	case !causalFits(n, a):
		return errors.New("it aligns the causal mask in another way")
	}
	return nil
}

// maskFits reports whether the mask's last axes are the queries and the keys.
func maskFits(n *ir.Node, a *attr.Attention) bool {
	at := a.Operands()
	i := max(at.Bias, at.Mask)
	if i < 0 {
		return true
	}
	q, k, mask := n.In[at.Q].Type, n.In[at.K].Type, n.In[i].Type
	if !q.HasRank || !k.HasRank || !mask.HasRank || len(mask.Shape) < 2 {
		return false
	}
	axis := queryAxis(a)
	keys := k.Shape[axis]
	if a.HasPast {
		past := n.In[at.PastK].Type
		if !past.HasRank {
			return false
		}
		keys = keys.Add(past.Shape[2])
	}
	last := len(mask.Shape) - 1
	return mask.Shape[last-1].Equal(q.Shape[axis]) && mask.Shape[last].Equal(keys)
}

// queryAxis is the axis of q that counts queries, and of k and v that counts keys.
func queryAxis(a *attr.Attention) int {
	if a.Layout == attr.LayoutBSD {
		return 1
	}
	return 2
}

// causalFits reports whether is_causal means a's alignment.
func causalFits(n *ir.Node, a *attr.Attention) bool {
	q, k := n.In[0].Type, n.In[1].Type
	axis := queryAxis(a)
	square := q.HasRank && k.HasRank && q.Shape[axis].Equal(k.Shape[axis])
	switch a.Causal {
	case attr.CausalNone:
		return true
	case attr.CausalTopLeft:
		return !a.HasPast
	}
	return square
}

// hasAttention reports whether Attention may be written: an opset asked for is
// kept, any other is raised to the first that has it.
func (e *exporter) hasAttention() bool {
	return !e.fixed || sinceVersion(op.Attention.Name, e.opset) > 0
}

// attention writes n as ai.onnx Attention.
func (w *writer) attention(n *ir.Node, a *attr.Attention) error {
	r, _ := findRule("", op.Attention.Name, w.opset)
	if r == nil {
		return &wrongOpset{w.opset, "Attention came with opset 23"}
	}
	spec := attr.New[attr.ONNXAttention]()
	spec.Scale, spec.Softcap, spec.Causal = float32(a.Scale), float32(a.Softcap), a.Causal != attr.CausalNone
	if a.Layout == attr.LayoutBSD {
		spec.Heads, spec.KVHeads = a.Heads, a.KVHeads
	}
	at := a.Operands()
	in := make([]*ir.Value, 6)
	copy(in, n.In[:3])
	if a.Masks == 1 {
		in[3] = n.In[at.Mask]
	}
	if a.Biases == 1 {
		in[3] = n.In[at.Bias]
	}
	if a.HasPast {
		in[4], in[5] = n.In[at.PastK], n.In[at.PastV]
	}
	native := &ir.Node{Op: op.Attention, Attr: spec}
	attributes, err := w.attributes(native, r, in)
	if err != nil {
		return err
	}
	out := &wire.Node{OpType: op.Attention.Name, Name: w.nodeName(n), Attribute: attributes, Input: w.operands(in)}
	out.Output = w.results(n)
	w.add(out)
	return nil
}
