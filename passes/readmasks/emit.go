package readmasks

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// emitter builds values that hold expressions: with the axes of the scores, those
// that the expression doesn't depend on of extent 1; or scalars.
type emitter struct {
	*space
	b    *ir.Builder
	size *sizes
	done map[*expr]*ir.Value
}

// emit returns the value of e, or nil if it can't be built.
func (m *emitter) emit(e *expr) *ir.Value {
	if v, ok := m.done[e]; ok {
		return v
	}
	v := m.build(e)
	if m.b.Err() != nil {
		v = nil
	}
	m.done[e] = v
	return v
}

func (m *emitter) build(e *expr) *ir.Value {
	switch e.kind {
	case number:
		return m.b.Const(e.num)
	case affine:
		return m.line(e.line, e.dtype)
	case load:
		return m.load(e)
	case choose:
		return m.apply(op.Where, nil, e.args...)
	case not:
		if inverse := disjuncts(e); inverse != nil {
			terms := make([]*expr, len(inverse))
			for i, x := range inverse {
				terms[i] = m.not(x)
			}
			return m.fold(op.Or, terms)
		}
		return m.apply(op.Not, nil, e.args[0])
	case conj:
		return m.fold(op.And, e.args)
	case least:
		return m.atLeast(e.line)
	case apply:
		return m.apply(e.node.Op, e.node.Attr, e.args...)
	}
	return nil
}

func (m *emitter) apply(o *ir.Op, a any, args ...*expr) *ir.Value {
	in := make([]*ir.Value, len(args))
	for i, arg := range args {
		if in[i] = m.emit(arg); in[i] == nil {
			return nil
		}
	}
	return m.b.Op(o, a, in...)
}

func (m *emitter) fold(o *ir.Op, args []*expr) *ir.Value {
	v := m.emit(args[0])
	for _, arg := range args[1:] {
		next := m.emit(arg)
		if v == nil || next == nil {
			return nil
		}
		v = m.b.Op(o, nil, v, next)
	}
	return v
}

// atLeast builds l ≥ 0 as a comparison of what is added with what is taken away.
func (m *emitter) atLeast(l line) *ir.Value {
	var up, down line
	up.off = l.off
	for i, c := range l.coef {
		if sym.ProvablyLE(c, sym.Const(0)) {
			down.coef[i] = c.Neg()
		} else {
			up.coef[i] = c
		}
	}
	x, y := m.line(down, tensor.Int64), m.line(up, tensor.Int64)
	if x == nil || y == nil {
		return nil
	}
	return m.b.Op(op.LessOrEqual, nil, x, y)
}

// line builds an integer.
func (m *emitter) line(l line, d tensor.DType) *ir.Value {
	var sum *ir.Value
	add := func(v *ir.Value) {
		if sum == nil {
			sum = v
		} else {
			sum = m.b.Op(op.Add, nil, sum, v)
		}
	}
	for i, c := range l.coef {
		if c.Is(0) {
			continue
		}
		v, k := m.positions(index(i)), m.size.of(m.b, c)
		if v == nil || k == nil {
			return nil
		}
		if !c.Is(1) {
			v = m.b.Op(op.Mul, nil, v, k)
		}
		add(v)
	}
	if !l.off.Is(0) || sum == nil {
		off := m.size.of(m.b, l.off)
		if off == nil {
			return nil
		}
		add(off)
	}
	if d != tensor.Int64 {
		sum = m.b.Op(op.Cast, &attr.Cast{To: d, Saturate: true}, sum)
	}
	return sum
}

// positions builds 0, 1, … along an index.
func (m *emitter) positions(x index) *ir.Value {
	e := m.along(x)
	if v := m.done[e]; v != nil {
		return v
	}
	n := m.size.of(m.b, m.dims[x])
	if n == nil {
		return nil
	}
	v := m.place(m.b.Op(op.Range, nil, m.b.Int(0), n, m.b.Int(1)), []index{x})
	m.done[e] = v
	return v
}

