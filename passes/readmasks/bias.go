package readmasks

import (
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
)

// term is part of what is added to the scores: val where seen holds, fill where
// it doesn't.
type term struct {
	seen *expr
	fill float64 // 0 if all keys are seen
	val  *expr
	from *ir.Value // the operand, if it is all of it
}

// dominant is the finite fill below which a masked key has weight 0 beside any
// visible one: exp(−10000 − s) is 0 in f32 for every score s > −9800.
const dominant = -1e4

// terms splits a bias into what is added one after another.
func (s *space) terms(v *ir.Value, e *expr) []term {
	parts := s.addends(e, maxAddends)
	if s.cancel(parts) {
		parts = []*expr{e}
	}
	out := make([]term, len(parts))
	for i, part := range parts {
		out[i] = s.masked(part)
		if len(parts) == 1 {
			out[i].from = v
		}
	}
	return out
}

// maxAddends bounds the terms that a bias is split into, as a power of two.
const maxAddends = 3

// addends returns what e is the sum of.
func (s *space) addends(e *expr, depth int) []*expr {
	if e.kind != apply || !e.dtype.IsFloat() || depth == 0 || e.node.Op != op.Add && e.node.Op != op.Sub {
		return []*expr{e}
	}
	out := s.addends(e.args[0], depth-1)
	for _, x := range s.addends(e.args[1], depth-1) {
		if e.node.Op == op.Sub {
			x = s.applied(operation(op.Neg, nil, e.dtype), []*expr{x})
		}
		out = append(out, x)
	}
	return out
}

// amplified is a number that leaves little in f32 of scores that it is added to.
const amplified = 1e6

// cancel reports whether parts of a sum may be large numbers of both signs, as the
// fill of causal keys and (1 − mask)·fill are where the mask is 2. The file makes
// their sum, which may be 0, before it adds scores; added to scores one after
// another they would leave nothing of those.
func (s *space) cancel(parts []*expr) bool {
	for i, x := range parts {
		if !s.amplifies(x) {
			continue
		}
		for j, y := range parts {
			if i != j && (s.amplifies(y) || s.range64(y).lo <= -amplified) {
				return true
			}
		}
	}
	return false
}

// amplifies reports whether e is the product with a large number of something that
// may make it a large positive one.
func (s *space) amplifies(e *expr) bool {
	if e.kind != apply || e.node.Op != op.Mul {
		return false
	}
	r := s.range64(e)
	for _, arg := range e.args {
		if c := s.range64(arg); c.lo == c.hi && c.size() >= amplified {
			return r.unknown() || r.hi >= amplified
		}
	}
	return false
}

// masked takes the cases out of e in which it is a number that hides keys.
func (s *space) masked(e *expr) term {
	whole := term{seen: s.bool(true), val: e}
	t := whole
	var kept []piece
	hidden := 0
	for _, p := range s.outer(e, maxChoices) {
		fill, hides := s.fill(p.val)
		switch {
		case !hides:
			if s.isZero(p.val) {
				p.val = s.zero(e.dtype) // −0 is as good
			}
			kept = append(kept, p)
		case t.fill != 0 && t.fill != fill:
			return whole
		default:
			t.fill, t.seen = fill, s.and(t.seen, s.not(p.cond))
			hidden++
		}
	}
	kept = s.merged(kept)
	switch {
	case t.fill == 0:
		return whole
	case len(kept) == 0:
		t.val = s.zero(e.dtype)
		return t
	case len(kept) <= hidden: // the simpler way to say it
		t.seen = s.bool(false)
		for _, p := range kept {
			t.seen = s.or(t.seen, p.cond)
		}
	}
	t.val = kept[len(kept)-1].val
	for i := len(kept) - 2; i >= 0; i-- {
		t.val = s.chosen(kept[i].cond, kept[i].val, t.val)
	}
	return t
}

// maxChoices bounds the choices within each other that are taken apart.
const maxChoices = 6

// outer takes apart the choices that e is made by, and sums of numbers. Choices
// below other operators are left alone: they choose what is added.
func (s *space) outer(e *expr, depth int) []piece {
	if e.kind != choose || depth == 0 {
		pieces := s.cases(e)
		for _, p := range pieces {
			if constant(p.val) == nil {
				return []piece{{s.bool(true), e}}
			}
		}
		return pieces
	}
	var out []piece
	for i, c := range []*expr{e.args[0], s.not(e.args[0])} {
		for _, p := range s.outer(e.args[1+i], depth-1) {
			if cond := s.and(c, p.cond); !cond.isBool(false) {
				out = append(out, piece{cond, p.val})
			}
		}
	}
	return s.merged(out)
}

// swallow is a fill that leaves nothing in f32 of numbers up to swallowed.
const (
	swallow   = -1e38
	swallowed = 1e25
)

// fill reports whether e is a number that hides keys, or so large a negative one
// that what is added to it is lost.
func (s *space) fill(e *expr) (float64, bool) {
	r := s.range64(e)
	switch {
	case r.unknown() || r.hi > dominant:
		return 0, false
	case r.lo == r.hi:
		return r.lo, true
	}
	return r.hi, r.hi <= swallow && float32(r.lo) == float32(r.hi) && !math.IsInf(r.lo, 0)
}

// bounded reports whether nothing that t adds to a seen key matters beside fill.
func (s *space) bounded(t term, fill float64) bool {
	r := s.range64(t.val)
	return !r.unknown() && r.size() <= -fill/10
}

// shifter rewrites expressions of key minus query as those of another space.
type shifter struct {
	from, to *space
	done     map[*expr]*expr
}

// relative rewrites e, which depends on key minus query, as an expression of the
// space of relative positions: there the index of the keys counts them from
// −(queries−1). It returns nil if e depends on more.
func (h *shifter) relative(e *expr) *expr {
	r, ok := h.done[e]
	if !ok {
		r = h.shifted(e)
		h.done[e] = r
	}
	return r
}

func (h *shifter) shifted(e *expr) *expr {
	switch e.kind {
	case number:
		return h.to.number(e.num)
	case affine, least:
		return h.line(e)
	case loose:
		if e.at == query || e.at == key {
			return nil
		}
		return h.to.loose(e.at)
	}
	args := make([]*expr, len(e.args))
	for i, arg := range e.args {
		if args[i] = h.relative(arg); args[i] == nil {
			return nil
		}
	}
	switch e.kind {
	case load:
		return h.to.load(e.of, args)
	case apply:
		return h.to.applied(e.node, args)
	case choose:
		return h.to.chosen(args[0], args[1], args[2])
	case conj:
		return h.to.and(args...)
	}
	return h.to.not(args[0])
}

func (h *shifter) line(e *expr) *expr {
	l := e.line
	if !l.coef[query].Add(l.coef[key]).Is(0) {
		return nil
	}
	last := h.from.dims[query].Sub(sym.Const(1))
	l.off = l.off.Sub(l.coef[key].Mul(last))
	l.coef[query] = sym.Dim{}
	if e.kind == least {
		return h.to.least(l)
	}
	return h.to.affine(l, e.dtype)
}
