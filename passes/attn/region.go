package attn

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Region is what is computed from the probabilities of one anchor, as far as it
// is attention.
type Region struct {
	Anchor *ir.Node
	Scores *Scores
	Values []Reading // the Vs
	Probes []Reading // the rs
	sizes  []sym.Dim // of the features of the Vs
	Guard  Guard     // of rows that see no key
	Why    *Refusal  // the first node that is no part of it

	joins   []join
	rows    []Factor // what Row symbols stand for
	known   map[*ir.Value]Abstract
	order   []*ir.Value // the keys of known as they were found
	inside  map[*ir.Node]bool
	between map[*ir.Value]bool // inside a product of two nodes
	shifted bool               // see softmax
	walker  *walker
	logits  *Logits
	pending []*ir.Node
	// averaged: a mean of the keys is calculated, which is attention if they are
	// the values, too.
	averaged, keysAreValues bool
}

// Abstract is a value of the region: a polynomial, and what its axes run over.
// Besides the roles of the scores there is one for the features of each V.
type Abstract struct {
	Poly Poly
	At   Layout
}

// newRegion calculates everything below the weights of an anchor.
// What is keys and values at once is taken for values where that is said.
func newRegion(x *softmax, s *Scores, l *Logits, w *walker, keysAreValues bool) *Region {
	g := &Region{
		Anchor: x.anchor, Scores: s, known: map[*ir.Value]Abstract{}, inside: map[*ir.Node]bool{},
		between: map[*ir.Value]bool{}, shifted: x.shifted,
		walker: w, logits: l, keysAreValues: keysAreValues,
	}
	g.begin(x, s.At)
	g.run()
	return g
}

// run calculates what is pending.
func (g *Region) run() {
	for len(g.pending) > 0 && g.walker.spend(1) {
		n := g.pending[0]
		g.pending = g.pending[1:]
		x, why := g.evalAll(n)
		if why != nil && g.summation(n) {
			continue
		}
		if why != nil {
			if g.Why == nil {
				g.Why = why
			}
			continue
		}
		g.inside[n] = true
		for j, v := range n.Out {
			g.learn(v, x[j])
		}
	}
}

// summation calculates a product that n begins, elementwise, and a sum ends.
func (g *Region) summation(n *ir.Node) bool {
	u, sole := n.Out[0].SoleUse()
	if n.Op != op.Mul || !sole || u.Node.Op != op.ReduceSum {
		return false
	}
	p := AsProduct(u.Node)
	if p == nil {
		return false
	}
	x, why := g.product(p)
	if why != nil {
		return false
	}
	g.inside[n], g.inside[u.Node] = true, true
	g.between[n.Out[0]] = true
	g.learn(u.Node.Out[0], x)
	return true
}

// learn records v and queues its readers, in the order of the graph.
func (g *Region) learn(v *ir.Value, x Abstract) {
	g.known[v] = x
	g.order = append(g.order, v)
	if !g.walker.spend(len(v.Uses())) {
		return
	}
	for _, u := range v.Uses() {
		if u.Node != nil && !slices.Contains(g.pending, u.Node) {
			g.pending = append(g.pending, u.Node)
		}
	}
	slices.SortStableFunc(g.pending, func(a, b *ir.Node) int {
		switch {
		case a == b:
			return 0
		case a.Graph().Before(a, b):
			return -1
		}
		return 1
	})
}

// evalAll calculates the outputs of n.
func (g *Region) evalAll(n *ir.Node) ([]Abstract, *Refusal) {
	if len(n.Regions) > 0 || slices.Contains(n.Out, nil) || len(n.Out) > 1 && n.Op != op.Split {
		_, why := g.stop(n, "the product with the values")
		return nil, why
	}
	out := make([]Abstract, len(n.Out))
	for i := range out {
		var why *Refusal
		if out[i], why = g.eval(n, i); why != nil {
			return nil, why
		}
	}
	return out, nil
}

// eval calculates output index of n.
func (g *Region) eval(n *ir.Node, index int) (Abstract, *Refusal) {
	switch n.Op {
	case op.Identity, op.Reshape, op.Flatten, op.Transpose, op.Squeeze, op.Unsqueeze, op.Expand:
		return g.view(n)
	case op.Cast:
		x, ok := g.known[n.In[0]]
		if ok && n.In[0].Type.DType.IsFloat() && n.Out[0].Type.DType.IsFloat() {
			return x, nil
		}
	case op.Add, op.Sub, op.Mul, op.Div:
		return g.combine(n)
	case op.Neg, op.Reciprocal:
		return g.unary(n)
	case op.ReduceSum:
		return g.sum(n)
	case op.Concat:
		return g.join(n)
	case op.Slice, op.Gather, op.Split:
		return g.cut(n, index)
	case op.IsNaN: // for guard, which asks for its operand
		return Abstract{Poly{}, g.known[n.In[0]].At}, nil
	case op.Where:
		return g.guard(n)
	case op.MatMul, op.Einsum, op.Gemm:
		if p := AsProduct(n); p != nil {
			return g.product(p)
		}
	}
	return g.stop(n, "the product with the values")
}

