package attn

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// Sink is the score of a virtual key that no value belongs to. Value broadcasts
// to [batch, heads, queries, 1]; it is nil for Number.
type Sink struct {
	Value  *ir.Value
	Number float64
}

func (s *Sink) String() string {
	if s.Value != nil {
		return origin(s.Value)
	}
	return fmt.Sprint(s.Number)
}

// same reports whether s and o are the same sink, or both none.
func (s *Sink) same(o *Sink) bool {
	if s == nil || o == nil {
		return s == o
	}
	return *s == *o
}

// cutSink recognises scores with a sink joined as one more key, whose weight is
// cut off again.
func (x *softmax) cutSink() {
	join := x.scores.Def
	if join == nil || join.Op != op.Concat || len(join.In) != 2 || !join.In[0].Type.HasRank || !join.In[1].Type.HasRank {
		return
	}
	s, sink := join.In[0].Type.Shape, join.In[1].Type.Shape
	last := len(s) - 1
	u, sole := x.start.SoleUse()
	if positive(join.Attr.(*attr.Axis).Axis, len(s)) != last || !sink[last].Is(1) || !sole || u.Node.Op != op.Slice {
		return
	}
	c, ok := cutOf(u.Node, 0)
	if ok && c.axis == last && c.start.Is(0) && c.end.Equal(s[last]) {
		x.scores, x.sink, x.start = join.In[0], &Sink{Value: join.In[1]}, u.Node.Out[0]
	}
}

// addSink recognises Σ exp(x − m) + exp(sink − m): m is shift, or 0 if that is
// nil. One added to exponentials that nothing was subtracted from is a sink of 0.
func (x *softmax) addSink(shift *ir.Value) {
	total, term := joined(x.start)
	if total == nil {
		return
	}
	sink := logOf(term, shift)
	if sink == nil {
		return
	}
	x.sink, x.total = sink, total
	if shift == nil {
		return
	}
	_, least := limited(shift)
	x.shifted = least == nil || least.same(sink)
	x.lost = least == nil || least.Value != nil && !least.same(sink)
}

// joined returns the addition that alone reads the sum of e over the last axis,
// and what it adds, which has that axis no longer.
func joined(e *ir.Value) (*ir.Node, *ir.Value) {
	for _, u := range e.Uses() {
		if u.Node == nil || u.Node.Op != op.ReduceSum || !overLast(u.Node) || !u.Node.Attr.(*attr.Reduce).KeepDims {
			continue
		}
		sum := u.Node.Out[0]
		add, sole := sum.SoleUse()
		if !sole || add.Node.Op != op.Add || !add.Node.Out[0].Type.Shape.Equal(sum.Type.Shape) {
			return nil, nil
		}
		return add.Node, add.Node.In[1-add.Index]
	}
	return nil, nil
}

// logOf returns the sink that v is the exponential of, less shift.
func logOf(v, shift *ir.Value) *Sink {
	if c, ok := Splat(v); ok {
		if shift != nil || !(c > 0) || math.IsInf(c, 1) {
			return nil
		}
		return &Sink{Number: math.Log(c)}
	}
	if !isOp(v, op.Exp) {
		return nil
	}
	score := v.Def.In[0]
	switch {
	case shift == nil:
		return sinkOf(score)
	case isOp(score, op.Sub) && score.Def.In[1] == shift:
		return sinkOf(score.Def.In[0])
	case isOp(score, op.Neg) && score.Def.In[0] == shift:
		return &Sink{}
	}
	return nil
}

func sinkOf(v *ir.Value) *Sink {
	if c, ok := Splat(v); ok {
		return &Sink{Number: c}
	}
	return &Sink{Value: v}
}

// limited splits max(top, least); least is nil if v is no maximum of two.
func limited(v *ir.Value) (top *ir.Value, least *Sink) {
	n := v.Def
	switch {
	case n == nil:
	case n.Op == op.Relu:
		return n.In[0], &Sink{}
	case n.Op == op.Max && len(n.In) == 2:
		if isOp(n.In[0], op.ReduceMax) {
			return n.In[0], sinkOf(n.In[1])
		}
		return n.In[1], sinkOf(n.In[0])
	case n.Op == op.Clip && n.Operand(1) != nil && n.Operand(2) == nil:
		return n.In[0], sinkOf(n.In[1])
	}
	return v, nil
}

// join adds the sink of x to the logits.
func (l *Logits) join(x *softmax) *Refusal {
	l.Sink = x.sink
	if x.lost && math.IsInf(l.Fill, -1) && len(l.Masks)+len(l.Biases) > 0 {
		return refuse(checkMax, x.total, "the maximum of the scores and the sink, where a row may see no key", "the maximum of the scores")
	}
	return nil
}

// begin learns the weights of x, laid out as at, and its norm if a sink is part
// of that.
func (g *Region) begin(x *softmax, at Layout) {
	g.inside[x.start.Def] = true
	if x.total != nil {
		for _, v := range x.total.In {
			if isOp(v, op.ReduceSum) && v.Def.In[0] == x.start {
				g.inside[v.Def], g.between[v] = true, true
			}
		}
		row := append(Layout{}, at...)
		row[len(row)-1] = nil
		g.inside[x.total] = true
		g.learn(x.total.Out[0], Abstract{poly(Term{1, mono(Symbol{Kind: Norm})}), row})
	}
	g.learn(x.start, Abstract{x.poly, at})
}
