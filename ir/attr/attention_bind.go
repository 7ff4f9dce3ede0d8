package attr

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
)

// View is an operand of attention as rows: element d of row i of head h in batch
// entry b is at b·Batch + h·Head + i·Row + d, whatever the layout.
type View struct {
	*tensor.Tensor
	Batch, Head, Row int
}

// At returns where the row begins.
func (v View) At(b, h, i int) int { return b*v.Batch + h*v.Head + i*v.Row }

// Grid is an operand that broadcasts to [B, H, T, S]: element (b, h, i, j) is at
// First and the sum of the indices times Strides, which are 0 along broadcast axes.
type Grid struct {
	*tensor.Tensor
	Strides [4]int
	First   int
}

// At returns where the elements of row (b, h, i) begin.
func (g Grid) At(b, h, i int) int {
	return g.First + b*g.Strides[0] + h*g.Strides[1] + i*g.Strides[2]
}

// Bound is an attention with operands: sizes agreed, strides known. It is what
// every evaluation of the specification begins with.
type Bound struct {
	*Attention
	B, T  int // batch, queries
	Past  int // keys of the past operands
	S     int // keys, the past's included
	D, Dv int // size of a key head and of a value head

	Q, K, V, R   View
	PastK, PastV View
	Bias         []Grid
	Mask         []Grid
	Sink         Grid
	Starts       *tensor.Tensor
	Lengths      *tensor.Tensor
	Sees         *Predicate // of the masks; nil: they hide nothing

	formula formula // what Sees was read from
}

// Bind sets c to a with the node's operands in contract order; what c holds of an
// earlier binding is reused.
func (a *Attention) Bind(c *Bound, in ...*tensor.Tensor) error { return a.bind(c, wholePast, in) }

// BindKept is [Attention.Bind] on caches that are longer than what they hold:
// past_k and past_v are [B, kv_heads, capacity, size] with past positions of keys
// and values, and room for the new ones behind them.
func (a *Attention) BindKept(c *Bound, past int, in ...*tensor.Tensor) error {
	if !a.HasPast || past < 0 {
		return fmt.Errorf("%d positions kept, has_past = %t", past, a.HasPast)
	}
	return a.bind(c, past, in)
}

// wholePast says that the past operands hold as many positions as they are long.
const wholePast = -1

func (a *Attention) bind(c *Bound, past int, in []*tensor.Tensor) error {
	if err := c.check(a); err != nil {
		return err
	}
	at := a.Operands()
	if len(in) != at.Count {
		return fmt.Errorf("%d operands, want %d", len(in), at.Count)
	}
	for i, t := range in {
		if t == nil {
			return fmt.Errorf("operand %d is missing", i)
		}
	}
	*c = Bound{Attention: a, Bias: c.Bias[:0], Mask: c.Mask[:0], Sees: c.Sees, formula: c.formula}
	if err := c.bindRows(in, at, past); err != nil {
		return err
	}
	return c.bindGrids(in, at)
}

// formula is what determines a predicate.
type formula struct {
	text  string
	masks int
}

// check checks a and reads its formula, unless it is that of the binding before:
// the layers of a model have one, and reading allocates.
func (c *Bound) check(a *Attention) error {
	f := formula{a.Visible, a.Masks}
	if f == c.formula {
		return a.checkAllButFormula()
	}
	if err := a.Check(); err != nil {
		return err
	}
	var err error
	c.Sees, err = a.Predicate()
	c.formula = f
	return err
}

