package upgrade

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// step says how the path goes through an operator.
type step struct {
	all    bool // through all operands; else through the first alone
	linear bool // the result is zero where those operands are
}

// steps are the operators that the path goes through. Those that are not linear
// make the divisor of a norm.
var steps = map[*ir.Op]step{
	op.Reshape: {linear: true}, op.Flatten: {linear: true}, op.Squeeze: {linear: true}, op.Unsqueeze: {linear: true},
	op.Transpose: {linear: true}, op.Identity: {linear: true}, op.Slice: {linear: true}, op.Split: {linear: true},
	op.Gather: {linear: true}, op.Expand: {linear: true}, op.Tile: {linear: true}, op.Cast: {linear: true},
	op.Neg: {linear: true}, op.ReduceMean: {linear: true}, op.ReduceSum: {linear: true},
	op.RotaryEmbedding: {linear: true}, op.LayerNormalization: {linear: true}, op.RMSNormalization: {linear: true},
	op.LpNormalization: {linear: true},
	op.Concat:          {all: true, linear: true}, op.Add: {all: true, linear: true}, op.Sub: {all: true, linear: true},
	op.Mul: {all: true, linear: true}, op.Div: {all: true, linear: true},
	op.Pow: {}, op.Sqrt: {}, op.Reciprocal: {}, op.Abs: {}, op.ReduceL2: {}, op.ReduceSumSquare: {}, op.Clip: {},
	op.Max: {all: true},
}

// maxSteps bounds the nodes between projection and query: a rotary embedding and
// a norm written out are about forty.
const maxSteps = 400

// walk is the way from the query's projection to the fused node.
type walk struct {
	node    *ir.Node // the fused node
	from    *projection
	on      map[*ir.Value]bool // whether a value depends on the projection
	readers map[*ir.Value][]*ir.Node
	through map[*ir.Node]bool // projections that are only steps: a rotation by a matrix
	found   []*projection
	nodes   []*ir.Node // of the path, those near the query first
	linear  map[*ir.Value]bool
	visited int
	cuts    cuts
}

func (w *walk) query() *ir.Value { return w.node.In[0] }

// walk finds the projection of n's query, and checks that it can have a W_R
// beside it.
func (u *upgrader) walk(n *ir.Node) (*walk, *refusal) {
	switch a := n.Attr.(*attr.Attention); {
	case a.Probe != attr.ProbeNone:
		return nil, refuse(checkSoftmax, n, "softmax attention without a probe", "probe "+string(a.Probe))
	case a.Weights != attr.WeightsSoftmax:
		return nil, refuse(checkSoftmax, n, "softmax attention", "weights "+string(a.Weights))
	}
	w := &walk{node: n, through: map[*ir.Node]bool{}}
	for w.search(); len(w.found) > 1 && w.rotations(); w.search() {
	}
	u.Work(w.visited)
	if w.visited > maxSteps {
		return nil, refuse(checkWork, n, fmt.Sprintf("at most %d nodes between projection and query", maxSteps), "more")
	}
	if why := w.settle(); why != nil {
		return nil, why
	}
	w.trace()
	if why := u.noResidual(w); why != nil {
		return nil, why
	}
	if why := u.selfAttention(w); why != nil {
		return nil, why
	}
	return w, w.findCuts()
}

// search finds the projections that the query depends on.
func (w *walk) search() {
	w.on, w.found, w.visited = map[*ir.Value]bool{}, nil, 0
	w.reach(w.query())
}

// reach reports whether v depends on a projection through steps alone, and
// collects the projections that are met first.
func (w *walk) reach(v *ir.Value) bool {
	if known, seen := w.on[v]; seen {
		return known
	}
	w.on[v] = false
	n := v.Def
	if n == nil || w.visited > maxSteps {
		return false
	}
	w.visited++
	if p := asProjection(n); p != nil && !w.through[n] {
		if w.from != nil && w.from.node != n {
			return false
		}
		if !slices.ContainsFunc(w.found, func(q *projection) bool { return q.node == n }) {
			w.found = append(w.found, p)
		}
		w.on[v] = true
		return true
	}
	for _, in := range w.operands(n) {
		if in != nil && w.reach(in) {
			w.on[v] = true
		}
	}
	return w.on[v]
}

