package sym

import (
	"math"
	"slices"
)

// maxArgs bounds the arguments of one Min, Max or Broadcast; beyond it they nest.
const maxArgs = 16

// Min returns the smaller of d and e.
func (d Dim) Min(e Dim) Dim {
	return extremum(opMin, d, e, func(a, b Dim) bool { return ProvablyLE(a, b) })
}

// Max returns the larger of d and e.
func (d Dim) Max(e Dim) Dim {
	return extremum(opMax, d, e, func(a, b Dim) bool { return ProvablyLE(b, a) })
}

// extremum keeps the arguments that no other one wins against, and moves their
// common factor outside.
func extremum(op opcode, d, e Dim, wins func(a, b Dim) bool) Dim {
	args := flatten(op, d, e)
	var kept []Dim
	for i, a := range args {
		beaten := func(b Dim) bool { return wins(b, a) }
		if !slices.ContainsFunc(kept, beaten) && !slices.ContainsFunc(args[i+1:], beaten) {
			kept = append(kept, a)
		}
	}
	if len(kept) == 1 {
		return kept[0]
	}
	g := content(kept)
	if g > 1 {
		for i, a := range kept {
			kept[i], _ = a.DivExact(Const(g))
		}
		slices.SortFunc(kept, compareDims)
	}
	return Const(g).Mul(newAtom(op, kept...).dim())
}

// content is the greatest common divisor of every coefficient.
func content(args []Dim) int64 {
	g := uint64(0)
	for _, a := range args {
		for _, t := range a.termsOf() {
			g = gcd(g, magnitude(t.k))
		}
	}
	if g > math.MaxInt64 {
		return 1
	}
	return int64(g)
}

// flatten lists the arguments of op, nested ones of the same op included, in
// order and each once.
func flatten(op opcode, d, e Dim) []Dim {
	var args []Dim
	for _, x := range []Dim{d, e} {
		if a := x.asAtom(); a != nil && a.op == op {
			args = append(args, a.args...)
			continue
		}
		args = append(args, x)
	}
	if len(args) > maxArgs {
		args = []Dim{d, e}
	}
	slices.SortFunc(args, compareDims)
	return slices.CompactFunc(args, Dim.Equal)
}

// Broadcast returns the size of two dims under numpy broadcasting: 1 is
// neutral and equal dims collapse. A size that can't be 1 wins against one that
// may be: where the other is neither 1 nor the same there is no value. Two
// different sizes that can't be 1 stay a term of their own; for constants its
// evaluation fails with ErrBroadcast. s wins against min(s, 64), which a table
// of 64 positions cut to s is long: a longer s has no value; and against max(s, 0),
// since s is a size.
func Broadcast(a, b Dim) Dim {
	var args, fixed []Dim
	all := flatten(opBroadcast, a, b)
	for _, x := range all {
		if x.Is(1) || slices.ContainsFunc(all, x.isCutOf) {
			continue
		}
		args = append(args, x)
		if x.p == nil || notOne(x) {
			fixed = append(fixed, x)
		}
	}
	if constants := slices.DeleteFunc(slices.Clone(fixed), func(x Dim) bool { return x.p != nil }); len(constants) > 0 {
		fixed = constants
	}
	if len(fixed) > 0 {
		args = fixed
	}
	switch len(args) {
	case 0:
		return Const(1)
	case 1:
		return args[0]
	}
	return newAtom(opBroadcast, args...).dim()
}

// SameSize reports whether two axes that are broadcast against each other are of
// one size wherever that has a value.
func SameSize(a, b Dim) bool { return a.Equal(b) || a.isCutOf(b) || b.isCutOf(a) }

// isCutOf reports whether d is min(x, …) where the other arguments are at least
// 1, or max(x, …) where they are at most 0, as the length of a range to x is.
func (d Dim) isCutOf(x Dim) bool {
	a := d.asAtom()
	if a == nil || a.op != opMin && a.op != opMax || !slices.ContainsFunc(a.args, x.Equal) {
		return false
	}
	return !slices.ContainsFunc(a.args, func(y Dim) bool {
		void := ProvablyPositive(y)
		if a.op == opMax {
			void = ProvablyLE(y, Const(0))
		}
		return !void && !y.Equal(x)
	})
}

// halves returns x for min(x, c) + max(x-c, 0), or a multiple of it: the size of
// an axis that is cut in two and joined again, as by a roll.
func halves(d, e Dim) (Dim, bool) {
	k, low := d.multiple()
	l, high := e.multiple()
	if low == nil || high == nil || k != l {
		return Dim{}, false
	}
	if low.op == opMax {
		low, high = high, low
	}
	if low.op != opMin || high.op != opMax || len(low.args) != 2 || len(high.args) != 2 || !slices.ContainsFunc(high.args, isZero) {
		return Dim{}, false
	}
	for i, x := range low.args {
		if rest := x.Sub(low.args[1-i]); slices.ContainsFunc(high.args, rest.Equal) {
			return Const(k).Mul(x), true
		}
	}
	return Dim{}, false
}

func isZero(d Dim) bool { return d.Is(0) }

// multiple returns k and a if d is k times the atom a, else nil.
func (d Dim) multiple() (k int64, a *atom) {
	if d.p == nil || len(d.p.terms) != 1 {
		return 0, nil
	}
	t := d.p.terms[0]
	if len(t.f) != 1 || t.f[0].n != 1 {
		return 0, nil
	}
	return t.k, t.f[0].a
}

func notOne(d Dim) bool {
	r := d.Bounds(nil)
	return r.Lo > 1 || r.Hi < 1
}
