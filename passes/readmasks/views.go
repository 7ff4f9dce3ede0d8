package readmasks

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
)

// views reads the operators that move elements, or make them from their place.
// Each returns nil for what it can't tell.
var views map[*ir.Op]func(r *reader, v *ir.Value, at []*expr) *expr

func init() { // not a literal: the functions read on
	views = map[*ir.Op]func(r *reader, v *ir.Value, at []*expr) *expr{
		op.Unsqueeze: (*reader).unsqueeze,
		op.Squeeze:   (*reader).squeeze,
		op.Transpose: (*reader).transpose,
		op.Expand: func(r *reader, v *ir.Value, at []*expr) *expr {
			return r.readAt(v.Def.In[0], r.broadcast(v.Def.In[0], at, v.Type.Shape))
		},
		op.Reshape:   (*reader).reshape,
		op.Flatten:   (*reader).reshape,
		op.Slice:     (*reader).slice,
		op.Split:     (*reader).part,
		op.Concat:    (*reader).concat,
		op.Tile:      (*reader).tile,
		op.Range:     (*reader).ramp,
		op.Trilu:     (*reader).triangle,
		op.EyeLike:   (*reader).diagonal,
		op.CumSum:    (*reader).runningSum,
		op.Gather:    (*reader).gather,
		op.GatherND:  (*reader).gatherND,
		op.ScatterND: (*reader).scatterND,
	}
}

func (r *reader) readAt(v *ir.Value, at []*expr) *expr {
	if at == nil {
		return nil
	}
	return r.read(v, at)
}

// axis counts a from the front.
func axis(a int64, rank int) int {
	if a < 0 {
		a += int64(rank)
	}
	return int(a)
}

func (r *reader) unsqueeze(v *ir.Value, at []*expr) *expr {
	axes, ok := v.Def.In[1].Ints()
	if !ok {
		return nil
	}
	gone := map[int]bool{}
	for _, a := range axes {
		gone[axis(a, len(at))] = true
	}
	sub := []*expr{}
	for i, e := range at {
		if !gone[i] {
			sub = append(sub, e)
		}
	}
	return r.read(v.Def.In[0], sub)
}

func (r *reader) squeeze(v *ir.Value, at []*expr) *expr {
	x := v.Def.In[0]
	rank, known := x.Type.Rank()
	if !known {
		return nil
	}
	gone := map[int]bool{}
	if len(v.Def.In) > 1 && v.Def.In[1] != nil {
		axes, ok := v.Def.In[1].Ints()
		if !ok {
			return nil
		}
		for _, a := range axes {
			gone[axis(a, rank)] = true
		}
	} else {
		for i, d := range x.Type.Shape {
			gone[i] = d.Is(1)
		}
	}
	sub := make([]*expr, rank)
	for i := range sub {
		if gone[i] {
			sub[i] = r.int(0)
			continue
		}
		if len(at) == 0 {
			return nil
		}
		sub[i], at = at[0], at[1:]
	}
	return r.read(x, sub)
}

func (r *reader) transpose(v *ir.Value, at []*expr) *expr {
	perm := v.Def.Attr.(*attr.Transpose).Perm
	sub := make([]*expr, len(at))
	for i, e := range at {
		from := len(at) - 1 - i
		if len(perm) > 0 {
			from = perm[i]
		}
		sub[from] = e
	}
	return r.read(v.Def.In[0], sub)
}

// reshape reads the operand by matching runs of axes with as many elements.
func (r *reader) reshape(v *ir.Value, at []*expr) *expr {
	x := v.Def.In[0]
	if !x.Type.HasRank {
		return nil
	}
	sub := make([]*expr, len(x.Type.Shape))
	in, out := axesOfMany(x.Type.Shape), axesOfMany(v.Type.Shape)
	for i := range sub {
		sub[i] = r.int(0)
	}
	for len(in) > 0 && len(out) > 0 {
		m, n := matching(x.Type.Shape, v.Type.Shape, in, out)
		if m == 0 || !r.regroup(x.Type.Shape, v.Type.Shape, in[:m], out[:n], at, sub) {
			return nil
		}
		in, out = in[m:], out[n:]
	}
	if len(in)+len(out) > 0 {
		return nil
	}
	return r.read(x, sub)
}

