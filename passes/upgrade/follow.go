package upgrade

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// follower makes the probe: the path of the query once more, from a projection of
// its own.
type follower struct {
	*ir.Builder
	*walk
	names      names
	twins      []*ir.Value // the parameters of an attention with the same weights
	base       string      // of the names of the parameters
	parameters []*ir.Value
	made       map[*ir.Value]*ir.Value // what stands for a value of the path in r
	gates      map[*ir.Node]float64    // products with the gain of a norm, and how the gate begins
	why        *refusal
}

// probe returns r.
func (f *follower) probe() (*ir.Value, *refusal) {
	q := f.query()
	if !f.isLinear(q) {
		return nil, refuse(checkPath, f.nonlinear(q), "steps that are zero where the projection is", origin(f.nonlinear(q).Out[0]))
	}
	f.base = f.names.base(f.from)
	r := f.zero(q, false)
	if f.why != nil {
		return nil, f.why
	}
	if err := f.Err(); err != nil {
		return nil, refuse(checkPath, f.node, "steps that can be repeated for r", err.Error())
	}
	if r.Type.DType != q.Type.DType || len(r.Type.Shape) != len(q.Type.Shape) {
		return nil, refuse(checkPath, f.node, "a probe of type "+q.Type.String(), r.Type.String())
	}
	return r, nil
}

// nonlinear returns the node that is to blame.
func (w *walk) nonlinear(v *ir.Value) *ir.Node {
	for {
		n := v.Def
		next := v
		for _, in := range w.operands(n) {
			if in != nil && w.on[in] && !w.isLinear(in) {
				next = in
			}
		}
		if next == v {
			return n
		}
		v = next
	}
}

// zero returns what stands for v in r, where it is zero until W_R is trained.
// Inside of a rotary embedding, products are the embedding's own; outside, they
// are scales.
func (f *follower) zero(v *ir.Value, inside bool) *ir.Value {
	if f.made[v] == nil {
		f.made[v] = f.step(v, inside)
	}
	return f.made[v]
}

func (f *follower) step(v *ir.Value, inside bool) *ir.Value {
	n := v.Def
	switch {
	case n == f.from.node:
		return f.project()
	case f.through[n]:
		at := 1 - asProjection(n).at
		return f.with(n, v, map[int]*ir.Value{at: f.zero(n.In[at], inside)})
	}
	if axis, done := f.cuts.done[n]; done {
		return f.cutOut(n, f.zero(n.In[0], inside), axis)
	}
	switch n.Op {
	case op.Add, op.Sub:
		return f.sum(n, inside)
	case op.Concat:
		in := map[int]*ir.Value{}
		for i, x := range n.In {
			in[i] = f.zero(x, true)
		}
		return f.with(n, v, in)
	case op.Mul, op.Div:
		return f.product(n, inside)
	case op.LayerNormalization, op.RMSNormalization:
		return f.norm(n, f.zero(n.In[0], inside))
	case op.LpNormalization:
		return f.zero(n.In[0], inside) // it has no ε
	case op.Reshape:
		x := f.zero(n.In[0], inside)
		if len(f.cuts.size[v]) > 0 {
			return f.Op(op.Reshape, attr.Clone(n.Attr), x, f.target(n))
		}
		return f.with(n, v, map[int]*ir.Value{0: x})
	}
	return f.with(n, v, map[int]*ir.Value{0: f.zero(n.In[0], inside)})
}

// with repeats n with some operands replaced, and returns the result that stands
// for v.
func (f *follower) with(n *ir.Node, v *ir.Value, replaced map[int]*ir.Value) *ir.Value {
	in := append([]*ir.Value(nil), n.In...)
	for i, x := range replaced {
		in[i] = x
	}
	out := f.Ops(n.Op, attr.Clone(n.Attr), len(n.Out), in...)
	for i, other := range n.Out {
		if other != nil && f.made[other] == nil {
			f.made[other] = out[i]
		}
	}
	return out[v.DefIndex]
}

// project makes W_R x.
func (f *follower) project() *ir.Value {
	n := f.from.node
	shape, ok := f.from.w().Type.ConstShape()
	if !ok {
		f.fail(refuse(checkProjection, n, "weights of known shape", f.from.w().Type.String()))
		return f.from.w()
	}
	if size, shorter := f.cuts.size[n.Out[0]][f.from.feature]; shorter {
		shape = shortened(shape, f.from.column, size)
	}
	weights := f.parameter("", f.from.w().Type.DType, shape, 0)
	in := []*ir.Value{f.from.x(), weights}
	if f.from.at == 0 {
		in[0], in[1] = in[1], in[0]
	}
	a := attr.Clone(n.Attr)
	if g, ok := a.(*attr.Gemm); ok {
		g.Alpha, g.Beta = 1, 1
	}
	return f.Spec(ir.Spec{Op: n.Op, Attr: a, In: in, Outs: 1, Name: weights.Name})[0]
}

func (f *follower) fail(why *refusal) {
	if f.why == nil {
		f.why = why
	}
}

// cutOut leaves out a cut that r needs none of; the axis of a single entry is
// taken away where the entry was gathered.
func (f *follower) cutOut(n *ir.Node, x *ir.Value, axis int) *ir.Value {
	if n.Op == op.Gather {
		if rank, known := n.In[1].Type.Rank(); known && rank == 0 {
			return f.Op(op.Squeeze, nil, x, f.Ints(int64(axis)))
		}
	}
	return x
}

