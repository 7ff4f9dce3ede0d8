package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
)

// A file may compute the same probabilities twice, in two phrasings: o by an
// attention function, t̄ with a softmax written out. Where another anchor has equal
// logits its probabilities are those of the first.

// maxTwinSearch bounds the readers looked at from the keys on to other anchors.
const maxTwinSearch = 64

// twins adds the weights of the anchors that have g's logits, and what is
// computed from them, to g. It reports whether there are any.
func (g *Region) twins() bool {
	found := false
	for _, n := range g.nearby() {
		x, s, l, why := logitsOf(n, g.walker)
		if why != nil {
			continue
		}
		at, rename, ok := g.rename(s)
		if !ok || !g.sameLogits(s, l, rename) {
			continue
		}
		found = true
		g.begin(x, at)
	}
	if found {
		g.Why = nil
		g.run()
	}
	return found
}

// alikeWhenEmpty reports whether no row that sees no key could tell twins apart,
// of which only one may be guarded.
func (g *Region) alikeWhenEmpty() bool {
	return g.Guard == GuardNone || len(g.logits.Masks)+len(g.logits.Biases) == 0
}

// nearby returns the other anchors that are computed from the same keys.
func (g *Region) nearby() []*ir.Node {
	var anchors []*ir.Node
	seen := map[*ir.Node]bool{g.Anchor: true}
	queue := []*ir.Value{g.Scores.K.Base}
	for len(queue) > 0 {
		v := queue[0]
		queue = queue[1:]
		for _, u := range v.Uses() {
			n := u.Node
			if n == nil || seen[n] {
				continue
			}
			if seen[n] = true; len(seen) > maxTwinSearch {
				return anchors
			}
			switch {
			case Anchor(n):
				anchors = append(anchors, n)
			case len(n.Out) == 1 && onTheWay[n.Op]:
				queue = append(queue, n.Out[0])
			}
		}
	}
	return anchors
}

// onTheWay are the operators between keys and softmax.
var onTheWay = func() map[*ir.Op]bool {
	ways := map[*ir.Op]bool{}
	for _, o := range []*ir.Op{
		op.Identity, op.Reshape, op.Flatten, op.Transpose, op.Squeeze, op.Unsqueeze, op.Expand, op.Tile, op.Cast,
		op.MatMul, op.Einsum, op.Mul, op.Div, op.Add, op.Sub, op.Where, op.Tanh, op.Max,
	} {
		ways[o] = true
	}
	return ways
}()

// sameLogits reports whether scores s, whose roles are renamed to g's, are put
// together to g's logits.
func (g *Region) sameLogits(s *Scores, l *Logits, rename map[Role]Role) bool {
	m, own := g.logits, g.Scores
	k, q := Reading{s.K.View, renamed(s.K.At, rename)}, Reading{s.Q.View, renamed(s.Q.At, rename)}
	gain := func(s *Scores, l *Logits) float64 { return l.Scale * s.K.Last().Scale * s.Q.Last().Scale }
	return k.sameAs(own.K, g.keyAxes()) && q.sameAs(own.Q, g.queryAxes()) && near(gain(s, l), gain(own, m)) &&
		near(l.Softcap, m.Softcap) && l.Fill == m.Fill && l.Sink.same(m.Sink) && len(l.Factors)+len(m.Factors) == 0 &&
		slices.EqualFunc(l.Biases, m.Biases, func(a, b Bias) bool {
			return a.Value == b.Value && near(a.Factor, b.Factor) && a.Floor == b.Floor && a.Fill == b.Fill &&
				sameMask(a.Under, b.Under, rename) && renamed(a.At, rename).Equal(b.At)
		}) &&
		slices.EqualFunc(l.Masks, m.Masks, func(a, b Mask) bool { return sameMask(&a, &b, rename) })
}

func sameMask(a, b *Mask, rename map[Role]Role) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Value == b.Value && a.Hides == b.Hides && renamed(a.At, rename).Equal(b.At)
}
