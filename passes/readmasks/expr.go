package readmasks

import (
	"fmt"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// index is one of the indices of the scores.
type index uint8

const (
	batch index = iota
	head
	query
	key
	numIndices
)

// indices is a set of them.
type indices uint8

const (
	none  indices = 0
	plane indices = 1<<query | 1<<key
)

func (s indices) has(x index) bool { return s&(1<<x) != 0 }

// spans reports whether something that depends on s takes queries × keys.
func (s indices) spans() bool { return s&plane == plane }

// kind tells the forms of an expression apart.
type kind uint8

const (
	number kind = iota // a constant
	affine             // an integer, linear in the indices
	load               // an element of a value that is not looked into
	apply              // an elementwise operator
	choose             // args[0] ? args[1] : args[2]
	conj               // all of args
	not                // not args[0]
	least              // line ≥ 0
	loose              // an index that counts an axis of unknown extent: all of it, or 1
)

// expr is an element of a value as a function of the indices. Expressions of one
// space are made once: equal ones are the same pointer.
type expr struct {
	kind  kind
	dtype tensor.DType
	id    int
	vars  indices
	args  []*expr // of apply, choose, conj, not; the indices of load

	num  *tensor.Tensor // of number: one element
	line line           // of affine and least
	of   *ir.Value      // of load
	node *ir.Node       // of apply: whose operator and attributes
	at   index          // of loose
}

// line is Σ coef·index + off.
type line struct {
	coef [numIndices]sym.Dim
	off  sym.Dim
}

func (l line) add(m line) line {
	for i := range l.coef {
		l.coef[i] = l.coef[i].Add(m.coef[i])
	}
	l.off = l.off.Add(m.off)
	return l
}

func (l line) scale(k sym.Dim) line {
	for i := range l.coef {
		l.coef[i] = l.coef[i].Mul(k)
	}
	l.off = l.off.Mul(k)
	return l
}

func (l line) neg() line       { return l.scale(sym.Const(-1)) }
func (l line) sub(m line) line { return l.add(m.neg()) }

func (l line) shift(n int64) line {
	l.off = l.off.Add(sym.Const(n))
	return l
}

func (l line) vars() indices {
	s := none
	for i, c := range l.coef {
		if !c.Is(0) {
			s |= 1 << i
		}
	}
	return s
}

// sameSlope reports whether l and m differ by a constant only.
func (l line) sameSlope(m line) bool {
	for i := range l.coef {
		if !l.coef[i].Equal(m.coef[i]) {
			return false
		}
	}
	return true
}

func (l line) key(b *strings.Builder) {
	for _, c := range l.coef {
		b.WriteString(c.Key())
		b.WriteByte(',')
	}
	b.WriteString(l.off.Key())
}

func lineOf(off sym.Dim) line { return line{off: off} }

func lineAlong(x index) line {
	var l line
	l.coef[x] = sym.Const(1)
	return l
}

// plain returns the index that e is, and nothing else.
func (e *expr) plain() (index, bool) {
	if e.kind == loose {
		return e.at, true
	}
	if e.kind != affine || !e.line.off.Is(0) {
		return 0, false
	}
	return e.shifted()
}

// shifted returns the index that e is, apart from a constant.
func (e *expr) shifted() (index, bool) {
	if e.kind != affine {
		return 0, false
	}
	at, found := index(0), false
	for i, c := range e.line.coef {
		switch {
		case c.Is(0):
		case c.Is(1) && !found:
			at, found = index(i), true
		default:
			return 0, false
		}
	}
	return at, found
}

// constant returns the value of an integer expression that doesn't depend on the
// indices.
func (e *expr) constant() (sym.Dim, bool) {
	if e.kind != affine || e.vars != none {
		return sym.Dim{}, false
	}
	return e.line.off, true
}

func (e *expr) isConst(n int64) bool {
	c, ok := e.constant()
	return ok && c.Is(n)
}

// isBool reports whether e is the constant truth value.
func (e *expr) isBool(v bool) bool {
	return e.kind == number && e.dtype == tensor.Bool && tensor.Data[bool](e.num)[0] == v
}

// maxExprs bounds the expressions made for one attention: real masks have some
// hundred. Past it no value is looked into any further.
const maxExprs = 1 << 12

// space makes expressions of the scores of one geometry.
type space struct {
	dims  [numIndices]sym.Dim // the extents of the indices
	exprs map[string]*expr
	limit int // of the number of exprs

	// What was found out before.
	taken  map[*expr][]piece
	spans  map[*expr]span
	ranges map[*ir.Value]span
}

func newSpace(dims [numIndices]sym.Dim) *space {
	return &space{
		dims: dims, exprs: map[string]*expr{}, limit: maxExprs,
		taken: map[*expr][]piece{}, spans: map[*expr]span{}, ranges: map[*ir.Value]span{},
	}
}

// full reports whether the limit is reached.
func (s *space) full() bool { return len(s.exprs) >= s.limit }

// refill sets the limit for another attention.
func (s *space) refill() { s.limit = len(s.exprs) + maxExprs }

// unique returns the expression equal to e that was made first.
func (s *space) unique(e *expr) *expr {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %d ", e.kind, e.dtype)
	switch e.kind {
	case number:
		fmt.Fprintf(&b, "%x", e.num.Bytes())
	case affine, least:
		e.line.key(&b)
		e.vars = e.line.vars()
	case load:
		fmt.Fprintf(&b, "%%%d", e.of.ID)
	case apply:
		fmt.Fprintf(&b, "%p %+v", e.node.Op, e.node.Attr)
	case loose:
		fmt.Fprintf(&b, "%d", e.at)
		e.vars = 1 << e.at
	}
	for _, arg := range e.args {
		fmt.Fprintf(&b, " %d", arg.id)
		e.vars |= arg.vars
	}
	k := b.String()
	if old := s.exprs[k]; old != nil {
		return old
	}
	e.id = len(s.exprs)
	s.exprs[k] = e
	return e
}

// number makes a constant of a tensor of one element.
func (s *space) number(t *tensor.Tensor) *expr {
	if t.DType.IsInt() {
		return s.affine(lineOf(sym.Const(t.IntAt(0))), t.DType)
	}
	return s.unique(&expr{kind: number, dtype: t.DType, num: t.Reshaped()})
}

func (s *space) float(d tensor.DType, v float64) *expr {
	t := tensor.New(d)
	t.SetFloat(0, v)
	return s.number(t)
}

func (s *space) bool(v bool) *expr { return s.number(tensor.Scalar(v)) }

func (s *space) affine(l line, d tensor.DType) *expr {
	return s.unique(&expr{kind: affine, dtype: d, line: l})
}

// int makes a constant.
func (s *space) int(n int64) *expr { return s.affine(lineOf(sym.Const(n)), tensor.Int64) }

// along makes an index.
func (s *space) along(x index) *expr { return s.affine(lineAlong(x), tensor.Int64) }

func (s *space) loose(x index) *expr {
	return s.unique(&expr{kind: loose, dtype: tensor.Int64, at: x})
}

func (s *space) load(v *ir.Value, at []*expr) *expr {
	return s.unique(&expr{kind: load, dtype: v.Type.DType, of: v, args: at})
}

// bounds returns the ends of the values of a line, each index within its extent.
func (s *space) bounds(l line) (lo, hi sym.Dim, ok bool) {
	lo, hi = l.off, l.off
	for i, c := range l.coef {
		last := c.Mul(s.dims[i].Sub(sym.Const(1)))
		switch {
		case c.Is(0):
		case sym.ProvablyLE(sym.Const(0), c):
			hi = hi.Add(last)
		case sym.ProvablyLE(c, sym.Const(0)):
			lo = lo.Add(last)
		default:
			return lo, hi, false
		}
	}
	return lo, hi, true
}

// sameSize reports whether an axis of extent d that is broadcast to extent full
// has one entry for each of full, wherever that has a value and d was not cut to
// one entry by mistake: min(full, …) is the extent of a table, or of a mask,
// that was cut to the scores.
func sameSize(d, full sym.Dim) bool {
	if sym.SameSize(d, full) {
		return true
	}
	return cutTo(d, full)
}

func cutTo(d, full sym.Dim) bool {
	floor := d.Max(sym.Const(0))
	for _, cut := range []sym.Dim{d, floor} {
		// d is min(full, x) for some x exactly if it is its own minimum with full,
		// and full is not redundant in it.
		if cut.Equal(cut.Min(full)) && !sym.ProvablyLE(cut, full.Sub(sym.Const(1))) && mentions(cut, full) && reaches(cut, full) {
			return true
		}
	}
	return false
}

// reaches reports whether d is full for some sizes of what else it is made of. A
// quarter of full, or full less 3, is not, and may yet be broadcast: when it is 1.
func reaches(d, full sym.Dim) bool {
	const large = 1 << 20
	equal := func(of, rest int64) bool {
		all := sym.Bindings{}
		for _, name := range d.Symbols() {
			all[name] = rest
		}
		for _, name := range full.Symbols() {
			all[name] = of
		}
		x, err := d.Eval(all)
		y, errFull := full.Eval(all)
		return err == nil && errFull == nil && x == y
	}
	for _, of := range []int64{2, 3} {
		if !equal(of, 0) && !equal(of, large) {
			return false
		}
	}
	return true
}

// mentions reports whether d is written with all the symbols of full.
func mentions(d, full sym.Dim) bool {
	have := map[string]bool{}
	for _, name := range d.Symbols() {
		have[name] = true
	}
	for _, name := range full.Symbols() {
		if !have[name] {
			return false
		}
	}
	return true
}
