package sym

// refineBudget bounds the case splits of one Bounds query.
const refineBudget = 24

// Bounds returns an interval that holds d wherever d has a value. Symbols range
// over b; those absent from it over [0, +inf), signed ones over everything.
func (d Dim) Bounds(b map[string]Interval) Interval {
	q := bounder{env: b, budget: refineBudget}
	if len(b) > 0 {
		q.memo = map[*atom]Interval{}
	}
	return q.dim(d)
}

// ProvablyLE reports whether a <= b for every binding.
func ProvablyLE(a, b Dim) bool { return b.Sub(a).Bounds(nil).Lo >= 0 }

// ProvablyLT reports whether a < b for every binding.
func ProvablyLT(a, b Dim) bool { return b.Sub(a).Bounds(nil).Lo > 0 }

// ProvablyPositive reports whether d is at least 1 for every binding.
func ProvablyPositive(d Dim) bool { return d.Bounds(nil).Lo > 0 }

// Compare returns -1, 0 or +1 when d is below, equal to or above e for every
// binding, and known = false when that is not proved.
func (d Dim) Compare(e Dim) (order int, known bool) {
	r := d.Sub(e).Bounds(nil)
	switch {
	case r.Lo == 0 && r.Hi == 0:
		return 0, true
	case r.Lo > 0:
		return 1, true
	case r.Hi < 0:
		return -1, true
	}
	return 0, false
}

// bounder answers one query. Without bindings, atoms know their range already.
type bounder struct {
	env    map[string]Interval
	memo   map[*atom]Interval
	budget int
}

func (q *bounder) dim(d Dim) Interval {
	if d.p == nil {
		return Interval{d.c, d.c}
	}
	r := q.termwise(d.p.terms)
	for _, t := range d.p.terms {
		for _, f := range t.f {
			if r.Lo == r.Hi || q.budget <= 0 {
				return r
			}
			r = r.intersect(q.refine(d, t, f.a))
		}
	}
	return r
}

// termwise is plain interval arithmetic: it forgets that terms share symbols.
func (q *bounder) termwise(ts []term) Interval {
	sum := Interval{}
	for _, t := range ts {
		product := Interval{1, 1}
		for _, f := range t.f {
			x := q.atom(f.a)
			for range f.n {
				product = product.mul(x)
			}
		}
		sum = sum.add(product.scale(t.k))
	}
	return sum
}

func (q *bounder) atom(a *atom) Interval {
	if len(q.env) == 0 {
		return a.within
	}
	if r, ok := q.memo[a]; ok {
		return r
	}
	r := a.span(q)
	q.memo[a] = r
	return r
}

// span is the range of an atom from those of its arguments.
func (a *atom) span(q *bounder) Interval {
	switch a.op {
	case opSymbol, opSigned:
		if r, ok := q.env[a.name]; ok {
			return r
		}
		if a.op == opSymbol {
			return Sizes()
		}
		return Everything()
	case opFloorDiv:
		return q.dim(a.args[0]).divide(q.dim(a.args[1]), floorDivOK)
	case opCeilDiv:
		return q.dim(a.args[0]).divide(q.dim(a.args[1]), ceilDivOK)
	}
	out := q.dim(a.args[0])
	for _, arg := range a.args[1:] {
		r := q.dim(arg)
		switch a.op {
		case opMin:
			out = Interval{min(out.Lo, r.Lo), min(out.Hi, r.Hi)}
		case opMax:
			out = Interval{max(out.Lo, r.Lo), max(out.Hi, r.Hi)}
		default:
			out = out.union(r)
		}
	}
	return out
}

// refine uses what an atom a, occurring in term t of d, has to do with the rest
// of d.
func (q *bounder) refine(d Dim, t term, a *atom) Interval {
	switch a.op {
	case opMin, opMax, opBroadcast:
		q.budget--
		return q.split(d, t, a)
	case opFloorDiv, opCeilDiv:
		q.budget--
		return q.relax(d, t, a)
	}
	return Everything()
}

