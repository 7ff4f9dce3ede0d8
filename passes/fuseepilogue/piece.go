package fuseepilogue

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// piece is what a reader takes along an axis: entries from … to, without the axis
// if it drops it.
type piece struct {
	value    *ir.Value
	from, to int
	drops    bool
}

// piecesOf lists what the readers of v take along one axis, in order; none if one
// of them takes anything else.
func piecesOf(v *ir.Value) (axis int, all []piece) {
	axis = -1
	for _, u := range v.Uses() {
		if u.Node == nil || u.Index != 0 || takers[u.Node.Op] == nil {
			return 0, nil
		}
		along, pieces := takers[u.Node.Op](u.Node)
		if along < 0 {
			along += len(v.Type.Shape)
		}
		if len(pieces) == 0 || axis >= 0 && along != axis {
			return 0, nil
		}
		axis, all = along, append(all, pieces...)
	}
	for i := range all {
		all[i].squeeze(axis)
	}
	slices.SortStableFunc(all, func(a, b piece) int { return a.from - b.from })
	return axis, all
}

// squeeze goes on to a Squeeze of the axis that is all that reads a piece of one
// entry.
func (p *piece) squeeze(axis int) {
	u, sole := p.value.SoleUse()
	if !sole || u.Node.Op != op.Squeeze || u.Index != 0 || p.drops || p.to != p.from+1 {
		return
	}
	rank := len(p.value.Type.Shape)
	if axes, known := u.Node.Operand(1).Ints(); known && len(axes) == 1 && (int(axes[0])+rank)%rank == axis {
		p.value, p.drops = u.Node.Out[0], true
	}
}

// takers read the operators that take ranges of one axis; no pieces: this node
// does something else, or it is not known what.
var takers = map[*ir.Op]func(n *ir.Node) (axis int, pieces []piece){
	op.Split: splitPieces, op.Slice: slicePiece, op.Gather: gatherPiece,
}

func splitPieces(n *ir.Node) (axis int, pieces []piece) {
	axis = n.Attr.(*attr.Axis).Axis
	at := 0
	for _, v := range n.Out {
		size, known := sizeAlong(v, axis)
		if !known || size == 0 {
			return axis, nil
		}
		pieces = append(pieces, piece{value: v, from: at, to: at + size})
		at += size
	}
	return axis, pieces
}

// sizeAlong is the size of v along an axis that may be counted from the end.
func sizeAlong(v *ir.Value, axis int) (int, bool) {
	if v == nil || !v.Type.HasRank {
		return 0, false
	}
	if axis < 0 {
		axis += len(v.Type.Shape)
	}
	size, known := v.Type.Shape[axis].IsConst()
	return int(size), known
}

// slicePiece reads a Slice of one axis in steps of 1.
func slicePiece(n *ir.Node) (axis int, pieces []piece) {
	numbers := [4]int64{3: 1} // start, end, axis, step
	for i := range numbers {
		v := n.Operand(1 + i)
		if v == nil && i == 3 {
			continue
		}
		list, known := v.Ints()
		if !known || len(list) != 1 {
			return 0, nil
		}
		numbers[i] = list[0]
	}
	axis = int(numbers[2])
	size, known := sizeAlong(n.In[0], axis)
	if !known || numbers[3] != 1 {
		return axis, nil
	}
	var ends [2]int
	for i, at := range numbers[:2] {
		if at < 0 {
			at += int64(size)
		}
		ends[i] = int(min(max(at, 0), int64(size)))
	}
	if ends[0] >= ends[1] {
		return axis, nil
	}
	return axis, []piece{{value: n.Out[0], from: ends[0], to: ends[1]}}
}

// gatherPiece reads a Gather of one entry.
func gatherPiece(n *ir.Node) (axis int, pieces []piece) {
	axis = n.Attr.(*attr.Axis).Axis
	size, known := sizeAlong(n.In[0], axis)
	index, constant := n.In[1].Ints()
	rank, ranked := n.In[1].Type.Rank()
	if !known || !constant || !ranked || rank > 1 || len(index) != 1 {
		return axis, nil
	}
	at := int(index[0])
	if at < 0 {
		at += size
	}
	if at < 0 || at >= size {
		return axis, nil
	}
	return axis, []piece{{value: n.Out[0], from: at, to: at + 1, drops: rank == 0}}
}
