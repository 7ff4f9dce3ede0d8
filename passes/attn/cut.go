package attn

import (
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
)

// cut is a range of one axis of a value.
type cut struct {
	axis       int
	start, end sym.Dim
	drop       bool // the axis is gone: one index of it
}

// cutOf returns which part of its operand output index of n is.
func cutOf(n *ir.Node, index int) (cut, bool) {
	rank, ok := n.In[0].Type.Rank()
	if !ok {
		return cut{}, false
	}
	shape := n.In[0].Type.Shape
	switch n.Op {
	case op.Slice:
		return slice(n, shape)
	case op.Gather:
		c := cut{axis: positive(n.Attr.(*attr.Axis).Axis, rank), drop: true}
		i, ok := n.In[1].Ints()
		scalar, known := n.In[1].Type.Rank()
		if !ok || !known || scalar != 0 {
			return cut{}, false
		}
		c.start = fromStart(sym.Const(i[0]), shape[c.axis])
		c.end = c.start.Add(sym.Const(1))
		return c, true
	case op.Split:
		c := cut{axis: positive(n.Attr.(*attr.Axis).Axis, rank), start: sym.Const(0)}
		for _, v := range n.Out[:index] {
			if v == nil || !v.Type.HasRank {
				return cut{}, false
			}
			c.start = c.start.Add(v.Type.Shape[c.axis])
		}
		c.end = c.start.Add(n.Out[index].Type.Shape[c.axis])
		return c, true
	}
	return cut{}, false
}

func positive(axis, rank int) int {
	if axis < 0 {
		return axis + rank
	}
	return axis
}

// slice reads a Slice of one axis in steps of 1.
func slice(n *ir.Node, shape sym.Shape) (cut, bool) {
	start, okS := n.In[1].Dims()
	end, okE := n.In[2].Dims()
	if !okS || !okE || len(start) != 1 || len(end) != 1 {
		return cut{}, false
	}
	axis := int64(0)
	if v := n.Operand(3); v != nil {
		axes, ok := v.Ints()
		if !ok || len(axes) != 1 {
			return cut{}, false
		}
		axis = axes[0]
	}
	if v := n.Operand(4); v != nil {
		if steps, ok := v.Ints(); !ok || len(steps) != 1 || steps[0] != 1 {
			return cut{}, false
		}
	}
	at := positive(int(axis), len(shape))
	c := cut{axis: at, start: fromStart(start[0], shape[at]), end: fromStart(end[0], shape[at])}
	return c, true
}

// fromStart counts a bound of Slice from the start; the greatest integers mean
// the end.
func fromStart(bound, size sym.Dim) sym.Dim {
	x, ok := bound.IsConst()
	switch {
	case ok && x >= math.MaxInt32:
		return size
	case ok && x < 0:
		return size.Add(bound)
	}
	return bound
}

// operand returns the operand of join, a Concat along axis, that the cut takes
// exactly; nil if there is none.
func (c cut) operand(join *ir.Node, axis int) *ir.Value {
	var sizes []sym.Dim
	for _, v := range join.In {
		if !v.Type.HasRank {
			return nil
		}
		sizes = append(sizes, v.Type.Shape[axis])
	}
	if i := c.part(sizes); i >= 0 {
		return join.In[i]
	}
	return nil
}

// part returns which of the parts of these sizes the cut takes exactly; −1 if
// none.
func (c cut) part(sizes []sym.Dim) int {
	at := sym.Const(0)
	for i, size := range sizes {
		next := at.Add(size)
		if at.Equal(c.start) && next.Equal(c.end) {
			return i
		}
		at = next
	}
	return -1
}
