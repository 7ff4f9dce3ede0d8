package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
)

// broadcast brings v, which broadcasts to scores laid out as at, to a shape that
// broadcasts to [batch, heads, queries, keys]; nil if its layout can't be told.
func (m *Match) broadcast(b *arranger, v *ir.Value, at Layout) *ir.Value {
	if !v.Type.HasRank || len(v.Type.Shape) > len(at) {
		return nil
	}
	v = slim(v)
	want := m.canonical()
	if at.Equal(want) {
		return v
	}
	own := make(Layout, len(v.Type.Shape))
	for i, d := range v.Type.Shape {
		axis := at[len(at)-len(own)+i]
		switch alone := slices.IndexFunc(want, axis.Equal); {
		case sym.SameSize(axis.Size(), d):
			own[i] = axis
		case d.Is(1):
		case alone >= 0 && axis.Equal(Axis{m.region.Scores.Roles.S}):
			// Keys by another name, yet as many or 1, since more or fewer scores would
			// not fit the values. It goes by its own.
			own[i] = Whole(axis[0].Role, d)
			want[alone] = own[i]
		default:
			return nil
		}
	}
	if v, own = b.grow(v, own, at, want); v == nil {
		return nil
	}
	to, ok := present(want, own)
	if !ok {
		return nil
	}
	if lead := len(to) - len(own); lead >= 0 && flat(to[:lead]) && to[lead:].Equal(own) {
		return v
	}
	return b.arrange(v, own, to)
}

// grow expands v along those axes of the scores that make up one axis of want
// together with axes that v has: a mask of windows beside batches, say.
func (b *arranger) grow(v *ir.Value, own, at, want Layout) (*ir.Value, Layout) {
	grown := slices.Concat(make(Layout, len(at)-len(own)), own)
	missing := false
	for i, a := range at {
		if len(grown[i]) > 0 || len(a) == 0 {
			continue
		}
		if slices.ContainsFunc(want, func(w Axis) bool {
			return w.meets(a) && slices.ContainsFunc(own, w.meets) && !slices.ContainsFunc(own, a.meets)
		}) {
			grown[i], missing = a, true
		}
	}
	if !missing {
		return v, own
	}
	b.sources = append(b.sources, v)
	target := b.shape(nil, grown.Shape())
	if target == nil {
		return nil, nil
	}
	return b.Op(op.Expand, nil, v, target), grown
}

// meets reports whether a piece of a covers one of b, or is covered by one.
func (a Axis) meets(b Axis) bool {
	return slices.ContainsFunc(a, func(p Piece) bool {
		return slices.ContainsFunc(b, func(q Piece) bool { return p.covers(q) || q.covers(p) })
	})
}

// covers reports whether p's indices tell q's.
func (p Piece) covers(q Piece) bool {
	if p.Role != q.Role {
		return false
	}
	_, ok := within(Axis{p}, p, q)
	return ok
}

// present returns want without the axes that own doesn't run over; false if it
// runs over part of one.
func present(want, own Layout) (Layout, bool) {
	all := slices.Concat([]Axis(own)...)
	cut := cutLike(all, slices.Concat([]Axis(want)...))
	to := make(Layout, len(want))
	for i, a := range want {
		parts := cutLike(a, all)
		count := 0
		for _, p := range parts {
			if slices.ContainsFunc(cut, func(q Piece) bool { return Axis{p}.Equal(Axis{q}) }) {
				count++
			}
		}
		switch count {
		case 0:
		case len(parts):
			to[i] = a
		default:
			return nil, false
		}
	}
	return to, true
}

func flat(l Layout) bool { return !slices.ContainsFunc(l, func(a Axis) bool { return len(a) > 0 }) }

// slim returns v before it was expanded, if that has as many axes: kernels
// broadcast it better than memory does.
func slim(v *ir.Value) *ir.Value {
	w := Read(v, false)
	want := slices.Clone(w.Last().Layout)
	for i, a := range want {
		if a.constant() {
			want[i] = nil // part of an axis can't be broadcast
		}
	}
	for _, s := range w.Steps {
		if s.Layout.Equal(want) {
			return s.Value
		}
	}
	return v
}

// dim returns d as a list of one, read off a source, or a constant part or
// multiple of what a source has; nil if there is none.
func (b *arranger) dim(d sym.Dim) *ir.Value {
	if v := b.read(func(x sym.Dim) bool { return x.Equal(d) }); v != nil {
		return v
	}
	var factor int64
	constant := func(n sym.Dim, ok bool) bool {
		c, number := n.IsConst()
		factor = c
		return ok && number && c > 1
	}
	if v := b.read(func(x sym.Dim) bool { return constant(x.DivExact(d)) }); v != nil {
		return b.Op(op.Div, nil, v, b.Ints(factor))
	}
	if v := b.read(func(x sym.Dim) bool { return constant(d.DivExact(x)) }); v != nil {
		return b.Op(op.Mul, nil, v, b.Ints(factor))
	}
	return nil
}

// read returns the first dim of a source for which fits holds.
func (b *arranger) read(fits func(sym.Dim) bool) *ir.Value {
	for _, v := range slices.Concat(b.sources, b.inputs) {
		if !v.Type.HasRank {
			continue
		}
		if i := slices.IndexFunc(v.Type.Shape, func(x sym.Dim) bool { return !x.Is(0) && fits(x) }); i >= 0 {
			return b.Op(op.Shape, &attr.Shape{Start: i, End: i + 1}, v)
		}
	}
	return nil
}
