package fuserope

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "fuserope",
	Doc:  "find rotary position embeddings written out",
	Run: func(c *passes.Context, g *ir.Graph) error {
		f := &fuser{columns: newColumns()}
		return rewrite.Run(c, g, []rewrite.Rule{
			{
				Label: "rotary embedding", Doc: "x·cos + turned(x)·sin in any phrasing",
				Roots: []*ir.Op{op.Add, op.Sub, op.Concat, op.ReduceSum}, Match: f.match,
			},
			{
				Label: "scale behind the rotation", Doc: "a rotation of x·s is s times that of x",
				Roots: []*ir.Op{op.RotaryEmbedding}, Match: scaleBehind,
			},
		})
	},
}

type fuser struct {
	columns *columns
}

func (f *fuser) match(c *passes.Context, n *ir.Node) *rewrite.Patch {
	for _, out := range candidates(n) {
		r := newReader(f.columns)
		for _, run := range r.runs(n, out) {
			rot := rotationOf(r, run.lanes, out)
			if rot == nil || f.isPart(n) {
				continue
			}
			p := rewrite.NewPatch(n, "").Cover(between(n, rot.x.v)...)
			v := rot.write(&tables{c, r, p}, out)
			if v != nil && p.Err() == nil {
				return p.Replace(n.Out[0], run.joined(p, n, v))
			}
		}
		c.Work(r.reads)
	}
	return nil
}

// run is some of the operands that a Concat joins, from first to before end, or
// all there is of another node.
type run struct {
	lanes      []lane
	first, end int
}

// runs lists what of n may be a rotation: all of it; and of a Concat, the
// operands from the first sum on, up to the last, since canon makes one of
// several joins.
func (r *reader) runs(n *ir.Node, out tail) []run {
	lanes := r.read(out.v, out.axes)
	if lanes == nil {
		return nil
	}
	list := []run{{lanes, 0, len(n.In)}}
	if n.Op != op.Concat || out.axes > 1 {
		return list
	}
	first, last, at := -1, 0, 0
	var starts []int
	for i, v := range n.In {
		size := len(r.lanes[tail{v, 1}])
		if slices.ContainsFunc(lanes[at:at+size], r.isSum) {
			if last = i + 1; first < 0 {
				first = i
			}
		}
		starts, at = append(starts, at), at+size
	}
	starts = append(starts, at)
	if first > 0 {
		list = append(list, run{lanes[starts[first]:], first, len(n.In)})
	}
	if first >= 0 && last < len(n.In) {
		list = append(list, run{lanes[starts[first]:starts[last]], first, last})
	}
	return list
}

// joined puts v in the place of the run.
func (u run) joined(p *rewrite.Patch, n *ir.Node, v *ir.Value) *ir.Value {
	if u.first == 0 && u.end == len(n.In) {
		return v
	}
	return p.Op(op.Concat, n.Attr, slices.Concat(n.In[:u.first], []*ir.Value{v}, n.In[u.end:])...)
}

// candidates tells cheaply whether n may be the last node of a rotation, of its
// last axis or of the last two: those of pairs, or of halves, yet to be joined.
func candidates(n *ir.Node) []tail {
	v := n.Out[0]
	rank := len(v.Type.Shape)
	axis := rank - 1
	switch {
	case rank < 3 || !v.Type.DType.IsFloat():
		return nil
	case n.Op == op.Concat:
		axis = counted(n.Attr.(*attr.Axis).Axis, rank)
		if !slices.ContainsFunc(n.In, func(v *ir.Value) bool { return isSum(v, maxViews) }) {
			return nil
		}
	case n.Op == op.ReduceSum:
		if !isProduct(n.In[0]) {
			return nil
		}
	case !isProduct(n.In[0]) || !isProduct(n.In[1]) || !moves(n.In[0]) && !moves(n.In[1]):
		return nil
	}
	var tails []tail
	if axis == rank-1 {
		tails = append(tails, tail{v, 1})
	}
	if axis >= rank-2 && (v.Type.Shape[rank-1].Is(2) || v.Type.Shape[rank-2].Is(2)) {
		tails = append(tails, tail{v, 2})
	}
	return tails
}

func isProduct(v *ir.Value) bool {
	return v.Def != nil && (v.Def.Op == op.Mul || v.Def.Op == op.Neg && isProduct(v.Def.In[0]))
}

