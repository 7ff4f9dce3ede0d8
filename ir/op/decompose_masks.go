package op

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// visible returns which keys each query sees, broadcastable to [B, heads, T, S];
// nil: all of them.
func (d *decomposition) visible() *ir.Value {
	var seen *ir.Value
	and := func(term *ir.Value) {
		if seen == nil {
			seen = term
			return
		}
		seen = d.Op(And, nil, seen, term)
	}
	p, err := d.a.Predicate()
	if err != nil {
		panic("BUG: a node whose specification is not legal: " + err.Error())
	}
	switch {
	case p == nil:
	case p.Op == "&":
		for _, arg := range p.Args {
			and(d.predicate(arg))
		}
	default:
		and(d.predicate(p))
	}
	if d.positional() {
		d.positions(and)
	}
	d.always = p == nil && d.at.Starts < 0 && d.a.WindowLeft < 0 && d.a.WindowRight < 0 &&
		(d.a.Causal == attr.CausalTopLeft || d.enoughKeys())
	return seen
}

// enoughKeys reports whether there are at least as many keys as queries,
// whatever the sizes: then a query aligned at the end always sees a key.
func (d *decomposition) enoughKeys() bool {
	t, okT := size(d.in[0], d.queryAxis())
	s, okS := d.keySize()
	return okT && okS && sym.ProvablyLE(t, s)
}

// keyCount is the number of keys, the past's included, as an i64 scalar.
func (d *decomposition) keyCount() *ir.Value {
	if d.kT != nil {
		return d.dim(d.kT, 3)
	}
	n := d.dim(d.in[1], d.queryAxis())
	if d.a.HasPast {
		n = d.add(d.dim(d.in[d.at.PastK], 2), n)
	}
	return n
}

// keySize is keyCount as far as it is known.
func (d *decomposition) keySize() (sym.Dim, bool) {
	if d.kT != nil {
		return size(d.kT, 3)
	}
	n, ok := size(d.in[1], d.queryAxis())
	if !d.a.HasPast {
		return n, ok
	}
	past, okPast := size(d.in[d.at.PastK], 2)
	return past.Add(n), ok && okPast
}

// queryAxis is the axis of operand q that counts the queries.
func (d *decomposition) queryAxis() int {
	_, positions, _ := d.a.Layout.Axes()
	return positions
}

// positional reports whether positions hide keys. The last query alone, with
// every key before it, sees all.
func (d *decomposition) positional() bool {
	if d.at.Starts >= 0 || d.a.WindowLeft >= 0 || d.a.WindowRight >= 0 && d.a.Causal == attr.CausalNone {
		return true
	}
	if d.a.Causal == attr.CausalNone {
		return false
	}
	t, ok := size(d.in[0], d.queryAxis())
	return !(d.a.Causal == attr.CausalBottomRight && ok && t.Is(1))
}

// positions tells and the conditions on the positions of queries and keys.
func (d *decomposition) positions(and func(*ir.Value)) {
	zero, one := d.Int(0), d.Int(1)
	key := d.Op(Range, nil, zero, d.keyCount(), one) // [S]
	var length *ir.Value                             // [B, 1, 1, 1]
	if d.at.Starts >= 0 {
		start := d.perBatch(d.in[d.at.Starts])
		length = d.perBatch(d.in[d.at.Lengths])
		and(d.Op(GreaterOrEqual, nil, key, start))
		and(d.Op(Less, nil, key, length))
	}
	if d.a.Causal == attr.CausalNone && d.a.WindowLeft < 0 && d.a.WindowRight < 0 {
		return
	}
	query := d.queryPositions(length)
	if d.a.Causal != attr.CausalNone {
		and(d.Op(LessOrEqual, nil, key, query))
	} else if d.a.WindowRight >= 0 {
		and(d.Op(LessOrEqual, nil, key, d.add(query, d.Int(int64(d.a.WindowRight)))))
	}
	if d.a.WindowLeft >= 0 {
		and(d.Op(GreaterOrEqual, nil, key, d.Op(Sub, nil, query, d.Int(int64(d.a.WindowLeft)))))
	}
}

