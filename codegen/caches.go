package codegen

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// appending is a node whose kernel can continue caches in place.
type appending struct {
	node   *ir.Node
	kernel string
}

// The outputs of the fused node.
const (
	presentK = iota + 1
	presentV
)

// findCaches lets steps append to the states that they alone read and write. The
// state may lie in the file in another order of axes, or be stacked with others:
// what only changes that is stateless.
func (l *lowering) findCaches() {
	for _, x := range l.appends {
		a := x.node.Attr.(*attr.Attention)
		if !a.HasPast || !a.HasPresent {
			continue
		}
		at := a.Operands()
		keys, ok := l.route(x.node.In[at.PastK], x.node.Out[presentK])
		if !ok {
			continue
		}
		values, ok := l.route(x.node.In[at.PastV], x.node.Out[presentV])
		if !ok || !l.complete(keys, values) {
			continue
		}
		step := &l.p.Steps[l.steps[x.node]]
		step.Append = &Append{Kernel: x.kernel, In: slices.Clone(step.In)}
		for i, r := range []*route{keys, values} {
			step.Append.In[at.PastK+i] = l.addCache(r, step.Out[presentK+i])
			step.Append.Caches = append(step.Append.Caches, len(l.p.Caches)-1)
		}
	}
}

// addCache makes the cache of r, as large as present, and the nodes on its way
// stateless. It returns the cache's slot.
func (l *lowering) addCache(r *route, present int) int {
	slot := l.p.Slots[present]
	c := Cache{State: r.state, Part: r.part, Perm: r.perm}
	c.Slot = l.addSlot(Slot{Kind: Room, DType: slot.DType, Shape: slot.Shape, HasShape: true, First: slot.First, Last: slot.Last, Name: slot.Name})
	l.p.Caches = append(l.p.Caches, c)
	pair := &l.p.States[r.state]
	if pair.Batch = 0; r.part >= 0 {
		pair.Batch = 1
	}
	for _, s := range []int{present, l.p.Inputs[pair.Input].Slot, l.p.Outputs[pair.Output].Slot} {
		l.p.Slots[s].Stateless = true
	}
	for _, n := range r.nodes {
		step := &l.p.Steps[l.steps[n]]
		step.Stateless = true
		for _, out := range step.Out {
			l.p.Slots[out].Stateless = true
		}
	}
	for i := range l.p.Steps {
		if s := &l.p.Steps[i]; s.Op == op.Identity.Name && slices.Contains(s.Out, l.p.Outputs[pair.Output].Slot) {
			s.Stateless = true // a view is copied to be an output
		}
	}
	return c.Slot
}

// complete reports whether two routes are of states of their own, or of all the
// parts of one.
func (l *lowering) complete(keys, values *route) bool {
	if keys.part < 0 && values.part < 0 {
		return keys.state != values.state
	}
	return keys.state == values.state && keys.part+values.part == 1 && keys.part >= 0 && values.part >= 0
}

// route is the way of a cache from an input of the model to the node that
// continues it, and from there to an output.
type route struct {
	state int
	part  int   // of a stack; −1: the state is the cache
	perm  []int // see Cache
	nodes []*ir.Node
}

// route finds the way of a cache; false if anything else reads it on the way, or
// if its sizes are not known when the run begins.
func (l *lowering) route(past, present *ir.Value) (*route, bool) {
	if present == nil || !l.p.Slots[l.slots[present]].HasShape {
		return nil, false
	}
	up, ok := l.fromInput(past)
	if !ok {
		return nil, false
	}
	down, ok := l.toOutput(present)
	if !ok || up.part != down.part || up.rank != down.rank {
		return nil, false
	}
	for i, axis := range up.perm {
		if down.perm[axis] != i {
			return nil, false
		}
	}
	input := l.inputIndex(up.end)
	state := slices.IndexFunc(l.p.States, func(s StatePair) bool { return s.Input == input && s.Output == down.output })
	if state < 0 || down.perm[0] != 0 {
		return nil, false
	}
	batch, axis := 0, l.p.States[state].Axis
	if up.part >= 0 {
		batch = 1
	}
	from, to := up.end.Type.Shape, past.Type.Shape
	if axis < 0 || batch >= len(from) || !from[batch].Equal(to[0]) || !from[axis].Equal(to[2]) {
		return nil, false
	}
	return &route{state: state, part: up.part, perm: down.perm, nodes: slices.Concat(up.nodes, down.nodes)}, true
}

