package fuseepilogue

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/match"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// PyTorch's modules compute with positions first, and where the batch comes first they
// swap the two before the projections and after the last one. A product does not mind:
// it is made of the rows as they are, and what follows is swapped, if it is transposed
// anyway.

var (
	swapped = []int{1, 0, 2}
	// Heads before tokens, from positions first and back to them; and from the batch
	// first, which is its own inverse.
	fromPositions, toPositions = []int{1, 2, 0, 3}, []int{2, 0, 1, 3}
	headsAndTokens             = []int{0, 2, 1, 3}
)

// ofRowsAlone reports whether a fused product reads nothing by rows but x.
func ofRowsAlone(n *ir.Node) bool {
	a := n.Attr.(*attr.Linear)
	return !a.HasResidual && a.Norm == attr.LinearNormNone
}

// heads is a Reshape that parts the last axis of rows, and the Transposes of it.
type heads struct {
	split *ir.Node
	first []*ir.Node
}

// headsOf are the readers of rows v; false: others read it, too.
func headsOf(v *ir.Value) (list []heads, ok bool) {
	for _, u := range v.Uses() {
		if u.Node == nil || u.Node.Op != op.Reshape || u.Index != 0 || !partsLast(u.Node) {
			return nil, false
		}
		h := heads{split: u.Node}
		for _, t := range u.Node.Out[0].Uses() {
			if !match.Transposes(t.Node, fromPositions) {
				return nil, false
			}
			h.first = append(h.first, t.Node)
		}
		list = append(list, h)
	}
	return list, true
}

// partsLast reports whether a Reshape leaves two axes as they are and parts the third in
// two of known sizes.
func partsLast(n *ir.Node) bool {
	from, to := n.In[0].Type, n.Out[0].Type
	if !from.HasRank || !to.HasRank || len(from.Shape) != 3 || len(to.Shape) != 4 {
		return false
	}
	_, known := to.Shape[2:].IsConst()
	return known && from.Shape[0].Equal(to.Shape[0]) && from.Shape[1].Equal(to.Shape[1])
}

// unswapBefore makes a product of rows that were swapped for it of them as they were;
// nil: its results are read by more than heads.
func unswapBefore(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if !ofRowsAlone(n) || !match.Transposes(n.In[0].Def, swapped) {
		return nil
	}
	p := rewrite.NewPatch(n, "")
	a := *n.Attr.(*attr.Linear)
	out := p.Ops(op.Linear, &a, len(n.Out), append([]*ir.Value{n.In[0].Def.In[0]}, n.In[1:]...)...)
	if p.Err() != nil {
		return nil
	}
	for i, v := range n.Out {
		if v == nil {
			continue
		}
		list, ok := headsOf(v)
		if !ok {
			return nil
		}
		for _, h := range list {
			size, _ := h.split.Out[0].Type.Shape[2:].IsConst()
			split := p.Op(op.Reshape, attr.New[attr.Reshape](), out[i], p.Ints(0, 0, int64(size[0]), int64(size[1])))
			for _, t := range h.first {
				p.Replace(t.Out[0], p.Op(op.Transpose, &attr.Transpose{Perm: headsAndTokens}, split)).Cover(t)
			}
			p.Cover(h.split)
		}
	}
	return p
}

// unswapAfter makes a product of heads with positions first, whose rows are then
// swapped, one of heads with the batch first; nil: it is none.
func unswapAfter(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if !ofRowsAlone(n) || len(n.Out) != 1 {
		return nil
	}
	join := n.In[0].Def
	if join == nil || join.Op != op.Reshape || !match.Transposes(join.In[0].Def, toPositions) || !joinsLast(join) {
		return nil
	}
	p := rewrite.NewPatch(n, "")
	turned := p.Op(op.Transpose, &attr.Transpose{Perm: headsAndTokens}, join.In[0].Def.In[0])
	size, ok := n.In[0].Type.Shape[2].IsConst()
	if !ok {
		return nil
	}
	a := *n.Attr.(*attr.Linear)
	rows := p.Op(op.Reshape, attr.New[attr.Reshape](), turned, p.Ints(0, 0, size))
	out := p.Op(op.Linear, &a, append([]*ir.Value{rows}, n.In[1:]...)...)
	for _, u := range n.Out[0].Uses() {
		if !match.Transposes(u.Node, swapped) {
			return nil
		}
		p.Replace(u.Node.Out[0], out).Cover(u.Node)
	}
	for _, used := range []*ir.Value{n.In[0], join.In[0]} {
		if _, sole := used.SoleUse(); !sole {
			return nil
		}
	}
	return p.Cover(join, join.In[0].Def)
}

// joinsLast reports whether a Reshape leaves two axes as they are and makes one of the
// last two.
func joinsLast(n *ir.Node) bool {
	from, to := n.In[0].Type, n.Out[0].Type
	return from.HasRank && to.HasRank && len(from.Shape) == 4 && len(to.Shape) == 3 &&
		from.Shape[0].Equal(to.Shape[0]) && from.Shape[1].Equal(to.Shape[1])
}
