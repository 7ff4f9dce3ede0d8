package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// Anchor reports whether n is a softmax, or the exponential of one written out.
func Anchor(n *ir.Node) bool {
	switch n.Op {
	case op.Softmax:
		return true
	case op.Exp:
		return slices.ContainsFunc(n.Out[0].Uses(), func(u ir.Use) bool {
			return u.Node != nil && u.Node.Op == op.ReduceSum && overLast(u.Node)
		})
	}
	return false
}

// overLast reports whether a reduction is over the last axis alone.
func overLast(n *ir.Node) bool {
	rank, ok := n.In[0].Type.Rank()
	axes, known := n.Operand(1).Ints()
	return ok && known && len(axes) == 1 && positive(int(axes[0]), rank) == rank-1
}

// Analyse recognises what is around an anchor.
func Analyse(n *ir.Node) (*Match, *Refusal) {
	x, weights, why := unwrap(n)
	if why != nil {
		return nil, why
	}
	w := newWalker()
	s, why := w.scores(x, 1)
	if why != nil {
		return nil, why
	}
	if last := s.At.fromEnd(0); !last.Equal(Axis{s.Roles.S}.normal()) {
		return nil, refuse(checkAxis, n, "the keys as the last axis", s.At.String())
	}
	l, why := logits(s)
	if why != nil {
		return nil, why
	}
	g := newRegion(n, s, l, weights, w)
	v, form, ok := g.find()
	if !ok {
		if g.Why == nil {
			return nil, refuse(checkOutput, n, "a product with the values", "no reader")
		}
		return nil, g.Why
	}
	return g.match(v, form)
}

// unwrap returns the scores under a softmax, and its output as a polynomial.
func unwrap(n *ir.Node) (*ir.Value, Poly, *Refusal) {
	x := n.In[0]
	rank, ok := x.Type.Rank()
	if !ok {
		return nil, nil, refuse(checkAxis, n, "scores of known rank", x.Type.String())
	}
	p := Symbol{Kind: Weight}
	if n.Op == op.Softmax {
		if axis := n.Attr.(*attr.Axis).Axis; positive(axis, rank) != rank-1 {
			return nil, nil, refuse(checkAxis, n, "the last axis", x.Type.String())
		}
		return x, poly(Term{1, mono(p)}), nil
	}
	e := poly(Term{1, mono(Symbol{Kind: Norm}, p)})
	d := x.Def
	if d == nil || d.Op != op.Sub {
		return x, e, nil
	}
	if !rowMax(d.In[1], d.In[0], 8) {
		return nil, nil, refuse(checkMax, d, "the maximum over the keys of "+d.In[0].String(), origin(d.In[1]))
	}
	return d.In[0], e, nil
}

// rowMax reports whether m is the maximum of x over the last axis, or a number
// where that is infinite.
func rowMax(m, x *ir.Value, depth int) bool {
	n := m.Def
	if n == nil || depth == 0 {
		return false
	}
	switch n.Op {
	case op.ReduceMax:
		return n.In[0] == x && overLast(n) && n.Attr.(*attr.Reduce).KeepDims
	case op.Identity, op.Cast:
		return rowMax(n.In[0], x, depth-1)
	case op.Where:
		if _, ok := Splat(n.In[1]); ok {
			return rowMax(n.In[2], x, depth-1)
		}
		_, ok := Splat(n.In[2])
		return ok && rowMax(n.In[1], x, depth-1)
	}
	return false
}
