package attn

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
)

// product calculates a sum of products in which one operand is of the region:
// over the keys, with values and keys, or over the features of the keys, with
// the probe.
func (g *Region) product(p *Product) (Abstract, *Refusal) {
	if x, ok := g.dot(p); ok {
		return x, nil
	}
	at := slices.IndexFunc(p.In, func(v *ir.Value) bool { _, ok := g.known[v]; return ok })
	for i, v := range p.In {
		if _, ok := g.known[v]; ok && i != at {
			return g.stop(p.Node, "one operand that depends on the probabilities")
		}
	}
	c := &contraction{region: g, product: p, own: g.known[p.In[at]], axes: map[Label]Axis{}}
	for i, l := range p.Labels[at] {
		c.axes[l] = c.own.At[i]
		if l != one && !slices.Contains(p.Out, l) {
			c.over = append(c.over, l)
		}
	}
	if len(c.over) != 1 {
		return g.stop(p.Node, "a sum over the keys")
	}
	axis := c.axes[c.over[0]]
	switch {
	case g.overKeys(axis):
		return c.overKeys(at)
	case axis.Equal(Axis{g.Scores.Roles.D}.normal()) && len(p.In) == 2:
		return c.overFeatures(1 - at)
	}
	return g.stop(p.Node, "a sum over the keys")
}

// dot calculates a product of operands that all are of the region, or t, and its
// sum over the keys if the result has them not.
func (g *Region) dot(p *Product) (Abstract, bool) {
	axes, x := map[Label]Axis{}, Number(p.Scale)
	for i, labels := range p.Labels {
		y, why := g.operand(p.Node, p.In[i])
		if why != nil {
			return Abstract{}, false
		}
		x = x.Times(y.Poly)
		for j, l := range labels {
			if axis, seen := axes[l]; l == one || seen && !axis.Equal(y.At[j]) {
				return Abstract{}, false
			}
			axes[l] = y.At[j]
		}
	}
	at := make(Layout, len(p.Out))
	for i, l := range p.Out {
		at[i] = axes[l]
		delete(axes, l)
	}
	if len(axes) == 0 {
		return Abstract{x, at}, true
	}
	for _, axis := range axes {
		if len(axes) > 1 || !g.overKeys(axis) {
			return Abstract{}, false
		}
	}
	sum, ok := x.Map(func(m Monomial) (Monomial, bool) { return g.summed(m, nil, nil) })
	return Abstract{sum, at}, ok
}

// contraction is a product under examination. axes says what each label runs
// over, as far as it is known.
type contraction struct {
	region  *Region
	product *Product
	own     Abstract
	axes    map[Label]Axis
	over    []Label
}

// overKeys sums over the keys, with one operand that is V or K, or with both.
func (c *contraction) overKeys(at int) (Abstract, *Refusal) {
	g, p := c.region, c.product
	value, key := (*int)(nil), false
	x := c.own.Poly.Times(Number(p.Scale))
	for i, v := range p.In {
		if i == at {
			continue
		}
		features, why := c.features(i)
		if why != nil {
			return Abstract{}, why
		}
		if k, ok := c.asKey(i, features); ok && !key && !g.keysAreValues {
			key, g.averaged = true, true
			x = x.Times(Number(k.Last().Scale))
			c.axes[features] = Axis{g.Scores.Roles.D}
			continue
		}
		if value != nil {
			return Abstract{}, refuse(checkOutput, p.Node, "one operand that is no key", origin(v))
		}
		n := c.asValue(i, features)
		value = &n
		c.axes[features] = Whole(valueRole(n), p.size(i, features))
	}
	sum, ok := x.Map(func(m Monomial) (Monomial, bool) { return g.summed(m, value, &key) })
	if !ok {
		return Abstract{}, refuse(checkOutput, p.Node, "probabilities, or probabilities times r·k, times values", x.String())
	}
	return c.result(sum)
}

// features returns the label of operand i that only the result has besides it.
// All others must run over what the region's operand runs over, queries
// excepted: values don't depend on the query.
func (c *contraction) features(i int) (Label, *Refusal) {
	p := c.product
	var free []Label
	for j, l := range p.Labels[i] {
		axis, shared := c.axes[l]
		switch {
		case l == one:
		case !shared:
			free = append(free, l)
		case axis.joined(), slices.ContainsFunc(axis, func(q Piece) bool { return q.Role == c.region.Scores.Roles.T.Role }):
			return 0, refuse(checkOutput, p.Node, "values that don't depend on the query", origin(p.In[i]))
		case !axis.Size().Equal(p.In[i].Type.Shape[j]):
			r := refuse(checkOutput, p.Node, fmt.Sprintf("values for %s keys or heads", axis.Size()), p.In[i].Type.String())
			if _, known := axis.Size().Compare(p.In[i].Type.Shape[j]); !known {
				r.Remedy = remedyPin
			}
			return 0, r
		}
	}
	if len(free) != 1 || !slices.Contains(p.Labels[i], c.over[0]) || !slices.Contains(p.Out, free[0]) {
		return 0, refuse(checkOutput, p.Node, "values with an axis of keys and one of features", origin(p.In[i]))
	}
	return free[0], nil
}