// moves reports whether a factor of a product is made by a node that may turn
// lanes: sums of products are common, and few have one.
func moves(v *ir.Value) bool {
	if v.Def.Op == op.Neg {
		v = v.Def.In[0]
	}
	return slices.ContainsFunc(v.Def.In, func(factor *ir.Value) bool {
		d := factor.Def
		if d != nil && (d.Op == op.Cast || d.Op == op.Neg) {
			d = d.In[0].Def
		}
		return d != nil && readers[d.Op] != nil && !d.Op.Elementwise
	})
}

// maxViews is how many nodes may stand between a join and the sums it joins.
const maxViews = 3

// isSum reports whether v is a sum, or made of one by joining and reshaping.
func isSum(v *ir.Value, views int) bool {
	d := v.Def
	switch {
	case d == nil || views == 0:
		return false
	case isView(d):
		return isSum(d.In[0], views-1)
	case d.Op == op.Concat:
		return slices.ContainsFunc(d.In[:min(len(d.In), maxViews)], func(v *ir.Value) bool { return isSum(v, views-1) })
	}
	return d.Op == op.Add || d.Op == op.Sub || d.Op == op.ReduceSum
}

// isPart reports whether n only makes the first lanes of a rotation that leaves
// the rest, which is found at the Concat that joins both.
func (f *fuser) isPart(n *ir.Node) bool {
	u, sole := n.Out[0].SoleUse()
	if sole && isView(u.Node) {
		u, sole = u.Node.Out[0].SoleUse()
	}
	return sole && u.Node.Op == op.Concat && u.Index == 0 &&
		slices.ContainsFunc(candidates(u.Node), func(t tail) bool {
			r := newReader(f.columns)
			return rotationOf(r, r.read(t.v, t.axes), t) != nil
		})
}

// between lists the nodes from the root back to those that read x.
func between(root *ir.Node, x *ir.Value) []*ir.Node {
	reaches := map[*ir.Node]bool{}
	var nodes []*ir.Node
	var visit func(n *ir.Node) bool
	visit = func(n *ir.Node) bool {
		if n == nil || n == x.Def || len(reaches) > maxReads {
			return false
		}
		if known, seen := reaches[n]; seen {
			return known
		}
		reaches[n] = false
		found := slices.Contains(n.In, x)
		for _, v := range n.In {
			found = v != nil && visit(v.Def) || found
		}
		reaches[n] = found
		if found {
			nodes = append(nodes, n)
		}
		return found
	}
	visit(root)
	return nodes
}

// write makes the operator's node, and what gives it tables of its form; like
// says how the result looks.
func (rot *rotation) write(t *tables, like tail) *ir.Value {
	lead := t.r.lead(rot.cos[0])
	for _, l := range slices.Concat(rot.cos, rot.sin) {
		if !t.r.lead(l).Equal(lead) {
			return nil
		}
	}
	l, ok := layoutOf(rot.x.before(), lead)
	if !ok {
		return nil
	}
	cos, sin := t.shaped(rot.cos, l.tables), t.shaped(rot.sin, l.tables)
	if cos == nil || sin == nil {
		return nil
	}
	a := attr.RotaryEmbedding{Interleaved: rot.interleaved}
	size := len(rot.from)
	if rot.lanes < size {
		a.RotaryDim = rot.lanes
	}
	x := rot.x.v
	if rot.x.axes > 1 {
		x = reshaped(t.p, x, rot.x.before(), []int{size})
	} else if x = t.reordered(rot); x == nil {
		return nil
	}
	v := l.rotate(t.p, x, cos, sin, a)
	if v != nil && like.axes > 1 {
		sizes, _ := like.sizes()
		v = reshaped(t.p, v, like.before(), sizes)
	}
	return v
}

// reshaped gives v, whose axes before the lanes stay, other axes of lanes.
func reshaped(p *rewrite.Patch, v *ir.Value, before sym.Shape, sizes []int) *ir.Value {
	target := make([]int64, len(before), len(before)+len(sizes))
	for _, size := range sizes {
		target = append(target, int64(size))
	}
	return p.Op(op.Reshape, &attr.Reshape{}, v, p.Ints(target...))
}
