package readmasks

import (
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// condition is under which a key is seen, in the words of [attr.Attention].
type condition struct {
	causal      attr.Causal
	left, right int     // −1: no limit
	starts      *expr   // first key seen, per batch entry; nil: 0
	lengths     *expr   // number of keys, per batch entry; nil: all
	masks       []*expr // what the formula reads
	visible     *attr.Predicate
	words       int // of the formula
}

// ofPositions returns the conditions that an attention's attributes stand for.
func (s *space) ofPositions(a *attr.Attention) *expr {
	shift := s.aligned(a.Causal)
	ahead := lineAlong(query).sub(lineAlong(key)).add(lineOf(shift)) // ≥ 0: not after the query
	seen := s.bool(true)
	if a.Causal != attr.CausalNone {
		seen = s.and(seen, s.least(ahead))
	}
	if a.WindowRight >= 0 {
		seen = s.and(seen, s.least(ahead.shift(int64(a.WindowRight))))
	}
	if a.WindowLeft >= 0 {
		seen = s.and(seen, s.least(ahead.neg().shift(int64(a.WindowLeft))))
	}
	return seen
}

// aligned is how far a query's position among the keys is from its index: queries
// are the last ones, unless aligned at the top.
func (s *space) aligned(c attr.Causal) sym.Dim {
	if c == attr.CausalTopLeft {
		return sym.Dim{}
	}
	return s.dims[key].Sub(s.dims[query])
}

// understand puts a condition into words. Ranges of keys per batch entry need
// positions that are counted from the front, or none.
func (s *space) understand(seen *expr) (*condition, bool) {
	c := &condition{causal: attr.CausalNone, left: -1, right: -1}
	rest := s.takePositions(c, conjuncts(seen))
	if c.left < 0 && c.right < 0 && c.causal != attr.CausalBottomRight {
		rest = s.takeRanges(c, rest)
	}
	// What concerns the keys alone is one mask, what concerns the queries another.
	var ofKeys, ofQueries, ofBoth []*expr
	for _, e := range rest {
		switch {
		case e.vars.spans():
			ofBoth = append(ofBoth, e)
		case e.vars.has(query):
			ofQueries = append(ofQueries, e)
		default:
			ofKeys = append(ofKeys, e)
		}
	}
	var terms []*attr.Predicate
	for _, group := range [][]*expr{ofKeys, ofQueries} {
		if len(group) > 0 {
			terms = append(terms, c.mask(s.and(group...)))
		}
	}
	for _, e := range ofBoth {
		terms = append(terms, s.formula(c, e))
	}
	switch len(terms) {
	case 0:
	case 1:
		c.visible = terms[0]
	default:
		c.visible = &attr.Predicate{Op: "&", Args: terms}
	}
	return c, len(c.masks) <= maxMasks && c.words <= maxWords
}

// Bounds of the mask operands of a node and of the parts of its formula, which is
// evaluated for every query and key.
const (
	maxMasks = 8
	maxWords = 32
)

// term returns the operand that holds e.
func (c *condition) term(e *expr) attr.Term {
	for i, m := range c.masks {
		if m == e {
			return attr.Term(i)
		}
	}
	c.masks = append(c.masks, e)
	return attr.Term(len(c.masks) - 1)
}

func (c *condition) mask(e *expr) *attr.Predicate { return &attr.Predicate{X: c.term(e)} }

// plainMasks reports whether all masks must be true, and nothing more is said.
func (c *condition) plainMasks() bool {
	if c.visible == nil || c.visible.Op == "" {
		return true
	}
	if c.visible.Op != "&" {
		return false
	}
	for i, p := range c.visible.Args {
		if p.Op != "" || p.X != attr.Term(i) {
			return false
		}
	}
	return true
}

// takePositions takes out the conditions that causal and windows stand for.
func (s *space) takePositions(c *condition, members []*expr) []*expr {
	shift, causal := s.alignment(members)
	if causal {
		c.causal = attr.CausalBottomRight
		if shift.Is(0) {
			c.causal = attr.CausalTopLeft
		}
	}
	windows := shift.Equal(s.aligned(c.causal)) // else they would be counted from elsewhere
	var rest []*expr
	for _, e := range members {
		upper, lower, ok := s.limits(e)
		n, number := upper.Sub(shift).IsConst()
		m, numberLow := shift.Sub(lower).IsConst()
		switch {
		case ok && e.line.coef[key].Is(-1) && causal && number && n == 0:
		case ok && e.line.coef[key].Is(-1) && !causal && windows && number && n >= 0 && c.right < 0:
			c.right = int(n)
		case ok && e.line.coef[key].Is(1) && windows && numberLow && m >= 0 && c.left < 0:
			c.left = int(m)
		default:
			rest = append(rest, e)
		}
	}
	return rest
}

// limits reads j ≤ i + upper, or j ≥ i + lower.
func (s *space) limits(e *expr) (upper, lower sym.Dim, ok bool) {
	if e.kind != least || e.vars != plane {
		return upper, lower, false
	}
	q, k := e.line.coef[query], e.line.coef[key]
	if !q.Add(k).Is(0) || !k.Is(1) && !k.Is(-1) {
		return upper, lower, false
	}
	return e.line.off, e.line.off.Neg(), true
}

// alignment returns how far positions are shifted against the queries' indices:
// as a causal condition says, else as windows are counted.
func (s *space) alignment(members []*expr) (shift sym.Dim, causal bool) {
	last := s.dims[key].Sub(s.dims[query])
	for _, e := range members {
		upper, _, ok := s.limits(e)
		if ok && e.line.coef[key].Is(-1) && (upper.Is(0) || upper.Equal(last)) {
			return upper, true
		}
	}
	return last, false
}

// takeRanges takes out limits of the keys that each batch entry has.
func (s *space) takeRanges(c *condition, members []*expr) []*expr {
	var rest []*expr
	for _, e := range members {
		low, high := s.limitsOfBatch(e)
		switch {
		case low != nil && c.starts == nil:
			c.starts = low
		case high != nil && c.lengths == nil:
			c.lengths = high
		default:
			rest = append(rest, e)
		}
	}
	return rest
}

// limitsOfBatch reads j ≥ low(b) or j < high(b).
func (s *space) limitsOfBatch(e *expr) (low, high *expr) {
	negated := e.kind == not
	if negated {
		e = e.args[0]
	}
	if e.kind != apply || len(e.args) != 2 || !e.args[0].dtype.IsInt() {
		return nil, nil
	}
	a, b := e.args[0], e.args[1]
	o := e.node.Op
	if o == op.Greater || o == op.GreaterOrEqual {
		a, b = b, a
	}
	strict := o == op.Less || o == op.Greater
	if !strict && o != op.LessOrEqual && o != op.GreaterOrEqual {
		return nil, nil
	}
	if negated { // ¬(a < b) is b ≤ a
		a, b, strict = b, a, !strict
	}
	one := func(e *expr) bool { return e.vars == 1<<batch && e.kind != loose }
	switch {
	case isKey(a) && one(b) && strict:
		return nil, b
	case isKey(a) && one(b):
		return nil, s.next(b)
	case isKey(b) && one(a) && strict:
		return s.next(a), nil
	case isKey(b) && one(a):
		return a, nil
	}
	return nil, nil
}

func isKey(e *expr) bool {
	x, ok := e.plain()
	return ok && x == key && e.kind == affine
}

// formula writes a condition on query and key as a formula over smaller masks. One
// that has no such form is a mask of its own.
func (s *space) formula(c *condition, e *expr) *attr.Predicate {
	if c.words++; !e.vars.spans() || c.words > maxWords {
		return c.mask(e)
	}
	switch e.kind {
	case conj:
		return s.joined(c, "&", e.args)
	case not:
		if inverse := disjuncts(e); inverse != nil {
			args := make([]*expr, len(inverse))
			for i, x := range inverse {
				args[i] = s.not(x)
			}
			return s.joined(c, "|", args)
		}
		if p := s.comparedMasks(c, e.args[0]); p != nil {
			return negation(p, e.args[0].args)
		}
	case least:
		if p := s.ordered(c, e.line); p != nil {
			return p
		}
	case apply:
		if p := s.comparedMasks(c, e); p != nil {
			return p
		}
	}
	return c.mask(e)
}

// negation is that of a comparison of two operands; of numbers that are not NaN, if
// they are integers.
func negation(p *attr.Predicate, of []*expr) *attr.Predicate {
	integers := of[0].dtype.IsInt()
	switch {
	case p.Op == "==":
		return &attr.Predicate{Op: "!=", X: p.X, Y: p.Y}
	case p.Op == "<" && integers:
		return &attr.Predicate{Op: "<=", X: p.Y, Y: p.X}
	case p.Op == "<=" && integers:
		return &attr.Predicate{Op: "<", X: p.Y, Y: p.X}
	}
	return &attr.Predicate{Op: "!", Args: []*attr.Predicate{p}}
}

func (s *space) joined(c *condition, o string, args []*expr) *attr.Predicate {
	p := &attr.Predicate{Op: o}
	for _, group := range s.groups(args) {
		e := group[0]
		if len(group) > 1 && o == "&" {
			e = s.and(group...)
		} else if len(group) > 1 {
			e = s.or(group...)
		}
		p.Args = append(p.Args, s.formula(c, e))
	}
	if len(p.Args) == 1 {
		return p.Args[0]
	}
	return p
}

// groups puts together what concerns the keys alone, and the queries alone.
func (s *space) groups(args []*expr) [][]*expr {
	var keys, queries []*expr
	var out [][]*expr
	for _, e := range args {
		switch {
		case e.vars.spans():
			out = append(out, []*expr{e})
		case e.vars.has(query):
			queries = append(queries, e)
		default:
			keys = append(keys, e)
		}
	}
	for _, g := range [][]*expr{queries, keys} {
		if len(g) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// ordered writes l ≥ 0 as a comparison of positions.
func (s *space) ordered(c *condition, l line) *attr.Predicate {
	ofKey := line{}
	ofKey.coef[key] = l.coef[key]
	rest := l.sub(ofKey)
	// rest ≥ −ofKey, or ofKey ≥ −rest.
	if l.coef[key].Is(-1) {
		return s.pair(c, ofKey.neg(), rest)
	}
	return s.pair(c, rest.neg(), ofKey)
}

// pair writes x ≤ y; x + 1 ≤ y and x ≤ y − 1 are x < y.
func (s *space) pair(c *condition, x, y line) *attr.Predicate {
	o := "<="
	switch {
	case x.off.Is(1):
		x, o = x.shift(-1), "<"
	case y.off.Is(-1):
		y, o = y.shift(1), "<"
	}
	return &attr.Predicate{Op: o, X: s.position(c, x), Y: s.position(c, y)}
}

// position returns the term for a line: an index itself, or a mask of integers.
func (s *space) position(c *condition, l line) attr.Term {
	switch x, plain := s.affine(l, tensor.Int64).plain(); {
	case plain && x == query:
		return attr.TermQuery
	case plain && x == key:
		return attr.TermKey
	}
	return c.term(s.affine(l, tensor.Int64))
}

// comparedMasks writes a comparison of two smaller things.
func (s *space) comparedMasks(c *condition, e *expr) *attr.Predicate {
	if e.kind != apply || len(e.args) != 2 || e.args[0].vars.spans() || e.args[1].vars.spans() {
		return nil
	}
	for _, arg := range e.args {
		if !arg.dtype.IsInt() && !arg.dtype.IsFloat() {
			return nil
		}
	}
	x, y := s.termOf(c, e.args[0]), s.termOf(c, e.args[1])
	switch e.node.Op {
	case op.Less:
		return &attr.Predicate{Op: "<", X: x, Y: y}
	case op.LessOrEqual:
		return &attr.Predicate{Op: "<=", X: x, Y: y}
	case op.Greater:
		return &attr.Predicate{Op: "<", X: y, Y: x}
	case op.GreaterOrEqual:
		return &attr.Predicate{Op: "<=", X: y, Y: x}
	case op.Equal:
		return &attr.Predicate{Op: "==", X: x, Y: y}
	}
	return nil
}

func (s *space) termOf(c *condition, e *expr) attr.Term {
	if e.kind == affine {
		return s.position(c, e.line)
	}
	return c.term(e)
}

// next is e + 1.
func (s *space) next(e *expr) *expr {
	return s.applied(operation(op.Add, nil, e.dtype), []*expr{e, s.one(e.dtype)})
}

// seesAlways reports whether every query sees a key, whatever the input: the
// condition is on positions alone, and lets the query's own pass.
func (s *space) seesAlways(seen *expr) bool {
	t, k := s.dims[query], s.dims[key]
	if !sym.ProvablyLE(t, k) {
		return false
	}
	for _, shift := range []sym.Dim{{}, k.Sub(t)} {
		own := true
		for _, e := range conjuncts(seen) {
			own = own && s.holdsAt(e, shift)
		}
		if own {
			return true
		}
	}
	return false
}

// holdsAt reports whether a condition holds for the key at the query's index,
// shifted.
func (s *space) holdsAt(e *expr, shift sym.Dim) bool {
	if e.isBool(true) {
		return true
	}
	if e.kind != least {
		return false
	}
	l := e.line
	l.off = l.off.Add(l.coef[key].Mul(shift))
	l.coef[query] = l.coef[query].Add(l.coef[key])
	l.coef[key] = sym.Dim{}
	lo, _, ok := s.bounds(l)
	return ok && sym.ProvablyLE(sym.Const(0), lo)
}
