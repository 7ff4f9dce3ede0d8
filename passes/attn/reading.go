package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
)

// Reading is an operand of a product with what its axes run over, twice: in
// roles of the product and, through the view, in axes of the base.
type Reading struct {
	View
	At Layout // of the value that was read, in roles of the product
}

// read reads v, whose axes run over the roles in at.
func read(v *ir.Value, at Layout, scaled bool) Reading {
	return Reading{View: Read(v, scaled), At: at}
}

// axis returns what target, given in roles of the product, is in axes of the
// base. A role that the operand has not is broadcast. It fails if the target
// cuts across an axis in a way the sizes don't tell.
func (r Reading) axis(target Axis) (Axis, bool) {
	var out Axis
	for _, p := range target {
		a, ok := r.piece(p)
		if !ok {
			return nil, false
		}
		out = append(out, a...)
	}
	return out.normal(), true
}

// absent is the role of indices that an operand doesn't depend on.
const absent Role = -1 << 20

func (r Reading) piece(want Piece) (Axis, bool) {
	found := false
	for i, a := range r.At {
		parts, ok := split(r.Last().Layout[i], a)
		for j, p := range a {
			if p.Role != want.Role {
				continue
			}
			found = true
			if !ok {
				continue
			}
			if in, ok := within(parts[j], p, want); ok {
				return in, true
			}
		}
	}
	if found {
		return nil, false
	}
	return Axis{{absent, sym.Const(1), want.Size}}, true
}

// split cuts base, an axis, where the pieces of a meet.
func split(base, a Axis) ([]Axis, bool) {
	shape := make(sym.Shape, len(a))
	for i, p := range a {
		shape[i] = p.Size
	}
	return Layout{base}.Reshape(shape)
}

// within returns the part of base that want is of p; base is all of p.
func within(base Axis, p, want Piece) (Axis, bool) {
	if p.Stride.Equal(want.Stride) && p.Size.Equal(want.Size) {
		return base, true
	}
	inner, ok := want.Stride.DivExact(p.Stride)
	if !ok {
		return nil, false
	}
	outer, ok := p.Size.DivExact(inner.Mul(want.Size))
	if !ok {
		return nil, false
	}
	parts, ok := Layout{base}.Reshape(sym.Shape{outer, want.Size, inner})
	if !ok {
		return nil, false
	}
	return parts[1], true
}

// layout is axis of each axis of target.
func (r Reading) layout(target Layout) (Layout, bool) {
	out := make(Layout, len(target))
	for i, a := range target {
		var ok bool
		if out[i], ok = r.axis(a); !ok {
			return nil, false
		}
	}
	return out, true
}

// sameAs reports whether r and o are the same elements but for a factor, for
// each index of target.
func (r Reading) sameAs(o Reading, target Layout) bool {
	if r.Base != o.Base {
		return false
	}
	l, ok := r.layout(target)
	m, also := o.layout(target)
	return ok && also && slices.EqualFunc(l, m, sameAxis)
}

// sameAxis is Equal but for the names of broadcast roles.
func sameAxis(a, b Axis) bool {
	return slices.EqualFunc(a, b, func(p, q Piece) bool {
		if p.Role < 0 && q.Role < 0 {
			return p.Size.Equal(q.Size)
		}
		return p.Role == q.Role && p.Stride.Equal(q.Stride) && p.Size.Equal(q.Size)
	})
}