// bindRows binds the operands that are rows of heads: q, k, v, r and the past.
func (c *Bound) bindRows(in []*tensor.Tensor, at Operands, past int) error {
	a := c.Attention
	var err error
	if c.Q, c.B, c.T, c.D, err = a.view("q", in[at.Q], a.Heads); err != nil {
		return err
	}
	var batch, keys, values, size int
	if c.K, batch, keys, size, err = a.view("k", in[at.K], a.KVHeads); err != nil {
		return err
	}
	if batch != c.B || size != c.D {
		return fmt.Errorf("q is %s and k is %s: batch %d and %d, head size %d and %d", in[at.Q], in[at.K], c.B, batch, c.D, size)
	}
	if c.V, batch, values, c.Dv, err = a.view("v", in[at.V], a.KVHeads); err != nil {
		return err
	}
	if batch != c.B || values != keys {
		return fmt.Errorf("k is %s and v is %s: batch %d and %d, length %d and %d", in[at.K], in[at.V], c.B, batch, keys, values)
	}
	if at.R >= 0 {
		if !tensor.SameShape(in[at.R].Shape, in[at.Q].Shape) {
			return fmt.Errorf("q is %s and r is %s: want the same shape", in[at.Q], in[at.R])
		}
		if c.R, _, _, _, err = a.view("r", in[at.R], a.Heads); err != nil {
			return err
		}
	}
	if at.PastK >= 0 {
		if err := c.bindPast(in[at.PastK], in[at.PastV], past, keys); err != nil {
			return err
		}
	}
	c.S = c.Past + keys
	return c.sameElements()
}

// bindPast binds caches with past positions of keys and values, or wholePast, and
// room for so many new ones unless they are whole.
func (c *Bound) bindPast(k, v *tensor.Tensor, past, keys int) error {
	if k.Rank() != 4 || v.Rank() != 4 {
		return fmt.Errorf("past_k is %s and past_v is %s, want rank 4", k, v)
	}
	rows := [2]int{k.Shape[2], k.Shape[2]}
	if c.Past = past; past == wholePast {
		c.Past = k.Shape[2]
	} else if rows[1] = v.Shape[2]; min(rows[0], rows[1])-keys < past {
		return fmt.Errorf("past_k is %s and past_v is %s, want room for %d positions behind %d", k, v, keys, past)
	}
	if !tensor.SameShape(k.Shape, []int{c.B, c.KVHeads, rows[0], c.D}) || !tensor.SameShape(v.Shape, []int{c.B, c.KVHeads, rows[1], c.Dv}) {
		return fmt.Errorf("past_k is %s and past_v is %s, want [%d,%d,length,%d] and [%d,%d,length,%d]",
			k, v, c.B, c.KVHeads, c.D, c.B, c.KVHeads, c.Dv)
	}
	c.PastK, c.PastV = headsFirst(k), headsFirst(v)
	return nil
}

// sameElements checks that all rows are of q's float type.
func (c *Bound) sameElements() error {
	for _, v := range []View{c.Q, c.K, c.V, c.R, c.PastK, c.PastV} {
		if v.Tensor != nil && (v.DType != c.Q.DType || !v.DType.IsFloat()) {
			return fmt.Errorf("q is %s and another operand is %s: want one float type", c.Q.Tensor, v.Tensor)
		}
	}
	return nil
}

func headsFirst(t *tensor.Tensor) View {
	row := t.Shape[3]
	return View{t, t.Shape[1] * t.Shape[2] * row, t.Shape[2] * row, row}
}

// view reads a q, k, v, r or o in a's layout with that many heads.
func (a *Attention) view(name string, t *tensor.Tensor, heads int) (v View, batch, length, size int, err error) {
	atBatch, atLength, packed := a.Layout.Axes()
	if !packed {
		if t.Rank() != 4 || t.Shape[1] != heads {
			return v, 0, 0, 0, fmt.Errorf("%s is %s, want [batch,%d,length,size]", name, t, heads)
		}
		return headsFirst(t), t.Shape[0], t.Shape[2], t.Shape[3], nil
	}
	if t.Rank() != 3 || t.Shape[2]%heads != 0 {
		want := "batch,length"
		if atBatch == 1 {
			want = "length,batch"
		}
		return v, 0, 0, 0, fmt.Errorf("%s is %s, want [%s,%d·size]", name, t, want, heads)
	}
	row := t.Shape[2]
	strides := [...]int{t.Shape[1] * row, row}
	size = row / heads
	return View{t, strides[atBatch], size, strides[atLength]}, t.Shape[atBatch], t.Shape[atLength], size, nil
}

