package canon

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// joins see what assignments to slices, x[:, :n] = y, come to: exporters write
// them as ScatterND into a box, after transposing what is assigned to the front.
var joins = []rewrite.Rule{
	{Label: "box put in", Doc: "ScatterND of neighbours along each axis is Concat", Roots: []*ir.Op{op.ScatterND}, Match: boxPutIn},
	{Label: "slice of a join", Doc: "Slice of Concat that is one of its operands", Roots: []*ir.Op{op.Slice}, Match: sliceOfJoin},
	{Label: "transposes joined", Doc: "Concat of what is transposed alike is one Transpose, of Concat", Roots: []*ir.Op{op.Concat}, Match: transposesJoined},
}

// boxPutIn takes data[first : first+n, …] = updates.
func boxPutIn(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	data, updates := n.In[0], n.In[2]
	box, ok := boxOf(n.In[1])
	if !ok || n.Attr.(*attr.ScatterND).Reduction != "none" || !data.Type.HasRank || len(box) > len(data.Type.Shape) {
		return nil
	}
	var cut []int
	for axis, r := range box {
		size, known := data.Type.Shape[axis].IsConst()
		if !known || r.first < 0 || r.first+r.count > size {
			return nil
		}
		if r.count < size {
			cut = append(cut, axis)
		}
	}
	if len(cut) > maxCut || len(cut) == 0 && !keepsShape(n, updates) {
		return nil
	}
	p := rewrite.NewPatch(n, "")
	return p.Replace(n.Out[0], putIn(p, data, updates, box, cut))
}

// maxCut bounds the axes of which a part is replaced: each adds slices.
const maxCut = 2

// putIn joins along each axis that is cut what lies before updates, updates, and what
// lies behind.
func putIn(p *rewrite.Patch, data, updates *ir.Value, box []indexRun, cut []int) *ir.Value {
	if len(cut) == 0 {
		return updates
	}
	axis := cut[0]
	first, end := box[axis].first, box[axis].first+box[axis].count
	part := func(from, to int64) *ir.Value {
		return p.Op(op.Slice, nil, data, p.Ints(from), p.Ints(to), p.Ints(int64(axis)))
	}
	var parts []*ir.Value
	if first > 0 {
		parts = append(parts, part(0, first))
	}
	if len(cut) > 1 {
		updates = putIn(p, part(first, end), updates, box, cut[1:])
	}
	parts = append(parts, updates)
	if size, _ := data.Type.Shape[axis].IsConst(); end < size {
		parts = append(parts, part(end, size))
	}
	return p.Op(op.Concat, &attr.Axis{Axis: axis}, parts...)
}

// maxJoin bounds the operands of a Concat that are looked at.
const maxJoin = 64

func sliceOfJoin(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	d := n.In[0].Def
	start, ok := n.In[1].Dims()
	axes, listed := n.Operand(3).Ints()
	if d == nil || d.Op != op.Concat || len(d.In) > maxJoin || !ok || len(start) != 1 || !listed || len(axes) != 1 || !n.Out[0].Type.HasRank {
		return nil
	}
	if steps := n.Operand(4); steps != nil {
		if by, known := steps.Ints(); !known || !slices.Equal(by, []int64{1}) {
			return nil
		}
	}
	axis := d.Attr.(*attr.Axis).Axis
	if rank := len(n.Out[0].Type.Shape); counted(axis, rank, false) != counted(int(axes[0]), rank, false) {
		return nil
	}
	offset := sym.Const(0)
	for _, v := range d.In {
		if !v.Type.HasRank {
			return nil
		}
		if offset.Equal(start[0]) && keepsShape(n, v) {
			return same(n, v)
		}
		offset = offset.Add(v.Type.Shape[counted(axis, len(v.Type.Shape), false)])
	}
	return nil
}

// transposesJoined takes operands that nobody else reads.
func transposesJoined(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if len(n.In) < 2 || len(n.In) > maxJoin {
		return nil
	}
	var perm []int
	p := rewrite.NewPatch(n, "")
	in := make([]*ir.Value, len(n.In))
	for i, v := range n.In {
		if _, sole := v.SoleUse(); !sole || v.Def == nil || v.Def.Op != op.Transpose {
			return nil
		}
		own := v.Def.Attr.(*attr.Transpose).Perm
		if perm == nil {
			perm = own
		}
		if len(own) == 0 || !slices.Equal(own, perm) {
			return nil
		}
		in[i] = v.Def.In[0]
		p.Cover(v.Def)
	}
	axis := perm[counted(n.Attr.(*attr.Axis).Axis, len(perm), false)]
	joined := p.Op(op.Concat, &attr.Axis{Axis: axis}, in...)
	return p.Replace(n.Out[0], p.Op(op.Transpose, &attr.Transpose{Perm: perm}, joined))
}
