package attn

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Symbol is what the algebra of the region below a softmax calculates with. Row
// symbols depend on the query alone, key symbols on the key too.
type Symbol struct {
	Kind  Kind
	Value int // which V, numbered by the region; of Moment0, Moment1, Outer and Val
	Probe int // which r, numbered by the region; of Score2, Mean, MeanTerms, KeyTerms and Moment1
}

// Kind is a kind of symbol.
type Kind uint8

// The kinds. With p the softmax weights and t = r·k:
const (
	Norm      Kind = iota // Z = Σ e, what divides e to give p; a row symbol
	Weight                // p
	Score2                // t
	Mean                  // t̄ = Σ p t; a row symbol
	Moment0               // Σ p v; a row symbol
	Moment1               // Σ p t v; a row symbol
	KeyMean               // Σ p k; a row symbol
	Outer                 // Σ p v kᵀ; a row symbol
	MeanTerms             // r times Σ p k, feature by feature: what t̄ is the sum of
	Key                   // k, feature by feature
	KeyTerms              // r times k, feature by feature: what t is the sum of
	Val                   // v, feature by feature
	Row                   // a factor of the file, number Value, that doesn't depend on the key; a row symbol
	Part                  // 1 in part Probe of join Value, 0 in the others; a row symbol
)

var kindNames = [...]string{"Z", "p", "t", "mean", "o", "ot", "kmean", "cov", "means", "k", "ts", "v", "f", "part"}

func (s Symbol) String() string {
	switch s.Kind {
	case Score2, Mean, MeanTerms, KeyTerms:
		return fmt.Sprintf("%s%d", kindNames[s.Kind], s.Probe)
	case Moment0, Outer, Val, Row:
		return fmt.Sprintf("%s%d", kindNames[s.Kind], s.Value)
	case Moment1, Part:
		return fmt.Sprintf("%s%d.%d", kindNames[s.Kind], s.Probe, s.Value)
	}
	return kindNames[s.Kind]
}

// Monomial is a product of powers of symbols.
type Monomial map[Symbol]int

// mono is the product of symbols, each once.
func mono(symbols ...Symbol) Monomial {
	m := Monomial{}
	for _, s := range symbols {
		m[s]++
	}
	return m
}

func (m Monomial) key() string {
	symbols := slices.SortedFunc(maps.Keys(m), func(a, b Symbol) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Probe, b.Probe))
	})
	parts := make([]string, len(symbols))
	for i, s := range symbols {
		parts[i] = s.String()
		if m[s] != 1 {
			parts[i] += fmt.Sprintf("^%d", m[s])
		}
	}
	return strings.Join(parts, "·")
}

// times is the product of both.
func (m Monomial) times(n Monomial) Monomial {
	out := maps.Clone(m)
	for s, k := range n {
		if out[s] += k; out[s] == 0 {
			delete(out, s)
		} else if s.Kind == Part {
			out[s] = 1
		}
	}
	return out
}

func (m Monomial) inverse() Monomial {
	out := Monomial{}
	for s, k := range m {
		out[s] = -k
	}
	return out
}

// Poly is a sum of monomials with coefficients, by their keys.
type Poly map[string]Term

// Term is a monomial with its coefficient.
type Term struct {
	Coef float64
	Mono Monomial
}

// Number is the polynomial x.
func Number(x float64) Poly { return poly(Term{x, Monomial{}}) }

func poly(terms ...Term) Poly {
	p := Poly{}
	for _, t := range terms {
		p.add(t)
	}
	return p
}

func (p Poly) add(t Term) {
	k := t.Mono.key()
	if was, ok := p[k]; ok {
		t.Coef += was.Coef
	}
	if t.Coef == 0 {
		delete(p, k)
		return
	}
	p[k] = t
}

// Plus is p + x·q.
func (p Poly) Plus(x float64, q Poly) Poly {
	out := maps.Clone(p)
	for _, t := range q {
		out.add(Term{x * t.Coef, t.Mono})
	}
	return out
}

// Times is p·q.
func (p Poly) Times(q Poly) Poly {
	out := Poly{}
	for _, t := range p {
		for _, u := range q {
			if !t.Mono.apart(u.Mono) {
				out.add(Term{t.Coef * u.Coef, t.Mono.times(u.Mono)})
			}
		}
	}
	return out
}

// apart reports whether m and n are in different parts of one join: their product
// is 0.
func (m Monomial) apart(n Monomial) bool {
	for s := range m {
		for t := range n {
			if s.Kind == Part && t.Kind == Part && s.Value == t.Value && s.Probe != t.Probe {
				return true
			}
		}
	}
	return false
}

// Inverse is 1/p if p has one term.
func (p Poly) Inverse() (Poly, bool) {
	for _, t := range p {
		for s := range t.Mono {
			if s.Kind == Part {
				return nil, false
			}
		}
		return poly(Term{1 / t.Coef, t.Mono.inverse()}), len(p) == 1
	}
	return nil, false
}

// Map replaces each monomial by f of it; false if f can't for one.
func (p Poly) Map(f func(Monomial) (Monomial, bool)) (Poly, bool) {
	out := Poly{}
	for _, t := range p {
		m, ok := f(t.Mono)
		if !ok {
			return nil, false
		}
		out.add(Term{t.Coef, m})
	}
	return out, true
}

// coef returns the coefficient of the product of symbols.
func (p Poly) coef(symbols ...Symbol) float64 { return p[mono(symbols...).key()].Coef }

// String is for messages and tests.
func (p Poly) String() string {
	keys := slices.Sorted(maps.Keys(p))
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = strings.TrimSuffix(fmt.Sprintf("%g·%s", p[k].Coef, k), "·")
		parts[i] = strings.TrimPrefix(parts[i], "1·")
	}
	return strings.Join(parts, " + ")
}

// near reports equality but for rounding of constants.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(math.Abs(a), math.Abs(b)) }
