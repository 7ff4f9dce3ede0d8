package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
)

// What is calculated feature by feature: the keys themselves, their mean, and
// either times a probe, which a sum over the features makes t and t̄; and values
// beside their mean.

// keyFeatures reads v as the keys of the anchor beside x, a value of the region
// over the features: k − k̄ in [batch, heads, queries, keys, features].
func (g *Region) keyFeatures(v *ir.Value, x Abstract) (Abstract, bool) {
	at, ok := g.withKeys(v, x.At)
	if !ok || !slices.ContainsFunc(x.At, Axis{g.Scores.Roles.D}.normal().Equal) {
		return Abstract{}, false
	}
	k := read(v, at, true)
	if !k.sameAs(g.Scores.K, g.keyAxes()) {
		return Abstract{}, false
	}
	return Abstract{poly(Term{k.Last().Scale, mono(Symbol{Kind: Key})}), at}, true
}

// valueFeatures reads v as a V that is known beside x, likewise: v − v̄.
func (g *Region) valueFeatures(v *ir.Value, x Abstract) (Abstract, bool) {
	at, ok := g.withKeys(v, x.At)
	if !ok {
		return Abstract{}, false
	}
	for n, known := range g.Values {
		f := Piece{valueRole(n), sym.Const(1), g.sizes[n]}
		if slices.ContainsFunc(at, Axis{f}.normal().Equal) && read(v, at, false).sameAs(known, g.valueAxes(f)) {
			return Abstract{poly(Term{1, mono(Symbol{Kind: Val, Value: n})}), at}, true
		}
	}
	return Abstract{}, false
}

// withKeys is the layout of v, whose axes are those of at or of size 1, counted
// from the end, or the keys where at has none.
func (g *Region) withKeys(v *ir.Value, at Layout) (Layout, bool) {
	keys := Axis{g.Scores.Roles.S}.normal()
	over := slices.Clone(at)
	if !v.Type.HasRank || len(v.Type.Shape) > len(at) {
		return nil, false
	}
	for i, size := range v.Type.Shape {
		if j := len(at) - len(v.Type.Shape) + i; len(at[j]) == 0 && keys.Size().Equal(size) {
			over[j] = keys
		}
	}
	return alike(v, over)
}

// probeTerms reads keys, or their mean, times a probe, element by element.
func (g *Region) probeTerms(n *ir.Node) (Abstract, bool) {
	if n.Op != op.Mul {
		return Abstract{}, false
	}
	keys, probe := n.In[0], n.In[1]
	if _, ok := g.known[keys]; !ok {
		keys, probe = probe, keys
	}
	x, ok := g.known[keys]
	if _, also := g.known[probe]; !ok || also || len(x.Poly) == 0 || !slices.ContainsFunc(x.At, Axis{g.Scores.Roles.D}.normal().Equal) {
		return Abstract{}, false
	}
	at, ok := alike(probe, x.At)
	if !ok {
		return Abstract{}, false
	}
	if _, ok := x.Poly.Map(func(m Monomial) (Monomial, bool) { return termwise(m, 0) }); !ok {
		return Abstract{}, false // before the probe gets a number
	}
	reading := read(probe, at, true)
	r := g.probe(reading)
	p, ok := x.Poly.Times(Number(reading.Last().Scale)).Map(func(m Monomial) (Monomial, bool) { return termwise(m, r) })
	return Abstract{p, x.At}, ok
}

// alike is the layout of v, whose axes are those of at or of size 1, counted from
// the end.
func alike(v *ir.Value, at Layout) (Layout, bool) {
	if !v.Type.HasRank || len(v.Type.Shape) > len(at) {
		return nil, false
	}
	own := make(Layout, len(v.Type.Shape))
	for i, size := range v.Type.Shape {
		axis := at[len(at)-len(own)+i]
		switch {
		case size.Is(1):
		case axis.Size().Equal(size):
			own[i] = axis
		default:
			return nil, false
		}
	}
	return own, true
}

// termwise is m times probe r, feature by feature of the keys.
func termwise(m Monomial, r int) (Monomial, bool) {
	out, found := Monomial{}, 0
	for s, k := range m {
		switch s.Kind {
		case KeyMean:
			s, found = Symbol{Kind: MeanTerms, Probe: r}, found+k
		case Key:
			s, found = Symbol{Kind: KeyTerms, Probe: r}, found+k
		case MeanTerms, KeyTerms, Outer:
			return nil, false
		}
		out[s] += k
	}
	return out, found == 1
}

// totalled is Σ over the features of the keys of m.
func totalled(m Monomial) (Monomial, bool) {
	out, found := Monomial{}, 0
	for s, k := range m {
		switch s.Kind {
		case MeanTerms:
			s, found = Symbol{Kind: Mean, Probe: s.Probe}, found+k
		case KeyTerms:
			s, found = Symbol{Kind: Score2, Probe: s.Probe}, found+k
		case KeyMean, Key, Outer:
			return nil, false
		}
		out[s] += k
	}
	return out, found == 1
}

// probed is m times probe r, summed over the features of the keys.
func probed(m Monomial, r int) (Monomial, bool) {
	out, found := Monomial{}, 0
	for s, k := range m {
		switch s.Kind {
		case KeyMean:
			s, found = Symbol{Kind: Mean, Probe: r}, found+k
		case Key:
			s, found = Symbol{Kind: Score2, Probe: r}, found+k
		case Outer:
			s, found = Symbol{Kind: Moment1, Value: s.Value, Probe: r}, found+k
		case MeanTerms, KeyTerms:
			return nil, false
		}
		out[s] += k
	}
	return out, found == 1
}
