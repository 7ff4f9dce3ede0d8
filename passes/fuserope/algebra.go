package fuserope

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
)

// lane names a term of an algebra: what one lane of a value is. It is a function
// of the axes before the lanes, counted from the last of them, so that operands
// of lower rank and those of size 1 mean the same wherever they are broadcast.
// A negative lane is the term's negation.
type lane int

// term is how a lane is computed. Equal terms are equal values; the converse
// need not hold.
type term struct {
	op    *ir.Op    // nil: lane index of value of, which is not looked into
	of    *ir.Value // whose node computes it of lane a; nil for two operands
	index int
	a, b  lane
}

// algebra holds terms, each once.
type algebra struct {
	terms []term
	leads []sym.Shape // the axes before the lanes, of the first value with the term
	names map[term]lane
}

// name returns the lane of a term that a value with these axes has.
func (g *algebra) name(t term, lead sym.Shape) lane {
	if l, known := g.names[t]; known {
		return l
	}
	g.terms, g.leads = append(g.terms, t), append(g.leads, lead)
	l := lane(len(g.terms))
	g.names[t] = l
	return l
}

func (g *algebra) term(l lane) term      { return g.terms[l.abs()-1] }
func (g *algebra) lead(l lane) sym.Shape { return g.leads[l.abs()-1] }
func (l lane) abs() lane                 { return max(l, -l) }
func (l lane) sign() lane {
	if l < 0 {
		return -1
	}
	return 1
}

// one is the term of constants of one element that is 1.
var one = term{index: 1}

// sum is a+b, product a·b: neither order nor signs make another term.
func (g *algebra) sum(a, b lane, lead sym.Shape) lane {
	if a.abs() > b.abs() {
		a, b = b, a
	}
	sign := a.sign()
	return g.name(term{op: op.Add, a: a * sign, b: b * sign}, lead) * sign
}

func (g *algebra) product(a, b lane, lead sym.Shape) lane {
	sign := a.sign() * b.sign()
	a, b = a.abs(), b.abs()
	switch {
	case g.term(a) == one:
		return b * sign
	case g.term(b) == one:
		return a * sign
	}
	return g.name(term{op: op.Mul, a: min(a, b), b: max(a, b)}, lead) * sign
}

func (g *algebra) quotient(a, b lane, lead sym.Shape) lane {
	return g.name(term{op: op.Div, a: a.abs(), b: b.abs()}, lead) * a.sign() * b.sign()
}

// made is what v's node makes of a; odd says that −a gives the negation.
func (g *algebra) made(v *ir.Value, a lane, odd bool, lead sym.Shape) lane {
	sign := lane(1)
	if odd {
		sign = a.sign()
	}
	return g.name(term{op: v.Def.Op, of: v, a: a * sign}, lead) * sign
}

func negated(lanes []lane) []lane {
	out := slices.Clone(lanes)
	for i := range out {
		out[i] = -out[i]
	}
	return out
}

// combination makes the term of two lanes.
type combination func(g *algebra, a, b lane, lead sym.Shape) lane
