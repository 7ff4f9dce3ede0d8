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
	if x, y, ok := s.factors(a); ok && s.isZero(b) {
		return s.or(s.comparison(n, []*expr{x, s.zero(x.dtype)}), s.comparison(n, []*expr{y, s.zero(y.dtype)}))
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

// factors returns what e is the product of, if that is 0 only where a factor is:
// integers, or integers as floats, that don't overflow.
func (s *space) factors(e *expr) (x, y *expr, ok bool) {
	if e.kind != apply || e.node.Op != op.Mul || !whole(e.args[0]) || !whole(e.args[1]) {
		return nil, nil, false
	}
	limit := rangeOfType(e.dtype)
	if e.dtype.IsFloat() {
		limit = span{-math.MaxFloat32, math.MaxFloat32}
	}
	r := products(s.range64(e.args[0]), s.range64(e.args[1]))
	return e.args[0], e.args[1], r.lo >= limit.lo && r.hi <= limit.hi
}

// whole reports whether e is an integer, perhaps as a float of at least 32 bits.
func whole(e *expr) bool {
	switch {
	case e.dtype.IsInt():
		return true
	case e.dtype != tensor.Float32 && e.dtype != tensor.Float64:
		return false
	}
	return e.kind == affine || e.kind == apply && e.node.Op == op.Cast && e.args[0].dtype.IsInt()
}
