package attn

import (
	"fmt"
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
		return logNorm(n.In[0].Def) || lessMax(n.In[0].Def) || slices.ContainsFunc(n.Out[0].Uses(), func(u ir.Use) bool {
			return u.Node != nil && u.Node.Op == op.ReduceSum && overLast(u.Node)
		})
	}
	return false
}

// logNorm reports whether d is x minus the logarithm of the sum of its
// exponentials: the exponential of it is a softmax.
func logNorm(d *ir.Node) bool {
	if d == nil || d.Op != op.Sub {
		return false
	}
	sum := d.In[1].Def
	return sum != nil && sum.Op == op.ReduceLogSumExp && sum.In[0] == d.In[0] && overLast(sum) && sum.Attr.(*attr.Reduce).KeepDims
}

// lessMax reports whether d is x minus its maximum over the last axis: whatever
// the norm is computed by, the exponential of it is meant to be a softmax.
func lessMax(d *ir.Node) bool {
	if d == nil || d.Op != op.Sub {
		return false
	}
	top, _ := limited(d.In[1])
	return rowMax(top, d.In[0], 8)
}

// overLast reports whether a reduction is over the last axis alone.
func overLast(n *ir.Node) bool {
	rank, ok := n.In[0].Type.Rank()
	axes, known := n.Operand(1).Ints()
	return ok && known && len(axes) == 1 && positive(int(axes[0]), rank) == rank-1
}

// found is an anchor that is attention: v of its region has the form.
type found struct {
	region *Region
	value  *ir.Value
	form   Form
}

// recognise says what is around an anchor, with the walker w.
func recognise(n *ir.Node, w *walker) (*found, *Refusal) {
	x, s, l, why := logitsOf(n, w)
	if why != nil && w.exhausted() {
		return nil, tooMuch(n)
	}
	if why != nil {
		return nil, why
	}
	g := newRegion(x, s, l, w, false)
	v, form, ok := g.find()
	if !ok && g.averaged {
		g = newRegion(x, s, l, w, true)
		v, form, ok = g.find()
	}
	if form.Probe < 0 && g.twins() {
		if u, probed, both := g.find(); both && probed.Probe >= 0 && g.alikeWhenEmpty() {
			v, form, ok = u, probed, true
		}
	}
	switch {
	case w.exhausted():
		return nil, tooMuch(n)
	case ok:
		return &found{g, v, form}, nil
	case x.fromEnd != 0:
		return nil, x.otherAxis()
	case g.Why != nil:
		return nil, g.Why
	}
	return nil, g.unlike()
}

// unlike refuses a region that was calculated to its end and is no attention.
func (g *Region) unlike() *Refusal {
	last := g.order[len(g.order)-1]
	if len(g.order) == 1 {
		return refuse(checkOutput, g.Anchor, "a product with the values", "no reader")
	}
	return refuse(checkOutput, last.Def, "the mean o of the values, or o·(1 + mean) - ot with mean and ot those of r·k and of r·k times the values", g.known[last].Poly.String())
}

// logitsOf reads what is above an anchor.
func logitsOf(n *ir.Node, w *walker) (*softmax, *Scores, *Logits, *Refusal) {
	x, why := unwrap(n)
	if why != nil {
		return nil, nil, nil, why
	}
	s, why := w.scores(x.scores, 1)
	if why != nil {
		return nil, nil, nil, why
	}
	along := s.At.fromEnd(x.fromEnd)
	if len(along) > 0 && along.Equal(Axis{s.Roles.T}) {
		if s = s.swapped(); constantOnly(s.K.Base, 4) {
			return nil, nil, nil, refuse(checkKeys, s.Product.Node, "keys computed from the input", origin(s.K.Base))
		}
	}
	switch {
	case along.Equal(Axis{s.Roles.S}.normal()):
	case x.fromEnd != 0:
		return nil, nil, nil, x.otherAxis()
	default:
		return nil, nil, nil, refuse(checkAxis, n, fmt.Sprintf("the %s keys as the last axis", s.Roles.S.Size), x.scores.Type.String())
	}
	l, why := logits(s)
	if why == nil {
		why = l.join(x)
	}
	return x, s, l, why
}

// softmax is an anchor with what belongs to it.
type softmax struct {
	anchor *ir.Node
	scores *ir.Value
	sink   *Sink
	start  *ir.Value // the weights of the keys
	total  *ir.Node  // the addition of a sink's exponential to those of the keys, or nil
	poly   Poly      // what start is
	// fromEnd counts the axis of the keys from the last one.
	fromEnd int
	shifted bool // the maximum is subtracted first: the norm is 1 or more
	// lost: a row that sees no key is NaN although there is a sink, which the
	// maximum subtracted from it leaves out.
	lost bool
}

// otherAxis refuses a softmax over an axis that is not the keys'.
func (x *softmax) otherAxis() *Refusal {
	axis := len(x.scores.Type.Shape) - 1 - x.fromEnd
	return refuse(checkAxis, x.anchor, "the axis of the keys, that the values are summed over", fmt.Sprintf("axis %d of %s", axis, x.scores.Type))
}

// unwrap finds the scores under a softmax and the weights above it.
func unwrap(n *ir.Node) (*softmax, *Refusal) {
	x := &softmax{anchor: n, scores: n.In[0], start: n.Out[0]}
	rank, ok := x.scores.Type.Rank()
	if !ok {
		return nil, refuse(checkAxis, n, "scores of known rank", x.scores.Type.String())
	}
	p := Symbol{Kind: Weight}
	x.poly = poly(Term{1, mono(p)})
	if n.Op == op.Exp {
		x.poly = poly(Term{1, mono(Symbol{Kind: Norm}, p)})
	} else {
		x.fromEnd = rank - 1 - positive(n.Attr.(*attr.Axis).Axis, rank)
	}
	var shift *ir.Value
	if d := x.scores.Def; d != nil && d.Op == op.Sub {
		top, least := limited(d.In[1])
		switch {
		case n.Op == op.Exp && logNorm(d):
			x.scores, x.poly = d.In[0], poly(Term{1, mono(p)})
			return x, nil
		case rowMax(top, d.In[0], 8):
			shift, x.scores, x.shifted = d.In[1], d.In[0], least == nil
		case n.Op == op.Exp:
			return nil, refuse(checkMax, d, "the maximum over the keys of "+d.In[0].String(), origin(d.In[1]))
		}
	}
	switch {
	case n.Op == op.Exp:
		x.addSink(shift)
	case x.fromEnd == 0:
		x.cutSink()
	}
	return x, nil
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