func (g *Region) stop(n *ir.Node, want string) (Abstract, *Refusal) {
	if n.Op == op.QuantizeLinear || n.Op == op.DynamicQuantizeLinear {
		return Abstract{}, refuse(checkSteps, n, "probabilities that are not rounded to steps", n.Op.Name)
	}
	return Abstract{}, refuse(checkOutput, n, want, n.Op.Name)
}

func (g *Region) view(n *ir.Node) (Abstract, *Refusal) {
	x, ok := g.known[n.In[0]]
	if !ok {
		return g.stop(n, "a view of a value of the region")
	}
	at, ok := rearranged(n, x.At)
	if !ok {
		return Abstract{}, refuse(checkOutput, n, "a view that keeps batch, heads, queries and features apart", fmt.Sprintf("%s to %s", n.In[0].Type, n.Out[0].Type))
	}
	return Abstract{x.Poly, at}, nil
}

// operand returns what v is: of the region, a number, or t.
func (g *Region) operand(n *ir.Node, v *ir.Value) (Abstract, *Refusal) {
	if x, ok := g.known[v]; ok {
		return x, nil
	}
	if x, ok := Splat(v); ok && v.Type.HasRank {
		return Abstract{Number(x), make(Layout, len(v.Type.Shape))}, nil
	}
	if x, ok := g.score2(v); ok {
		return x, nil
	}
	return Abstract{}, refuse(checkOutput, n, "beside the probabilities a number, a factor per head or query, or a probe times the same keys", origin(v))
}

// score2 reads v as a factor times t = r·k with the keys of the anchor.
func (g *Region) score2(v *ir.Value) (Abstract, bool) {
	s, why := g.walker.scores(v, 1)
	if why != nil {
		return Abstract{}, false
	}
	x := s.K.Last().Scale * s.Q.Last().Scale
	for _, o := range s.Ops {
		switch o.Kind {
		case OpScale:
			x *= o.Number
		case OpCast:
		default:
			return Abstract{}, false
		}
	}
	for _, s := range []*Scores{s, s.swapped()} {
		at, rename, ok := g.rename(s)
		if !ok {
			continue
		}
		k := Reading{s.K.View, renamed(s.K.At, rename)}
		if k.sameAs(g.Scores.K, g.keyAxes()) {
			r := g.probe(Reading{s.Q.View, renamed(s.Q.At, rename)})
			return Abstract{poly(Term{x, mono(Symbol{Kind: Score2, Probe: r})}), at}, true
		}
	}
	return Abstract{}, false
}

// rename maps the roles of another product of queries and keys to those of the
// anchor's, and returns its layout in them.
func (g *Region) rename(s *Scores) (Layout, map[Role]Role, bool) {
	a, b := s.Roles, g.Scores.Roles
	if len(a.Batch) != len(b.Batch) {
		return nil, nil, false
	}
	pairs := [][2]Piece{{a.T, b.T}, {a.S, b.S}, {a.D, b.D}}
	for i := range a.Batch {
		pairs = append(pairs, [2]Piece{a.Batch[i], b.Batch[i]})
	}
	m := map[Role]Role{}
	for _, p := range pairs {
		if !p[0].Size.Equal(p[1].Size) {
			return nil, nil, false
		}
		m[p[0].Role] = p[1].Role
	}
	return renamed(s.At, m), m, true
}

func renamed(l Layout, m map[Role]Role) Layout {
	out := make(Layout, len(l))
	for i, a := range l {
		out[i] = slices.Clone(a)
		for j := range out[i] {
			if to, ok := m[out[i][j].Role]; ok {
				out[i][j].Role = to
			}
		}
	}
	return out
}

// keyAxes is the layout in which keys are compared.
func (g *Region) keyAxes() Layout {
	r := g.Scores.Roles
	l := Layout{{r.S}, {r.D}}
	for _, b := range r.Batch {
		l = append(l, Axis{b})
	}
	return l
}

// queryAxes is the layout in which queries and probes are compared.
func (g *Region) queryAxes() Layout {
	r := g.Scores.Roles
	l := Layout{{r.T}, {r.D}}
	for _, b := range r.Batch {
		l = append(l, Axis{b})
	}
	return l
}

