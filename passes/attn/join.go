package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
)

// Files put several values of a region side by side for one product, and cut the
// result: [p, p·t]·v, or p·[v, 1]. Either way what is cut out is what a product of
// the part alone would be.

// join is a Concat of values of the region: each part with what it runs over
// along the joined axis.
type join struct {
	parts []Axis
	sizes []sym.Dim
}

// firstJoin is the role of the first joined axis, after those of all values.
const firstJoin Role = 1 << 10

func (a Axis) joined() bool {
	return slices.ContainsFunc(a, func(p Piece) bool { return p.Role >= firstJoin })
}

// join calculates a Concat: the sum of the parts, each times a symbol that is 1
// inside it and 0 elsewhere.
func (g *Region) join(n *ir.Node) (Abstract, *Refusal) {
	rank, ok := n.Out[0].Type.Rank()
	if !ok {
		return g.stop(n, "values of known rank")
	}
	axis := positive(n.Attr.(*attr.Axis).Axis, rank)
	var j join
	sum, at := Poly{}, Layout(nil)
	for i, v := range n.In {
		x, why := g.operand(n, v)
		switch {
		case why != nil:
			return Abstract{}, why
		case len(x.At) != rank || x.At[axis].joined() || len(x.At[axis]) > 0 && g.overKeys(x.At[axis]) || !x.At[axis].Size().Equal(v.Type.Shape[axis]):
			return g.stop(n, "parts side by side along the queries, the features or an axis of their own")
		}
		j.parts, j.sizes = append(j.parts, x.At[axis]), append(j.sizes, v.Type.Shape[axis])
		own := slices.Clone(x.At)
		own[axis] = nil
		if at, ok = Broadcast(at, own); !ok || i > 0 && len(at) != rank {
			return g.stop(n, "parts over the same queries and features")
		}
		sum = sum.Plus(1, x.Poly.Times(poly(Term{1, mono(Symbol{Kind: Part, Value: len(g.joins), Probe: i})})))
	}
	at[axis] = Axis{{firstJoin + Role(len(g.joins)), sym.Const(1), n.Out[0].Type.Shape[axis]}}
	g.joins = append(g.joins, j)
	return Abstract{sum, at}, nil
}

// cut calculates output index of n, a part of a value of the region.
func (g *Region) cut(n *ir.Node, index int) (Abstract, *Refusal) {
	x, ok := g.known[n.In[0]]
	c, exact := cutOf(n, index)
	if !ok || !exact || len(x.At[c.axis]) != 1 {
		return g.stop(n, "the product with the values")
	}
	p, axis, ok := g.cutJoin(x, c)
	if !ok {
		p, axis, ok = g.cutValue(x, c)
	}
	if !ok {
		return g.stop(n, "a part that was joined to others before")
	}
	at := slices.Clone(x.At)
	at[c.axis] = axis
	if c.drop {
		at = slices.Delete(at, c.axis, c.axis+1)
	}
	return Abstract{p, at}, nil
}

// cutJoin takes a part of a join.
func (g *Region) cutJoin(x Abstract, c cut) (Poly, Axis, bool) {
	axis := x.At[c.axis]
	if !axis.joined() {
		return nil, nil, false
	}
	number := int(axis[0].Role - firstJoin)
	j := g.joins[number]
	part := c.part(j.sizes)
	if part < 0 {
		return nil, nil, false
	}
	p := Poly{}
	for _, t := range x.Poly {
		here, others := t.Mono.within(number, part)
		if !others {
			p.add(Term{t.Coef, here})
		}
	}
	return p, j.parts[part], true
}

// within returns m inside a part of a join; others, if m is 0 there.
func (m Monomial) within(number, part int) (here Monomial, others bool) {
	here = Monomial{}
	for s, k := range m {
		switch {
		case s.Kind != Part || s.Value != number:
			here[s] = k
		case s.Probe != part:
			return nil, true
		}
	}
	return here, false
}

// cutValue takes part of the features of values that were joined, such as
// [v, 1]: what was summed with a column of one number is a sum without it.
func (g *Region) cutValue(x Abstract, c cut) (Poly, Axis, bool) {
	number := int(x.At[c.axis][0].Role) - maxRank
	if number < 0 || number >= len(g.Values) {
		return nil, nil, false
	}
	whole := g.Values[number]
	axis := whole.At.Find(valueRole(number))
	concat := whole.Base.Def
	if len(whole.Steps) != 1 || !isOp(whole.Base, op.Concat) || axis < 0 || positive(concat.Attr.(*attr.Axis).Axis, len(whole.At)) != axis {
		return nil, nil, false
	}
	v := c.operand(concat, axis)
	if v == nil {
		return nil, nil, false
	}
	if one, ok := Splat(v); ok && v.Type.Shape[axis].Is(1) {
		p, ok := x.Poly.Map(func(m Monomial) (Monomial, bool) { return m.counted(number) })
		return p.Times(Number(one)), nil, ok
	}
	features := func(n int) (Layout, Piece) {
		f := Piece{valueRole(n), sym.Const(1), v.Type.Shape[axis]}
		l := slices.Clone(whole.At)
		l[axis] = Axis{f}.normal()
		return l, f
	}
	n := g.number(v, features)
	p, ok := x.Poly.Map(func(m Monomial) (Monomial, bool) { return m.renumbered(number, n) })
	return p, Whole(valueRole(n), v.Type.Shape[axis]), ok
}

// counted is m with 1 in place of V number n.
func (m Monomial) counted(n int) (Monomial, bool) {
	out, found := Monomial{}, 0
	for s, k := range m {
		if s.Value != n || s.Kind != Moment0 && s.Kind != Moment1 && s.Kind != Outer {
			out[s] += k
			continue
		}
		found += k
		switch s.Kind {
		case Moment1:
			out[Symbol{Kind: Mean, Probe: s.Probe}] += k
		case Outer:
			out[Symbol{Kind: KeyMean}] += k
		}
	}
	return out, found == 1
}

// renumbered is m with V number to in place of V number from.
func (m Monomial) renumbered(from, to int) (Monomial, bool) {
	out, found := Monomial{}, 0
	for s, k := range m {
		if s.Value == from && (s.Kind == Moment0 || s.Kind == Moment1 || s.Kind == Outer) {
			s.Value = to
			found += k
		}
		out[s] += k
	}
	return out, found == 1
}
