package readmasks

import (
	"fmt"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// reader reads elements of values of one graph.
type reader struct {
	*space
	memo map[string]*expr
	// sizes are scalars, or lists of one, met on the way, by what is known of them.
	sizes map[string]*ir.Value
	made  map[diagonalsOf]*ir.Value
	tails map[string]sym.Dim // extents of last entries, see findTails
	graph *ir.Graph
	depth int
}

func newReader(g *ir.Graph, dims [numIndices]sym.Dim) *reader {
	return &reader{
		space: newSpace(dims), graph: g,
		memo: map[string]*expr{}, sizes: map[string]*ir.Value{}, made: map[diagonalsOf]*ir.Value{}, tails: map[string]sym.Dim{},
	}
}

// maxDepth bounds the operators between an operand and what it is read from.
const maxDepth = 400

// operand returns the element of v, which broadcasts to the scores, at their
// indices; nil if its rank is not known.
func (r *reader) operand(v *ir.Value) *expr {
	if rank, known := v.Type.Rank(); !known || rank > int(numIndices) {
		return nil
	}
	r.findTails(v)
	at := make([]*expr, numIndices)
	for i := range at {
		at[i] = r.along(index(i))
	}
	if at = r.broadcast(v, at, r.dims[:]); at == nil {
		return nil
	}
	return r.read(v, at)
}

// read returns the element of v at the given indices.
func (r *reader) read(v *ir.Value, at []*expr) *expr {
	k := place(v, at)
	if e := r.memo[k]; e != nil {
		return e
	}
	e := r.look(v, at)
	if e == nil {
		e = r.load(v, at)
	}
	r.memo[k] = e
	return e
}

func place(v *ir.Value, at []*expr) string {
	var b strings.Builder
	fmt.Fprint(&b, v.ID)
	for _, e := range at {
		fmt.Fprintf(&b, " %d", e.id)
	}
	return b.String()
}

// look reads an element through the operator that computes it; nil if it can't
// be told.
func (r *reader) look(v *ir.Value, at []*expr) *expr {
	if e := r.symbolic(v, at); e != nil {
		return e
	}
	switch {
	case v.Const != nil:
		return r.table(v, at)
	case v.Def == nil || r.depth >= maxDepth || r.full() || !simple(v.Type.DType):
		return nil
	}
	r.depth++
	defer func() { r.depth-- }()
	n := v.Def
	if read := views[n.Op]; read != nil {
		return read(r, v, at)
	}
	if !n.Op.Elementwise || len(n.Out) != 1 || n.Op.Impure {
		return nil
	}
	args := make([]*expr, 0, len(n.In))
	for _, in := range n.In {
		if in == nil {
			return nil
		}
		sub := r.broadcast(in, at, v.Type.Shape)
		if sub == nil || !simple(in.Type.DType) {
			return nil
		}
		args = append(args, r.read(in, sub))
	}
	return r.applied(n, args)
}

// symbolic reads contents that are known as expressions of the dims.
func (r *reader) symbolic(v *ir.Value, at []*expr) *expr {
	if v.Sym == nil || !v.Type.DType.IsInt() {
		return nil
	}
	i := int64(0)
	if len(at) == 1 {
		c, ok := at[0].constant()
		if i, ok = constIn(c, ok, len(v.Sym)); !ok {
			return nil
		}
	}
	if len(at) > 1 {
		return nil
	}
	r.note(v)
	return r.affine(lineOf(v.Sym[i]), v.Type.DType)
}

// note remembers a size that v holds.
func (r *reader) note(v *ir.Value) {
	if v == nil || len(v.Sym) != 1 || v.Type.DType != tensor.Int64 || v.Const != nil {
		return
	}
	if k := v.Sym[0].Key(); r.sizes[k] == nil {
		r.sizes[k] = v
	}
}

func constIn(c sym.Dim, ok bool, n int) (int64, bool) {
	i, known := c.IsConst()
	return i, ok && known && i >= 0 && i < int64(n)
}

// broadcast returns the indices of v, an operand that is broadcast to an array of
// shape full which is read at at; nil if they can't be told.
func (r *reader) broadcast(v *ir.Value, at []*expr, full sym.Shape) []*expr {
	rank, known := v.Type.Rank()
	if !known || rank > len(at) || len(full) != len(at) {
		return nil
	}
	skip := len(at) - rank
	out := make([]*expr, rank)
	for i, d := range v.Type.Shape {
		if out[i] = r.along1(at[skip+i], d, full[skip+i]); out[i] == nil {
			return nil
		}
	}
	return out
}

// along1 returns the index along an axis of extent d that is broadcast to full,
// where that is read at e.
func (r *reader) along1(e *expr, d, full sym.Dim) *expr {
	if len(r.tails) > 0 {
		d, full = d.Subst(r.tails), full.Subst(r.tails)
	}
	_, number := d.IsConst()
	switch {
	case d.Is(1) || full.Is(1):
		return r.int(0)
	case e.kind == loose || number || sameSize(d, full) || sameSize(full, d):
		return e
	}
	if x, ok := e.plain(); ok {
		return r.loose(x)
	}
	return nil
}