// bindGrids binds the operands that belong to scores.
func (c *Bound) bindGrids(in []*tensor.Tensor, at Operands) error {
	full := [4]int{c.B, c.Heads, c.T, c.S}
	for i := range c.Biases {
		g, err := c.bias(in[at.Bias+i], full, i >= c.Biases-c.Relative)
		if err != nil {
			return fmt.Errorf("bias %d: %w", i, err)
		}
		if !g.DType.IsFloat() {
			return fmt.Errorf("bias %d is %s, want a float type", i, g.Tensor)
		}
		c.Bias = append(c.Bias, g)
	}
	if err := c.bindMasks(in, at, full); err != nil {
		return err
	}
	if at.Starts >= 0 {
		c.Starts, c.Lengths = in[at.Starts], in[at.Lengths]
		for _, t := range []*tensor.Tensor{c.Starts, c.Lengths} {
			if !t.DType.IsInt() || !tensor.SameShape(t.Shape, []int{c.B}) {
				return fmt.Errorf("kv_starts is %s and kv_lengths is %s, want integers [%d]", c.Starts, c.Lengths, c.B)
			}
		}
	}
	var err error
	if at.Sink >= 0 {
		c.Sink, err = c.sink(in[at.Sink])
	}
	return err
}

// bias binds an operand that is added to the scores.
func (c *Bound) bias(t *tensor.Tensor, full [4]int, relative bool) (Grid, error) {
	if !relative {
		return Broadcast("it", t, full)
	}
	span := max(c.T+c.S-1, 0)
	if t.Rank() == 0 || t.Shape[t.Rank()-1] != span {
		return Grid{}, fmt.Errorf("it is %s, want [batch,%d,1,%d], by key minus query", t, c.Heads, span)
	}
	g, err := Broadcast("it", t, [4]int{c.B, c.Heads, 1, span})
	g.First, g.Strides[2], g.Strides[3] = c.T-1, -1, 1
	return g, err
}

// bindMasks binds the masks, which the formula has checked by number.
func (c *Bound) bindMasks(in []*tensor.Tensor, at Operands, full [4]int) error {
	for i := range c.Masks {
		g, err := Broadcast("it", in[at.Mask+i], full)
		if err != nil {
			return fmt.Errorf("mask %d: %w", i, err)
		}
		c.Mask = append(c.Mask, g)
	}
	var err error
	if c.Sees != nil {
		c.Sees.Terms(func(t Term, compared bool) {
			if t < 0 {
				return
			}
			d := c.Mask[t].DType
			if compared && !d.IsFloat() && !d.IsInt() || !compared && d != tensor.Bool {
				err = fmt.Errorf("mask %d is %s, want bool, or numbers to compare", t, c.Mask[t].Tensor)
			}
		})
	}
	return err
}

// Seen reports whether the masks let query i of head h see key j.
func (c *Bound) Seen(b, h, i, j int) bool {
	return c.Sees == nil || c.holds(c.Sees, b, h, i, j)
}

func (c *Bound) holds(p *Predicate, b, h, i, j int) bool {
	switch p.Op {
	case "":
		return c.term(p.X, b, h, i, j) != 0
	case "!":
		return !c.holds(p.Args[0], b, h, i, j)
	case "&", "|":
		for _, arg := range p.Args {
			if c.holds(arg, b, h, i, j) == (p.Op == "|") {
				return p.Op == "|"
			}
		}
		return p.Op == "&"
	}
	return Compare(p.Op, c.term(p.X, b, h, i, j), c.term(p.Y, b, h, i, j))
}

// Compare applies a comparison of a [Predicate].
func Compare(op string, x, y float64) bool {
	switch op {
	case "<":
		return x < y
	case "<=":
		return x <= y
	case "==":
		return x == y
	}
	return x != y
}

func (c *Bound) term(t Term, b, h, i, j int) float64 {
	switch t {
	case TermQuery:
		return float64(i)
	case TermKey:
		return float64(j)
	}
	g := &c.Mask[t]
	return g.FloatAt(g.At(b, h, i) + j*g.Strides[3])
}

// sink binds [H], or what broadcasts to [B, H, T, 1].
func (c *Bound) sink(t *tensor.Tensor) (Grid, error) {
	if !t.DType.IsFloat() {
		return Grid{}, fmt.Errorf("sink is %s, want a float type", t)
	}
	if t.Rank() == 1 && t.Shape[0] == c.Heads {
		return Grid{Tensor: t, Strides: [4]int{0, 1, 0, 0}}, nil
	}
	return Broadcast("sink", t, [4]int{c.B, c.Heads, c.T, 1})
}

