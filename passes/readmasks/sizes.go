package readmasks

import (
	"maps"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
)

// sizes finds values for expressions of the dims.
type sizes struct {
	known map[string]known
}

// known is a scalar i64 and how to make it.
type known struct {
	dim  sym.Dim
	make func(b *ir.Builder) *ir.Value
}

func newSizes() *sizes { return &sizes{known: map[string]known{}} }

// tell says that v, a scalar or a list of one, holds a size.
func (z *sizes) tell(v *ir.Value) {
	z.add(v.Sym[0], func(b *ir.Builder) *ir.Value {
		if len(v.Type.Shape) == 0 {
			return v
		}
		return b.Op(op.Squeeze, nil, v)
	})
}

// axis says that d is the extent of an axis of v.
func (z *sizes) axis(d sym.Dim, v *ir.Value, axis int) {
	z.add(d, func(b *ir.Builder) *ir.Value {
		return b.Op(op.Squeeze, nil, b.Op(op.Shape, &attr.Shape{Start: axis, End: axis + 1}, v))
	})
}

func (z *sizes) add(d sym.Dim, make func(*ir.Builder) *ir.Value) {
	if _, number := d.IsConst(); number {
		return
	}
	if _, have := z.known[d.Key()]; !have {
		z.known[d.Key()] = known{d, make}
	}
}

// maxTerms bounds the sizes that are added up.
const maxTerms = 3

// of returns a scalar that holds d: a number, a size that is known, or a sum or
// difference of a few of those; nil if there is none.
func (z *sizes) of(b *ir.Builder, d sym.Dim) *ir.Value {
	for terms := range maxTerms {
		if v := z.sum(b, d, terms+1); v != nil {
			return v
		}
	}
	return nil
}

func (z *sizes) sum(b *ir.Builder, d sym.Dim, terms int) *ir.Value {
	if terms == 1 {
		return z.simple(b, d)
	}
	for _, k := range slices.Sorted(maps.Keys(z.known)) {
		x := z.known[k]
		if v := z.sum(b, d.Sub(x.dim), terms-1); v != nil {
			return b.Op(op.Add, nil, x.make(b), v)
		}
		if v := z.sum(b, d.Add(x.dim), terms-1); v != nil {
			return b.Op(op.Sub, nil, v, x.make(b))
		}
	}
	return nil
}

func (z *sizes) simple(b *ir.Builder, d sym.Dim) *ir.Value {
	if n, number := d.IsConst(); number {
		return b.Int(n)
	}
	if x, ok := z.known[d.Key()]; ok {
		return x.make(b)
	}
	return nil
}

// list is of as a list of one.
func (z *sizes) list(b *ir.Builder, d sym.Dim) *ir.Value {
	if n, number := d.IsConst(); number {
		return b.Ints(n)
	}
	if v := z.of(b, d); v != nil {
		return b.Op(op.Unsqueeze, nil, v, b.Ints(0))
	}
	return nil
}
