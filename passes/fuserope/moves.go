package fuserope

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// readers say by operator what the lanes of a node's result are; nil: lanes of
// their own. sizes are those of the axes that are taken as lanes.
var readers map[*ir.Op]func(r *reader, n *ir.Node, t tail, sizes []int) []lane

func init() {
	readers = map[*ir.Op]func(r *reader, n *ir.Node, t tail, sizes []int) []lane{
		op.Identity: same,
		op.Neg:      func(r *reader, n *ir.Node, t tail, sizes []int) []lane { return negated(same(r, n, t, sizes)) },

		op.Cos:  lanewise,
		op.Sin:  lanewise,
		op.Cast: cast,

		op.Add: sum(1),
		op.Sub: sum(-1),
		op.Mul: two((*algebra).product, 1),
		op.Div: two((*algebra).quotient, 1),

		op.Slice:     slice,
		op.Split:     split,
		op.Concat:    concat,
		op.Gather:    gather,
		op.Transpose: transpose,
		op.Expand:    func(r *reader, n *ir.Node, _ tail, sizes []int) []lane { return r.broadcast(n.In[0], sizes) },
		op.Tile:      tile,
		op.Reshape:   view,
		op.Squeeze:   view,
		op.Unsqueeze: view,
		op.MatMul:    selection,

		op.GatherElements: gatherElements,

		op.ReduceSum: total,
	}
}

func same(r *reader, n *ir.Node, t tail, _ []int) []lane { return r.read(n.In[0], t.axes) }

func lanewise(r *reader, n *ir.Node, t tail, _ []int) []lane {
	return r.through(t, tail{n.In[0], t.axes}, n.Op == op.Sin)
}

func cast(r *reader, n *ir.Node, t tail, _ []int) []lane {
	if !n.In[0].Type.DType.IsFloat() || !t.v.Type.DType.IsFloat() {
		return nil
	}
	return r.through(t, tail{n.In[0], t.axes}, true)
}

// sum reads a sum, or difference. What is summed inside of another sum is not
// looked into: that is what is rotated, and reading goes no further.
func sum(sign lane) func(*reader, *ir.Node, tail, []int) []lane {
	read := two((*algebra).sum, sign)
	return func(r *reader, n *ir.Node, t tail, sizes []int) []lane {
		if r.inSum {
			return nil
		}
		r.inSum = true
		defer func() { r.inSum = false }()
		return read(r, n, t, sizes)
	}
}

// two reads a binary operator, the second operand with a sign.
func two(combine combination, sign lane) func(*reader, *ir.Node, tail, []int) []lane {
	return func(r *reader, n *ir.Node, t tail, sizes []int) []lane {
		a, b := r.broadcast(n.In[0], sizes), r.broadcast(n.In[1], sizes)
		if a == nil || b == nil {
			return nil
		}
		out, lead := make([]lane, len(a)), t.lead()
		for i := range out {
			out[i] = combine(&r.algebra, a[i], b[i]*sign, lead)
		}
		return out
	}
}

// broadcast reads an operand whose last axes are broadcast to sizes.
func (r *reader) broadcast(v *ir.Value, sizes []int) []lane {
	rank, ok := v.Type.Rank()
	if !ok {
		return nil
	}
	t := tail{v, min(rank, len(sizes))}
	own, ok := t.sizes()
	lanes := r.read(v, t.axes)
	if !ok || lanes == nil {
		return nil
	}
	shift := len(sizes) - len(own)
	return picked(lanes, sizes, own, func(axis, i int) (int, int) {
		if axis < shift || own[axis-shift] == 1 {
			return axis - shift, 0
		}
		return axis - shift, i
	})
}

// picked lays lanes with the axes own out along the axes sizes: from says at
// which axis and index of own each index of an axis of sizes stands; a negative
// axis adds nothing.
func picked(lanes []lane, sizes, own []int, from func(axis, i int) (int, int)) []lane {
	strides := make([]int, len(own))
	for i, stride := len(own)-1, 1; i >= 0; i-- {
		strides[i] = stride
		stride *= own[i]
	}
	out := make([]lane, product(sizes))
	for i := range out {
		at, rest := 0, i
		for axis := len(sizes) - 1; axis >= 0; axis-- {
			if to, j := from(axis, rest%sizes[axis]); to >= 0 {
				at += j * strides[to]
			}
			rest /= sizes[axis]
		}
		out[i] = lanes[at]
	}
	return out
}

// lanesOf reads the operand of a node that moves whole axes: as many of them as
// of the result.
func (r *reader) lanesOf(v *ir.Value, axes int) ([]lane, []int) {
	sizes, ok := tail{v, axes}.sizes()
	if !ok {
		return nil, nil
	}
	return r.read(v, axes), sizes
}