// axesOfMany returns the axes that may have more than one entry.
func axesOfMany(shape sym.Shape) []int {
	var axes []int
	for i, d := range shape {
		if !d.Is(1) {
			axes = append(axes, i)
		}
	}
	return axes
}

// matching returns how many of the first axes of both have the same product; the
// fewest that do.
func matching(x, y sym.Shape, in, out []int) (m, n int) {
	for total := 2; total <= len(in)+len(out); total++ {
		for m := max(1, total-len(out)); m <= min(len(in), total-1); m++ {
			if product(x, in[:m]).Equal(product(y, out[:total-m])) {
				return m, total - m
			}
		}
	}
	return 0, 0
}

func product(shape sym.Shape, axes []int) sym.Dim {
	p := sym.Const(1)
	for _, a := range axes {
		p = p.Mul(shape[a])
	}
	return p
}

// regroup sets the indices of the axes in of the operand from those of out.
func (r *reader) regroup(x, y sym.Shape, in, out []int, at, sub []*expr) bool {
	if len(in) == 1 && len(out) == 1 {
		sub[in[0]] = at[out[0]]
		return true
	}
	var flat line
	for _, a := range out {
		if at[a].kind != affine {
			return false
		}
		flat = flat.scale(y[a]).add(at[a].line)
	}
	for i := len(in) - 1; i > 0; i-- {
		rest, within, ok := r.divide(flat, x[in[i]])
		if !ok {
			return false
		}
		sub[in[i]] = r.affine(within, r.int(0).dtype)
		flat = rest
	}
	sub[in[0]] = r.affine(flat, r.int(0).dtype)
	return true
}

// divide splits l into d·quotient + remainder with 0 ≤ remainder < d.
func (r *reader) divide(l line, d sym.Dim) (quotient, remainder line, ok bool) {
	part := func(c sym.Dim) (q, rest sym.Dim) {
		if q, exact := c.DivExact(d); exact {
			return q, sym.Dim{}
		}
		return sym.Dim{}, c
	}
	for i, c := range l.coef {
		quotient.coef[i], remainder.coef[i] = part(c)
	}
	quotient.off, remainder.off = part(l.off)
	lo, hi, ok := r.bounds(remainder)
	return quotient, remainder, ok && sym.ProvablyLE(sym.Const(0), lo) && sym.ProvablyLT(hi, d)
}

// moved is at with another index along one axis.
func moved(at []*expr, axis int, e *expr) []*expr {
	at = slices.Clone(at)
	at[axis] = e
	return at
}

func (r *reader) slice(v *ir.Value, at []*expr) *expr {
	n, rank := v.Def, len(at)
	starts, ok := n.In[1].Dims()
	if !ok {
		return nil
	}
	r.note(n.In[1])
	axes, okAxes := listOr(n.Operand(3), len(starts), func(i int) int64 { return int64(i) })
	steps, okSteps := listOr(n.Operand(4), len(starts), func(int) int64 { return 1 })
	if !okAxes || !okSteps || len(axes) != len(starts) || len(steps) != len(starts) {
		return nil
	}
	for i, start := range starts {
		a := axis(axes[i], rank)
		d := n.In[0].Type.Shape[a]
		if steps[i] == 1 && isFront(start, d) && (at[a].kind != loose || v.Type.Shape[a].Equal(d)) {
			continue
		}
		from, ok := r.firstEntry(start, d)
		if !ok || steps[i] <= 0 || at[a].kind != affine {
			return nil
		}
		l := at[a].line.scale(sym.Const(steps[i]))
		l.off = l.off.Add(from)
		at = moved(at, a, r.affine(l, at[a].dtype))
	}
	return r.read(n.In[0], at)
}