// Broadcast returns the strides with which t is read as an array of shape full.
func Broadcast(name string, t *tensor.Tensor, full [4]int) (Grid, error) {
	g := Grid{Tensor: t}
	stride := 1
	for i := 1; i <= t.Rank(); i++ {
		n := t.Shape[t.Rank()-i]
		if i > 4 || n != 1 && n != full[4-i] {
			return g, fmt.Errorf("%s is %s, which doesn't broadcast to %s", name, t, tensor.ShapeString(full[:]))
		}
		if n != 1 {
			g.Strides[4-i] = stride
		}
		stride *= n
	}
	return g, nil
}

// ResetOutputs gives the outputs their shapes; presents that are nil are not
// wanted.
func (c *Bound) ResetOutputs(o, presentK, presentV *tensor.Tensor) View {
	d := c.Q.DType
	if presentK != nil {
		presentK.Reset(d, c.B, c.KVHeads, c.S, c.D)
	}
	if presentV != nil {
		presentV.Reset(d, c.B, c.KVHeads, c.S, c.Dv)
	}
	switch c.Layout {
	case LayoutBSD:
		o.Reset(d, c.B, c.T, c.Heads*c.Dv)
	case LayoutSBD:
		o.Reset(d, c.T, c.B, c.Heads*c.Dv)
	default:
		o.Reset(d, c.B, c.Heads, c.T, c.Dv)
	}
	// o has the layout by construction; only its head size can't be told if
	// there are no elements, and then no row is read either.
	v, _, _, _, _ := c.view("o", o, c.Heads)
	return v
}

// KeyRow returns the operand that holds key j, and where its row begins.
func (c *Bound) KeyRow(b, kvHead, j int) (View, int) {
	if j < c.Past {
		return c.PastK, c.PastK.At(b, kvHead, j)
	}
	return c.K, c.K.At(b, kvHead, j-c.Past)
}

// ValueRow is [Bound.KeyRow] for value j.
func (c *Bound) ValueRow(b, kvHead, j int) (View, int) {
	if j < c.Past {
		return c.PastV, c.PastV.At(b, kvHead, j)
	}
	return c.V, c.V.At(b, kvHead, j-c.Past)
}

// Group is the number of query heads that share a key head.
func (c *Bound) Group() int { return c.Heads / c.KVHeads }

// Positional reports whether positions hide keys: if not, Keys is all of them.
func (c *Bound) Positional() bool {
	return c.Causal != CausalNone || c.WindowLeft >= 0 || c.WindowRight >= 0 || c.Lengths != nil
}

// Span returns the keys start ≤ j < end that batch entry b has, both clamped to
// [0, S].
func (c *Bound) Span(b int) (start, end int) {
	if c.Lengths == nil {
		return 0, c.S
	}
	end = clamp(c.Lengths.IntAt(b), 0, c.S)
	return clamp(c.Starts.IntAt(b), 0, end), end
}

// Keys returns the keys lo ≤ j < hi that query i of batch entry b sees by
// position: its span, causality and the window. The query's position is i if
// causal is top_left, and otherwise counted so that the last query stands on the
// last key of the batch entry. A query that sees none gets 0, 0.
func (c *Bound) Keys(b, i int) (lo, hi int) {
	lo, hi = c.Span(b)
	at := i
	if c.Causal != CausalTopLeft {
		at += hi - c.T
	}
	if c.Causal != CausalNone {
		hi = min(hi, at+1)
	}
	if c.WindowRight >= 0 {
		hi = min(hi, at+min(c.WindowRight, c.S+c.T)+1)
	}
	if c.WindowLeft >= 0 {
		lo = max(lo, at-min(c.WindowLeft, c.S+c.T))
	}
	if lo >= hi {
		return 0, 0
	}
	return lo, hi
}

func clamp(n int64, lo, hi int) int { return int(min(max(n, int64(lo)), int64(hi))) }