// sum repeats a sum of values of the path, and leaves biases out.
func (f *follower) sum(n *ir.Node, inside bool) *ir.Value {
	a, b := f.on[n.In[0]], f.on[n.In[1]]
	switch {
	case a && b:
		return f.with(n, n.Out[0], map[int]*ir.Value{0: f.zero(n.In[0], true), 1: f.zero(n.In[1], true)})
	case a:
		return f.zero(n.In[0], inside)
	case n.Op == op.Sub:
		return f.Op(op.Neg, nil, f.zero(n.In[1], inside))
	}
	return f.zero(n.In[1], inside)
}

// product repeats a product or quotient; scales are left out.
func (f *follower) product(n *ir.Node, inside bool) *ir.Value {
	if f.isNorm(n) {
		return f.writtenNorm(n)
	}
	at := 0
	if n.Op == op.Mul {
		at = f.factor(n)
	}
	x, side := f.zero(n.In[at], inside), n.In[1-at]
	if begin, gated := f.gates[n]; gated {
		shape, _ := side.Type.ConstShape()
		return f.gate(x, side.Type.DType, shape, begin)
	}
	if !inside && isScale(side) && sameRank(n.Out[0], n.In[at]) {
		return x
	}
	return f.with(n, n.Out[0], map[int]*ir.Value{at: x})
}

func sameRank(a, b *ir.Value) bool {
	return a.Type.HasRank && b.Type.HasRank && len(a.Type.Shape) == len(b.Type.Shape)
}

// writtenNorm repeats x over its root mean square, where that is written out, and
// multiplies by a gate: in place of the norm's gain, or at once if it has none.
// A norm that has no ε under its root is left out.
func (f *follower) writtenNorm(n *ir.Node) *ir.Value {
	at := 0
	if n.Op == op.Mul {
		at = f.factor(n)
	}
	x := f.zero(n.In[at], true)
	epsilon, ok := f.epsilon(n.In[1-at])
	if !ok {
		return x
	}
	r := f.with(n, n.Out[0], map[int]*ir.Value{at: x, 1 - at: f.again(n.In[1-at])})
	if gain := f.gain(n.Out[0]); gain != nil {
		f.gates[gain] = math.Sqrt(epsilon)
		return r
	}
	return f.gate(r, r.Type.DType, []int{1}, math.Sqrt(epsilon))
}

// gate multiplies x by a new gate. The node bears the gate's name, as that of W_R
// does, by which importers that drop the names of initializers tell them.
func (f *follower) gate(x *ir.Value, d tensor.DType, shape []int, begin float64) *ir.Value {
	g := f.parameter("gate", d, shape, begin)
	return f.Spec(ir.Spec{Op: op.Mul, In: []*ir.Value{x, g}, Outs: 1, Name: g.Name})[0]
}

// again repeats v as it is, for r: the divisor of a norm.
func (f *follower) again(v *ir.Value) *ir.Value {
	if v == nil || !f.on[v] {
		return v
	}
	if r := f.made[v]; r != nil {
		return r
	}
	if v.Def == f.from.node {
		return f.zero(v, true)
	}
	in := map[int]*ir.Value{}
	for i, x := range v.Def.In {
		in[i] = f.again(x)
	}
	return f.with(v.Def, v, in)
}

// norm repeats a norm operator with a gate for a gain, and no bias.
func (f *follower) norm(n *ir.Node, x *ir.Value) *ir.Value {
	epsilon := normEpsilon(n)
	shape, ok := n.In[1].Type.ConstShape()
	switch {
	case epsilon <= 0:
		return x
	case !ok:
		f.fail(refuse(checkPath, n, "a norm whose gain has a known shape", n.In[1].Type.String()))
		return x
	}
	g := f.parameter("gate", n.In[1].Type.DType, shape, math.Sqrt(epsilon))
	return f.Spec(ir.Spec{Op: n.Op, Attr: attr.Clone(n.Attr), In: []*ir.Value{x, g}, Outs: 1, Name: g.Name})[0]
}

// parameter makes an initializer all of whose elements are begin; or takes the one
// that the node's twin has in its place.
func (f *follower) parameter(part string, d tensor.DType, shape []int, begin float64) *ir.Value {
	v := f.twin(len(f.parameters), d, shape)
	if v == nil {
		name := f.base
		if part != "" {
			name = fmt.Sprintf("%s.%s", name, part)
		}
		v = f.Graph().NewConst(f.names.take(name), filled(d, shape, begin))
	}
	f.parameters = append(f.parameters, v)
	return v
}

// twin returns a value of the contents of parameter i of an attention that reads
// the same weights, if there is one; nil otherwise.
func (f *follower) twin(i int, d tensor.DType, shape []int) *ir.Value {
	if i >= len(f.twins) || f.twins[i].Const.DType != d || !tensor.SameShape(f.twins[i].Const.Shape, shape) {
		return nil
	}
	return f.Graph().NewConst(f.twins[i].Name, f.twins[i].Const)
}

func filled(d tensor.DType, shape []int, x float64) *tensor.Tensor {
	t := tensor.New(d, shape...)
	if x != 0 {
		for i := range t.Len() {
			t.SetFloat(i, x)
		}
	}
	return t
}
