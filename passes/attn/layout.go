package attn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/ir/sym"
)

// Role names what an axis runs over: an axis of the value a view is read from,
// or a label of a contraction. Negative roles are broadcast: every index along
// them reads the same element.
type Role int

// Piece is a run of a role's index i: the numbers (i / Stride) mod Size. A whole
// role is one piece of stride 1.
type Piece struct {
	Role         Role
	Stride, Size sym.Dim
}

// Axis is one axis of a layout: its pieces, the slowest first. An axis of size
// 1 has none.
type Axis []Piece

// Layout says what the axes of a value run over. Layouts are never changed in
// place.
type Layout []Axis

// Whole is the axis that runs over all of a role of the given size.
func Whole(r Role, size sym.Dim) Axis {
	if size.Is(1) {
		return nil
	}
	return Axis{{r, sym.Const(1), size}}
}

// Identity is the layout of a value in terms of its own axes.
func Identity(shape sym.Shape) Layout {
	l := make(Layout, len(shape))
	for i, d := range shape {
		l[i] = Whole(Role(i), d)
	}
	return l
}

// Size is the number of indices along the axis.
func (a Axis) Size() sym.Dim {
	n := sym.Const(1)
	for _, p := range a {
		n = n.Mul(p.Size)
	}
	return n
}

// Shape is the shape of a value with layout l.
func (l Layout) Shape() sym.Shape {
	s := make(sym.Shape, len(l))
	for i, a := range l {
		s[i] = a.Size()
	}
	return s
}

// Equal reports whether both run over the same.
func (a Axis) Equal(b Axis) bool {
	return slices.EqualFunc(a, b, func(p, q Piece) bool {
		return p.Role == q.Role && p.Stride.Equal(q.Stride) && p.Size.Equal(q.Size)
	})
}

// Equal reports whether both run over the same, axis by axis.
func (l Layout) Equal(m Layout) bool { return slices.EqualFunc(l, m, Axis.Equal) }

// Has reports whether any axis runs over r.
func (l Layout) Has(r Role) bool { return l.Find(r) >= 0 }

// Find returns the only axis that runs over r, or −1.
func (l Layout) Find(r Role) int {
	found := -1
	for i, a := range l {
		if slices.ContainsFunc(a, func(p Piece) bool { return p.Role == r }) {
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	return found
}

// normal drops pieces of size 1 and joins neighbours that are one run.
func (a Axis) normal() Axis {
	var out Axis
	for _, p := range a {
		if p.Size.Is(1) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Role == p.Role && out[n-1].Stride.Equal(p.Stride.Mul(p.Size)) {
			out[n-1] = Piece{p.Role, p.Stride, out[n-1].Size.Mul(p.Size)}
			continue
		}
		out = append(out, p)
	}
	return out
}

// Reshape returns the layout of the same elements in another shape; false if an
// axis of it would cut across what is known of the sizes.
func (l Layout) Reshape(shape sym.Shape) (Layout, bool) {
	rest := slices.Concat([]Axis(l)...)
	out := make(Layout, len(shape))
	for i, d := range shape {
		var ok bool
		if out[i], rest, ok = take(rest, d); !ok {
			return nil, false
		}
	}
	if len(Axis(rest).normal()) > 0 {
		return nil, false
	}
	return out, true
}

// take cuts a run of size n off the front of pieces.
func take(pieces Axis, n sym.Dim) (run, rest Axis, ok bool) {
	for !n.Is(1) {
		if len(pieces) == 0 {
			return nil, nil, false
		}
		p := pieces[0]
		if left, fits := n.DivExact(p.Size); fits {
			run, pieces, n = append(run, p), pieces[1:], left
			continue
		}
		inner, fits := p.Size.DivExact(n)
		if !fits {
			return nil, nil, false
		}
		run = append(run, Piece{p.Role, p.Stride.Mul(inner), n})
		pieces = append(Axis{{p.Role, p.Stride, inner}}, pieces[1:]...)
		n = sym.Const(1)
	}
	return run.normal(), pieces, true
}

// Permute returns the axes in the order of perm.
func (l Layout) Permute(perm []int) Layout {
	out := make(Layout, len(perm))
	for i, p := range perm {
		out[i] = l[p]
	}
	return out
}

// fromEnd returns the axis i places from the end, an empty one if l is shorter.
func (l Layout) fromEnd(i int) Axis {
	if i >= len(l) {
		return nil
	}
	return l[len(l)-1-i]
}

// Broadcast returns the layout of two values combined elementwise; false if an
// axis runs over different things.
func Broadcast(l, m Layout) (Layout, bool) {
	out := make(Layout, max(len(l), len(m)))
	for i := range out {
		a, b := l.fromEnd(i), m.fromEnd(i)
		switch {
		case a.Equal(b), b.constant():
			out[len(out)-1-i] = a
		case a.constant():
			out[len(out)-1-i] = b
		default:
			return nil, false
		}
	}
	return out, true
}

// constant reports whether nothing changes along the axis.
func (a Axis) constant() bool {
	return !slices.ContainsFunc(a, func(p Piece) bool { return p.Role >= 0 })
}

// String is for messages and tests: [0 1/8%4 -1].
func (a Axis) String() string {
	parts := make([]string, len(a))
	for i, p := range a {
		parts[i] = fmt.Sprintf("%d:%s", p.Role, p.Size)
		if !p.Stride.Is(1) {
			parts[i] = fmt.Sprintf("%d/%s:%s", p.Role, p.Stride, p.Size)
		}
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// String is for messages and tests.
func (l Layout) String() string {
	parts := make([]string, len(l))
	for i, a := range l {
		parts[i] = a.String()
	}
	return strings.Join(parts, "")
}
