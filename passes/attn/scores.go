package attn

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Scores is what a value is made of, if it is a product of queries and keys with
// the usual operations on top.
type Scores struct {
	Product *Product
	Q, K    Reading
	Roles   Roles
	At      Layout    // of the value
	Ops     []ScoreOp // from the product to the value
	Nodes   []*ir.Node
}

// Roles are the indices of the scores.
type Roles struct {
	Batch []Piece // whole roles: batch, heads, groups, in the order of the product
	T, S  Piece   // queries and keys
	D     Piece   // features of queries and keys
}

// ScoreOp is one operation on the scores.
type ScoreOp struct {
	Kind   OpKind
	Number float64   // of Scale; the fill of Mask and Refill; the least score of Clamp
	Value  *ir.Value // of Bias, Mask and Factor
	Negate bool      // Bias: subtracted; Mask: true where hidden; Factor: divides
	At     Layout    // of the scores at that place
	Node   *ir.Node
}

// OpKind is a kind of operation on the scores.
type OpKind uint8

// The operations.
const (
	OpScale OpKind = iota
	OpFactor
	OpTanh
	OpBias
	OpMask
	OpClamp
	OpCast
	OpRefill
)

// maxWalk bounds the walk from the softmax to the product; the longest seen is
// 15 nodes (casts, views and two masks).
const maxWalk = 40

// walker finds the scores above a value. Both operands of an Add may be tried,
// hence the memory.
type walker struct {
	seen map[*ir.Value]*walked
	work int // nodes looked at; see maxWork
}

type walked struct {
	scores *Scores
	why    *Refusal
}

func newWalker() *walker { return &walker{seen: map[*ir.Value]*walked{}} }

// scores reads v.
func (w *walker) scores(v *ir.Value, depth int) (*Scores, *Refusal) {
	if r, ok := w.seen[v]; ok {
		return r.scores, r.why
	}
	if !w.spend(1) {
		return nil, tooMuch(v.Def)
	}
	w.seen[v] = &walked{why: refuse(checkScores, v.Def, "a product of queries and keys", "a walk in a circle")}
	s, why := w.step(v, depth)
	if why != nil && why.depth == 0 {
		why.depth = depth
	}
	w.seen[v] = &walked{s, why}
	return s, why
}

func (w *walker) step(v *ir.Value, depth int) (*Scores, *Refusal) {
	n := v.Def
	if depth > maxWalk {
		return nil, tooMuch(n)
	}
	if n == nil || !v.Type.HasRank {
		return nil, refuse(checkScores, n, "a product of queries and keys", origin(v))
	}
	if p := AsProduct(n); p != nil {
		return fromProduct(p)
	}
	if in, scale := scaling(n); in != nil {
		return w.over(n, in, depth, ScoreOp{Kind: OpScale, Number: scale})
	}
	switch n.Op {
	case op.Identity, op.Reshape, op.Flatten, op.Transpose, op.Squeeze, op.Unsqueeze, op.Expand:
		return w.view(n, depth)
	case op.Cast:
		return w.over(n, n.In[0], depth, ScoreOp{Kind: OpCast})
	case op.Tanh:
		return w.over(n, n.In[0], depth, ScoreOp{Kind: OpTanh})
	case op.Add, op.Sub:
		return w.bias(n, depth)
	case op.Mul, op.Div:
		return w.factor(n, depth)
	case op.Where:
		return w.fill(n, depth)
	case op.Max, op.Clip:
		return w.clamp(n, depth)
	case op.Slice, op.Gather, op.Split:
		return w.part(n, v.DefIndex, depth)
	case op.DequantizeLinear, op.QuantizeLinear, op.MatMulInteger:
		return nil, refuse(checkSteps, n, "a product of queries and keys that is not rounded to steps", n.Op.Name)
	}
	return nil, refuse(checkScores, n, "scale, softcap, bias, mask or a product of queries and keys", n.Op.Name)
}

// over reads in and adds o, made by n, which keeps the layout.
func (w *walker) over(n *ir.Node, in *ir.Value, depth int, o ScoreOp) (*Scores, *Refusal) {
	s, why := w.scores(in, depth+1)
	if why != nil {
		return nil, why
	}
	if !sameRank(in, n.Out[0]) || !keeps(in.Type.Shape, n.Out[0].Type.Shape) {
		return nil, refuse(checkMask, n, "the shape of the scores, "+in.Type.Shape.String(), n.Out[0].Type.Shape.String()).below(depth)
	}
	o.At, o.Node = s.At, n
	return s.with(n, s.At, o), nil
}