// operands are those that the path may come through.
func (w *walk) operands(n *ir.Node) []*ir.Value {
	if w.through[n] {
		return []*ir.Value{asProjection(n).x()}
	}
	s, known := steps[n.Op]
	switch {
	case !known:
		return nil
	case s.all:
		return n.In
	}
	return n.In[:1]
}

// rotations marks projections whose input is itself one of the query's steps: a
// constant matrix that turns the halves of each head. It reports whether there
// are any.
func (w *walk) rotations() bool {
	marked := false
	found := w.found
	for _, p := range found {
		probe := &walk{through: map[*ir.Node]bool{}, on: map[*ir.Value]bool{}}
		if probe.reach(p.x()) && slices.ContainsFunc(probe.found, func(q *projection) bool {
			return q.node != p.node && slices.ContainsFunc(found, func(r *projection) bool { return r.node == q.node })
		}) {
			w.through[p.node], marked = true, true
		}
	}
	return marked
}

// settle chooses the projection, or says why there is none. Of a sum, it is the
// one whose input the others are computed from by projections: of the query's own
// and an adapter of low rank, the former. The others are left out, as biases are.
func (w *walk) settle() *refusal {
	if len(w.found) == 0 {
		return w.noProjection()
	}
	for _, p := range w.found {
		if slices.ContainsFunc(w.found, func(q *projection) bool { return q != p && !q.adapts(p) }) {
			continue
		}
		if w.from = p; len(w.found) > 1 {
			w.search()
		}
		return nil
	}
	return refuse(checkProjection, w.node, "a query of one projection",
		fmt.Sprintf("a sum of several: %s and %s", w.found[0].node.Label(), w.found[1].node.Label()))
}

// adapts reports whether p projects what another projection has made of q's
// input.
func (p *projection) adapts(q *projection) bool {
	inner := source(p.x())
	if inner.Def == nil {
		return false
	}
	first := asProjection(inner.Def)
	return first != nil && source(first.x()) == source(q.x())
}

// noProjection tells what the query is instead.
func (w *walk) noProjection() *refusal {
	v := w.query()
	for v.Def != nil && len(w.operands(v.Def)) > 0 {
		next := slices.IndexFunc(w.operands(v.Def), func(in *ir.Value) bool { return in != nil && !isFixed(in) })
		if next < 0 {
			break
		}
		v = w.operands(v.Def)[next]
	}
	const want = "a query that is multiplied with weights of the model"
	if v.Def == nil {
		return refuse(checkProjection, w.node, want, origin(v))
	}
	if isQuantised(v.Def) {
		return refuse(checkQuantised, v.Def, "a projection by float weights", origin(v))
	}
	for _, in := range v.Def.In {
		if steps := weightInSteps(in); steps != nil {
			return refuse(checkQuantised, v.Def, "a projection by float weights", origin(v)+" of "+origin(steps))
		}
	}
	if v.Def.Op == op.MatMul || v.Def.Op == op.Gemm {
		return refuse(checkProjection, v.Def, want, fmt.Sprintf("a product of %s and %s", origin(v.Def.In[0]), origin(v.Def.In[1])))
	}
	return refuse(checkProjection, v.Def, want, origin(v))
}

// weightInSteps is the quantised value that in is but for its view; nil: it is none.
func weightInSteps(in *ir.Value) *ir.Value {
	for in != nil && in.Def != nil {
		switch {
		case isQuantised(in.Def):
			return in
		case in.Def.Op != op.Transpose && in.Def.Op != op.Reshape && in.Def.Op != op.Slice && in.Def.Op != op.Sub:
			return nil
		}
		in = in.Def.In[0]
	}
	return nil
}

