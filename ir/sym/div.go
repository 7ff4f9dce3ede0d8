package sym

import "math"

// Div returns d / e rounded towards minus infinity.
func (d Dim) Div(e Dim) Dim {
	if c, ok := e.IsConst(); ok {
		return divConst(d, c)
	}
	return divSymbolic(d, e)
}

// CeilDiv returns d / e rounded towards plus infinity.
func (d Dim) CeilDiv(e Dim) Dim { return d.Neg().Div(e).Neg() }

// Mod returns the remainder of the floor division: d - e*(d/e), which has the
// sign of e.
func (d Dim) Mod(e Dim) Dim {
	if e.Is(0) {
		return newAtom(opFloorDiv, d, e).dim() // evaluates to the same error
	}
	return d.Sub(e.Mul(d.Div(e)))
}

// divConst divides by a constant: whole multiples leave the quotient, the
// greatest common divisor cancels, nested divisions merge, and the sign of the
// rest is normalised.
func divConst(d Dim, c int64) Dim {
	switch {
	case c == 0 || c == math.MinInt64:
		return newAtom(opFloorDiv, d, Const(c)).dim()
	case c < 0:
		return divConst(d.Neg(), -c)
	case c == 1:
		return d
	case d.p == nil:
		q, _ := floorDivOK(d.c, c)
		return Const(q)
	}
	whole, rest, k := splitByConst(d, c)
	if len(rest) == 0 {
		return fromTerms(whole)
	}
	g := uint64(c)
	for _, t := range rest {
		g = gcd(g, magnitude(t.k))
	}
	c, k = c/int64(g), k/int64(g)
	rest = scaleDown(rest, int64(g))
	if rest[0].k < 0 { // floor(x/c) = -floor((c-1-x)/c)
		return fromTerms(whole).Sub(restOverConst(negated(rest), c-1-k, c))
	}
	return fromTerms(whole).Add(restOverConst(rest, k, c))
}

// splitByConst writes d as c*whole + rest + k with 0 <= k < c. Coefficients are
// truncated towards zero, so that (3*s)/4 stays as it is.
func splitByConst(d Dim, c int64) (whole, rest []term, k int64) {
	for _, t := range d.p.terms {
		q, r := t.k/c, t.k%c
		if len(t.f) == 0 {
			q, _ = floorDivOK(t.k, c)
			k = t.k - q*c
			r = 0
		}
		if q != 0 {
			whole = append(whole, term{q, t.f})
		}
		if r != 0 {
			rest = append(rest, term{r, t.f})
		}
	}
	return whole, rest, k
}

func scaleDown(ts []term, g int64) []term {
	out := make([]term, len(ts))
	for i, t := range ts {
		out[i] = term{t.k / g, t.f}
	}
	return out
}

func negated(ts []term) []term {
	out := make([]term, len(ts))
	for i, t := range ts {
		out[i] = term{-t.k, t.f}
	}
	return out
}

// restOverConst is floor((rest+k)/c) for a reduced rest with a positive leading
// coefficient.
func restOverConst(rest []term, k, c int64) Dim {
	x := fromTerms(rest)
	if c == 1 {
		return x.Add(Const(k))
	}
	if a := x.asAtom(); a != nil && a.op == opFloorDiv {
		// floor((floor(y/b)+k)/c) = floor((y+b*k)/(b*c)) for every c > 0.
		y, b := a.args[0], a.args[1]
		if !b.Is(0) && productFits(b, c) {
			return y.Add(b.Mul(Const(k))).Div(b.Mul(Const(c)))
		}
	}
	x = x.Add(Const(k))
	if r := x.Bounds(nil); r.Lo != NegInf && r.Hi != PosInf {
		lo, _ := floorDivOK(r.Lo, c)
		if hi, _ := floorDivOK(r.Hi, c); lo == hi {
			return Const(lo)
		}
	}
	return newAtom(opFloorDiv, x, Const(c)).dim()
}

// productFits reports whether c*b keeps an open form.
func productFits(b Dim, c int64) bool {
	for _, t := range b.termsOf() {
		if k, ok := mulOK(t.k, c); !ok || k == math.MinInt64 {
			return false
		}
	}
	return true
}