// isFront reports whether start is the first entry of an axis of extent d: 0, or −d.
func isFront(start, d sym.Dim) bool { return start.Is(0) || start.Add(d).Is(0) }

// firstEntry is where a slice of an axis of extent d starts.
func (r *reader) firstEntry(start, d sym.Dim) (sym.Dim, bool) {
	switch {
	case isFront(start, d):
		return sym.Const(0), true
	case sym.ProvablyLE(sym.Const(0), start):
		return start, true
	case sym.ProvablyLT(start, sym.Const(0)) || r.isTail(start):
		return start.Add(d).Max(sym.Const(0)), true
	}
	return sym.Dim{}, false
}

// listOr returns a constant list, or its default where the operand is left out.
func listOr(v *ir.Value, n int, otherwise func(i int) int64) ([]int64, bool) {
	if v != nil {
		return v.Ints()
	}
	list := make([]int64, n)
	for i := range list {
		list[i] = otherwise(i)
	}
	return list, true
}

// part reads an output of Split.
func (r *reader) part(v *ir.Value, at []*expr) *expr {
	a := axis(int64(v.Def.Attr.(*attr.Axis).Axis), len(at))
	if v.DefIndex > 0 && at[a].kind != affine {
		return nil
	}
	l := at[a].line
	for _, before := range v.Def.Out[:v.DefIndex] {
		if before == nil || !before.Type.HasRank {
			return nil
		}
		l.off = l.off.Add(before.Type.Shape[a])
	}
	if v.DefIndex > 0 {
		at = moved(at, a, r.affine(l, at[a].dtype))
	}
	return r.read(v.Def.In[0], at)
}

// concat reads the piece that an index falls into. Where that is not known, all
// pieces are read, so their elements must be there for every index.
func (r *reader) concat(v *ir.Value, at []*expr) *expr {
	a := axis(int64(v.Def.Attr.(*attr.Axis).Axis), len(at))
	if at[a].kind != affine {
		return nil
	}
	type piece struct{ inside, val *expr }
	var pieces []piece
	l := at[a].line
	for _, x := range v.Def.In {
		inside := r.least(l.neg().shift(-1).add(lineOf(x.Type.Shape[a])))
		if inside.isBool(false) {
			l = l.sub(lineOf(x.Type.Shape[a]))
			continue
		}
		e := r.read(x, moved(at, a, r.affine(l, at[a].dtype)))
		pieces = append(pieces, piece{inside, e})
		if inside.isBool(true) {
			break
		}
		if loads(e)&l.vars() != none {
			return nil
		}
		l = l.sub(lineOf(x.Type.Shape[a]))
	}
	if len(pieces) == 0 {
		return nil
	}
	last := len(pieces) - 1
	if last > 0 && loads(pieces[last].val)&l.vars() != none {
		return nil
	}
	e := pieces[last].val
	for _, p := range slices.Backward(pieces[:last]) {
		e = r.chosen(p.inside, p.val, e)
	}
	return e
}

// loads returns the indices that places of loaded elements depend on.
func loads(e *expr) indices {
	if e.kind == load {
		return e.vars
	}
	s := none
	for _, arg := range e.args {
		s |= loads(arg)
	}
	return s
}

func (r *reader) tile(v *ir.Value, at []*expr) *expr {
	x := v.Def.In[0]
	if !x.Type.HasRank || len(x.Type.Shape) != len(at) {
		return nil
	}
	sub := slices.Clone(at)
	for i, d := range x.Type.Shape {
		switch {
		case d.Is(1):
			sub[i] = r.int(0)
		case !d.Equal(v.Type.Shape[i]):
			return nil
		}
	}
	return r.read(x, sub)
}
