package sym

import (
	"crypto/sha256"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// letSize is the tree size beyond which shared subterms are printed once.
const letSize = 400

// String writes d so that Parse gives it back: 2*seq+1, (seq+1)/2, max(a, b).
// Names that are not identifiers stand in backquotes. Large expressions with
// shared subterms become let($0=..., $1=..., body), so that the text is as short
// as the expression with sharing.
func (d Dim) String() string {
	w := newWriter(d, textStyle, func(s *atom) string {
		if s.op == opSigned {
			return "signed(" + quoteName(s.name) + ")"
		}
		return quoteName(s.name)
	})
	if len(w.shared) == 0 {
		return w.dim(d)
	}
	var b strings.Builder
	b.WriteString("let(")
	for i, a := range w.shared {
		fmt.Fprintf(&b, "$%d=%s, ", i, w.spell(a))
	}
	return b.String() + w.dim(d) + ")"
}

// Format writes d as a Go expression over int64, with symbols named by name.
// Divisions and broadcasting are calls of rt.FloorDiv, rt.CeilDiv and
// rt.Broadcast; minimum and maximum are the builtins. A constant is an untyped
// literal.
func (d Dim) Format(name func(string) string) string {
	w := newWriter(d, goStyle, func(s *atom) string { return name(s.name) })
	if len(w.shared) == 0 {
		return w.dim(d)
	}
	var b strings.Builder
	b.WriteString("func() int64 {\n")
	for i, a := range w.shared {
		fmt.Fprintf(&b, "sym_%d := %s\n", i, w.spell(a))
	}
	return b.String() + "return " + w.dim(d) + "\n}()"
}

// style is how one notation spells atoms.
type style struct {
	calls  map[opcode]string
	binary bool   // calls take two arguments: longer lists nest
	ref    string // prefix of a shared subterm
}

var (
	textStyle = style{calls: map[opcode]string{
		opCeilDiv: "ceildiv", opMin: "min", opMax: "max", opBroadcast: "broadcast", opGroup: "group",
	}, ref: "$"}
	goStyle = style{calls: map[opcode]string{
		opFloorDiv: "rt.FloorDiv", opCeilDiv: "rt.CeilDiv", opMin: "min", opMax: "max", opBroadcast: "rt.Broadcast",
	}, binary: true, ref: "sym_"}
)

type writer struct {
	style
	symbol func(*atom) string
	refs   map[[sha256.Size]byte]string
	shared []*atom // in the order of definition
}

func newWriter(d Dim, s style, symbol func(*atom) string) *writer {
	w := &writer{style: s, symbol: symbol}
	if _, size := d.extent(); size > letSize {
		w.refs = map[[sha256.Size]byte]string{}
		w.share(d, map[[sha256.Size]byte]int{})
	}
	return w
}

// share finds the atoms that occur more than once, arguments first.
func (w *writer) share(d Dim, seen map[[sha256.Size]byte]int) {
	order := []*atom{}
	countUses(d, seen, &order)
	for _, a := range order {
		if seen[a.hash] > 1 {
			w.refs[a.hash] = w.ref + strconv.Itoa(len(w.shared))
			w.shared = append(w.shared, a)
		}
	}
}

func countUses(d Dim, seen map[[sha256.Size]byte]int, order *[]*atom) {
	for _, t := range d.termsOf() {
		for _, f := range t.f {
			if len(f.a.args) == 0 {
				continue
			}
			if seen[f.a.hash]++; seen[f.a.hash] > 1 {
				continue
			}
			for _, arg := range f.a.args {
				countUses(arg, seen, order)
			}
			*order = append(*order, f.a)
		}
	}
}

// dim writes a sum: positive terms first, so that no sign leads needlessly.
func (w *writer) dim(d Dim) string {
	if d.p == nil {
		return strconv.FormatInt(d.c, 10)
	}
	var pos, neg strings.Builder
	for _, t := range d.p.terms {
		if t.k < 0 {
			neg.WriteString(w.term(t, neg.Len()+pos.Len() > 0 || hasPositive(d)))
			continue
		}
		if pos.Len() > 0 {
			pos.WriteByte('+')
		}
		pos.WriteString(w.term(t, false))
	}
	return pos.String() + neg.String()
}

func hasPositive(d Dim) bool {
	for _, t := range d.p.terms {
		if t.k > 0 {
			return true
		}
	}
	return false
}

// term writes one term with its sign. The literal of MinInt64 exists only with
// the sign attached, hence +-9223372036854775808 after another term.
func (w *writer) term(t term, follows bool) string {
	var b strings.Builder
	switch {
	case t.k == math.MinInt64 && follows:
		b.WriteString("+" + strconv.FormatInt(t.k, 10))
	case t.k == -1 && len(t.f) > 0:
		b.WriteByte('-')
	case t.k != 1 || len(t.f) == 0:
		b.WriteString(strconv.FormatInt(t.k, 10))
	}
	many := len(t.f) > 1 || degree(t.f) > 1 || (t.k != 1)
	sep := t.k != 1 && t.k != -1
	for _, f := range t.f {
		for range f.n {
			if sep {
				b.WriteByte('*')
			}
			sep = true
			b.WriteString(w.factor(f.a, many))
		}
	}
	return b.String()
}

// factor writes an atom, in brackets where it stands in a product.
func (w *writer) factor(a *atom, inProduct bool) string {
	if name, ok := w.refs[a.hash]; ok {
		return name
	}
	s := w.spell(a)
	if _, call := w.calls[a.op]; !call && len(a.args) > 0 && inProduct {
		return "(" + s + ")"
	}
	return s
}

func (w *writer) spell(a *atom) string {
	if len(a.args) == 0 {
		return w.symbol(a)
	}
	fn, call := w.calls[a.op]
	switch {
	case a.op == opGroup && !call:
		return w.openGroup(a.args[0])
	case !call:
		return w.operand(a.args[0]) + "/" + w.operand(a.args[1])
	case w.binary:
		out := w.dim(a.args[0])
		for _, arg := range a.args[1:] {
			out = fn + "(" + out + ", " + w.dim(arg) + ")"
		}
		return out
	}
	args := make([]string, len(a.args))
	for i, arg := range a.args {
		args[i] = w.dim(arg)
	}
	return fn + "(" + strings.Join(args, ", ") + ")"
}

// openGroup writes a group in Go, where a call keeps a constant from being
// folded, and overflowing, at compile time.
func (w *writer) openGroup(d Dim) string {
	if d.p == nil {
		return "rt.FloorDiv(" + w.dim(d) + ", 1)"
	}
	return "(" + w.dim(d) + ")"
}

// operand writes one side of a division.
func (w *writer) operand(d Dim) string {
	if c, ok := d.IsConst(); ok && c >= 0 {
		return w.dim(d)
	}
	if a := d.asAtom(); a != nil {
		return w.factor(a, true)
	}
	return "(" + w.dim(d) + ")"
}

// quoteName puts a name that is not an identifier in backquotes, with Go's
// escapes inside.
func quoteName(name string) string {
	if isIdentifier(name) {
		return name
	}
	q := strconv.Quote(name)
	q = strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
	return "`" + strings.ReplaceAll(q, "`", `\x60`) + "`"
}

// unquoteName undoes the inside of quoteName.
func unquoteName(s string) (string, error) {
	var b strings.Builder
	for s != "" {
		r, multibyte, rest, err := strconv.UnquoteChar(s, 0)
		if err != nil {
			return "", err
		}
		if r < 0x80 || multibyte {
			b.WriteRune(r)
		} else {
			b.WriteByte(byte(r))
		}
		s = rest
	}
	return b.String(), nil
}

func isIdentifier(s string) bool {
	for i := 0; i < len(s); i++ {
		if !identByte(s[i], i == 0) {
			return false
		}
	}
	return s != ""
}

// identByte accepts letters, digits and _; dots inside too, since exporters put
// tensor names into dimension names.
func identByte(c byte, first bool) bool {
	switch {
	case c == '_', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		return true
	case '0' <= c && c <= '9', c == '.':
		return !first
	}
	return false
}
