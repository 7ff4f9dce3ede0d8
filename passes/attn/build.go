package attn

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Match is an anchor that can be fused, and how.
type Match struct {
	Spec  passes.Spec
	Probe bool // with a probe: Parallax, not plain attention

	region *Region
	form   Form
	ops    Operands
	out    *ir.Value // what is replaced
	nodes  []*ir.Node
}

// match finds the operands and the value to replace for v, which has the form f.
func (g *Region) match(v *ir.Value, f Form) (*Match, *Refusal) {
	if _, why := g.cone(v); why != nil {
		return nil, why
	}
	chain := g.chain(v)
	for _, h := range g.headChoices() {
		if m := g.cheapest(h, chain, f); m != nil {
			var why *Refusal
			m.nodes, why = g.cone(m.out)
			if why == nil {
				why = m.describe()
			}
			return m, why
		}
	}
	r := g.Scores
	if !r.K.At.Has(r.Roles.S.Role) {
		return nil, refuse(checkOperand, r.Product.Node, "keys of known layout", origin(r.K.Last().Value))
	}
	return nil, refuse(checkHeads, r.Product.Node, "batch and heads of queries, keys and values that fit together",
		fmt.Sprintf("%s, %s and %s", r.Q.Last().Value.Type, r.K.Last().Value.Type, g.Values[f.Value].Last().Value.Type))
}

// cheapest returns the match with heads h in the layout that needs the fewest
// nodes around the fused one; nil if none will do.
func (g *Region) cheapest(h Heads, chain []*ir.Value, f Form) *Match {
	var best *Match
	least := math.MaxInt
	for _, layout := range []attr.Layout{attr.LayoutBSD, attr.LayoutBHSD} {
		if layout == attr.LayoutBSD && len(g.logits.Factors)+len(f.Rows) > 0 {
			continue // they multiply each head
		}
		ops, ok := g.operands(h, layout, f.Value, f.Probe)
		if !ok {
			continue
		}
		out, cost := g.pick(chain, &ops, f)
		if cost += ops.cost(); cost < least {
			best, least = &Match{region: g, form: f, ops: ops, out: out, Probe: f.Probe >= 0}, cost
		}
	}
	return best
}

// pick returns the value of chain to replace: the one that is nearest to the
// fused node's result in layout and type, the last of several.
func (g *Region) pick(chain []*ir.Value, o *Operands, f Form) (out *ir.Value, cost int) {
	from := o.result(g.Scores.Roles, g.features(f.Value))
	cost = math.MaxInt / 2
	for _, v := range chain {
		c := moving(from, g.known[v].At)
		if v.Type.DType != o.Q.Value.Type.DType {
			c += costCast
		}
		if c <= cost {
			out, cost = v, c
		}
	}
	return out, cost
}

// What a change of layout or type costs: a view nothing but its node, a
// transposition a pass over memory.
const (
	costView      = 1
	costTranspose = 10
	costCast      = 100 // also a loss of precision
)

func moving(from, to Layout) int {
	src, dst := refine(from, to)
	switch {
	case from.Equal(to):
		return 0
	case src.Equal(dst):
		return costView
	}
	return costTranspose
}

// result is the layout of the fused node's first output.
func (o *Operands) result(r Roles, features Piece) Layout {
	if o.Layout == attr.LayoutBSD {
		return Layout{o.Batch.normal(), Axis{o.Rows}.normal(), append(slices.Clone(o.Query), features).normal()}
	}
	return Layout{o.Batch.normal(), o.Query.normal(), Axis{o.Rows}.normal(), Axis{features}.normal()}
}

// canonical is the layout of scores that biases and masks are given in.
func (m *Match) canonical() Layout {
	r := m.region.Scores.Roles
	return Layout{m.ops.Batch.normal(), m.ops.Query.normal(), Axis{m.ops.Rows}.normal(), Axis{r.S}.normal()}
}

// describe fills the specification.
func (m *Match) describe() *Refusal {
	g, l := m.region, m.region.logits
	a := attr.New[attr.Attention]()
	a.Heads, a.KVHeads, a.Layout = m.ops.H, m.ops.KV, m.ops.Layout
	a.Scale = l.Scale * lack(g.Scores.Q, m.ops.Q) * lack(g.Scores.K, m.ops.K)
	a.Softcap = l.Softcap
	a.Biases, a.Masks, a.HasSink = len(l.Biases), len(l.Masks), l.Sink != nil
	if m.Probe {
		a.Probe, a.HasProbe = attr.ProbeLearned, true
	}
	a.EmptyRow = attr.EmptyRowZero
	switch {
	case g.Guard == GuardMask:
	case a.Masks > 0 && !math.IsInf(l.Fill, -1):
		a.EmptyRow, a.FillValue = attr.EmptyRowFilled, l.Fill
	case g.Guard == GuardNone && (a.Masks > 0 || a.Biases > 0):
		a.EmptyRow = attr.EmptyRowNaN
	}
	m.Spec = passes.Spec{Attention: a, HeadSize: g.Scores.Roles.D.Size, ValueSize: g.sizes[m.form.Value]}
	m.Spec.Rope = rotated(g.Scores.Q.Base) && rotated(g.Scores.K.Base)
	m.Spec.Cache = cached(g.Scores.K.Base) && cached(g.Values[m.form.Value].Base)
	if err := a.Check(); err != nil {
		return refuse(checkHeads, g.Anchor, "a legal specification", err.Error())
	}
	return nil
}

