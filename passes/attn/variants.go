package attn

import (
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// variant is a phrasing worth telling in explain, by its code.
type variant struct {
	code string // S: scale, M: mask, L: layout, G: grouped heads, X: extras, P: precision
	is   func(m *Match) bool
}

// variants of the phrasings, in the order they are listed.
var variants = []variant{
	{"S1", func(m *Match) bool { return m.scaledBy(op.Div) }},
	{"S2", func(m *Match) bool { return m.scaledBy(op.Mul) }},
	{"S4", func(m *Match) bool { return m.queryScaled() && !m.keyScaled() }},
	{"S5", func(m *Match) bool { return m.queryScaled() && m.keyScaled() }},
	{"S9", func(m *Match) bool { return m.Spec.Attention.Scale == 1 && !m.has(OpFactor) }},
	{"M1", func(m *Match) bool { return len(m.region.Scores.masks()) == 0 }},
	{"M2", func(m *Match) bool { return len(m.region.logits.Biases) > 0 }},
	{"M8", func(m *Match) bool { return m.has(OpMask) }},
	{"M10", func(m *Match) bool { return m.region.Guard == GuardNaN }},
	{"M14", func(m *Match) bool { return m.region.Guard == GuardMask }},
	{"L1", func(m *Match) bool { return len(m.region.Scores.Product.Out) == 4 }},
	{"L4", func(m *Match) bool { return len(m.region.Scores.Product.Out) == 3 && m.ops.H > 1 }},
	{"L9", func(m *Match) bool { return m.uses(op.Einsum) }},
	{"L10", func(m *Match) bool { return m.ops.H == 1 }},
	{"G1", func(m *Match) bool { return m.ops.KV < m.ops.H }},
	{"X1", func(m *Match) bool { return m.region.logits.Softcap != 0 }},
	{"X2", func(m *Match) bool { return m.region.logits.Sink != nil }},
	{"P1", func(m *Match) bool { return m.has(OpCast) }},
	{"exp", func(m *Match) bool { return m.region.Anchor.Op == op.Exp }},
	{"packed", func(m *Match) bool { return m.ops.Layout == attr.LayoutBSD }},
}

func (m *Match) variants() []string {
	var codes []string
	for _, v := range variants {
		if v.is(m) {
			codes = append(codes, v.code)
		}
	}
	return codes
}

func (m *Match) has(k OpKind) bool {
	for _, o := range m.region.Scores.Ops {
		if o.Kind == k {
			return true
		}
	}
	return false
}

// uses reports whether o is among what the fused node stands for.
func (m *Match) uses(o *ir.Op) bool {
	is := func(n *ir.Node) bool { return n.Op == o }
	return slices.ContainsFunc(m.nodes, is) || slices.ContainsFunc(m.region.Scores.Nodes, is)
}

// scaledBy reports whether the scores themselves are scaled by such a node.
func (m *Match) scaledBy(o *ir.Op) bool {
	for _, s := range m.region.Scores.Ops {
		if s.Kind == OpScale && s.Node.Op == o {
			return true
		}
	}
	return false
}

func (m *Match) queryScaled() bool { return differs(m.region.Scores.Q.Last().Scale) }
func (m *Match) keyScaled() bool   { return differs(m.region.Scores.K.Last().Scale) }

func differs(scale float64) bool { return math.Abs(scale-1) > 1e-9 }

// masks are the operations that mask or bias the scores.
func (s *Scores) masks() []ScoreOp {
	var out []ScoreOp
	for _, o := range s.Ops {
		if o.Kind == OpMask || o.Kind == OpBias {
			out = append(out, o)
		}
	}
	return out
}