// slice reads cuts of the lanes, or of the axes before them.
func slice(r *reader, n *ir.Node, t tail, sizes []int) []lane {
	c, ok := cutsOf(n, t.axes)
	switch {
	case !ok || c.before && c.lanes:
		return nil
	case c.before:
		return r.through(t, tail{n.In[0], t.axes}, true)
	}
	lanes, own := r.lanesOf(n.In[0], t.axes)
	if lanes == nil {
		return nil
	}
	return picked(lanes, sizes, own, func(axis, i int) (int, int) { return axis, c.starts[axis] + i*c.steps[axis] })
}

// cuts is what a Slice takes.
type cuts struct {
	starts, steps []int // by axis of the lanes
	lanes, before bool  // of the axes of lanes, of those before, not all is taken
}

// cutsOf reads a Slice as one of lanes on the last axes.
func cutsOf(n *ir.Node, lanes int) (c cuts, ok bool) {
	shape, result := n.In[0].Type.Shape, n.Out[0].Type.Shape
	axes, listed := n.Operand(3).Ints()
	if n.Operand(3) != nil && !listed {
		return c, false
	}
	c.starts, c.steps = make([]int, lanes), slices.Repeat([]int{1}, lanes)
	count := len(n.In[1].Type.Shape)
	if first, known := n.In[1].Type.Shape[:min(1, count)].IsConst(); known && count == 1 {
		count = first[0]
	} else {
		return c, false
	}
	for i := range count {
		axis := i
		if listed {
			axis = counted(int(axes[i]), len(shape))
		}
		step, known := entry(n.Operand(4), i, 1)
		if known && step == 1 && shape[axis].Equal(result[axis]) {
			continue
		}
		at := axis - (len(shape) - lanes)
		if at < 0 {
			c.before = true
			continue
		}
		start, numbered := entry(n.In[1], i, 0)
		size, constant := shape[axis].IsConst()
		if !known || !numbered || !constant {
			return c, false
		}
		c.lanes = true
		c.starts[at], c.steps[at] = firstOf(start, step, size), int(step)
	}
	return c, true
}

// entry is that of a list of integers; left out if there is no list.
func entry(v *ir.Value, i int, leftOut int64) (int64, bool) {
	if v == nil {
		return leftOut, true
	}
	dims, ok := v.Dims()
	if !ok || i >= len(dims) {
		return 0, false
	}
	return dims[i].IsConst()
}

// firstOf is the first index that a Slice takes of an axis.
func firstOf(start, step, size int64) int {
	if start < 0 {
		start += size
	}
	if step < 0 {
		size--
	}
	return int(min(max(start, 0), size))
}

func counted(axis, rank int) int {
	if axis < 0 {
		return axis + rank
	}
	return axis
}

func split(r *reader, n *ir.Node, t tail, sizes []int) []lane {
	axis := counted(n.Attr.(*attr.Axis).Axis, len(t.v.Type.Shape)) - (len(t.v.Type.Shape) - t.axes)
	lanes, own := r.lanesOf(n.In[0], t.axes)
	if axis < 0 || lanes == nil {
		return nil
	}
	before := 0
	for _, part := range n.Out[:t.v.DefIndex] {
		if part == nil {
			return nil
		}
		sizes, ok := tail{part, t.axes}.sizes()
		if !ok {
			return nil
		}
		before += sizes[axis]
	}
	return picked(lanes, sizes, own, func(at, i int) (int, int) {
		if at == axis {
			i += before
		}
		return at, i
	})
}

func concat(r *reader, n *ir.Node, t tail, sizes []int) []lane {
	axis := counted(n.Attr.(*attr.Axis).Axis, len(t.v.Type.Shape)) - (len(t.v.Type.Shape) - t.axes)
	if axis < 0 {
		return nil
	}
	inner := product(sizes[axis+1:])
	out := make([]lane, product(sizes))
	before := 0 // entries along the axis
	for _, v := range n.In {
		lanes, own := r.lanesOf(v, t.axes)
		if lanes == nil {
			return nil
		}
		run := own[axis] * inner
		for i := 0; i*run < len(lanes); i++ {
			copy(out[(i*sizes[axis]+before)*inner:], lanes[i*run:][:run])
		}
		before += own[axis]
	}
	return out
}

// gather reads entries at constant indices of the lanes, or rows of a table.
func gather(r *reader, n *ir.Node, t tail, sizes []int) []lane {
	axis := counted(n.Attr.(*attr.Axis).Axis, len(n.In[0].Type.Shape))
	at, constant := n.In[1].Ints()
	if list := len(n.In[1].Type.Shape); constant && list <= 1 {
		if lanes := r.entries(n.In[0], axis, at, list == 0, sizes); lanes != nil {
			return lanes
		}
	}
	if axis+t.axes >= len(n.In[0].Type.Shape) {
		return nil
	}
	return r.through(t, tail{n.In[0], t.axes}, true)
}

