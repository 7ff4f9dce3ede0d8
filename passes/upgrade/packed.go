package upgrade

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
)

// cuts tell which part of a packed projection the query is. The values between
// the projection and the nodes that cut the query out of it are shorter in r,
// since W_R has no columns for keys and values.
type cuts struct {
	size map[*ir.Value]map[int]int64 // the length in r of the axes that are shorter
	done map[*ir.Node]int            // nodes that cut along an axis that is as long as they leave it, in r
}

// findCuts finds the nodes that take the query out of a packed projection: what
// they leave is on no path to the query. Nodes that part the query itself, such
// as the halves of a rotary embedding, leave nothing.
func (w *walk) findCuts() *refusal {
	w.cuts = cuts{map[*ir.Value]map[int]int64{}, map[*ir.Node]int{}}
	for _, n := range w.nodes { // those near the query first
		axis, length, ok := w.cutOf(n)
		if !ok {
			continue
		}
		places, ok := w.columns(n.In[0], axis, length)
		if !ok {
			continue
		}
		if w.from.column < 0 {
			return refuse(checkPacked, n, "a cut along the columns of the weights", origin(w.from.node.Out[0]))
		}
		w.cuts.done[n] = axis
		for _, p := range places {
			if w.cuts.size[p.v] == nil {
				w.cuts.size[p.v] = map[int]int64{}
			}
			if _, later := w.cuts.size[p.v][p.axis]; !later { // a later cut leaves less
				w.cuts.size[p.v][p.axis] = p.length
			}
		}
	}
	return nil
}

// cutOf returns the axis along which n cuts a part out of its operand, and the
// length of the part, if one result of n alone is on the path and nothing else
// reads the operand there.
func (w *walk) cutOf(n *ir.Node) (axis int, length int64, ok bool) {
	whole := n.In[0].Type
	if n.Op != op.Slice && n.Op != op.Split && n.Op != op.Gather || len(w.readers[n.In[0]]) != 1 || !whole.HasRank {
		return 0, 0, false
	}
	var part *ir.Value
	for _, v := range n.Out {
		if v == nil || v != w.query() && len(w.readers[v]) == 0 {
			continue
		}
		if part != nil {
			return 0, 0, false
		}
		part = v
	}
	if n.Op == op.Gather {
		return gathered(n, len(whole.Shape))
	}
	axis = -1
	if !part.Type.HasRank || len(part.Type.Shape) != len(whole.Shape) {
		return 0, 0, false
	}
	for i, d := range part.Type.Shape {
		if d.Equal(whole.Shape[i]) {
			continue
		}
		if axis >= 0 {
			return 0, 0, false
		}
		axis = i
		length, ok = d.IsConst()
	}
	return axis, length, ok && axis >= 0
}

// gathered reads a Gather of one entry.
func gathered(n *ir.Node, rank int) (axis int, length int64, ok bool) {
	index, known := n.In[1].Ints()
	axis = n.Attr.(*attr.Axis).Axis
	if axis < 0 {
		axis += rank
	}
	return axis, 1, known && len(index) == 1
}

// place is an axis of a value, and how long it is in r.
type place struct {
	v      *ir.Value
	axis   int
	length int64
}

// columns follows an axis of v back to the columns of the projection. It fails
// if the axis is another: then rows are cut, which r is cut in as well.
func (w *walk) columns(v *ir.Value, axis int, length int64) ([]place, bool) {
	places := []place{{v, axis, length}}
	for v.Def != w.from.node {
		n := v.Def
		if len(w.readers[v]) != 1 || w.through[n] {
			return nil, false
		}
		from, ok := back(n, w.operand(n), place{v, axis, length})
		if !ok {
			return nil, false
		}
		places = append(places, from)
		v, axis, length = from.v, from.axis, from.length
	}
	return places, len(w.readers[v]) == 1 && (axis == w.from.feature || w.from.feature < 0)
}