// split replaces a by each of its arguments: a is one of them, so d lies in the
// union. Where d contains ±min or ±max, each single case is a bound as well.
func (q *bounder) split(d Dim, t term, a *atom) Interval {
	cases := Interval{PosInf, NegInf}
	sided := Everything()
	linear := len(t.f) == 1 && t.f[0].n == 1 && a.op != opBroadcast
	for _, arg := range a.args {
		cases = cases.union(q.dim(replace(d, a, arg)))
		if !linear {
			continue
		}
		one := q.dim(d.Sub(fromTerms([]term{t})).Add(arg.Mul(Const(t.k))))
		if (a.op == opMin) == (t.k < 0) { // k*a >= k*arg
			sided.Lo = max(sided.Lo, one.Lo)
		} else {
			sided.Hi = min(sided.Hi, one.Hi)
		}
	}
	return cases.intersect(sided)
}

// replace substitutes a dim for an atom, at the top level only.
func replace(d Dim, a *atom, by Dim) Dim {
	out := Dim{}
	for _, t := range d.p.terms {
		product := Const(t.k)
		for _, f := range t.f {
			x := f.a.dim()
			if sameAtom(f.a, a) {
				x = by
			}
			for range f.n {
				product = product.Mul(x)
			}
		}
		out = out.Add(product)
	}
	return out
}

// relax uses b*floor(x/b) = x - r and b*ceil(x/b) = x + r with 0 <= r < b.
func (q *bounder) relax(d Dim, t term, a *atom) Interval {
	x, b := a.args[0], a.args[1]
	rest := d.Sub(fromTerms([]term{t}))
	c, constant := b.IsConst()
	if constant && c > 0 && len(t.f) == 1 && t.f[0].n == 1 {
		// c*d = c*rest + k*x - k*r
		scaled, ok := openSum(rest, b, x, Const(t.k))
		if !ok {
			return Everything()
		}
		return exactQuotient(q.dim(scaled).add(remainder(a.op, c, t.k)), c)
	}
	if constant || q.dim(b).Lo < 0 || len(b.p.terms) != 1 {
		return Everything()
	}
	// d = rest + k*b*floor(x/b), where b is a single term
	m := b.p.terms[0]
	others, ok := divMonomials(t.f, []factor{{a, 1}})
	if !ok || compareMonomials(others, m.f) != 0 || t.k%m.k != 0 {
		return Everything()
	}
	k := t.k / m.k
	sum, ok := openSum(rest, Const(1), x, Const(k))
	if !ok {
		return Everything()
	}
	return q.dim(sum).add(remainder(a.op, q.dim(b).Hi, k))
}

// openSum is a*b + c*d, unless it grows so much that it would have to be closed:
// a new atom asks for its own bounds, and the queries would nest without limit.
func openSum(a, b, c, d Dim) (Dim, bool) {
	x, ok := mulTerms(a.termsOf(), b.termsOf())
	if !ok {
		return Dim{}, false
	}
	y, ok := mulTerms(c.termsOf(), d.termsOf())
	if !ok {
		return Dim{}, false
	}
	return addTerms(x.termsOf(), y.termsOf())
}

// remainder is the range of -k*r (for floor) or k*r (for ceil), 0 <= r < b.
func remainder(op opcode, b, k int64) Interval {
	r := Interval{0, b}
	if b != PosInf {
		r.Hi = b - 1
	}
	r = r.scale(k)
	if op == opFloorDiv {
		return r.scale(-1)
	}
	return r
}

// exactQuotient is the range of n when c*n lies in r.
func exactQuotient(r Interval, c int64) Interval {
	if r.Lo != NegInf {
		r.Lo, _ = ceilDivOK(r.Lo, c)
	}
	if r.Hi != PosInf {
		r.Hi, _ = floorDivOK(r.Hi, c)
	}
	return r
}
