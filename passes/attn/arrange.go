package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// arranger makes the nodes that bring values from one layout to another.
type arranger struct {
	*ir.Builder
	// sources are values whose dims may be read when a shape is not constant, and
	// inputs those to be read if none of them has a dim.
	sources, inputs []*ir.Value
}

// Arrange makes the nodes that bring v, laid out as from, to the layout to; nil if
// the sizes don't tell how. The dims of sources may be read where a shape is not
// constant.
func Arrange(b *ir.Builder, v *ir.Value, from, to Layout, sources ...*ir.Value) *ir.Value {
	return (&arranger{Builder: b, sources: sources}).arrange(v, from, to)
}

// arrange returns v, laid out as from, laid out as to; nil if the sizes don't
// tell how. Both run over the same.
func (b *arranger) arrange(v *ir.Value, from, to Layout) *ir.Value {
	if from.Equal(to) {
		return v
	}
	src, dst := refine(from, to)
	perm := make([]int, len(dst))
	for i, p := range dst {
		perm[i] = slices.IndexFunc(src, func(q Piece) bool { return Axis{p}.Equal(Axis{q}) })
		if perm[i] < 0 {
			return nil
		}
	}
	if len(src) != len(dst) {
		return nil
	}
	b.sources = append(b.sources, v)
	if slices.IsSorted(perm) {
		return b.reshape(v, to.Shape())
	}
	v = b.reshape(v, pieces(src).Shape())
	if v == nil {
		return nil
	}
	v = b.Op(op.Transpose, &attr.Transpose{Perm: perm}, v)
	return b.reshape(v, to.Shape())
}

// once is l without the axes that only repeat.
func (l Layout) once() Layout {
	out := slices.Clone(l)
	for i, a := range out {
		if a.constant() {
			out[i] = nil
		}
	}
	return out
}

// repeat expands v, laid out as l.once(), to l; nil if a size can't be read.
func (b *arranger) repeat(v *ir.Value, l Layout) *ir.Value {
	if l.Equal(l.once()) {
		return v
	}
	shape := b.shape(nil, l.Shape())
	if shape == nil {
		return nil
	}
	return b.Op(op.Expand, nil, v, shape)
}

// pieces is the layout with one axis per piece.
func pieces(a Axis) Layout {
	l := make(Layout, len(a))
	for i, p := range a {
		l[i] = Axis{p}
	}
	return l
}

// refine cuts both into the same pieces, in the order of each.
func refine(from, to Layout) (src, dst Axis) {
	src, dst = slices.Concat([]Axis(from)...), slices.Concat([]Axis(to)...)
	return cutLike(src, dst), cutLike(dst, src)
}

// cutLike cuts the pieces of a that several pieces of b make up.
func cutLike(a, b Axis) Axis {
	var out Axis
	for _, p := range a {
		var parts Axis
		for _, q := range b {
			if q.Role == p.Role {
				parts = append(parts, q)
			}
		}
		if tiled, ok := tiling(p, parts); ok {
			out = append(out, tiled...)
		} else {
			out = append(out, p)
		}
	}
	return out
}

// tiling orders the parts that make up p, the slowest first.
func tiling(p Piece, parts Axis) (Axis, bool) {
	var out Axis
	stride := p.Stride
	for end := p.Stride.Mul(p.Size); !stride.Equal(end); {
		i := slices.IndexFunc(parts, func(q Piece) bool { return q.Stride.Equal(stride) && !q.Size.Is(1) })
		if i < 0 {
			return nil, false
		}
		out = slices.Insert(out, 0, parts[i])
		stride = stride.Mul(parts[i].Size)
		parts = slices.Delete(slices.Clone(parts), i, i+1)
	}
	return out, true
}

// reshape makes v's shape the given one. Axes of size 1 are squeezed and
// unsqueezed, so that no shape needs to be computed for them.
func (b *arranger) reshape(v *ir.Value, shape sym.Shape) *ir.Value {
	if v.Type.Shape.Equal(shape) {
		return v
	}
	if u := b.units(v, shape); u != nil {
		return u
	}
	target := b.shape(v.Type.Shape, shape)
	if target == nil {
		return nil
	}
	return b.Op(op.Reshape, &attr.Reshape{}, v, target)
}

// units reshapes by Squeeze and Unsqueeze if only axes of size 1 differ.
func (b *arranger) units(v *ir.Value, shape sym.Shape) *ir.Value {
	drop, kept := ones(v.Type.Shape)
	insert, wanted := ones(shape)
	if !kept.Equal(wanted) {
		return nil
	}
	if len(drop) > 0 {
		v = b.Op(op.Squeeze, nil, v, b.Ints(drop...))
	}
	if len(insert) > 0 {
		v = b.Op(op.Unsqueeze, nil, v, b.Ints(insert...))
	}
	return v
}

// ones returns where s is 1, and the other dims.
func ones(s sym.Shape) (at []int64, rest sym.Shape) {
	for i, d := range s {
		if d.Is(1) {
			at = append(at, int64(i))
		} else {
			rest = append(rest, d)
		}
	}
	return at, rest
}

// shape makes the shape operand of a Reshape from from: constants where dims are,
// 0 where a dim stays in place, the dims of sources elsewhere, and −1 for at most
// one that no source has. Without from it is that of an Expand: no 0, no −1.
func (b *arranger) shape(from, shape sym.Shape) *ir.Value {
	var parts []*ir.Value
	var run []int64
	flush := func() {
		if len(run) > 0 {
			parts = append(parts, b.Ints(run...))
			run = nil
		}
	}
	open := from != nil
	for i, d := range shape {
		n, constant := d.IsConst()
		switch {
		case constant && n > 0:
			run = append(run, n)
			continue
		case constant:
			return nil // 0 has another meaning
		case i < len(from) && from[i].Equal(d):
			run = append(run, 0)
			continue
		}
		if v := b.dim(d); v != nil {
			flush()
			parts = append(parts, v)
		} else if open {
			run, open = append(run, -1), false
		} else {
			return nil
		}
	}
	flush()
	if len(parts) == 1 {
		return parts[0]
	}
	return b.Op(op.Concat, &attr.Axis{}, parts...)
}

// cast makes v's element type d.
func (b *arranger) cast(v *ir.Value, d tensor.DType) *ir.Value {
	if v.Type.DType == d {
		return v
	}
	return b.Op(op.Cast, &attr.Cast{To: d, Saturate: true}, v)
}

// times multiplies v with x.
func (b *arranger) times(v *ir.Value, x float64) *ir.Value {
	switch x {
	case 1:
		return v
	case -1:
		return b.Op(op.Neg, nil, v)
	}
	return b.Op(op.Mul, nil, v, b.Float(v.Type.DType, x))
}
