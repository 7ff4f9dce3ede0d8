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
// them as ScatterND into rows.
var joins = []rewrite.Rule{
	{Label: "rows put in", Doc: "ScatterND of whole rows next to each other is Concat", Roots: []*ir.Op{op.ScatterND}, Match: rowsPutIn},
	{Label: "slice of a join", Doc: "Slice of Concat that is one of its operands", Roots: []*ir.Op{op.Slice}, Match: sliceOfJoin},
}

// rowsPutIn takes data[first : first+n] = updates.
func rowsPutIn(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	data, updates := n.In[0], n.In[2]
	first, count, ok := rowRun(n.In[1])
	if !ok || n.Attr.(*attr.ScatterND).Reduction != "none" || !data.Type.HasRank || len(data.Type.Shape) == 0 {
		return nil
	}
	size, known := data.Type.Shape[0].IsConst()
	if !known || first < 0 || first+count > size {
		return nil
	}
	p := rewrite.NewPatch(n, "")
	rows := func(from, to int64) *ir.Value {
		return p.Op(op.Slice, nil, data, p.Ints(from), p.Ints(to), p.Ints(0))
	}
	parts := []*ir.Value{updates}
	if first > 0 {
		parts = append([]*ir.Value{rows(0, first)}, parts...)
	}
	if first+count < size {
		parts = append(parts, rows(first+count, size))
	}
	if len(parts) == 1 {
		if !keepsShape(n, updates) {
			return nil
		}
		return p.Replace(n.Out[0], updates)
	}
	return p.Replace(n.Out[0], p.Op(op.Concat, &attr.Axis{Axis: 0}, parts...))
}

// rowRun reads constant indices [n, 1] that count up by one.
func rowRun(indices *ir.Value) (first, count int64, ok bool) {
	c := indices.Const
	if c == nil || c.Rank() != 2 || c.Shape[1] != 1 || c.Len() == 0 || c.Len() > maxNeutral {
		return 0, 0, false
	}
	for i := range c.Len() {
		if c.IntAt(i) != c.IntAt(0)+int64(i) {
			return 0, 0, false
		}
	}
	return c.IntAt(0), int64(c.Len()), true
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
