package op

import (
	"errors"
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
)

// ErrNoDecomposition says that a node has no finite expression in standard
// operators: an exact probe is the solution of linear equations, and ONNX has no
// solver. The reference kernel evaluates such a node.
var ErrNoDecomposition = errors.New("no decomposition into standard operators")

// decomposeParallax builds what the fused node means from operators of opset 18:
// the fallback of targets without a kernel, and the body of the exported
// function. No operator is made that the specification doesn't need; plain
// attention is MatMul, Mul, Softmax, MatMul around the views of its layout.
//
// Two things differ from the reference where contents are not finite: a key
// that is hidden, and holds NaN or infinities, makes rows NaN here, as 0·NaN is;
// and 16-bit floats are rounded after each operator.
func decomposeParallax(b *ir.Builder, n *ir.Node) ([]*ir.Value, error) {
	a, ok := n.Attr.(*attr.Attention)
	if !ok {
		panic(fmt.Sprintf("BUG: node %s has attributes of type %T", n.Label(), n.Attr))
	}
	if a.Probe == attr.ProbeExact {
		return nil, fmt.Errorf("node %s: probe exact: %w", n.Label(), ErrNoDecomposition)
	}
	d := &decomposition{Builder: b, a: a, in: n.Operands(), at: a.Operands()}
	d.loadRows()
	out := []*ir.Value{d.output(d.values(d.weights()))}
	if a.HasPresent {
		out = append(out, d.k, d.v)
	}
	return out[:len(n.Out)], b.Err()
}

// decomposition builds the meaning of one node. Values in field order: what each
// step leaves for the next.
type decomposition struct {
	*ir.Builder
	a  *attr.Attention
	in []*ir.Value
	at attr.Operands

	q, r   *ir.Value // [B, kv_heads, group·T, size], or [B, heads, T, size] which is the same without groups
	k, v   *ir.Value // [B, kv_heads, S, size], the past's first
	kT     *ir.Value // k with the last axes swapped
	seen   *ir.Value // bool, broadcasts to the scores; nil: every key is seen
	always bool      // every row sees a key by position, whatever the sizes
}

// loadRows brings q, k, v and r into the form of the products.
func (d *decomposition) loadRows() {
	d.q = d.groups(d.rows(d.in[0], d.a.Heads))
	if d.at.R >= 0 {
		d.r = d.groups(d.rows(d.in[d.at.R], d.a.Heads))
	}
	if batch, positions, packed := d.a.Layout.Axes(); packed && !d.a.HasPast && !d.a.HasPresent {
		d.kT = d.transpose(d.split(d.in[1], d.a.KVHeads), batch, 2, 3, positions)
		d.v = d.rows(d.in[2], d.a.KVHeads)
		return
	}
	d.k, d.v = d.rows(d.in[1], d.a.KVHeads), d.rows(d.in[2], d.a.KVHeads)
	if d.a.HasPast {
		length := &attr.Axis{Axis: 2}
		d.k = d.Op(Concat, length, d.in[d.at.PastK], d.k)
		d.v = d.Op(Concat, length, d.in[d.at.PastV], d.v)
	}
	d.kT = d.transpose(d.k, 0, 1, 3, 2)
}

// rows gives an operand in the node's layout the axes [B, heads, T, size].
func (d *decomposition) rows(x *ir.Value, heads int) *ir.Value {
	batch, positions, packed := d.a.Layout.Axes()
	if !packed {
		return x
	}
	return d.transpose(d.split(x, heads), batch, 2, positions, 3)
}

// split cuts the packed axis, the last of three.
func (d *decomposition) split(x *ir.Value, heads int) *ir.Value {
	return d.reshape(x, 0, 0, int64(heads), -1)
}

func (d *decomposition) grouped() bool { return d.a.Heads != d.a.KVHeads }

// groups puts the query heads that share a key head one after another in the
// axis of queries: the product then reads each key head once, and copies none.
func (d *decomposition) groups(x *ir.Value) *ir.Value {
	if !d.grouped() {
		return x
	}
	return d.reshape(x, 0, int64(d.a.KVHeads), -1, 0)
}

// ungroups undoes groups.
func (d *decomposition) ungroups(x *ir.Value) *ir.Value {
	if !d.grouped() {
		return x
	}
	return d.reshape(x, 0, int64(d.a.Heads), -1, 0)
}