// divSymbolic divides by an expression. Every rule holds where the divisor is
// not 0.
func divSymbolic(a, b Dim) Dim {
	if q, ok := a.DivExact(b); ok {
		return q
	}
	if b.p.terms[0].k < 0 {
		na, nb := a.Neg(), b.Neg()
		if nb.p != nil && nb.p.terms[0].k > 0 {
			return divSymbolic(na, nb)
		}
	}
	if x, y, ok := cancelContent(a, b); ok {
		return x.Div(y)
	}
	if q, rest, ok := pullMultiples(a, b); ok {
		return q.Add(rest.Div(b))
	}
	positive := b.Bounds(nil).Lo >= 0 // and not 0, or there is no value
	if x := a.asAtom(); positive && x != nil && x.op == opFloorDiv && !x.args[1].Is(0) {
		return x.args[0].Div(x.args[1].Mul(b)) // floor(floor(y/c)/b) = floor(y/(c*b)) for b > 0
	}
	if positive && ProvablyLE(Dim{}, a) && ProvablyLT(a, b) {
		return Dim{}
	}
	if lead := a.termsOf()[0].k; lead < 0 {
		return newAtom(opCeilDiv, a.Neg(), b).dim().Neg()
	}
	return newAtom(opFloorDiv, a, b).dim()
}

// cancelContent divides a and b by their common integer and monomial factor.
func cancelContent(a, b Dim) (x, y Dim, ok bool) {
	ts := append(append([]term(nil), a.termsOf()...), b.termsOf()...)
	g := uint64(0)
	common := ts[0].f
	for _, t := range ts {
		g = gcd(g, magnitude(t.k))
		common = commonFactors(common, t.f)
	}
	if (g == 1 && len(common) == 0) || g > math.MaxInt64 {
		return a, b, false
	}
	m := fromTerms([]term{{int64(g), common}})
	x, okX := a.DivExact(m)
	y, okY := b.DivExact(m)
	return x, y, okX && okY
}

func commonFactors(f, g []factor) []factor {
	var out []factor
	for _, x := range f {
		for _, y := range g {
			if sameAtom(x.a, y.a) {
				out = append(out, factor{x.a, min(x.n, y.n)})
			}
		}
	}
	return out
}

// pullMultiples writes a as q*b + rest, for a rest that is simpler than a.
func pullMultiples(a, b Dim) (q, rest Dim, ok bool) {
	lead := b.p.terms[0]
	for _, t := range a.termsOf() {
		m, divides := divMonomials(t.f, lead.f)
		k := t.k / lead.k
		if !divides || k == 0 {
			continue
		}
		part := fromTerms([]term{{k, m}})
		r := a.Sub(part.Mul(b))
		if len(r.termsOf()) < len(a.termsOf()) || len(b.p.terms) == 1 {
			return part, r, true
		}
	}
	return Dim{}, a, false
}

// divMonomials returns f/g when g divides f.
func divMonomials(f, g []factor) ([]factor, bool) {
	var out []factor
	for _, x := range f {
		n := x.n
		if len(g) > 0 && sameAtom(x.a, g[0].a) {
			n -= g[0].n
			g = g[1:]
		}
		if n < 0 {
			return nil, false
		}
		if n > 0 {
			out = append(out, factor{x.a, n})
		}
	}
	return out, len(g) == 0
}

// DivExact returns d/e when e provably divides d: when the polynomial division
// leaves no remainder. A symbolic e is taken to be non-zero. It is what a -1 in
// Reshape needs.
func (d Dim) DivExact(e Dim) (Dim, bool) {
	if e.Is(0) {
		return Dim{}, false
	}
	if e.Is(1) {
		return d, true
	}
	x, number := d.IsConst()
	if y, both := e.IsConst(); number && both && y > 0 {
		return Const(x / y), x%y == 0
	}
	lead := e.termsOf()[0]
	var quotient []term
	for rest := d; ; {
		if rest.Is(0) {
			return fromTerms(quotient), true
		}
		top := rest.termsOf()[0]
		m, divides := divMonomials(top.f, lead.f)
		if !divides || top.k%lead.k != 0 || len(quotient) >= maxTerms || (lead.k == -1 && top.k == math.MinInt64) {
			return Dim{}, false
		}
		part := term{top.k / lead.k, m}
		quotient = append(quotient, part)
		product, ok := mulTerms([]term{part}, e.termsOf())
		if !ok || product.hasCoefficient(math.MinInt64) {
			return Dim{}, false
		}
		if rest, ok = addTerms(rest.termsOf(), negated(product.termsOf())); !ok {
			return Dim{}, false
		}
	}
}

func (d Dim) hasCoefficient(k int64) bool {
	for _, t := range d.termsOf() {
		if t.k == k {
			return true
		}
	}
	return false
}
