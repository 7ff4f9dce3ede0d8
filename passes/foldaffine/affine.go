package foldaffine

import (
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// affine is scale·x + shift, by the places of one axis of x.
type affine struct {
	of    *ir.Value
	axis  int
	scale []float64 // nil: 1
	shift []float64 // nil: 0
}

const (
	// channelAxis is where ONNX has the channels of images.
	channelAxis = 1
	// everywhere is the axis of what has one number for all of x.
	everywhere = -1
)

// affineOf reads a node; nil if it is nothing like that, or not by constants.
func affineOf(n *ir.Node) *affine {
	if !n.Out[0].Type.DType.IsFloat() {
		return nil
	}
	switch n.Op {
	case op.BatchNormalization:
		return batchNorm(n)
	case op.Mul:
		return elementwise(n, func(a *affine, v []float64) { a.scale = v })
	case op.Add:
		return elementwise(n, func(a *affine, v []float64) { a.shift = v })
	case op.Div:
		if !n.In[1].IsConst() {
			return nil
		}
		return elementwise(n, func(a *affine, v []float64) {
			for i := range v {
				v[i] = 1 / v[i]
			}
			a.scale = v
		})
	}
	return nil
}

// batchNorm reads (x − mean)/√(variance + ε)·scale + bias.
func batchNorm(n *ir.Node) *affine {
	for _, v := range n.In[1:] {
		if !v.IsConst() {
			return nil
		}
	}
	if rank, ranked := n.In[0].Type.Rank(); !ranked || rank <= channelAxis {
		return nil
	}
	scale, bias, mean, variance := n.In[1].Const, n.In[2].Const, n.In[3].Const, n.In[4].Const
	a := &affine{of: n.In[0], axis: channelAxis, scale: make([]float64, scale.Len()), shift: make([]float64, scale.Len())}
	epsilon := float64(n.Attr.(*attr.BatchNormalization).Epsilon)
	for i := range a.scale {
		a.scale[i] = scale.FloatAt(i) / math.Sqrt(variance.FloatAt(i)+epsilon)
		a.shift[i] = bias.FloatAt(i) - float64(mean.FloatAt(i)*a.scale[i])
	}
	return a
}

// elementwise reads an operator on x and a constant that is broadcast to it.
func elementwise(n *ir.Node, set func(a *affine, v []float64)) *affine {
	for i, v := range n.In {
		x := n.In[1-i]
		rank, ranked := x.Type.Rank()
		if !v.IsConst() || x.IsConst() || !ranked || !x.Type.Equal(n.Out[0].Type) {
			continue
		}
		axis, ok := longAxis(v.Const.Shape, rank)
		if !ok {
			return nil
		}
		a := &affine{of: x, axis: axis}
		set(a, numbers(v.Const))
		return a
	}
	return nil
}

// longAxis is the only axis longer than 1 of a constant beside an operand of a
// rank, as an axis of the operand.
func longAxis(shape []int, rank int) (axis int, ok bool) {
	axis = everywhere
	for i, size := range shape {
		switch {
		case size == 1:
		case size == 0 || axis != everywhere:
			return 0, false
		default:
			axis = rank - len(shape) + i
		}
	}
	return axis, true
}

// inner puts a sum of what it is of and b in place of that; false if b has another
// axis.
func (a *affine) inner(b *affine) bool {
	if a.axis != everywhere && b.axis != everywhere && a.axis != b.axis {
		return false
	}
	shift := make([]float64, max(len(a.scale), len(a.shift), len(b.shift)))
	for i := range shift {
		shift[i] = float64(at(a.scale, i, 1)*at(b.shift, i, 0)) + at(a.shift, i, 0)
	}
	a.shift, a.axis = shift, max(a.axis, b.axis)
	return true
}