// probe numbers the reading of an r: equal ones are one symbol.
func (g *Region) probe(r Reading) int {
	axes := g.queryAxes()
	i := slices.IndexFunc(g.Probes, func(p Reading) bool { return p.sameAs(r, axes) })
	if i < 0 {
		i = len(g.Probes)
		g.Probes = append(g.Probes, r)
	}
	return i
}

// combine calculates sums, differences, products and quotients.
func (g *Region) combine(n *ir.Node) (Abstract, *Refusal) {
	if x, ok := g.probeTerms(n); ok {
		return x, nil
	}
	x, y, why := g.both(n)
	if why != nil {
		return Abstract{}, why
	}
	at, ok := Broadcast(x.At, y.At)
	if !ok {
		return Abstract{}, refuse(checkOutput, n, "operands over the same heads, queries and features", fmt.Sprintf("%s and %s", n.In[0].Type, n.In[1].Type))
	}
	if len(x.Poly)*len(y.Poly) > maxTerms {
		return g.stop(n, "a sum of few terms")
	}
	switch n.Op {
	case op.Add:
		return Abstract{g.normed(x.Poly.Plus(1, y.Poly), n.Out[0].Type.DType), at}, nil
	case op.Sub:
		return Abstract{x.Poly.Plus(-1, y.Poly), at}, nil
	case op.Mul:
		return Abstract{x.Poly.Times(y.Poly), at}, nil
	}
	inverse, ok := y.Poly.Inverse()
	if !ok {
		return Abstract{}, refuse(checkOutput, n, "division by the norm of the softmax", y.Poly.String())
	}
	return Abstract{x.Poly.Times(inverse), at}, nil
}

// negligible is what a norm of 1 or more may be increased by without a change in
// f32: less than half of its precision.
const negligible = 1.0 / (1 << 25)

// normed drops what a file adds to the norm lest it be zero.
func (g *Region) normed(p Poly, element tensor.DType) Poly {
	more := p.coef()
	if g.shifted && element != tensor.Float64 && len(p) == 2 && p.coef(Symbol{Kind: Norm}) == 1 && more > 0 && more <= negligible {
		return p.Plus(-more, Number(1))
	}
	return p
}

// maxTerms bounds the products of sums that are multiplied out; phrasings of
// Parallax have up to 9 terms.
const maxTerms = 64

// both returns what the operands of n are. Beside a value of the region, one may
// be the keys, or a factor.
func (g *Region) both(n *ir.Node) (x, y Abstract, why *Refusal) {
	x, why = g.operand(n, n.In[0])
	y, whyNot := g.operand(n, n.In[1])
	ok := true
	switch {
	case why == nil && whyNot == nil:
	case why == nil:
		if y, ok = g.beside(n, n.In[1], x); !ok {
			return x, y, whyNot
		}
	case whyNot == nil:
		if x, ok = g.beside(n, n.In[0], y); !ok {
			return x, y, why
		}
	default:
		return x, y, why
	}
	return x, y, nil
}

func (g *Region) beside(n *ir.Node, v *ir.Value, x Abstract) (Abstract, bool) {
	if y, ok := g.keyFeatures(v, x); ok {
		return y, true
	}
	if y, ok := g.valueFeatures(v, x); ok {
		return y, true
	}
	return g.rowFactor(n, v, x)
}

func (g *Region) unary(n *ir.Node) (Abstract, *Refusal) {
	x := g.known[n.In[0]]
	if n.Op == op.Neg {
		return Abstract{Number(-1).Times(x.Poly), x.At}, nil
	}
	inverse, ok := x.Poly.Inverse()
	if !ok {
		return Abstract{}, refuse(checkOutput, n, "the reciprocal of the norm of the softmax", x.Poly.String())
	}
	return Abstract{inverse, x.At}, nil
}

// sum calculates a sum over the keys.
func (g *Region) sum(n *ir.Node) (Abstract, *Refusal) {
	x := g.known[n.In[0]]
	if n.Operand(1) == nil {
		return g.stop(n, "a sum over the keys")
	}
	axes, ok := n.In[1].Ints()
	if !ok || len(axes) != 1 {
		return g.stop(n, "a sum over the keys")
	}
	axis := positive(int(axes[0]), len(x.At))
	over := func(m Monomial) (Monomial, bool) { return g.summed(m, nil, nil) }
	switch {
	case g.overKeys(x.At[axis]):
	case x.At[axis].Equal(Axis{g.Scores.Roles.D}.normal()):
		over = totalled
	default:
		return g.stop(n, "a sum over the keys")
	}
	p, ok := x.Poly.Map(over)
	if !ok {
		return Abstract{}, refuse(checkOutput, n, "a sum of probabilities, or of probabilities times r·k", x.Poly.String())
	}
	at := slices.Clone(x.At)
	at[axis] = nil
	if !n.Attr.(*attr.Reduce).KeepDims {
		at = slices.Delete(at, axis, axis+1)
	}
	return Abstract{p, at}, nil
}