// layout is what the axes of operand i run over.
func (c *contraction) layout(i int) Layout {
	l := make(Layout, len(c.product.Labels[i]))
	for j, name := range c.product.Labels[i] {
		if name != one {
			l[j] = c.axes[name]
		}
	}
	return l
}

// asKey reports whether operand i is the keys of the anchor, and reads it so.
func (c *contraction) asKey(i int, features Label) (Reading, bool) {
	g, d := c.region, c.region.Scores.Roles.D
	if !c.product.size(i, features).Equal(d.Size) {
		return Reading{}, false
	}
	l := c.layout(i)
	l[slices.Index(c.product.Labels[i], features)] = Axis{d}.normal()
	k := read(c.product.In[i], l, true)
	return k, k.sameAs(g.Scores.K, g.keyAxes())
}

// asValue numbers operand i as a V.
func (c *contraction) asValue(i int, features Label) int {
	return c.region.number(c.product.In[i], func(n int) (Layout, Piece) {
		f := Piece{valueRole(n), sym.Const(1), c.product.size(i, features)}
		l := c.layout(i)
		l[slices.Index(c.product.Labels[i], features)] = Axis{f}.normal()
		return l, f
	})
}

// number returns the number of v as a V: equal ones are one symbol. at lays v out
// with the features of V number n.
func (g *Region) number(v *ir.Value, at func(n int) (Layout, Piece)) int {
	for n, known := range g.Values {
		l, f := at(n)
		if read(v, l, false).sameAs(known, g.valueAxes(f)) {
			return n
		}
	}
	l, f := at(len(g.Values))
	g.Values = append(g.Values, read(v, l, false))
	g.sizes = append(g.sizes, f.Size)
	return len(g.Values) - 1
}

// valueRole is the role of the features of V number n: after those of the
// scores, of which there are at most maxRank.
func valueRole(n int) Role { return Role(maxRank + n) }

// valueAxes is the layout in which values are compared.
func (g *Region) valueAxes(features Piece) Layout {
	l := Layout{{g.Scores.Roles.S}, {features}}
	for _, b := range g.Scores.Roles.Batch {
		l = append(l, Axis{b})
	}
	return l
}

// overFeatures sums over the features of the keys: with the probe, Σ p k gives
// t̄ and Σ p v kᵀ gives Σ p t v.
func (c *contraction) overFeatures(i int) (Abstract, *Refusal) {
	g, p := c.region, c.product
	for j, l := range p.Labels[i] {
		size := p.In[i].Type.Shape[j]
		if _, shared := c.axes[l]; !shared && size.Is(1) {
			c.axes[l] = nil // r as a column
		}
		axis, shared := c.axes[l]
		if l != one && (!shared || axis.joined() || !axis.Size().Equal(size)) {
			return Abstract{}, refuse(checkOutput, p.Node, "a probe with the axes of the queries", origin(p.In[i]))
		}
	}
	reading := read(p.In[i], c.layout(i), true)
	r := g.probe(reading)
	x, ok := c.own.Poly.Times(Number(p.Scale * reading.Last().Scale)).Map(func(m Monomial) (Monomial, bool) { return probed(m, r) })
	if !ok {
		return Abstract{}, refuse(checkOutput, p.Node, "the covariance of values and keys times the probe", c.own.Poly.String())
	}
	return c.result(x)
}

// result lays x out as the product's result.
func (c *contraction) result(x Poly) (Abstract, *Refusal) {
	at := make(Layout, len(c.product.Out))
	for i, l := range c.product.Out {
		axis, ok := c.axes[l]
		if !ok {
			return c.region.stop(c.product.Node, "a result with the axes of its operands")
		}
		at[i] = axis
	}
	return Abstract{x, at}, nil
}

// size returns the size of the axis of operand i that l names.
func (p *Product) size(i int, l Label) sym.Dim {
	return p.In[i].Type.Shape[slices.Index(p.Labels[i], l)]
}