// trace notes which nodes of the path read each value of it.
func (w *walk) trace() {
	w.readers, w.linear = map[*ir.Value][]*ir.Node{}, map[*ir.Value]bool{}
	seen := map[*ir.Node]bool{w.from.node: true}
	stack := []*ir.Node{w.query().Def}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		w.nodes = append(w.nodes, n)
		for _, v := range w.operands(n) {
			if v == nil || !w.on[v] {
				continue
			}
			if !slices.Contains(w.readers[v], n) {
				w.readers[v] = append(w.readers[v], n)
			}
			stack = append(stack, v.Def)
		}
	}
	slices.SortFunc(w.nodes, func(a, b *ir.Node) int {
		if a.Graph().Before(a, b) {
			return 1
		}
		return -1
	})
}

// isLinear reports whether v, a value of the path, is zero where the projection
// is, the biases left out.
func (w *walk) isLinear(v *ir.Value) bool {
	is, known := w.linear[v]
	if !known {
		is = w.keepsZero(v)
		w.linear[v] = is
	}
	return is
}

func (w *walk) keepsZero(v *ir.Value) bool {
	n := v.Def
	if n == w.from.node {
		return true
	}
	if w.through[n] {
		return w.isLinear(asProjection(n).x())
	}
	if !steps[n.Op].linear {
		return false
	}
	switch n.Op {
	case op.Add, op.Sub, op.Concat:
		for _, in := range n.In {
			if w.on[in] && !w.isLinear(in) || n.Op == op.Concat && !w.on[in] {
				return false
			}
		}
		return true
	case op.Mul:
		return w.factor(n) >= 0
	case op.Div:
		return w.on[n.In[0]] && w.isLinear(n.In[0]) && !(w.on[n.In[1]] && w.isLinear(n.In[1]))
	}
	return w.isLinear(n.In[0])
}

// factor is the one operand of a product that is zero where the projection is;
// −1 if there is none, or two.
func (w *walk) factor(n *ir.Node) int {
	at := -1
	for i, in := range n.In {
		if !w.on[in] || !w.isLinear(in) {
			continue
		}
		if at >= 0 {
			return -1
		}
		at = i
	}
	return at
}

// isNorm reports whether n divides a value of the path by another.
func (w *walk) isNorm(n *ir.Node) bool {
	return (n.Op == op.Mul || n.Op == op.Div) && w.on[n.In[0]] && w.on[n.In[1]]
}

// epsilon returns what is added under the root of a norm's divisor.
func (w *walk) epsilon(divisor *ir.Value) (float64, bool) {
	for v, steps := divisor, 0; v.Def != nil && v.Def != w.from.node && steps < maxFixed; steps++ {
		n := v.Def
		if n.Op == op.Sqrt || n.Op == op.Pow {
			return addedTo(n.In[0])
		}
		next := slices.IndexFunc(n.In, func(in *ir.Value) bool { return w.on[in] })
		if next < 0 {
			break
		}
		v = n.In[next]
	}
	return 0, false
}

// addedTo returns the positive number that v is a sum with.
func addedTo(v *ir.Value) (float64, bool) {
	if v.Def == nil || v.Def.Op != op.Add {
		return 0, false
	}
	for _, in := range v.Def.In {
		if e, ok := in.Scalar(); ok && e > 0 {
			return e, true
		}
	}
	return 0, false
}

// gain returns the product with a vector of weights that the norm v has next,
// casts between left aside.
func (w *walk) gain(v *ir.Value) *ir.Node {
	for len(w.readers[v]) == 1 {
		n := w.readers[v][0]
		switch n.Op {
		case op.Cast:
			v = n.Out[0]
			continue
		case op.Mul:
			side := n.In[0]
			if side == v {
				side = n.In[1]
			}
			if shape, ok := side.Type.ConstShape(); ok && !w.on[side] && isFixed(side) && len(shape) > 0 && !isScale(side) {
				return n
			}
		}
		return nil
	}
	return nil
}

// isScale reports whether v is the same for all features of a row.
func isScale(v *ir.Value) bool {
	rank, known := v.Type.Rank()
	return known && (rank == 0 || v.Type.Shape[rank-1].Is(1))
}

// normEpsilon is the ε of a norm operator.
func normEpsilon(n *ir.Node) float64 { return float64(n.Attr.(*attr.LayerNormalization).Epsilon) }
