package fuserope

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
)

// Limits of one reading: heads have at most a few hundred lanes, and a rotation
// with its tables some forty nodes.
const (
	maxLanes = 1024
	maxReads = 256
	maxTerms = 1 << 15
)

// tail is a value whose last axes are taken as lanes.
type tail struct {
	v    *ir.Value
	axes int
}

// reader reads the lanes of one candidate.
type reader struct {
	algebra
	columns *columns
	lanes   map[tail][]lane
	met     []tail // in the order they were read: operands first
	steps   []step
	reads   int
	inSum   bool
}

func newReader(c *columns) *reader {
	return &reader{algebra: algebra{names: map[term]lane{}}, columns: c, lanes: map[tail][]lane{}}
}

// read returns the lanes of v's last axes, nil if they can't be counted.
func (r *reader) read(v *ir.Value, axes int) []lane {
	t := tail{v, axes}
	if lanes, done := r.lanes[t]; done {
		return lanes
	}
	sizes, ok := t.sizes()
	if !ok {
		return nil
	}
	lanes := r.look(t, sizes)
	if lanes == nil {
		lanes = r.leaves(t, product(sizes))
	}
	r.lanes[t], r.met = lanes, append(r.met, t)
	return lanes
}

// look reads a constant, or through the node that makes the value; nil: it can't.
func (r *reader) look(t tail, sizes []int) []lane {
	r.reads++
	switch {
	case r.reads > maxReads || len(r.terms) > maxTerms:
		return nil
	case t.v.Const != nil && t.v.Const.DType.IsFloat():
		return r.constant(t, product(sizes))
	case t.v.Def == nil:
		return nil
	}
	read, known := readers[t.v.Def.Op]
	if !known || slices.ContainsFunc(t.v.Def.In, unranked) {
		return nil
	}
	return read(r, t.v.Def, t, sizes)
}

func unranked(v *ir.Value) bool { return v != nil && !v.Type.HasRank }

func (r *reader) leaves(t tail, n int) []lane {
	lanes := make([]lane, n)
	for i := range lanes {
		lanes[i] = r.name(term{of: t.v, index: i}, t.lead())
	}
	return lanes
}

// constant reads the columns of a constant, equal ones as one.
func (r *reader) constant(t tail, n int) []lane {
	reps := r.columns.of(t.v.Const, n)
	lanes := make([]lane, n)
	for i, rep := range reps {
		if rep.unit {
			lanes[i] = r.name(one, nil) * rep.sign
		} else {
			lanes[i] = r.name(term{of: t.v, index: rep.index}, t.lead()) * rep.sign * reps[rep.index].sign
		}
	}
	return lanes
}

// before is the axes before the lanes.
func (t tail) before() sym.Shape {
	shape := t.v.Type.Shape
	return shape[:len(shape)-t.axes]
}

// lead is before without the axes of size 1 in front, which broadcasting adds.
func (t tail) lead() sym.Shape { return trimmed(t.before()) }

func trimmed(shape sym.Shape) sym.Shape {
	for len(shape) > 0 && shape[0].Is(1) {
		shape = shape[1:]
	}
	return shape
}

// sizes are those of the axes taken as lanes, if they are known and few enough.
func (t tail) sizes() ([]int, bool) {
	rank, ok := t.v.Type.Rank()
	if !ok || t.axes > rank {
		return nil, false
	}
	sizes, ok := t.v.Type.Shape[rank-t.axes:].IsConst()
	n := 1
	for _, size := range sizes {
		if n *= size; n > maxLanes {
			return nil, false
		}
	}
	return sizes, ok && n > 0
}

func product(sizes []int) int {
	n := 1
	for _, size := range sizes {
		n *= size
	}
	return n
}
