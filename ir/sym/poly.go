package sym

import (
	"cmp"
	"math"
	"slices"
	"sync/atomic"
)

// poly is a sum of terms, the leading one first, no two with the same monomial,
// none zero. It is never a constant: Dim holds those.
type poly struct {
	terms []term
	prog  atomic.Pointer[program]
}

// term is k times a monomial; the constant term has no factors.
type term struct {
	k int64
	f []factor // in the order of atoms
}

type factor struct {
	a *atom
	n int // power, at least 1
}

// Work limits: beyond them operands become groups.
const (
	maxTerms    = 96
	maxProducts = 512
	maxDegree   = 32
)

func sameTerm(s, t term) bool {
	return s.k == t.k && slices.EqualFunc(s.f, t.f, sameFactor)
}

func sameFactor(f, g factor) bool { return f.n == g.n && sameAtom(f.a, g.a) }

func degree(f []factor) int {
	n := 0
	for _, x := range f {
		n += x.n
	}
	return n
}

// compareMonomials is the graded lexicographic order, greatest first. It is
// compatible with multiplication, which exact division needs.
func compareMonomials(f, g []factor) int {
	if c := cmp.Compare(degree(g), degree(f)); c != 0 {
		return c
	}
	for i := 0; i < min(len(f), len(g)); i++ {
		if c := compareAtoms(f[i].a, g[i].a); c != 0 {
			return c
		}
		if c := cmp.Compare(g[i].n, f[i].n); c != 0 {
			return c
		}
	}
	return 0
}

// termsOf returns d as terms, also when it is a constant.
func (d Dim) termsOf() []term {
	switch {
	case d.p != nil:
		return d.p.terms
	case d.c == 0:
		return nil
	}
	return []term{{k: d.c}}
}

// fromTerms wraps terms that are sorted, distinct and non-zero.
func fromTerms(ts []term) Dim {
	switch {
	case len(ts) == 0:
		return Dim{}
	case len(ts) == 1 && len(ts[0].f) == 0:
		return Const(ts[0].k)
	}
	return Dim{p: &poly{terms: ts}}
}

// collect sorts terms and adds up those with the same monomial.
func collect(ts []term) (Dim, bool) {
	slices.SortStableFunc(ts, func(s, t term) int { return compareMonomials(s.f, t.f) })
	out := ts[:0]
	for _, t := range ts {
		if n := len(out); n > 0 && compareMonomials(out[n-1].f, t.f) == 0 {
			k, ok := addOK(out[n-1].k, t.k)
			if !ok {
				return Dim{}, false
			}
			out[n-1].k = k
			continue
		}
		if n := len(out); n > 0 && out[n-1].k == 0 {
			out = out[:n-1]
		}
		out = append(out, t)
	}
	if n := len(out); n > 0 && out[n-1].k == 0 {
		out = out[:n-1]
	}
	return fromTerms(out), len(out) <= maxTerms
}

// Add returns d + e.
func (d Dim) Add(e Dim) Dim {
	if d.p == nil && e.p == nil {
		if c, ok := addOK(d.c, e.c); ok {
			return Const(c)
		}
		return closedSum(d, e)
	}
	if whole, ok := halves(d, e); ok {
		return whole
	}
	if sum, ok := addTerms(d.termsOf(), e.termsOf()); ok {
		return sum
	}
	return closedSum(d, e)
}

// addTerms merges two sorted lists.
func addTerms(s, t []term) (Dim, bool) {
	out := make([]term, 0, len(s)+len(t))
	for len(s) > 0 && len(t) > 0 {
		switch c := compareMonomials(s[0].f, t[0].f); {
		case c < 0:
			out, s = append(out, s[0]), s[1:]
		case c > 0:
			out, t = append(out, t[0]), t[1:]
		default:
			k, ok := addOK(s[0].k, t[0].k)
			if !ok {
				return Dim{}, false
			}
			if k != 0 {
				out = append(out, term{k, s[0].f})
			}
			s, t = s[1:], t[1:]
		}
	}
	out = append(append(out, s...), t...)
	return fromTerms(out), len(out) <= maxTerms
}

// Neg returns -d.
func (d Dim) Neg() Dim { return d.Mul(Const(-1)) }

// Sub returns d - e.
func (d Dim) Sub(e Dim) Dim {
	if e.p == nil && e.c != math.MinInt64 {
		return d.Add(Const(-e.c))
	}
	if e.p != nil && d.Equal(e) {
		return Dim{}
	}
	return d.Add(e.Neg())
}

// Mul returns d * e.
func (d Dim) Mul(e Dim) Dim {
	switch {
	case d.Is(0) || e.Is(0):
		return Dim{}
	case d.Is(1):
		return e
	case e.Is(1):
		return d
	}
	if product, ok := mulTerms(d.termsOf(), e.termsOf()); ok {
		return product
	}
	return closedProduct(d, e)
}

func mulTerms(s, t []term) (Dim, bool) {
	if len(s)*len(t) > maxProducts {
		return Dim{}, false
	}
	out := make([]term, 0, len(s)*len(t))
	for _, x := range s {
		for _, y := range t {
			k, ok := mulOK(x.k, y.k)
			if !ok || degree(x.f)+degree(y.f) > maxDegree {
				return Dim{}, false
			}
			out = append(out, term{k, mulMonomials(x.f, y.f)})
		}
	}
	return collect(out)
}

func mulMonomials(f, g []factor) []factor {
	if len(f) == 0 {
		return g
	}
	if len(g) == 0 {
		return f
	}
	out := make([]factor, 0, len(f)+len(g))
	for len(f) > 0 && len(g) > 0 {
		switch c := compareAtoms(f[0].a, g[0].a); {
		case c < 0:
			out, f = append(out, f[0]), f[1:]
		case c > 0:
			out, g = append(out, g[0]), g[1:]
		default:
			out = append(out, factor{f[0].a, f[0].n + g[0].n})
			f, g = f[1:], g[1:]
		}
	}
	return append(append(out, f...), g...)
}

// group closes d: one atom that no rule looks into.
func group(d Dim) Dim {
	if d.asAtom() != nil {
		return d
	}
	return newAtom(opGroup, d).dim()
}

// closedSum is d + e when the open form is too large: at most two atoms with
// small coefficients and a constant, which always fits.
func closedSum(d, e Dim) Dim {
	switch {
	case d.p == nil && e.p == nil:
		d, e = group(Const(max(d.c, e.c))), Const(min(d.c, e.c))
	case d.p == nil:
		e = group(e)
	case e.p == nil:
		d = group(d)
	default:
		d, e = group(d), group(e)
	}
	sum, ok := addTerms(d.termsOf(), e.termsOf())
	if !ok {
		panic("BUG: sym: a closed sum does not fit")
	}
	return sum
}

// closedProduct is d * e when the open form is too large.
func closedProduct(d, e Dim) Dim {
	switch {
	case d.p == nil && e.p == nil:
		d, e = group(Const(max(d.c, e.c))), Const(min(d.c, e.c))
	case d.p == nil:
		e = group(e)
	case e.p == nil:
		d = group(d)
	default:
		d, e = group(d), group(e)
	}
	product, ok := mulTerms(d.termsOf(), e.termsOf())
	if !ok {
		panic("BUG: sym: a closed product does not fit")
	}
	return product
}
