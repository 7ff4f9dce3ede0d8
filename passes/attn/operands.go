package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
)

// Heads splits the batch indices of a product, and its queries, into batch, heads
// and queries.
type Heads struct {
	Batch, Query Axis  // of queries: [B] and [H]
	Rows         Piece // [T]
	H, KV        int   // the number of heads, and that of the keys
}

// headChoices returns the ways to split the batch indices, the best first: the
// axis before the queries is the heads', with those before it that groups of
// queries share keys over; in rank 3, factors that a reshape somewhere shows;
// else one head, and all of it is the batch. Heads that a file has put one after
// another in the axis of queries, since they share keys, are taken out of it.
func (g *Region) headChoices() []Heads {
	whole := g.batchChoices()
	var choices []Heads
	for _, rows := range g.stacked() {
		for _, h := range whole {
			h.Query = append(slices.Clone(h.Query), rows.heads)
			h.Rows = rows.rest
			n, _ := rows.heads.Size.IsConst()
			h.H *= int(n)
			choices = append(choices, h)
		}
	}
	return append(choices, whole...)
}

// stack is the queries as heads · rest.
type stack struct{ heads, rest Piece }

// stacked returns how the softmax shows that the queries are several heads': an
// axis of it runs over a constant number of parts of them, or over so many within
// each part. An axis before that of the queries is more likely the heads'. Scores
// that are taken apart for a bias alone are those of rows and columns of images.
func (g *Region) stacked() []stack {
	at := g.Scores.At
	var before, within []stack
	for i, a := range at[:max(len(at)-1, 0)] {
		for _, p := range a {
			s, ok := unstack(g.Scores.Roles.T, p)
			switch {
			case !ok:
			case i < len(at)-2:
				before = append(before, s)
			default:
				within = append(within, s)
			}
		}
	}
	all := append(before, within...)
	return all[:min(len(all), 1)]
}

// unstack takes heads out of the queries t.
func unstack(t, heads Piece) (stack, bool) {
	n, ok := heads.Size.IsConst()
	if !ok || n < 2 || heads.Role != t.Role || heads.Size.Equal(t.Size) {
		return stack{}, false
	}
	rest, ok := t.Size.DivExact(heads.Size)
	switch {
	case !ok:
		return stack{}, false
	case heads.Stride.Is(1):
		return stack{heads, Piece{t.Role, heads.Size, rest}}, true
	}
	return stack{heads, Piece{t.Role, sym.Const(1), rest}}, heads.Stride.Equal(rest)
}

// batchChoices are the ways to split the batch indices alone.
func (g *Region) batchChoices() []Heads {
	batch := g.Scores.Roles.Batch
	rank := len(g.Scores.Product.Out)
	var choices []Heads
	choice := func(from int) {
		at := slices.IndexFunc(batch, func(p Piece) bool { return int(p.Role) >= from })
		if at < 0 {
			at = len(batch)
		}
		h := Heads{Batch: slices.Clone(batch[:at]), Query: slices.Clone(batch[at:]), Rows: g.Scores.Roles.T}
		if n, ok := h.Query.Size().IsConst(); ok {
			h.H = int(n)
			choices = append(choices, h)
		}
	}
	switch shared := g.sharedFrom(rank - 3); {
	case rank > 4:
		choice(shared)
		choice(rank - 3)
	case rank == 4:
		choice(rank - 3)
		choice(shared)
	case len(batch) == 1:
		for _, n := range g.factors(batch[0]) {
			if h, ok := halves(batch[0], n); ok {
				h.Rows = g.Scores.Roles.T
				choices = append(choices, h)
			}
		}
		if !g.Scores.K.At.Has(batch[0].Role) {
			choice(0)
		}
	}
	choice(rank)
	return choices
}

// sharedFrom returns the last axis of the product up to from that the keys have,
// and that is not of size 1.
func (g *Region) sharedFrom(from int) int {
	for from > 0 && !g.Scores.K.At.Has(Role(from)) {
		from--
	}
	return from
}

// factors returns the constant sizes of the inner factors that reshapes of the
// scores, of the queries and of the result split the only batch index p into.
func (g *Region) factors(p Piece) []int64 {
	var found []int64
	note := func(l Layout) {
		for _, a := range l {
			for _, q := range a {
				n, ok := q.Size.IsConst()
				if ok && q.Role == p.Role && q.Stride.Is(1) && !q.Size.Equal(p.Size) && !slices.Contains(found, n) {
					found = append(found, n)
				}
			}
		}
	}
	for _, o := range g.Scores.Ops {
		note(o.At)
	}
	for _, v := range g.order {
		note(g.known[v].At)
	}
	for i, a := range g.Scores.Q.At {
		if len(a) != 1 || a[0].Role != p.Role {
			continue
		}
		own := g.Scores.Q.Last().Layout[i]
		if len(own) < 2 {
			continue
		}
		if n, ok := own[len(own)-1].Size.IsConst(); ok && !slices.Contains(found, n) {
			found = append(found, n)
		}
	}
	return found
}