func (b Bias) name() string {
	if b.Value == nil {
		return b.Under.Value.String()
	}
	return b.Value.String()
}

// lack is the factor between what r reads and the operand chosen for it.
func lack(r Reading, o Operand) float64 { return r.Last().Scale / o.Gain }

// Patch makes the fused node.
func (m *Match) Patch() (*rewrite.Patch, *Refusal) {
	label := "fuse attention"
	if m.Probe {
		label = "fuse parallax"
	}
	p := rewrite.NewPatch(m.region.Anchor, label).Cover(m.nodes...).Cover(m.region.Scores.Nodes...)
	b := &arranger{Builder: p.Builder, inputs: m.region.Anchor.Graph().Inputs}
	in, why := m.inputs(b)
	if why != nil {
		return nil, why
	}
	o := b.Op(op.Parallax, m.Spec.Attention, in...)
	if err := b.Err(); err != nil {
		return nil, refuse(checkOperand, m.region.Anchor, "operands that fit together", err.Error())
	}
	o, why = m.rowFactors(b, o)
	if why != nil {
		return nil, why
	}
	v := b.arrange(o, m.ops.result(m.region.Scores.Roles, m.region.features(m.form.Value)), m.region.known[m.out].At)
	if v == nil {
		return nil, refuse(checkOperand, m.out.Def, "a result of known layout", m.out.Type.String())
	}
	p.Replace(m.out, b.cast(v, m.out.Type.DType))
	if why := m.shapes(b, p); why != nil {
		return nil, why
	}
	if err := b.Err(); err != nil {
		return nil, refuse(checkOperand, m.region.Anchor, "a result of the same type", err.Error())
	}
	return p, nil
}

// shapes reads the sizes that the file asks values of the region for off the
// operands.
func (m *Match) shapes(b *arranger, p *rewrite.Patch) *Refusal {
	for _, n := range m.nodes {
		for _, v := range n.Out {
			for _, u := range v.Uses() {
				if v == m.out || !isShape(u.Node) {
					continue
				}
				dims, known := u.Node.Out[0].Dims()
				if !known || len(dims) == 0 {
					return escape(n, v, u)
				}
				sizes := b.shape(nil, dims)
				if sizes == nil {
					return escape(n, v, u)
				}
				p.Replace(u.Node.Out[0], sizes)
			}
		}
	}
	return nil
}

// inputs makes the operands in the order of the contract.
func (m *Match) inputs(b *arranger) ([]*ir.Value, *Refusal) {
	g := m.region
	element := m.ops.Q.Value.Type.DType
	var in []*ir.Value
	operands := []Operand{m.ops.Q, m.ops.K, m.ops.V}
	if m.Probe {
		operands = append(operands, m.ops.R)
	}
	for _, o := range operands {
		v := b.arrange(o.Value, o.From, o.To.once())
		if v == nil {
			return nil, refuse(checkOperand, g.Anchor, "a layout that the sizes tell", origin(o.Value))
		}
		in = append(in, b.cast(v, element))
		b.sources = append(b.sources, v)
	}
	for i, o := range operands {
		if in[i] = b.repeat(in[i], o.To); in[i] == nil {
			return nil, refuse(checkOperand, g.Anchor, "a batch whose size an operand has", origin(o.Value))
		}
	}
	for _, x := range g.logits.Factors {
		if why := m.fold(b, in, x); why != nil {
			return nil, why
		}
	}
	if m.Probe {
		// The polynomial counts t in the bases of probe and keys.
		in[3] = b.times(in[3], m.form.Factor/(m.ops.R.Gain*m.ops.K.Gain))
	}
	for _, x := range g.logits.Biases {
		v := m.term(b, x)
		if v == nil {
			return nil, refuse(checkMask, x.Node, "a bias that broadcasts to [batch, heads, queries, keys]", x.name())
		}
		in = append(in, v)
	}
	for _, k := range g.logits.Masks {
		v := m.visible(b, k)
		if v == nil {
			return nil, refuse(checkMask, k.Node, "a mask that broadcasts to [batch, heads, queries, keys]", origin(k.Value))
		}
		in = append(in, v)
	}
	if sink := g.logits.Sink; sink != nil {
		at := slices.Clone(g.Scores.At)
		at[len(at)-1] = nil
		v := sink.Value
		if v == nil {
			v = b.Float(element, sink.Number)
		} else if v = m.broadcast(b, v, at); v == nil {
			return nil, refuse(checkMask, g.Anchor, "a sink that broadcasts to [batch, heads, queries, 1]", sink.String())
		}
		in = append(in, v)
	}
	return in, nil
}