// dots multiplies queries with all keys: [B, heads, T, S].
func (d *decomposition) dots(x *ir.Value) *ir.Value {
	return d.ungroups(d.Op(MatMul, nil, x, d.kT))
}

// values sums the values with weights w.
func (d *decomposition) values(w *ir.Value) *ir.Value {
	return d.ungroups(d.Op(MatMul, nil, d.groups(w), d.v))
}

// output gives the result the node's layout.
func (d *decomposition) output(o *ir.Value) *ir.Value {
	switch d.a.Layout {
	case attr.LayoutBSD:
		return d.reshape(d.transpose(o, 0, 2, 1, 3), 0, 0, -1)
	case attr.LayoutSBD:
		return d.reshape(d.transpose(o, 2, 0, 1, 3), 0, 0, -1)
	}
	return o
}

// weights returns what the values are summed with: p(1 + t̄ − t), or p·t if the
// branch is not centred.
func (d *decomposition) weights() *ir.Value {
	d.seen = d.visible()
	var p *ir.Value
	if d.a.Weights == attr.WeightsUniform {
		p = d.uniform()
	} else {
		p = d.softmax()
	}
	switch {
	case d.r != nil && d.a.Affine == attr.AffineNone:
		return d.mul(p, d.dots(d.r))
	case d.r != nil:
		t := d.dots(d.r)
		mean := d.sumKeys(d.mul(p, t))
		return d.mul(p, d.Op(Sub, nil, d.add(mean, d.number(1)), t))
	case d.a.Affine == attr.AffineNone:
		return d.mul(p, d.number(0))
	}
	return p
}

// softmax returns the probabilities of the keys.
func (d *decomposition) softmax() *ir.Value {
	s := d.scores()
	masked := s
	if d.seen != nil {
		masked = d.Op(Where, nil, d.seen, s, d.number(math.Inf(-1)))
	}
	sink := d.sink()
	if d.a.EmptyRow == attr.EmptyRowFilled && d.mayBeEmpty() {
		filled := d.add(s, d.number(d.a.FillValue))
		masked = d.Op(Where, nil, d.empty(masked, sink), filled, masked)
	}
	p := d.normalise(masked, sink)
	if d.a.EmptyRow != attr.EmptyRowZero || !d.mayBeEmpty() {
		return p
	}
	if d.a.Biases == 0 {
		return d.Op(Where, nil, d.seen, p, d.number(0))
	}
	return d.Op(Where, nil, d.empty(masked, sink), d.number(0), p)
}

// scores returns s₁ without masks.
func (d *decomposition) scores() *ir.Value {
	s := d.dots(d.q)
	if d.a.Scale != 1 {
		s = d.mul(s, d.number(d.a.Scale))
	}
	if d.a.Softcap > 0 {
		limit := d.number(d.a.Softcap)
		s = d.mul(d.Op(Tanh, nil, d.Op(Div, nil, s, limit)), limit)
	}
	for i := range d.a.Biases {
		s = d.add(s, d.bias(i))
	}
	return s
}

// bias returns bias i as it is added to the scores.
func (d *decomposition) bias(i int) *ir.Value {
	bias := d.like(d.in[d.at.Bias+i])
	if i >= d.a.Biases-d.a.Relative {
		return d.spread(bias)
	}
	return bias
}

// sink returns the score of the virtual key, which broadcasts to [B, heads, T,
// 1]; nil: none.
func (d *decomposition) sink() *ir.Value {
	if d.at.Sink < 0 {
		return nil
	}
	s := d.like(d.in[d.at.Sink])
	if rank, ok := s.Type.Rank(); ok && rank == 1 {
		s = d.reshape(s, 1, -1, 1, 1)
	}
	return s
}

// normalise is Softmax over the keys and the sink, the sink's share dropped.
func (d *decomposition) normalise(s, sink *ir.Value) *ir.Value {
	last := &attr.Axis{Axis: -1}
	if sink == nil {
		return d.Op(Softmax, last, s)
	}
	rows := d.Op(Concat, &attr.Axis{Axis: 0}, d.Op(Shape, &attr.Shape{End: 3}, s), d.Ints(1))
	p := d.Op(Softmax, last, d.Op(Concat, last, s, d.Op(Expand, nil, sink, rows)))
	return d.Op(Slice, nil, p, d.Ints(0), d.Ints(-1), d.Ints(-1))
}