// place gives a value whose axes run over some indices the axes of the scores.
func (m *emitter) place(v *ir.Value, axes []index) *ir.Value {
	order := make([]int, len(axes))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return int(axes[i]) - int(axes[j]) })
	if !slices.IsSorted(order) {
		v = m.b.Op(op.Transpose, &attr.Transpose{Perm: order}, v)
	}
	var missing []int64
	for x := range numIndices {
		if !slices.Contains(axes, x) {
			missing = append(missing, int64(x))
		}
	}
	if len(missing) == 0 {
		return v
	}
	return m.b.Op(op.Unsqueeze, nil, v, m.b.Ints(missing...))
}

// load builds the elements of a value: views of it, and one Gather where an index
// is computed.
func (m *emitter) load(e *expr) *ir.Value {
	v, at := e.of, slices.Clone(e.args)
	for a := len(at) - 1; a >= 0; a-- { // entries that are known
		if c, ok := at[a].constant(); ok {
			if v = m.entry(v, a, c); v == nil {
				return nil
			}
			at = slices.Delete(at, a, a+1)
		}
	}
	computed := -1
	axes := make([]index, len(at))
	for a := range at {
		x, ok := at[a].shifted()
		if at[a].kind == loose {
			x, ok = at[a].at, true
		} else if ok {
			v = m.cut(v, a, x, at[a].line.off)
		}
		switch {
		case ok && v == nil || !ok && computed >= 0:
			return nil
		case !ok:
			computed = a
			continue
		case slices.Contains(axes[:a], x) && slices.Index(axes[:a], x) != computed:
			return nil
		}
		axes[a] = x
	}
	if computed < 0 {
		return m.place(v, axes)
	}
	return m.gathered(v, axes, computed, at[computed])
}

// entry takes one entry of an axis, which is dropped.
func (m *emitter) entry(v *ir.Value, axis int, at sym.Dim) *ir.Value {
	if at.Is(0) && v.Type.Shape[axis].Is(1) {
		return m.b.Op(op.Squeeze, nil, v, m.b.Ints(int64(axis)))
	}
	i := m.size.of(m.b, at)
	if i == nil {
		return nil
	}
	return m.b.Op(op.Gather, &attr.Axis{Axis: axis}, v, i)
}

// cut takes the entries of an axis from off on, one for each of an index.
func (m *emitter) cut(v *ir.Value, axis int, x index, off sym.Dim) *ir.Value {
	n := m.dims[x]
	if off.Is(0) && sameSize(v.Type.Shape[axis], n) {
		return v
	}
	from, to := m.size.list(m.b, off), m.size.list(m.b, off.Add(n))
	if from == nil || to == nil {
		return nil
	}
	return m.b.Op(op.Slice, nil, v, from, to, m.b.Ints(int64(axis)))
}

// gathered builds entries of an axis by a computed index; the other axes run over
// indices that it doesn't depend on.
func (m *emitter) gathered(v *ir.Value, axes []index, axis int, entry *expr) *ir.Value {
	others := slices.Delete(slices.Clone(axes), axis, axis+1)
	for _, x := range others {
		if entry.vars.has(x) {
			return nil
		}
	}
	i := m.emit(entry)
	if i == nil || len(i.Type.Shape) != int(numIndices) {
		return nil
	}
	// The entries' axes take the place of the axis: behind the axes before it.
	v = m.b.Op(op.Gather, &attr.Axis{Axis: axis}, v, i)
	perm := make([]int, 0, len(others)+int(numIndices))
	var unit []int
	for x := range numIndices {
		own := axis + int(x)
		if o := slices.Index(others, x); o >= 0 {
			unit = append(unit, own)
			if own = o; o >= axis {
				own = o + int(numIndices)
			}
		}
		perm = append(perm, own)
	}
	perm = append(perm, unit...)
	if !slices.IsSorted(perm) {
		v = m.b.Op(op.Transpose, &attr.Transpose{Perm: perm}, v)
	}
	if len(unit) == 0 {
		return v
	}
	gone := make([]int64, len(unit))
	for k := range gone {
		gone[k] = int64(numIndices) + int64(k)
	}
	return m.b.Op(op.Squeeze, nil, v, m.b.Ints(gone...))
}
