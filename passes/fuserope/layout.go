package fuserope

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// layout says which axes before the lanes are what: the tables have the batch,
// if they do, and the tokens; all other axes are heads.
type layout struct {
	tokens int
	tables sym.Shape // [batch or 1, tokens]
	turned bool      // tokens come first: they are to be moved behind the heads
}

// layoutOf compares the axes of x before its lanes with those of its tables.
func layoutOf(x, table sym.Shape) (layout, bool) {
	if len(table) > len(x) || len(x) < 2 {
		return layout{}, false
	}
	full := make(sym.Shape, len(x))
	for i := range full {
		full[i] = sym.Const(1)
		if from := i - (len(x) - len(table)); from >= 0 {
			full[i] = table[from]
		}
		if !full[i].Is(1) && !full[i].Equal(x[i]) {
			return layout{}, false
		}
	}
	last := len(x) - 1
	for _, tokens := range []int{last, 1} {
		if constant(full, 0, tokens) && (x[tokens].Equal(full[tokens])) {
			return layout{tokens: tokens, tables: sym.Shape{full[0], full[tokens]}}, true
		}
	}
	if constant(full, 0) && x[0].Equal(full[0]) {
		return layout{tokens: last, tables: sym.Shape{sym.Const(1), full[0]}, turned: true}, true
	}
	return layout{}, false
}

// constant reports whether a table with these axes is constant along all but some.
func constant(table sym.Shape, but ...int) bool {
	for i, d := range table {
		if !d.Is(1) && !slices.Contains(but, i) {
			return false
		}
	}
	return true
}

// rotate makes the operator's node for x in the layout, and gives its result x's
// shape; nil if the operator can't take x.
func (l layout) rotate(p *rewrite.Patch, x, cos, sin *ir.Value, a attr.RotaryEmbedding) *ir.Value {
	rank := len(x.Type.Shape)
	if l.turned {
		there, back := moved(rank)
		y := layout{tokens: l.tokens, tables: l.tables}.rotate(p, p.Op(op.Transpose, there, x), cos, sin, a)
		if y == nil {
			return nil
		}
		return p.Op(op.Transpose, back, y)
	}
	if rank == 4 && l.tokens == 2 {
		return p.Op(op.RotaryEmbedding, &a, x, cos, sin)
	}
	if l.tokens == 1 {
		return l.packed(p, x, cos, sin, a)
	}
	return merged(p, x, cos, sin, a)
}

// merged rotates [batch, heads…, tokens, size] with one axis of heads.
func merged(p *rewrite.Patch, x, cos, sin *ir.Value, a attr.RotaryEmbedding) *ir.Value {
	rank := len(x.Type.Shape)
	heads, ok := x.Type.Shape[1 : rank-2].IsConst()
	if !ok {
		return nil
	}
	size := func(axis int) *ir.Value { return p.Op(op.Shape, &attr.Shape{Start: axis, End: axis + 1}, x) }
	four := p.Op(op.Concat, &attr.Axis{}, size(0), p.Ints(int64(product(heads))), size(rank-2), size(rank-1))
	y := p.Op(op.RotaryEmbedding, &a, p.Op(op.Reshape, &attr.Reshape{AllowZero: true}, x, four), cos, sin)
	return p.Op(op.Reshape, &attr.Reshape{AllowZero: true}, y, p.Op(op.Shape, &attr.Shape{End: rank}, x))
}

// moved are the permutations that move the first axis behind the heads, and back.
func moved(rank int) (there, back *attr.Transpose) {
	there, back = &attr.Transpose{}, &attr.Transpose{Perm: []int{rank - 2}}
	for i := range rank - 2 {
		there.Perm = append(there.Perm, i+1)
		back.Perm = append(back.Perm, i)
	}
	there.Perm = append(there.Perm, 0, rank-1)
	back.Perm = append(back.Perm, rank-1)
	return there, back
}

// packed rotates [batch, tokens, heads…, size] as [batch, tokens, heads·size].
func (l layout) packed(p *rewrite.Patch, x, cos, sin *ir.Value, a attr.RotaryEmbedding) *ir.Value {
	sizes, ok := x.Type.Shape[2:].IsConst()
	if !ok {
		return nil
	}
	width := product(sizes)
	a.Heads = width / sizes[len(sizes)-1]
	if len(sizes) == 1 {
		return p.Op(op.RotaryEmbedding, &a, x, cos, sin)
	}
	before := x.Type.Shape[:2]
	y := p.Op(op.RotaryEmbedding, &a, reshaped(p, x, before, []int{width}), cos, sin)
	return reshaped(p, y, before, sizes)
}