// keeps reports whether scores of shape a may keep it when they become b: no axis
// grows, and no two numbers differ.
func keeps(a, b sym.Shape) bool {
	return slices.EqualFunc(a, b, func(x, y sym.Dim) bool {
		m, okM := x.IsConst()
		n, okN := y.IsConst()
		return !x.Is(1) && (!okM || !okN) || okN && m == n
	})
}

// with is s after n.
func (s *Scores) with(n *ir.Node, at Layout, ops ...ScoreOp) *Scores {
	out := *s
	out.At = at
	out.Ops = append(slices.Clone(s.Ops), ops...)
	out.Nodes = append(slices.Clone(s.Nodes), n)
	return &out
}

func (w *walker) view(n *ir.Node, depth int) (*Scores, *Refusal) {
	s, why := w.scores(n.In[0], depth+1)
	if why != nil {
		return nil, why
	}
	at, ok := rearranged(n, s.At)
	if !ok {
		return nil, refuse(checkScores, n, "a view that keeps queries and keys apart", fmt.Sprintf("%s to %s", n.In[0].Type, n.Out[0].Type)).below(depth)
	}
	return s.with(n, at), nil
}

// bias reads an Add or Sub: one operand holds the scores, the other is a bias.
func (w *walker) bias(n *ir.Node, depth int) (*Scores, *Refusal) {
	if in, mask, fill, ok := tableMask(n); ok {
		return w.over(n, in, depth, ScoreOp{Kind: OpMask, Number: fill, Value: mask})
	}
	s, why := w.over(n, n.In[0], depth, ScoreOp{Kind: OpBias, Value: n.In[1], Negate: n.Op == op.Sub})
	if why == nil || n.Op == op.Sub {
		return s, why
	}
	t, whyNot := w.over(n, n.In[1], depth, ScoreOp{Kind: OpBias, Value: n.In[0]})
	if whyNot != nil && whyNot.depth <= why.depth {
		return nil, why
	}
	return t, whyNot
}

// factor reads a product or quotient with a value that is no number.
func (w *walker) factor(n *ir.Node, depth int) (*Scores, *Refusal) {
	s, why := w.over(n, n.In[0], depth, ScoreOp{Kind: OpFactor, Value: n.In[1], Negate: n.Op == op.Div})
	if why == nil || n.Op == op.Div {
		return s, why
	}
	t, whyNot := w.over(n, n.In[1], depth, ScoreOp{Kind: OpFactor, Value: n.In[0]})
	if whyNot != nil && whyNot.depth <= why.depth {
		return nil, why
	}
	return t, whyNot
}

// fill reads Where(hidden, fill, scores) and Where(visible, scores, fill).
func (w *walker) fill(n *ir.Node, depth int) (*Scores, *Refusal) {
	if x, ok := refill(n); ok {
		return w.over(n, n.In[2], depth, ScoreOp{Kind: OpRefill, Number: x})
	}
	hidden, in := true, n.In[2]
	x, ok := Splat(n.In[1])
	if !ok {
		hidden, in = false, n.In[1]
		x, ok = Splat(n.In[2])
	}
	if !ok {
		return nil, refuse(checkFill, n, "one number for all masked scores", origin(n.In[1])+" and "+origin(n.In[2]))
	}
	return w.over(n, in, depth, ScoreOp{Kind: OpMask, Number: x, Value: n.In[0], Negate: hidden})
}

// refill reads what the fused node's decomposition does with rows that see no
// key: Where(max(masked) = −inf, scores + x, masked), where masked is the scores
// with −inf where they are hidden, or the scores if nothing hides them. It
// returns x.
func refill(n *ir.Node) (float64, bool) {
	empty, filled := n.In[0].Def, n.In[1].Def
	if empty == nil || empty.Op != op.Equal || filled == nil || filled.Op != op.Add {
		return 0, false
	}
	top := empty.In[0].Def
	limit, okLimit := Splat(empty.In[1])
	x, okFill := Splat(filled.In[1])
	ok := okLimit && math.IsInf(limit, -1) && okFill && top != nil && top.Op == op.ReduceMax && top.In[0] == n.In[2] && overKeys(top)
	return x, ok && (n.In[2] == filled.In[0] || hidden(n.In[2].Def, filled.In[0]))
}