// operand is the one operand of n that the path comes through; nil if there are
// several.
func (w *walk) operand(n *ir.Node) *ir.Value {
	var one *ir.Value
	for _, in := range w.operands(n) {
		switch {
		case in == nil || !w.on[in]:
		case one != nil:
			return nil
		default:
			one = in
		}
	}
	return one
}

// back returns the axis of x, which n reads, that an axis of its result comes
// from.
func back(n *ir.Node, x *ir.Value, p place) (place, bool) {
	if x == nil || !x.Type.HasRank || !p.v.Type.HasRank {
		return place{}, false
	}
	from := place{x, p.axis, p.length}
	rank := len(x.Type.Shape)
	switch n.Op {
	case op.Identity, op.Cast, op.Neg, op.Slice, op.Split, op.Add, op.Sub, op.Mul, op.Div:
		return from, rank == len(p.v.Type.Shape)
	case op.Transpose:
		from.axis = rank - 1 - p.axis
		if perm := n.Attr.(*attr.Transpose).Perm; len(perm) > 0 {
			from.axis = perm[p.axis]
		}
		return from, true
	case op.Gather:
		removed, _, ok := gathered(n, rank)
		if indices, known := n.In[1].Type.Rank(); known && indices == 0 && p.axis >= removed {
			from.axis++
		}
		return from, ok
	case op.Reshape, op.Flatten, op.Squeeze, op.Unsqueeze:
		return unreshaped(x, p)
	}
	return place{}, false
}

// unreshaped finds the axis of x whose elements an axis of a reshaped x runs
// over: the one that has a multiple of its length, and after which a divisor of
// the elements follows.
func unreshaped(x *ir.Value, p place) (place, bool) {
	old, now := x.Type.Shape, p.v.Type.Shape
	stride := product(now[p.axis+1:])
	for axis := len(old) - 1; axis >= 0; axis-- {
		inner, ok := stride.DivExact(product(old[axis+1:]))
		if !ok {
			continue
		}
		if outer, ok := old[axis].DivExact(inner.Mul(now[p.axis])); ok && !old[axis].Is(1) {
			n, ok := outer.Mul(inner).Mul(sym.Const(p.length)).IsConst()
			return place{x, axis, n}, ok
		}
	}
	return place{}, false
}

func product(dims []sym.Dim) sym.Dim {
	p := sym.Const(1)
	for _, d := range dims {
		p = p.Mul(d)
	}
	return p
}

// shortened is the shape that v, a weight, has with n columns.
func shortened(shape []int, column int, n int64) []int {
	shape = append([]int(nil), shape...)
	shape[column] = int(n)
	return shape
}

// target makes the shape operand of a Reshape whose result is shorter in r.
func (f *follower) target(n *ir.Node) *ir.Value {
	shape := n.In[1]
	rank, known := n.Out[0].Type.Rank()
	if !known {
		return shape
	}
	var parts []*ir.Value
	begin := 0
	for axis := range rank {
		length, shorter := f.cuts.size[n.Out[0]][axis]
		if !shorter {
			continue
		}
		parts = append(parts, f.entries(shape, begin, axis)...)
		parts = append(parts, f.Ints(length))
		begin = axis + 1
	}
	parts = append(parts, f.entries(shape, begin, rank)...)
	if ints, ok := joined(parts); ok {
		return f.Ints(ints...)
	}
	return f.Op(op.Concat, &attr.Axis{Axis: 0}, parts...)
}

// entries cuts [begin, end) out of a shape operand; nothing if that is empty.
func (f *follower) entries(shape *ir.Value, begin, end int) []*ir.Value {
	if begin >= end {
		return nil
	}
	if shape.Const != nil {
		ints, _ := shape.Ints()
		return []*ir.Value{f.Ints(ints[begin:end]...)}
	}
	return []*ir.Value{f.Op(op.Slice, nil, shape, f.Ints(int64(begin)), f.Ints(int64(end)), f.Ints(0))}
}

func joined(parts []*ir.Value) ([]int64, bool) {
	var all []int64
	for _, p := range parts {
		if p.Const == nil {
			return nil, false
		}
		ints, _ := p.Ints()
		all = append(all, ints...)
	}
	return all, true
}
