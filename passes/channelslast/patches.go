package channelslast

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// patches makes a convolution whose windows lie side by side, as those that cut an image
// into tokens, a product of the windows as rows by its filters: its result is then rows of
// channels, which such files transpose it to. The windows are brought together by one
// transposition, which moves whole channels if the image is made of rows of them.
func patches(c *passes.Context, n *ir.Node) *rewrite.Patch {
	cut := sideBySide(n)
	if cut == nil || !readAsRows(n.Out[0]) {
		return nil
	}
	t := &turned{Patch: rewrite.NewPatch(n, "")}
	windows, filters := t.windowsOfRows(c, n, cut)
	if windows == nil {
		t = &turned{Patch: rewrite.NewPatch(n, "")}
		windows, filters = t.windows(n.In[0], cut, false), n.In[1].Const
	}
	operands := []*ir.Value{
		t.Op(op.Reshape, attr.New[attr.Reshape](), windows, t.Ints(-1, int64(cut.size))),
		t.Const(filters.Reshaped(cut.filters, cut.size)),
	}
	if bias := n.Operand(2); bias != nil {
		operands = append(operands, bias)
	}
	product := t.Op(op.Gemm, &attr.Gemm{Alpha: 1, Beta: 1, TransB: true}, operands...)
	if t.Err() != nil || !c.HasFast(product.Def) {
		return nil
	}
	shape := []int64{-1}
	for _, count := range cut.counts {
		shape = append(shape, int64(count))
	}
	t.write(n.Out[0], t.Op(op.Reshape, attr.New[attr.Reshape](), product, t.Ints(append(shape, int64(cut.filters))...)))
	if t.Err() != nil || t.gone == 0 || t.come > 0 {
		return nil
	}
	return t.Patch
}

// patching is how a convolution cuts [batch, channels, …] into windows.
type patching struct {
	channels, filters int
	size              int   // of a window, over all channels
	counts, windows   []int // by axis: how many, and of what size
}

// sideBySide is n's patching; nil: windows overlap, leave something out, are of one
// element, or their number isn't known.
func sideBySide(n *ir.Node) *patching {
	a, w, x := n.Attr.(*attr.Conv), n.In[1].Const, n.In[0].Type
	if w == nil || !x.HasRank || len(x.Shape) != w.Rank() || a.Group != 1 || a.AutoPad == "SAME_UPPER" || a.AutoPad == "SAME_LOWER" {
		return nil
	}
	if !attr.SideBySide(a.Strides, a.Dilations, a.Pads, w.Shape[2:]) {
		return nil
	}
	p := &patching{filters: w.Shape[0], channels: w.Shape[1], size: w.Shape[1], windows: w.Shape[2:]}
	for axis, window := range p.windows {
		size, known := x.Shape[2+axis].IsConst()
		if !known || window == 0 || int(size)%window != 0 {
			return nil
		}
		p.counts = append(p.counts, int(size)/window)
		p.size *= window
	}
	if p.size <= p.channels || p.filters == 0 {
		return nil
	}
	return p
}

// windowsOfRows is the image of n, if that is rows of channels in another view, in windows
// with the channels last, and the filters in that order; nil if it is not, or if the
// filters are too large to copy.
func (t *turned) windowsOfRows(c *passes.Context, n *ir.Node, p *patching) (*ir.Value, *tensor.Tensor) {
	x, w := t.rows(n.In[0]), n.In[1].Const
	if t.Err() != nil || t.come > 0 || !c.AllowConstant(w.DType.Bytes(w.Len())) {
		return nil, nil
	}
	return t.windows(x, p, true), channelsBehind(w)
}

// windows is x with its windows parted and their counts in front: [batch, counts…, channels,
// windows…], or with the channels behind them if x has them last.
func (t *turned) windows(x *ir.Value, p *patching, channelsLast bool) *ir.Value {
	target, counts, within := []int64{0}, []int{0}, []int(nil)
	keep := func(size int) {
		within, target = append(within, len(target)), append(target, int64(size))
	}
	if !channelsLast {
		keep(p.channels)
	}
	for axis, window := range p.windows {
		counts, target = append(counts, len(target)), append(target, int64(p.counts[axis]))
		keep(window)
	}
	if channelsLast {
		keep(p.channels)
	}
	x = t.Op(op.Reshape, attr.New[attr.Reshape](), x, t.Ints(target...))
	return t.Op(op.Transpose, &attr.Transpose{Perm: append(counts, within...)}, x)
}

// channelsBehind is filters [filters, channels, …] with the channels last.
func channelsBehind(w *tensor.Tensor) *tensor.Tensor {
	out := tensor.New(w.DType, w.Shape...)
	size := w.DType.Bytes(1)
	filters, channels := w.Shape[0], w.Shape[1]
	places := w.Len() / (filters * channels)
	to, from := out.Bytes(), w.Bytes()
	for f := range filters {
		for c := range channels {
			for i := range places {
				copy(to[((f*places+i)*channels+c)*size:][:size], from[((f*channels+c)*places+i)*size:])
			}
		}
	}
	return out
}
