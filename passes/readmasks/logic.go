package readmasks

import (
	"slices"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Conditions are kept in one form: conjunctions are flat, without repetition and
// without what other members imply; a disjunction is the negation of a conjunction
// of negations; the negation of line ≥ 0 is −line−1 ≥ 0.

// least makes line ≥ 0.
func (s *space) least(l line) *expr {
	if lo, hi, ok := s.bounds(l); ok {
		switch {
		case sym.ProvablyLE(sym.Const(0), lo):
			return s.bool(true)
		case sym.ProvablyLT(hi, sym.Const(0)):
			return s.bool(false)
		}
	}
	return s.unique(&expr{kind: least, dtype: tensor.Bool, line: l})
}

// not negates a condition.
func (s *space) not(e *expr) *expr {
	switch {
	case e.isBool(true):
		return s.bool(false)
	case e.isBool(false):
		return s.bool(true)
	case e.kind == not:
		return e.args[0]
	case e.kind == least:
		return s.least(e.line.neg().shift(-1))
	}
	return s.unique(&expr{kind: not, dtype: tensor.Bool, args: []*expr{e}})
}

// or joins conditions of which one must hold. What all of them ask for comes
// first: a ∧ b ∨ a ∧ c is a ∧ (b ∨ c).
func (s *space) or(es ...*expr) *expr {
	es = slices.DeleteFunc(slices.Clone(es), func(e *expr) bool { return e.isBool(false) })
	if common := shared(es); len(common) > 0 {
		rests := make([]*expr, len(es))
		for i, e := range es {
			rest := slices.DeleteFunc(slices.Clone(conjuncts(e)), func(x *expr) bool { return slices.Contains(common, x) })
			rests[i] = s.and(rest...)
		}
		return s.and(append(common, s.or(rests...))...)
	}
	inverse := make([]*expr, len(es))
	for i, e := range es {
		inverse[i] = s.not(e)
	}
	return s.not(s.and(inverse...))
}

// shared returns the conjuncts that all of es have; none of a single one.
func shared(es []*expr) []*expr {
	if len(es) < 2 {
		return nil
	}
	common := slices.Clone(conjuncts(es[0]))
	for _, e := range es[1:] {
		common = slices.DeleteFunc(common, func(x *expr) bool { return !slices.Contains(conjuncts(e), x) })
	}
	return common
}

// maxMembers bounds the conditions of one conjunction that are compared with each
// other; beyond it they nest.
const maxMembers = 32

// and joins conditions that must all hold.
func (s *space) and(es ...*expr) *expr {
	var members []*expr
	for _, e := range es {
		members = append(members, conjuncts(e)...)
	}
	if len(members) > maxMembers && len(es) > 1 {
		return s.unique(&expr{kind: conj, dtype: tensor.Bool, args: es})
	}
	for changed := true; changed; {
		members, changed = s.reduce(members)
	}
	switch {
	case len(members) == 0:
		return s.bool(true)
	case len(members) == 1:
		return members[0]
	}
	slices.SortFunc(members, func(a, b *expr) int { return a.id - b.id })
	return s.unique(&expr{kind: conj, dtype: tensor.Bool, args: members})
}

// conjuncts returns what e is the conjunction of.
func conjuncts(e *expr) []*expr {
	switch {
	case e.kind == conj:
		return e.args
	case e.isBool(true):
		return nil
	}
	return []*expr{e}
}

// disjuncts returns the negations of what e is the disjunction of; nil if e is
// none.
func disjuncts(e *expr) []*expr {
	if e.kind == not && e.args[0].kind == conj {
		return e.args[0].args
	}
	return nil
}

// reduce drops a member that others imply, or replaces one by what is left of it
// beside them, and reports whether it did.
func (s *space) reduce(members []*expr) ([]*expr, bool) {
	for i, e := range members {
		for j, given := range members {
			if i == j {
				continue
			}
			left := s.given(e, given)
			if left == e {
				continue
			}
			rest := slices.Delete(slices.Clone(members), i, i+1)
			if left.isBool(false) {
				return []*expr{left}, false
			}
			return append(rest, conjuncts(left)...), true
		}
		if e.isBool(false) {
			return []*expr{e}, false
		}
	}
	return members, false
}

// given is what is left of e where the condition holds.
func (s *space) given(e, condition *expr) *expr {
	switch {
	case implies(condition, e):
		return s.bool(true)
	case s.excludes(condition, e):
		return s.bool(false)
	}
	inverse := disjuncts(e)
	kept := make([]*expr, 0, len(inverse))
	for _, x := range inverse {
		switch {
		case s.excludes(condition, x): // ¬x holds
			return s.bool(true)
		case implies(condition, x): // ¬x is out of the question
		default:
			kept = append(kept, x)
		}
	}
	if len(kept) == len(inverse) {
		return e
	}
	return s.not(s.and(kept...))
}

// implies reports whether b is seen to hold where a does.
func implies(a, b *expr) bool {
	if a == b {
		return true
	}
	return a.kind == least && b.kind == least && a.line.sameSlope(b.line) && sym.ProvablyLE(a.line.off, b.line.off)
}

// excludes reports whether a and b are seen not to hold together.
func (s *space) excludes(a, b *expr) bool {
	if a.kind == least && b.kind == least {
		sum := a.line.add(b.line)
		return sum.vars() == none && sym.ProvablyLT(sum.off, sym.Const(0))
	}
	return a.kind == not && a.args[0] == b || b.kind == not && b.args[0] == a
}