func halves(p Piece, n int64) (Heads, bool) {
	outer, ok := p.Size.DivExact(sym.Const(n))
	if !ok || n < 2 {
		return Heads{}, false
	}
	return Heads{
		Batch: Axis{{p.Role, sym.Const(n), outer}}.normal(),
		Query: Axis{{p.Role, sym.Const(1), sym.Const(n)}},
		H:     int(n),
	}, true
}

// shared returns the heads of keys or values r: those of the queries but for the
// fastest pieces that r doesn't depend on.
func (h Heads) shared(r Reading) (own Axis, n int, ok bool) {
	axis, ok := r.axis(h.Query)
	if !ok {
		return nil, 0, false
	}
	for len(axis) > 0 && axis[len(axis)-1].Role < 0 {
		axis = axis[:len(axis)-1]
	}
	size, constant := axis.Size().IsConst()
	return axis, int(size), constant && size > 0
}

// Operand is where an operand of the fused node comes from: a value of the
// graph, or one to be rearranged.
type Operand struct {
	Value    *ir.Value
	From, To Layout  // equal if the value is taken as it is
	Gain     float64 // Value is Gain times the base of the reading
}

// operand finds the value that has the wanted layout, in axes of r's base:
// the nearest to the base, which has the fewest nodes above it.
func (r Reading) operand(want Layout) (Operand, bool) {
	for _, s := range r.Steps {
		if s.Layout.Equal(want) {
			return Operand{s.Value, want, want, s.Scale}, true
		}
	}
	// What an operand has once for the whole batch is repeated; parts of an axis
	// can't be.
	repeats := slices.ContainsFunc(want, func(a Axis) bool {
		return !a.constant() && slices.ContainsFunc(a, func(p Piece) bool { return p.Role < 0 })
	})
	if once := want.once(); !once.Equal(want) {
		for _, s := range r.Steps {
			if s.Layout.Equal(once) {
				return Operand{s.Value, once, want, s.Scale}, true
			}
		}
	}
	first := r.Steps[0]
	return Operand{first.Value, first.Layout, want, first.Scale}, !repeats
}

// plain is r without the view: what sizes don't tell of the base may still be
// told of the value itself.
func (r Reading) plain() Reading {
	last := r.Last()
	last.Layout = Identity(last.Value.Type.Shape)
	return Reading{View{last.Value, []Step{last}}, r.At}
}

// Operands are q, k, v and r of the fused node in one layout.
type Operands struct {
	Heads
	Layout     attr.Layout
	Q, K, V, R Operand
}

// cost counts what bringing the operands into the layout takes.
func (o *Operands) cost() int {
	cost := 0
	for _, x := range []Operand{o.Q, o.K, o.V, o.R} {
		cost += moving(x.From, x.To)
	}
	return cost
}

// operands finds q, k, v and, if probe is not negative, r.
func (g *Region) operands(h Heads, layout attr.Layout, value, probe int) (Operands, bool) {
	s := g.Scores.Roles
	o := Operands{Heads: h, Layout: layout}
	if !o.keys(g.Scores.K, g.Values[value], s, g.features(value)) && !o.keys(g.Scores.K.plain(), g.Values[value].plain(), s, g.features(value)) {
		return Operands{}, false
	}
	rows := func(r Reading) (Operand, bool) {
		for _, r := range []Reading{r, r.plain()} {
			if own, ok := r.axis(h.Query); ok {
				if x, ok := o.place(r, own, h.Rows, s.D); ok {
					return x, true
				}
			}
		}
		return Operand{}, false
	}
	var ok bool
	if o.Q, ok = rows(g.Scores.Q); !ok {
		return Operands{}, false
	}
	if probe >= 0 {
		o.R, ok = rows(g.Probes[probe])
	}
	return o, ok
}

// keys finds k and v, which have as many heads.
func (o *Operands) keys(k, v Reading, s Roles, features Piece) bool {
	ownK, nk, okK := o.shared(k)
	ownV, nv, okV := o.shared(v)
	if !okK || !okV || nk != nv || o.H%nk != 0 {
		return false
	}
	o.KV = nk
	if o.K, okK = o.place(k, ownK, s.S, s.D); !okK {
		return false
	}
	o.V, okV = o.place(v, ownV, s.S, features)
	return okV
}

// place finds r, whose heads are own, laid out as the fused node wants it.
func (o *Operands) place(r Reading, own Axis, rows, features Piece) (Operand, bool) {
	l, ok := r.layout(Layout{o.Batch, {rows}, {features}})
	if !ok {
		return Operand{}, false
	}
	if o.Layout == attr.LayoutBSD {
		return r.operand(Layout{l[0], l[1], slices.Concat(own, l[2]).normal()})
	}
	return r.operand(Layout{l[0], own, l[1], l[2]})
}

// features is the index of the features of V number n.
func (g *Region) features(n int) Piece {
	return Piece{valueRole(n), sym.Const(1), g.sizes[n]}
}