// entries reads those at the given indices of an axis among the lanes. A single
// one has no axis in the result.
func (r *reader) entries(x *ir.Value, axis int, at []int64, single bool, sizes []int) []lane {
	axes := len(sizes)
	if single {
		axes++
	}
	lanes, own := r.lanesOf(x, axes)
	if axis -= len(x.Type.Shape) - axes; axis < 0 || lanes == nil {
		return nil
	}
	if single {
		sizes = slices.Insert(slices.Clone(sizes), axis, 1)
	}
	return picked(lanes, sizes, own, func(to, i int) (int, int) {
		if to == axis {
			i = counted(int(at[i]), own[axis])
		}
		return to, i
	})
}

func transpose(r *reader, n *ir.Node, t tail, sizes []int) []lane {
	perm := n.Attr.(*attr.Transpose).Perm
	lead := len(perm) - t.axes
	lanes, own := r.lanesOf(n.In[0], t.axes)
	if lanes == nil || lead < 0 {
		return nil
	}
	for i, axis := range perm {
		if i < lead && axis != i {
			return nil
		}
	}
	return picked(lanes, sizes, own, func(to, i int) (int, int) { return perm[lead+to] - lead, i })
}

// tile reads repeated lanes. Repeating an axis of size 1 before them is
// broadcasting.
func tile(r *reader, n *ir.Node, t tail, sizes []int) []lane {
	repeats, ok := n.In[1].Dims()
	lanes, own := r.lanesOf(n.In[0], t.axes)
	if !ok || lanes == nil {
		return nil
	}
	for i, d := range (tail{n.In[0], t.axes}).before() {
		if !d.Is(1) && !repeats[i].Is(1) {
			return nil
		}
	}
	return picked(lanes, sizes, own, func(to, i int) (int, int) { return to, i % own[to] })
}

// gatherElements reads rows of a table whose indices are the same for all lanes.
func gatherElements(r *reader, n *ir.Node, t tail, _ []int) []lane {
	rank := len(t.v.Type.Shape)
	if counted(n.Attr.(*attr.Axis).Axis, rank) >= rank-t.axes {
		return nil
	}
	indices := r.read(n.In[1], t.axes)
	data, own := r.lanesOf(n.In[0], t.axes)
	if indices == nil || !alike(indices) || data == nil || len(data) != len(indices) || product(own) != len(data) {
		return nil
	}
	return r.through(t, tail{n.In[0], t.axes}, true)
}

// view reads Reshape, Squeeze and Unsqueeze where the lanes stay together. If
// the axes before them change, too, the lanes are others: those of this view.
func view(r *reader, n *ir.Node, t tail, sizes []int) []lane {
	x := n.In[0]
	rank, ok := x.Type.Rank()
	if !ok {
		return nil
	}
	var within *tail
	for axes := range rank + 1 {
		from := tail{x, axes}
		if own, ok := from.sizes(); !ok || product(own) != product(sizes) {
			continue
		}
		if from.lead().Equal(t.lead()) {
			return r.read(x, axes)
		}
		if within == nil {
			within = &from
		}
	}
	if within == nil {
		return nil
	}
	return r.through(t, *within, true)
}

// selection reads a product with a constant matrix that moves lanes, some of
// them negated: one entry in each column is not 0, and that is 1 or −1.
func selection(r *reader, n *ir.Node, t tail, sizes []int) []lane {
	m := n.In[1].Const
	if m == nil || t.axes != 1 || m.Rank() != 2 || !m.DType.IsFloat() {
		return nil
	}
	lanes, own := r.lanesOf(n.In[0], 1)
	if lanes == nil || own[0] != m.Shape[0] {
		return nil
	}
	out := make([]lane, sizes[0])
	for i := range m.Len() {
		switch x := m.FloatAt(i); {
		case x == 0:
		case (x == 1 || x == -1) && out[i%sizes[0]] == 0:
			out[i%sizes[0]] = lanes[i/sizes[0]] * lane(x)
		default:
			return nil
		}
	}
	for _, l := range out {
		if l == 0 {
			return nil
		}
	}
	return out
}

// total reads a sum along one axis of the lanes.
func total(r *reader, n *ir.Node, t tail, sizes []int) []lane {
	a := n.Attr.(*attr.Reduce)
	axes, ok := n.Operand(1).Ints()
	if !ok || len(axes) != 1 {
		return nil
	}
	count := t.axes
	if !a.KeepDims {
		count++
	}
	lanes, own := r.lanesOf(n.In[0], count)
	axis := counted(int(axes[0]), len(n.In[0].Type.Shape)) - (len(n.In[0].Type.Shape) - count)
	if lanes == nil || axis < 0 {
		return nil
	}
	if !a.KeepDims {
		sizes = slices.Insert(slices.Clone(sizes), axis, 1)
	}
	var sum []lane
	for i := range own[axis] {
		entry := picked(lanes, sizes, own, func(to, j int) (int, int) {
			if to == axis {
				j = i
			}
			return to, j
		})
		if sum == nil {
			sum = entry
			continue
		}
		for j, l := range entry {
			sum[j] = r.sum(sum[j], l, t.lead())
		}
	}
	return sum
}