// mayBeEmpty reports whether a row may see no key.
func (d *decomposition) mayBeEmpty() bool {
	return d.a.Biases > 0 || d.seen != nil && !d.always
}

// empty returns which rows see no key: their greatest score is −inf.
func (d *decomposition) empty(masked, sink *ir.Value) *ir.Value {
	top := d.Op(ReduceMax, &attr.Reduce{KeepDims: true}, masked, d.Ints(-1))
	if sink != nil {
		top = d.Op(Max, nil, top, sink)
	}
	return d.Op(Equal, nil, top, d.number(math.Inf(-1)))
}

// uniform weighs the seen keys alike: by 1/n if centred, else by 1.
func (d *decomposition) uniform() *ir.Value {
	full := d.scoreShape()
	p := d.number(1)
	if d.seen != nil {
		p = d.Op(Cast, &attr.Cast{To: d.q.Type.DType, Saturate: true}, d.seen)
	}
	p = d.Op(Expand, nil, p, full)
	n := d.sumKeys(p)
	if d.seen != nil && d.a.EmptyRow != attr.EmptyRowZero {
		p, n = d.uniformEmpty(p, n)
	}
	if d.a.Affine == attr.AffineNone {
		return p
	}
	if d.a.EmptyRow == attr.EmptyRowZero {
		n = d.Op(Max, nil, n, d.number(1))
	}
	return d.Op(Div, nil, p, n)
}

// uniformEmpty gives rows that see no key (n = 0) the weights of all keys, or
// NaN.
func (d *decomposition) uniformEmpty(p, n *ir.Value) (*ir.Value, *ir.Value) {
	fill := math.NaN()
	if d.a.EmptyRow == attr.EmptyRowFilled {
		fill = 1
	}
	p = d.Op(Where, nil, d.Op(Equal, nil, n, d.number(0)), d.number(fill), p)
	return p, d.sumKeys(p)
}

// scoreShape returns [B, heads, T, S] as a shape operand.
func (d *decomposition) scoreShape() *ir.Value {
	q := d.ungroups(d.q)
	return d.Op(Concat, &attr.Axis{Axis: 0}, d.Op(Shape, &attr.Shape{End: 3}, q), d.Op(Shape, &attr.Shape{Start: 3, End: 4}, d.kT))
}

func (d *decomposition) sumKeys(x *ir.Value) *ir.Value {
	return d.Op(ReduceSum, &attr.Reduce{KeepDims: true}, x, d.Ints(-1))
}

func (d *decomposition) add(x, y *ir.Value) *ir.Value { return d.Op(Add, nil, x, y) }
func (d *decomposition) mul(x, y *ir.Value) *ir.Value { return d.Op(Mul, nil, x, y) }

// number is a constant of the rows' type.
func (d *decomposition) number(v float64) *ir.Value { return d.Float(d.in[0].Type.DType, v) }

// like converts x to the rows' type.
func (d *decomposition) like(x *ir.Value) *ir.Value {
	if to := d.in[0].Type.DType; x.Type.DType != to {
		return d.Op(Cast, &attr.Cast{To: to, Saturate: true}, x)
	}
	return x
}

func (d *decomposition) reshape(x *ir.Value, shape ...int64) *ir.Value {
	return d.Op(Reshape, &attr.Reshape{}, x, d.Ints(shape...))
}

func (d *decomposition) transpose(x *ir.Value, perm ...int) *ir.Value {
	return d.Op(Transpose, &attr.Transpose{Perm: perm}, x)
}

// dim returns a size as an i64 scalar: a constant if it is known.
func (d *decomposition) dim(x *ir.Value, axis int) *ir.Value {
	if x.Type.HasRank {
		if n, ok := x.Type.Shape[axis].IsConst(); ok {
			return d.Int(n)
		}
	}
	return d.Op(Squeeze, nil, d.Op(Shape, &attr.Shape{Start: axis, End: axis + 1}, x))
}

// size returns what is known of a size.
func size(x *ir.Value, axis int) (sym.Dim, bool) {
	if !x.Type.HasRank || axis >= len(x.Type.Shape) {
		return sym.Dim{}, false
	}
	return x.Type.Shape[axis], true
}
