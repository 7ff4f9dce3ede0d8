package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
)

// A file may multiply the probabilities with a factor per head or query, such as
// a head mask. It can as well multiply the result.

// rowFactor reads v, which n multiplies x with or divides it by, as a factor that
// depends neither on the key nor on features.
func (g *Region) rowFactor(n *ir.Node, v *ir.Value, x Abstract) (Abstract, bool) {
	at, ok := alike(v, x.At)
	if !ok || n.Op != op.Mul && (n.Op != op.Div || v != n.In[1]) || !v.Type.DType.IsFloat() {
		return Abstract{}, false
	}
	roles := g.Scores.Roles
	for _, a := range at {
		for _, p := range a {
			batch := slices.ContainsFunc(roles.Batch, func(b Piece) bool { return b.Role == p.Role })
			if !batch && p.Role != roles.T.Role {
				return Abstract{}, false
			}
		}
	}
	i := slices.IndexFunc(g.rows, func(f Factor) bool { return f.Value == v && f.At.Equal(x.At) })
	if i < 0 {
		i = len(g.rows)
		g.rows = append(g.rows, Factor{Value: v, At: x.At, Node: n})
	}
	return Abstract{poly(Term{1, mono(Symbol{Kind: Row, Value: i})}), at}, true
}

// rows splits the factors off that all terms have in common.
func (p Poly) rows() (rest Poly, common Monomial) {
	for _, t := range p {
		own := Monomial{}
		for s, k := range t.Mono {
			if s.Kind == Row {
				own[s] = k
			}
		}
		if common != nil && own.key() != common.key() {
			return p, nil
		}
		common = own
	}
	if len(common) == 0 {
		return p, nil
	}
	return p.Times(poly(Term{1, common.inverse()})), common
}

// rowFactors multiplies the result o with the factors of the form.
func (m *Match) rowFactors(b *arranger, o *ir.Value) (*ir.Value, *Refusal) {
	o = b.times(o, m.form.Gain)
	for i, f := range m.region.rows {
		power := m.form.Rows[Symbol{Kind: Row, Value: i}]
		f.Divides = power < 0
		for range max(power, -power) {
			if o = m.factor(b, o, f); o == nil {
				return nil, refuse(checkFactor, f.Node, "a factor per head or query", origin(f.Value))
			}
		}
	}
	return o, nil
}
