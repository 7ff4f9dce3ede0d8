package readmasks

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// ramp reads Range.
func (r *reader) ramp(v *ir.Value, at []*expr) *expr {
	if at[0].kind != affine || !v.Type.DType.IsInt() {
		return nil
	}
	start, delta := r.scalar(v.Def.In[0]), r.scalar(v.Def.In[2])
	r.scalar(v.Def.In[1]) // noted as a size
	if start == nil || delta == nil {
		return nil
	}
	c, ok := delta.constant()
	if !ok || start.kind != affine {
		return nil
	}
	return r.affine(at[0].line.scale(c).add(start.line), v.Type.DType)
}

// scalar reads a value of one element.
func (r *reader) scalar(v *ir.Value) *expr {
	rank, known := v.Type.Rank()
	switch {
	case !known || rank > 1:
		return nil
	case rank == 1:
		return r.read(v, []*expr{r.int(0)})
	}
	return r.read(v, []*expr{})
}

// triangle reads Trilu.
func (r *reader) triangle(v *ir.Value, at []*expr) *expr {
	shift := r.int(0)
	if k := v.Def.Operand(1); k != nil {
		shift = r.scalar(k)
	}
	d, ok := r.offDiagonal(at)
	if !ok || shift == nil || shift.kind != affine || shift.vars != none {
		return nil
	}
	d = d.sub(shift.line) // columns right of the diagonal
	kept := r.least(d)
	if !v.Def.Attr.(*attr.Trilu).Upper {
		kept = r.least(d.neg())
	}
	x := r.read(v.Def.In[0], at)
	if x.dtype == tensor.Bool {
		return r.and(kept, x)
	}
	return r.chosen(kept, x, r.zero(x.dtype))
}

// offDiagonal is the column minus the row, the last two indices.
func (r *reader) offDiagonal(at []*expr) (line, bool) {
	row, col := at[len(at)-2], at[len(at)-1]
	if row.kind != affine || col.kind != affine {
		return line{}, false
	}
	return col.line.sub(row.line), true
}

// diagonal reads EyeLike.
func (r *reader) diagonal(v *ir.Value, at []*expr) *expr {
	d, ok := r.offDiagonal(at)
	if !ok || !simple(v.Type.DType) {
		return nil
	}
	d = d.shift(-int64(v.Def.Attr.(*attr.EyeLike).K))
	on := r.and(r.least(d), r.least(d.neg()))
	if v.Type.DType == tensor.Bool {
		return on
	}
	return r.chosen(on, r.one(v.Type.DType), r.zero(v.Type.DType))
}

// runningSum reads CumSum of what is the same along the axis: positions, where
// ones are summed.
func (r *reader) runningSum(v *ir.Value, at []*expr) *expr {
	n := v.Def
	axes, ok := n.In[1].Ints()
	if !ok || len(axes) != 1 {
		return nil
	}
	a := axis(axes[0], len(at))
	at = slices.Clone(at)
	l := at[a].line
	x := r.read(n.In[0], at)
	step, ok := r.exact(x)
	if !ok || step.vars() != none || at[a].kind != affine || !keepsIntegers(tensor.Int64, v.Type.DType) {
		return nil
	}
	how := n.Attr.(*attr.CumSum)
	if how.Reverse {
		l = l.neg().add(lineOf(v.Type.Shape[a])).shift(-1)
	}
	if !how.Exclusive {
		l = l.shift(1)
	}
	return r.affine(l.scale(step.off), v.Type.DType)
}

// gather reads Gather: further where it is known which entry is taken, else the
// entry of the operand itself.
func (r *reader) gather(v *ir.Value, at []*expr) *expr {
	n := v.Def
	x, list := n.In[0], n.In[1]
	rank, known := list.Type.Rank()
	if !known || !x.Type.HasRank {
		return nil
	}
	a := axis(int64(n.Attr.(*attr.Axis).Axis), len(x.Type.Shape))
	entry := r.read(list, at[a:a+rank])
	sub := slices.Concat(at[:a], []*expr{entry}, at[a+rank:])
	switch counted := r.fromFront(entry, x.Type.Shape[a]); {
	case counted != nil:
		return r.read(x, moved(sub, a, counted))
	case x.Const != nil:
		return r.load(x, sub)
	}
	if r.cheaper(v, sub) {
		return r.load(x, sub)
	}
	return nil
}

// cheaper reports whether v depends on fewer of its indices than it has axes for,
// so that it pays to take the entries anew.
func (r *reader) cheaper(v *ir.Value, sub []*expr) bool {
	vars := none
	for _, e := range sub {
		vars |= e.vars
	}
	return len(axesOfMany(v.Type.Shape)) > 0 && !vars.spans()
}

// fromFront returns an index of an axis of extent d, negative ones counted from
// the end; nil if it is not known which it is.
func (r *reader) fromFront(e *expr, d sym.Dim) *expr {
	if e.kind != affine {
		return nil
	}
	lo, hi, ok := r.bounds(e.line)
	switch {
	case !ok:
		return nil
	case sym.ProvablyLE(sym.Const(0), lo):
		return r.affine(e.line, tensor.Int64)
	case sym.ProvablyLT(hi, sym.Const(0)):
		return r.affine(e.line.add(lineOf(d)), tensor.Int64)
	}
	return nil
}

// gatherND reads GatherND.
func (r *reader) gatherND(v *ir.Value, at []*expr) *expr {
	n := v.Def
	x, tuples := n.In[0], n.In[1]
	rank, known := tuples.Type.Rank()
	if !known || !x.Type.HasRank || n.Attr.(*attr.GatherND).BatchDims != 0 {
		return nil
	}
	size, ok := tuples.Type.Shape[rank-1].IsConst()
	if !ok || size > int64(len(x.Type.Shape)) || len(at) < rank-1 {
		return nil
	}
	sub := make([]*expr, size, len(x.Type.Shape))
	known = true
	for i := range sub {
		entry := r.read(tuples, append(slices.Clone(at[:rank-1]), r.int(int64(i))))
		if sub[i] = r.fromFront(entry, x.Type.Shape[i]); sub[i] == nil {
			sub[i], known = entry, false
		}
	}
	sub = append(sub, at[rank-1:]...)
	switch {
	case known:
		return r.read(x, sub)
	case x.Const != nil:
		return r.load(x, sub)
	}
	return nil
}

// scatterND reads ScatterND where the updates take the place of every element: the
// tuple for each place is that place.
func (r *reader) scatterND(v *ir.Value, at []*expr) *expr {
	n := v.Def
	data, tuples, updates := n.In[0], n.In[1], n.In[2]
	rank, known := tuples.Type.Rank()
	if !known || rank != len(at)+1 || n.Attr.(*attr.ScatterND).Reduction != "none" || !updates.Type.HasRank {
		return nil
	}
	if !tuples.Type.Shape[rank-1].Is(int64(len(at))) {
		return nil
	}
	for i, d := range data.Type.Shape {
		_, plain := at[i].plain()
		if !plain && !(at[i].isConst(0) && d.Is(1)) || at[i].kind == loose || !tuples.Type.Shape[i].Equal(d) {
			return nil
		}
		entry := r.read(tuples, append(slices.Clone(at), r.int(int64(i))))
		if entry.kind != affine || r.affine(entry.line, at[i].dtype) != at[i] {
			return nil
		}
	}
	return r.read(updates, at)
}