// hidden reports whether n is scores with −inf in some places.
func hidden(n *ir.Node, scores *ir.Value) bool {
	if n == nil || n.Op != op.Where {
		return false
	}
	for i := 1; i <= 2; i++ {
		if x, ok := Splat(n.In[3-i]); ok && math.IsInf(x, -1) && n.In[i] == scores {
			return true
		}
	}
	return false
}

// overKeys reports whether n reduces the last axis, and keeps it.
func overKeys(n *ir.Node) bool {
	rank, known := n.In[0].Type.Rank()
	axes, ok := n.Operand(1).Ints()
	return known && ok && len(axes) == 1 && (axes[0] == -1 || axes[0] == int64(rank-1)) && n.Attr.(*attr.Reduce).KeepDims
}

// clamp reads Max(scores, x) and Clip(scores, x): a lower limit. An upper one that
// only an overflow could reach is none: the fused node doesn't overflow there.
func (w *walker) clamp(n *ir.Node, depth int) (*Scores, *Refusal) {
	in, limit := n.In[0], n.Operand(1)
	if _, ok := Splat(in); ok && n.Op == op.Max {
		in, limit = limit, in
	}
	x, ok := Splat(limit)
	if !ok {
		return nil, refuse(checkScores, n, "one lower limit for all scores", origin(limit))
	}
	if top, known := Splat(n.Operand(2)); n.Operand(2) != nil && (!known || top < greatest(n.Out[0].Type.DType)) {
		return nil, refuse(checkScores, n, "no upper limit that scores could reach", origin(n.In[2]))
	}
	return w.over(n, in, depth, ScoreOp{Kind: OpClamp, Number: x})
}

// greatest is the greatest number of an element type, that of bfloat16 for all
// wider ones.
func greatest(d tensor.DType) float64 {
	if d == tensor.Float16 {
		return 65504
	}
	return 0x1.fep127
}

// fromProduct reads the product of queries and keys: the last axis is the keys',
// the one before it the queries'.
func fromProduct(p *Product) (*Scores, *Refusal) {
	fail := func(want, got string) (*Scores, *Refusal) { return nil, refuse(checkScores, p.Node, want, got) }
	if len(p.In) != 2 || len(p.Out) < 2 {
		return fail("two operands and an axis of queries", fmt.Sprintf("%d operands", len(p.In)))
	}
	t, s := p.Out[len(p.Out)-2], p.Out[len(p.Out)-1]
	ki := slices.IndexFunc(p.Labels, func(l []Label) bool { return slices.Contains(l, s) && !slices.Contains(l, t) })
	if ki < 0 || slices.Contains(p.Labels[1-ki], s) || !slices.Contains(p.Labels[1-ki], t) {
		return fail("queries times keys", "another product")
	}
	d, ok := contracted(p)
	if !ok {
		return fail("one contracted axis", "none or several")
	}
	if constantOnly(p.In[ki], 4) {
		return nil, refuse(checkKeys, p.Node, "keys computed from the input", origin(p.In[ki]))
	}
	return label(p, ki, t, s, d), nil
}

// swapped is s with keys taken for queries: a file may compute the product the
// other way round and transpose it.
func (s *Scores) swapped() *Scores {
	out := *s
	out.Q, out.K = s.K, s.Q
	out.Roles.T, out.Roles.S = s.Roles.S, s.Roles.T
	return &out
}

// contracted returns the only label that both operands have and the result has
// not.
func contracted(p *Product) (Label, bool) {
	var found []Label
	for _, l := range p.Labels[0] {
		if l != one && !slices.Contains(p.Out, l) {
			found = append(found, l)
		}
	}
	if len(found) != 1 || !slices.Contains(p.Labels[1], found[0]) {
		return 0, false
	}
	for _, l := range p.Labels[1] {
		if l != one && l != found[0] && !slices.Contains(p.Out, l) {
			return 0, false
		}
	}
	return found[0], true
}