// fold multiplies the queries with a factor of the scores, or the keys if it
// depends on them.
func (m *Match) fold(b *arranger, in []*ir.Value, x Factor) *Refusal {
	if q := m.factor(b, in[0], x); q != nil {
		in[0] = q
		return nil
	}
	if m.Probe {
		return refuse(checkFactor, x.Node, "a factor that doesn't depend on the key, beside a probe", origin(x.Value))
	}
	k := m.keyFactor(b, in[1], x)
	if k == nil {
		return refuse(checkFactor, x.Node, "a factor that depends on the query or on the key, not on both", origin(x.Value))
	}
	in[1] = k
	return nil
}

// factor multiplies v, queries or the result of each head, with a factor that
// depends on no key; nil if its layout can't be told, or is another.
func (m *Match) factor(b *arranger, v *ir.Value, x Factor) *ir.Value {
	f := m.broadcast(b, x.Value, x.At)
	if f == nil || !f.Type.HasRank || len(f.Type.Shape) > 0 && !f.Type.Shape[len(f.Type.Shape)-1].Is(1) {
		return nil
	}
	return b.factor(v, f, x.Divides)
}

// keyFactor multiplies the keys k with a factor that depends on the key and not on
// the query; nil if it is another.
func (m *Match) keyFactor(b *arranger, k *ir.Value, x Factor) *ir.Value {
	f := m.broadcast(b, x.Value, x.At)
	if f == nil || !f.Type.HasRank || len(f.Type.Shape) == 0 {
		return nil
	}
	rank := len(f.Type.Shape)
	perHead := rank > 2 && !f.Type.Shape[rank-3].Is(1)
	switch {
	case rank > 1 && !f.Type.Shape[rank-2].Is(1), perHead && m.ops.H != m.ops.KV:
		return nil
	case rank > 1:
		f = b.Op(op.Squeeze, nil, f, b.Ints(int64(rank-2)))
	}
	return b.factor(k, b.Op(op.Unsqueeze, nil, f, b.Ints(-1)), x.Divides)
}

func (b *arranger) factor(v, f *ir.Value, divides bool) *ir.Value {
	if divides {
		return b.Op(op.Div, nil, v, b.cast(f, v.Type.DType))
	}
	return b.Op(op.Mul, nil, v, b.cast(f, v.Type.DType))
}

// term makes the operand of a bias; nil if its layout can't be told.
func (m *Match) term(b *arranger, x Bias) *ir.Value {
	var v *ir.Value
	if x.Value != nil {
		if v = m.broadcast(b, x.Value, x.At); v == nil {
			return nil
		}
		if !math.IsInf(x.Floor, -1) {
			v = b.Op(op.Max, nil, v, b.Float(v.Type.DType, x.Floor))
		}
		v = b.times(v, x.Factor)
	}
	if x.Under == nil {
		return v
	}
	seen := m.broadcast(b, x.Under.Value, x.Under.At)
	if seen == nil {
		return nil
	}
	seen = b.cast(seen, tensor.Bool)
	d := x.Node.Out[0].Type.DType
	if d == tensor.Float16 {
		d = tensor.Float32 // which can hold the fill
	}
	if v == nil {
		v = b.Float(d, 0)
	}
	v, fill := b.cast(v, d), b.Float(d, x.Fill)
	if x.Under.Hides {
		v, fill = fill, v
	}
	return b.Op(op.Where, nil, seen, v, fill)
}

// visible makes the boolean operand of a mask, true where the key is seen.
func (m *Match) visible(b *arranger, k Mask) *ir.Value {
	v := k.Value
	if v.Def != nil && v.Def.Op == op.Not {
		v, k.Hides = v.Def.In[0], !k.Hides
	}
	v = m.broadcast(b, v, k.At)
	if v != nil {
		v = b.cast(v, tensor.Bool) // a table of zeros and ones
	}
	if v != nil && k.Hides {
		v = b.Op(op.Not, nil, v)
	}
	return v
}
