package readmasks

import (
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// compared makes a comparison. The node has the operator, for comparisons that
// stay one.
func (s *space) compared(n *ir.Node, a, b *expr) *expr {
	switch n.Op {
	case op.Less:
		return s.not(s.atMost(n, b, a, true))
	case op.LessOrEqual:
		return s.atMost(n, a, b, false)
	case op.Greater:
		return s.not(s.atMost(n, a, b, true))
	case op.GreaterOrEqual:
		return s.atMost(n, b, a, false)
	}
	return s.equal(n, a, b)
}

// atMost makes a ≤ b. If negated, it is the negation of the node's comparison,
// which may be told apart by NaN alone: it is then only made of numbers without.
func (s *space) atMost(n *ir.Node, a, b *expr, negated bool) *expr {
	x, okX := s.exact(a)
	y, okY := s.exact(b)
	if okX && okY {
		return s.least(y.sub(x))
	}
	p, q := s.range64(a), s.range64(b)
	switch {
	case p.below(q):
		return s.bool(true)
	case q.below(p):
		return s.bool(false)
	}
	if inner, ok := magnitude(a); ok && okY { // |x| ≤ y
		if l, ok := s.exact(inner); ok {
			return s.and(s.least(y.sub(l)), s.least(y.add(l)))
		}
	}
	if inner, ok := magnitude(b); ok && okX { // x ≤ |y|
		if l, ok := s.exact(inner); ok {
			return s.or(s.least(l.sub(x)), s.least(l.neg().sub(x)))
		}
	}
	if negated {
		return s.not(s.atom(n, a, b))
	}
	return s.atom(n, a, b)
}

func (s *space) equal(n *ir.Node, a, b *expr) *expr {
	if a.dtype == tensor.Bool {
		return s.or(s.and(a, b), s.and(s.not(a), s.not(b)))
	}
	x, okX := s.exact(a)
	y, okY := s.exact(b)
	if okX && okY {
		return s.and(s.least(y.sub(x)), s.least(x.sub(y)))
	}
	p, q := s.range64(a), s.range64(b)
	if p.below(q) || q.below(p) {
		return s.bool(false)
	}
	return s.atom(n, a, b)
}

// atom makes a comparison that stays one, with its operands in the node's order.
func (s *space) atom(n *ir.Node, a, b *expr) *expr {
	if n.Op == op.Less || n.Op == op.GreaterOrEqual {
		// atMost is asked with the operands swapped.
		a, b = b, a
	}
	return s.unique(&expr{kind: apply, dtype: tensor.Bool, node: n, args: []*expr{a, b}})
}

// exactFloat is up to where all integers are floats of f32.
const exactFloat = 1 << 24

// exact returns a number as a line: an integer, or an integer as a float.
func (s *space) exact(e *expr) (line, bool) {
	switch {
	case e.kind == affine:
		return e.line, true
	case e.kind == number && e.dtype.IsFloat():
		x := e.num.FloatAt(0)
		if x == math.Trunc(x) && math.Abs(x) <= exactFloat {
			return lineOf(sym.Const(int64(x))), true
		}
	}
	return line{}, false
}

// magnitude returns x of |x|.
func magnitude(e *expr) (*expr, bool) {
	if e.kind != apply || e.node.Op != op.Abs {
		return nil, false
	}
	return e.args[0], true
}

// span is an interval of numbers; the ends may be infinite.
type span struct{ lo, hi float64 }

// undefined bounds what may be NaN: no comparison with it is decided.
var undefined = span{math.NaN(), math.NaN()}

func (p span) union(q span) span {
	if p.unknown() || q.unknown() {
		return undefined
	}
	return span{min(p.lo, q.lo), max(p.hi, q.hi)}
}

func (p span) unknown() bool { return math.IsNaN(p.lo) || math.IsNaN(p.hi) }

// below reports whether every number of p is less than any of q, by so much that
// rounding doesn't change it: the ends are those of exact arithmetic.
func (p span) below(q span) bool {
	return q.lo-p.hi > 1e-2*max(math.Abs(p.hi), math.Abs(q.lo))
}

// size is the greatest magnitude.
func (p span) size() float64 { return max(math.Abs(p.lo), math.Abs(p.hi)) }

// range64 bounds the values of a numeric expression. Integers that may overflow
// may be anything.
func (s *space) range64(e *expr) span {
	r := s.rangeOf(e)
	if limit := rangeOfType(e.dtype); e.dtype.IsInt() && !(r.lo >= limit.lo && r.hi <= limit.hi) {
		return limit
	}
	return r
}

func (s *space) rangeOf(e *expr) span {
	switch e.kind {
	case number:
		x := e.num.FloatAt(0)
		return span{x, x}
	case affine:
		return s.rangeOfLine(e.line)
	case load:
		return rangeOfValue(e.of)
	case choose:
		return s.range64(e.args[1]).union(s.range64(e.args[2]))
	case apply:
		if f := ranges[e.node.Op]; f != nil {
			args := make([]span, len(e.args))
			for i, arg := range e.args {
				if arg.dtype == tensor.Bool {
					args[i] = span{0, 1}
					continue
				}
				if args[i] = s.range64(arg); args[i].unknown() {
					return undefined
				}
			}
			return f(e, args)
		}
	}
	return rangeOfType(e.dtype)
}

func (s *space) rangeOfLine(l line) span {
	lo, hi, ok := s.bounds(l)
	if !ok {
		return rangeOfType(tensor.Int64)
	}
	end := func(n int64) float64 {
		switch n {
		case math.MinInt64, math.MaxInt64:
			return math.Copysign(1<<63, float64(n))
		}
		return float64(n)
	}
	return span{end(lo.Bounds(nil).Lo), end(hi.Bounds(nil).Hi)}
}

// rangeOfType bounds integers; floats may be anything.
func rangeOfType(d tensor.DType) span {
	switch {
	case d == tensor.Bool:
		return span{0, 1}
	case d.IsInt() && d.IsSigned():
		limit := math.Ldexp(1, d.Bits()-1)
		return span{-limit, limit - 1}
	case d.IsInt():
		return span{0, math.Ldexp(1, d.Bits()) - 1}
	}
	return undefined
}

// rangeOfValue bounds the elements of a table.
func rangeOfValue(v *ir.Value) span {
	d := v.Type.DType
	if v.Const == nil || v.Const.Len() == 0 || v.Const.Len() > maxTable || !d.IsFloat() && !d.IsInt() {
		return rangeOfType(d)
	}
	r := span{v.Const.FloatAt(0), v.Const.FloatAt(0)}
	for i := 1; i < v.Const.Len() && !r.unknown(); i++ {
		x := v.Const.FloatAt(i)
		r = r.union(span{x, x})
	}
	return r
}

// ranges bounds elementwise operators from the bounds of their operands.
var ranges = map[*ir.Op]func(e *expr, in []span) span{
	op.Add: func(_ *expr, in []span) span { return defined(span{in[0].lo + in[1].lo, in[0].hi + in[1].hi}) },
	op.Sub: func(_ *expr, in []span) span { return defined(span{in[0].lo - in[1].hi, in[0].hi - in[1].lo}) },
	op.Mul: func(_ *expr, in []span) span { return products(in[0], in[1]) },
	op.Neg: func(_ *expr, in []span) span { return span{-in[0].hi, -in[0].lo} },
	op.Abs: func(_ *expr, in []span) span {
		if in[0].lo <= 0 && in[0].hi >= 0 {
			return span{0, in[0].size()}
		}
		return span{min(math.Abs(in[0].lo), math.Abs(in[0].hi)), in[0].size()}
	},
	op.Min: func(_ *expr, in []span) span {
		r := in[0]
		for _, p := range in[1:] {
			r = span{min(r.lo, p.lo), min(r.hi, p.hi)}
		}
		return r
	},
	op.Max: func(_ *expr, in []span) span {
		r := in[0]
		for _, p := range in[1:] {
			r = span{max(r.lo, p.lo), max(r.hi, p.hi)}
		}
		return r
	},
	op.Cast: func(e *expr, in []span) span {
		from := e.args[0].dtype
		if e.dtype.IsFloat() && (from.IsInt() || from == tensor.Bool || e.dtype.Bits() >= from.Bits()) {
			return in[0]
		}
		return rangeOfType(e.dtype)
	},
}

// defined is r unless it has an end that may be NaN (∞ − ∞).
func defined(r span) span {
	if r.unknown() {
		return undefined
	}
	return r
}

// products bounds x·y; 0·∞ is NaN.
func products(x, y span) span {
	r := undefined
	for i, p := range []float64{x.lo * y.lo, x.lo * y.hi, x.hi * y.lo, x.hi * y.hi} {
		switch {
		case math.IsNaN(p):
			return undefined
		case i == 0:
			r = span{p, p}
		default:
			r = r.union(span{p, p})
		}
	}
	if math.IsInf(x.size(), 0) || math.IsInf(y.size(), 0) {
		return undefined
	}
	return r
}