// constantOnly reports whether v comes from constants alone, over few nodes.
func constantOnly(v *ir.Value, depth int) bool {
	switch {
	case v == nil || v.Const != nil:
		return true
	case v.Def == nil || depth == 0 || len(v.Def.Regions) > 0:
		return false
	}
	return !slices.ContainsFunc(v.Def.In, func(in *ir.Value) bool { return !constantOnly(in, depth-1) })
}

// label gives the axes of a product of queries and keys their roles.
func label(p *Product, ki int, t, s, d Label) *Scores {
	x := &Scores{Product: p, Nodes: []*ir.Node{p.Node}}
	roles := map[Label]Piece{}
	for i, l := range p.Out {
		roles[l] = Piece{Role(i), sym.Const(1), p.Node.Out[0].Type.Shape[i]}
	}
	roles[d] = Piece{Role(len(p.Out)), sym.Const(1), p.In[ki].Type.Shape[slices.Index(p.Labels[ki], d)]}
	for _, l := range p.Out[:len(p.Out)-2] {
		if !roles[l].Size.Is(1) {
			x.Roles.Batch = append(x.Roles.Batch, roles[l])
		}
	}
	x.Roles.T, x.Roles.S, x.Roles.D = roles[t], roles[s], roles[d]
	layout := func(labels []Label) Layout {
		l := make(Layout, len(labels))
		for i, name := range labels {
			if name != one {
				l[i] = Axis{roles[name]}.normal()
			}
		}
		return l
	}
	x.At = layout(p.Out)
	x.Q = read(p.In[1-ki], layout(p.Labels[1-ki]), true)
	x.K = read(p.In[ki], layout(p.Labels[ki]), true)
	if p.Scale != 1 {
		x.Ops = []ScoreOp{{Kind: OpScale, Number: p.Scale, At: x.At, Node: p.Node}}
	}
	return x
}

// part reads queries that were joined with others for one product and are cut
// out of its result: along the queries, or along an axis made for it.
func (w *walker) part(n *ir.Node, index, depth int) (*Scores, *Refusal) {
	s, why := w.scores(n.In[0], depth+1)
	if why != nil {
		return nil, why
	}
	c, ok := cutOf(n, index)
	if !ok || len(s.At[c.axis]) != 1 {
		return nil, refuse(checkScores, n, "a cut with known bounds along one axis", n.Op.Name)
	}
	role := s.At[c.axis][0]
	at := s.Q.At.Find(role.Role)
	join := s.Q.Last().Value
	if at < 0 || join.Def == nil || join.Def.Op != op.Concat || len(s.Q.Steps) != 1 {
		return nil, refuse(checkScores, n, "queries joined by Concat", origin(join))
	}
	if joined := join.Def.Attr.(*attr.Axis).Axis; joined != at && joined != at-len(s.Q.At) {
		return nil, refuse(checkScores, n, "queries joined along the axis that is cut", origin(join))
	}
	q := c.operand(join.Def, at)
	if q == nil {
		return nil, refuse(checkScores, n, "a cut where the queries were joined", n.Op.Name)
	}
	return s.restrict(n, q, role, c), nil
}

// restrict is s with the queries q, a part of s's along role.
func (s *Scores) restrict(n *ir.Node, q *ir.Value, role Piece, c cut) *Scores {
	narrow := Piece{role.Role, role.Stride, q.Type.Shape[s.Q.At.Find(role.Role)]}
	swap := func(l Layout) Layout {
		l = slices.Clone(l)
		l[l.Find(role.Role)] = Axis{narrow}.normal()
		return l
	}
	out := s.with(n, swap(s.At))
	if c.drop {
		out.At = slices.Delete(out.At, c.axis, c.axis+1)
	}
	out.Q = read(q, swap(s.Q.At), true)
	out.Roles.Batch = nil
	for _, b := range s.Roles.Batch {
		if b.Role == role.Role {
			b = narrow
		}
		if !b.Size.Is(1) {
			out.Roles.Batch = append(out.Roles.Batch, b)
		}
	}
	if s.Roles.T.Role == role.Role {
		out.Roles.T = narrow
	}
	for i := range out.Ops {
		out.Ops[i].At = out.At
	}
	return out
}
