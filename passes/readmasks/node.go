package readmasks

import (
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// attention is a fused node with what was read of its masks and biases.
type attention struct {
	*reader
	node *ir.Node
	spec *attr.Attention // a copy of the node's, to be changed
	at   attr.Operands   // of the node

	// stepwise: the file added the biases one by one, each sum rounded.
	stepwise bool

	seen  *expr  // under masks and positions
	terms []term // of all biases that are read
	gain  bool   // something is known that the node doesn't say yet
}

// geometry returns the extents of the scores of n, and whether they are known.
func geometry(n *ir.Node, a *attr.Attention, at attr.Operands) (dims [numIndices]sym.Dim, ok bool) {
	q, k := n.In[at.Q].Type, n.In[at.K].Type
	if !q.HasRank || !k.HasRank {
		return dims, false
	}
	first, length, _ := a.Layout.Axes()
	dims = [numIndices]sym.Dim{q.Shape[first], sym.Const(int64(a.Heads)), q.Shape[length], k.Shape[length]}
	if a.HasPast {
		past := n.In[at.PastK].Type
		if !past.HasRank {
			return dims, false
		}
		dims[key] = dims[key].Add(past.Shape[2])
	}
	return dims, true
}

// read reads the masks and biases; false if there is nothing to gain.
func (t *attention) read() bool {
	t.seen = t.bool(true)
	if t.spec.HasRanges || t.spec.Visible != "" || t.spec.Relative > 0 || t.spec.Weights != attr.WeightsSoftmax {
		return false
	}
	t.seen = t.ofPositions(t.spec)
	for i := range t.spec.Masks {
		e := t.operand(t.node.In[t.at.Mask+i])
		if e == nil || e.dtype != tensor.Bool {
			return false
		}
		t.seen = t.and(t.seen, e)
	}
	before := t.seen
	if !t.hides() && t.spec.EmptyRow == attr.EmptyRowFilled {
		// What empties a row are then biases of −∞, and the fill leaves it at that.
		t.spec.EmptyRow, t.spec.FillValue = attr.EmptyRowNaN, 0
	}
	for i := range t.spec.Biases {
		v := t.node.In[t.at.Bias+i]
		e := t.operand(v)
		if e == nil {
			return false
		}
		t.terms = append(t.terms, t.space.terms(v, e)...)
	}
	t.promote()
	return t.gain || t.seen != before || t.reduced()
}

// reduced reports whether the masks were computed from smaller things.
func (t *attention) reduced() bool {
	for i := range t.spec.Masks {
		if v := t.node.In[t.at.Mask+i]; !simplest(v, t.operand(v)) {
			return true
		}
	}
	for i := range t.spec.Biases {
		if v := t.node.In[t.at.Bias+i]; wide(v) && !simplest(v, t.operand(v)) {
			return true
		}
	}
	return false
}

// simplest reports whether e is nothing but an element of v.
func simplest(v *ir.Value, e *expr) bool { return e.kind == load && e.of == v }

// wide reports whether v takes queries × keys.
func wide(v *ir.Value) bool {
	rank := len(v.Type.Shape)
	return rank >= 2 && !v.Type.Shape[rank-1].Is(1) && !v.Type.Shape[rank-2].Is(1)
}

// promote makes conditions of what is added to hide keys, where no answer changes.
func (t *attention) promote() {
	for _, rule := range []func(*attention, *term) bool{(*attention).infinite, (*attention).needless, (*attention).only} {
		for i := range t.terms {
			if x := &t.terms[i]; x.fill != 0 && rule(t, x) {
				t.seen = t.and(t.seen, x.seen)
				*x = term{seen: t.bool(true), val: x.val}
				t.gain = true
			}
		}
	}
	t.shared()
	for i := range t.terms { // what stays is added as it was, where it matters
		if x := &t.terms[i]; x.fill != 0 {
			seen := t.beside(x.seen)
			x.val = t.chosen(seen, x.val, t.float(x.val.dtype, x.fill))
			x.fill = 0
		}
	}
}

// beside is what is left of a condition for keys that are seen: the others are
// brought back only to rows that see none.
func (t *attention) beside(e *expr) *expr {
	if t.spec.EmptyRow == attr.EmptyRowFilled {
		return e
	}
	for _, given := range conjuncts(t.seen) {
		parts := conjuncts(e)
		left := make([]*expr, len(parts))
		for i, part := range parts {
			left[i] = t.given(part, given)
		}
		e = t.and(left...)
	}
	return e
}

// shared promotes what two terms of one finite fill both hide: the fill is added
// twice there, and only once, at most, to some key that the first, a condition on
// positions, lets every query see.
func (t *attention) shared() {
	for i := range t.terms {
		x := &t.terms[i]
		if x.fill == 0 || math.IsInf(x.fill, -1) || !t.seesAlways(t.and(t.seen, x.seen)) {
			continue
		}
		other, ok := t.partner(x)
		if !ok {
			continue
		}
		for _, part := range conjuncts(x.seen) {
			if t.and(other.seen, part) == other.seen && !t.beside(part).isBool(true) {
				t.seen, t.gain = t.and(t.seen, part), true
			}
		}
	}
}

// partner returns the only other term that hides keys, if it adds the same number,
// and nothing else is added that counts beside that.
func (t *attention) partner(x *term) (other *term, ok bool) {
	for i := range t.terms {
		y := &t.terms[i]
		if !t.bounded(*y, x.fill) || y != x && y.fill != 0 && (y.fill != x.fill || other != nil) {
			return nil, false
		}
		if y != x && y.fill != 0 {
			other = y
		}
	}
	return other, other != nil
}

// infinite: −∞ hides a key as a mask does, unless rows that see none are filled:
// then the keys that masks hide are brought back, these are not.
func (t *attention) infinite(x *term) bool {
	if !math.IsInf(x.fill, -1) {
		return false
	}
	return t.spec.EmptyRow != attr.EmptyRowFilled || !t.hides() || t.seesAlways(t.and(t.seen, x.seen)) && t.othersFinite(x)
}

// othersFinite reports whether no other term hides keys.
func (t *attention) othersFinite(x *term) bool {
	for i := range t.terms {
		other := &t.terms[i]
		if r := t.range64(other.val); other != x && (other.fill != 0 || r.unknown() || math.IsInf(r.size(), 0)) {
			return false
		}
	}
	return true
}

// hides reports whether masks or positions hide anything.
func (t *attention) hides() bool { return !t.seen.isBool(true) }

// needless: the condition is on positions and every query sees a key, so that a
// hidden one never counts beside it: not even where other terms hide all that is
// seen, if they are small beside the fill or hide this one again.
func (t *attention) needless(x *term) bool {
	if math.IsInf(x.fill, -1) || !t.seesAlways(t.and(t.seen, x.seen)) {
		return false
	}
	for i := range t.terms {
		other := &t.terms[i]
		small := other.fill >= x.fill/10
		again := other.fill == x.fill && t.and(other.seen, x.seen) == other.seen
		if !t.bounded(*other, x.fill) || other != x && !small && !again {
			return false
		}
	}
	return true
}

// only: a single finite fill becomes a condition of rows that are filled with it.
func (t *attention) only(x *term) bool {
	if t.hides() || math.IsInf(x.fill, -1) || x.val.dtype != t.node.In[t.at.Q].Type.DType || !t.roundsAlike(x) {
		return false
	}
	for i := range t.terms {
		other := &t.terms[i]
		if other != x && other.fill != 0 || !t.bounded(*other, x.fill) {
			return false
		}
	}
	// A filled row has the fill added to what the term adds; the file put it in its
	// place, which is the same if it leaves nothing of that.
	if !t.isZero(x.val) && (x.fill > swallow || t.range64(x.val).size() > swallowed) {
		return false
	}
	t.spec.EmptyRow, t.spec.FillValue = attr.EmptyRowFilled, x.fill
	return true
}

// roundsAlike reports whether a row that is filled with x's fill rounds as one
// that x is added to. In 16 bits the sum of a filled row is rounded, as the file
// did it, which leaves little of the scores beside −10000; the sum with a bias
// isn't, which matters unless the fill leaves nothing of them either way.
func (t *attention) roundsAlike(x *term) bool {
	return t.stepwise || x.fill <= swallow || x.val.dtype != tensor.Float16 && x.val.dtype != tensor.BFloat16
}