// summed is [summed] but for the sum of probabilities alone, which is not 1 where
// a sink has a part of it.
func (g *Region) summed(m Monomial, value *int, key *bool) (Monomial, bool) {
	alone := value == nil && (key == nil || !*key)
	for s := range m {
		alone = alone && s.Kind != Score2 && s.Kind != Key && s.Kind != Val
	}
	if alone && g.logits.Sink != nil {
		return nil, false
	}
	return summed(m, value, key)
}

// overKeys reports whether a is the axis of keys. If there is one key only, any
// axis of size 1 is: sums over it are all the same.
func (g *Region) overKeys(a Axis) bool { return a.Equal(Axis{g.Scores.Roles.S}.normal()) }

// summed is Σ over the keys of m, times v if value is not nil, times k if key.
func summed(m Monomial, value *int, key *bool) (Monomial, bool) {
	row, weights, probe, scores, keys, values := Monomial{}, 0, 0, 0, 0, 0
	if value != nil {
		values++
	}
	for s, k := range m {
		switch s.Kind {
		case Weight:
			weights = k
		case Score2:
			if k < 0 {
				return nil, false
			}
			probe, scores = s.Probe, scores+k
		case Key:
			keys = k
		case Val:
			value, values = &s.Value, values+k
		case KeyTerms:
			return nil, false
		default:
			row[s] = k
		}
	}
	if key != nil && *key {
		keys++
	}
	if weights != 1 || scores < 0 || scores > 1 || keys < 0 || keys > 1 || values < 0 || values > 1 {
		return nil, false
	}
	withKey := keys == 1
	switch {
	case value == nil && !withKey && scores == 0:
		return row, true
	case value == nil && !withKey:
		return row.times(mono(Symbol{Kind: Mean, Probe: probe})), true
	case value == nil && scores == 0:
		return row.times(mono(Symbol{Kind: KeyMean})), true
	case value == nil:
		return nil, false
	case withKey && scores == 0:
		return row.times(mono(Symbol{Kind: Outer, Value: *value})), true
	case withKey:
		return nil, false
	case scores == 0:
		return row.times(mono(Symbol{Kind: Moment0, Value: *value})), true
	}
	return row.times(mono(Symbol{Kind: Moment1, Value: *value, Probe: probe})), true
}

// guard reads Where(IsNaN(x), 0, x) and Where(mask, x, 0) with the anchor's own
// mask: x but for rows that see no key, which become 0.
func (g *Region) guard(n *ir.Node) (Abstract, *Refusal) {
	hidden, kept, other := true, n.In[2], n.In[1]
	x, ok := g.known[kept]
	if !ok {
		hidden, kept, other = false, n.In[1], n.In[2]
		x, ok = g.known[kept]
	}
	if never := (&Mask{Value: n.In[0], Hides: hidden}); ok && never.idle() {
		return x, nil
	}
	zero, splat := Splat(other)
	_, weights := x.Poly[mono(Symbol{Kind: Weight}).key()]
	if !ok || !splat || zero != 0 || !weights || len(x.Poly) != 1 || !x.At.Equal(g.Scores.At) {
		return g.stop(n, "a guard of empty rows")
	}
	c := n.In[0]
	switch {
	case hidden && isOp(c, op.IsNaN) && uncast(c.Def.In[0]) == uncast(kept):
		g.Guard = GuardNaN
	case g.logits.zeroed(c, hidden, g.Scores.At):
		g.Guard = GuardMask
	default:
		return g.stop(n, "a guard of empty rows")
	}
	return x, nil
}

// uncast looks through conversions between float types: probabilities are no
// more and no less NaN behind them.
func uncast(v *ir.Value) *ir.Value {
	for isOp(v, op.Cast) && v.Type.DType.IsFloat() && v.Def.In[0].Type.DType.IsFloat() {
		v = v.Def.In[0]
	}
	return v
}

// Guard says how the file sees to it that rows that see no key give 0.
type Guard uint8

// The guards of the probabilities.
const (
	GuardNone Guard = iota
	GuardNaN        // NaN becomes 0
	GuardMask       // what the mask hides becomes 0
)