// way is one half of a route.
type way struct {
	nodes  []*ir.Node
	perm   []int // of the transposition on it
	part   int
	rank   int       // of the state
	end    *ir.Value // at the input
	output int       // index of the output
}

func newWay() *way { return &way{perm: []int{0, 1, 2, 3}, part: -1} }

// pass notes a node; a transposition of the cache's own axes only once.
func (w *way) pass(n *ir.Node) {
	w.nodes = append(w.nodes, n)
	if a, ok := n.Attr.(*attr.Transpose); ok {
		w.perm = a.Perm
	}
}

// fromInput walks from the past that a node reads up to an input: through a
// transposition, then views, then the choice of one part of a stack.
func (l *lowering) fromInput(v *ir.Value) (*way, bool) {
	w := newWay()
	transposable := true
	for v.Def != nil {
		n := v.Def
		if l.readers(v) != 1 {
			return nil, false
		}
		switch {
		case n.Op == op.Transpose && transposable && len(n.Attr.(*attr.Transpose).Perm) == 4:
			transposable = false
		case renames[n.Op]:
			transposable = false
		case n.Op == op.Gather || n.Op == op.Split:
			part, readers := stackPart(n, v)
			w.nodes, w.part, w.end, w.rank = append(w.nodes, n), part, n.In[0], len(n.In[0].Type.Shape)
			return w, n.In[0].Def == nil && l.readers(n.In[0]) == readers
		default:
			return nil, false
		}
		w.pass(n)
		v = n.In[0]
	}
	w.end, w.rank = v, len(v.Type.Shape)
	return w, l.readers(v) == 1
}

// stackPart returns which of the two parts of a stack v is, and how many nodes
// it takes to read both: two Gathers, or one Split. It is 0 if n doesn't part a
// stack.
func stackPart(n *ir.Node, v *ir.Value) (part, readers int) {
	shape := n.In[0].Type.Shape
	if len(shape) == 0 || !shape[0].Is(2) || n.Attr.(*attr.Axis).Axis != 0 {
		return 0, 0
	}
	if n.Op == op.Split {
		if len(n.Out) != 2 || !v.Type.HasRank || !v.Type.Shape[0].Is(1) {
			return 0, 0
		}
		return v.DefIndex, 1
	}
	i, known := n.In[1].Ints()
	if rank, ranked := n.In[1].Type.Rank(); !known || !ranked || rank != 0 {
		return 0, 0
	}
	return int(i[0]+2) % 2, 2
}

// toOutput walks from the present that a node writes down to an output.
func (l *lowering) toOutput(v *ir.Value) (*way, bool) {
	w := newWay()
	transposable := true
	for {
		if l.readers(v) != 1 {
			return nil, false
		}
		u := l.reader(v)
		n := u.Node
		switch {
		case n == nil:
			w.output, w.rank = u.Index, len(v.Type.Shape)
			return w, true
		case n.Op == op.Transpose && transposable && len(n.Attr.(*attr.Transpose).Perm) == 4:
			transposable = false
		case renames[n.Op]:
			transposable = false
		case n.Op == op.Concat && w.part < 0 && n.Attr.(*attr.Axis).Axis == 0 && len(n.In) == 2:
			w.part = u.Index
		default:
			return nil, false
		}
		w.pass(n)
		v = n.Out[0]
	}
}

// readers counts the steps and outputs that read v.
func (l *lowering) readers(v *ir.Value) int {
	count := 0
	for _, u := range v.Uses() {
		if u.Node == nil || l.live[u.Node] {
			count++
		}
	}
	return count
}

// reader returns the only one of them.
func (l *lowering) reader(v *ir.Value) ir.Use {
	uses := v.Uses()
	return uses[slices.IndexFunc(uses, func(u ir.Use) bool { return u.Node == nil || l.live[u.Node] })]
}
