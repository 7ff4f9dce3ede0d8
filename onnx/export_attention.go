package onnx

import (
	"errors"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// expressible returns why ai.onnx Attention (opset 23) doesn't mean what n does;
// nil: it does. What its attributes have no name for becomes its mask. A row
// without a visible key is zero there as the text was corrected after ONNX 1.22,
// and as ONNX Runtime has it since 1.32; before, it was NaN.
func expressible(n *ir.Node, a *attr.Attention) error {
	in := n.In[:3]
	switch {
	case a.Probe != attr.ProbeNone || a.Weights != attr.WeightsSoftmax || a.Affine != attr.AffineCentred:
		return errors.New("it is no softmax attention")
	case a.Layout == attr.LayoutSBD:
		return errors.New("positions come before the batch")
	case a.HasSink:
		return errors.New("it has a sink")
	case filled(a) && in[0].Type.DType == tensor.Float16 && a.FillValue < -greatestHalf:
		return errors.New("the value that it fills empty rows with is infinite in f16")
	case a.Scale == 0:
		return errors.New("its scale is 0, which means another there")
	case !in[0].Type.HasRank || !in[1].Type.HasRank:
		return errors.New("the ranks of its operands are not known")
	case mayBeNaN(n, a):
		return errors.New("a row that sees no key is NaN")
	}
	return nil
}

// greatestHalf is the greatest finite number of f16.
const greatestHalf = 65504

// filled reports whether rows that see no key are evaluated with a fill.
func filled(a *attr.Attention) bool {
	return a.EmptyRow == attr.EmptyRowFilled && (a.Masks > 0 || a.Visible != "" || a.HasRanges || a.WindowLeft >= 0 || a.WindowRight >= 0)
}

// queryAxis is the axis of q that counts queries, and of k and v that counts keys.
func queryAxis(a *attr.Attention) int {
	_, positions, _ := a.Layout.Axes()
	return positions
}

// causalFits reports whether is_causal means a's alignment: its causal mask
// begins at the last key of the past. Windows are relative to the alignment, and
// lengths shift it.
func causalFits(n *ir.Node, a *attr.Attention) bool {
	axis := queryAxis(a)
	if filled(a) {
		return false // rows that see no key are filled at later keys, too
	}
	square := n.In[0].Type.Shape[axis].Equal(n.In[1].Type.Shape[axis])
	switch {
	case a.HasRanges || a.WindowLeft >= 0 || a.WindowRight >= 0:
		return false
	case a.Causal == attr.CausalTopLeft:
		return !a.HasPast
	}
	return a.Causal == attr.CausalBottomRight && square
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
	spec.Scale, spec.Softcap, spec.Causal = float32(a.Scale), float32(a.Softcap), causalFits(n, a)
	if _, _, packed := a.Layout.Axes(); packed {
		spec.Heads, spec.KVHeads = a.Heads, a.KVHeads
	}
	at := a.Operands()
	in := make([]*ir.Value, 6)
	copy(in, n.In[:3])
	b := ir.NewBuilder(n.Graph())
	in[3] = op.ScoreMask(b, n, spec.Causal)
	if err := b.Err(); err != nil {
		return err
	}
	if err := w.detached(b.Nodes()); err != nil {
		return err
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
	if a.HasPast && !a.HasPresent { // the operator has the past and the present together
		out.Output = append(out.Output, w.names.take("present_key"), w.names.take("present_value"))
	}
	w.add(out)
	return nil
}