// queryPositions returns where each query stands among the keys: [T, 1], or [B,
// 1, T, 1] if that depends on the lengths.
func (d *decomposition) queryPositions(length *ir.Value) *ir.Value {
	zero, one := d.Int(0), d.Int(1)
	t := d.dim(d.in[0], d.queryAxis())
	column := func(from, to *ir.Value) *ir.Value {
		return d.Op(Unsqueeze, nil, d.Op(Range, nil, from, to, one), d.Ints(1))
	}
	switch {
	case d.a.Causal == attr.CausalTopLeft:
		return column(zero, t)
	case length != nil:
		// Lengths above S count as S, as in the reference.
		clamped := d.Op(Min, nil, length, d.keyCount())
		return d.add(column(d.Op(Neg, nil, t), zero), clamped)
	}
	s := d.keyCount()
	return column(d.Op(Sub, nil, s, t), s)
}

// perBatch gives integers [B] the type of positions and the axes of scores.
func (d *decomposition) perBatch(x *ir.Value) *ir.Value {
	if x.Type.DType != d.Int(0).Type.DType {
		x = d.Op(Cast, &attr.Cast{To: d.Int(0).Type.DType, Saturate: true}, x)
	}
	return d.reshape(x, -1, 1, 1, 1)
}

// predicate builds a formula over the masks.
func (d *decomposition) predicate(p *attr.Predicate) *ir.Value {
	switch p.Op {
	case "":
		return d.in[d.at.Mask+int(p.X)]
	case "!":
		return d.Op(Not, nil, d.predicate(p.Args[0]))
	case "&", "|":
		join := And
		if p.Op == "|" {
			join = Or
		}
		all := d.predicate(p.Args[0])
		for _, arg := range p.Args[1:] {
			all = d.Op(join, nil, all, d.predicate(arg))
		}
		return all
	}
	x, y := d.comparable(d.term(p.X), d.term(p.Y))
	switch p.Op {
	case "<":
		return d.Op(Less, nil, x, y)
	case "<=":
		return d.Op(LessOrEqual, nil, x, y)
	case "==":
		return d.Op(Equal, nil, x, y)
	}
	return d.Op(Not, nil, d.Op(Equal, nil, x, y))
}

// term is a mask, or positions: of the queries [T, 1], of the keys [S].
func (d *decomposition) term(t attr.Term) *ir.Value {
	switch t {
	case attr.TermQuery:
		return d.Op(Unsqueeze, nil, d.Op(Range, nil, d.Int(0), d.dim(d.in[0], d.queryAxis()), d.Int(1)), d.Ints(1))
	case attr.TermKey:
		return d.Op(Range, nil, d.Int(0), d.keyCount(), d.Int(1))
	}
	return d.in[d.at.Mask+int(t)]
}

// comparable gives numbers that are compared one type: i64 to integers, f64 to
// others.
func (d *decomposition) comparable(x, y *ir.Value) (*ir.Value, *ir.Value) {
	to := tensor.Float64
	if x.Type.DType.IsInt() && y.Type.DType.IsInt() {
		to = tensor.Int64
	}
	as := func(v *ir.Value) *ir.Value {
		if v.Type.DType == to {
			return v
		}
		return d.Op(Cast, &attr.Cast{To: to, Saturate: true}, v)
	}
	return as(x), as(y)
}

// spread lays a bias by key minus query, [B, H, 1, T+S−1], out by query and key.
func (d *decomposition) spread(bias *ir.Value) *ir.Value {
	query, key := d.term(attr.TermQuery), d.term(attr.TermKey)
	last := d.Op(Sub, nil, d.dim(d.in[0], d.queryAxis()), d.Int(1))
	at := d.add(d.Op(Sub, nil, key, query), last)        // [T, S]
	rows := d.Op(Gather, &attr.Axis{Axis: -1}, bias, at) // […, 1, T, S]
	if rank, known := bias.Type.Rank(); known && rank == 1 {
		return rows
	}
	return d.Op(Squeeze, nil, rows, d.Ints(-3))
}
