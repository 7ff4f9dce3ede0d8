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
	{"S3", func(m *Match) bool { return divided(m.region.Scores.Q) && !m.keyScaled() }},
	{"S4", func(m *Match) bool { return m.queryScaled() && !m.keyScaled() && !divided(m.region.Scores.Q) }},
	{"S5", func(m *Match) bool { return m.queryScaled() && m.keyScaled() && !divided(m.region.Scores.Q) }},
	{"S7", func(m *Match) bool { return divided(m.region.Scores.Q) && m.keyScaled() }},
	{"S8", func(m *Match) bool { return m.queryScaled() && m.keyScaled() && m.has(OpScale) }},
	{"S9", func(m *Match) bool { return m.Spec.Attention.Scale == 1 && !m.has(OpFactor) }},
	{"M1", func(m *Match) bool { return len(m.region.Scores.masks()) == 0 }},
	{"M2", func(m *Match) bool {
		return m.has(OpBias) && !m.masked(sourceRest, sourceTable, sourceTrilu, sourceLength, sourceRange)
	}},
	{"M3", func(m *Match) bool { return m.has(OpBias) && m.masked(sourceRest) }},
	{"M6", func(m *Match) bool { return m.masked(sourceTable) }},
	{"M9", func(m *Match) bool { return m.masked(sourceTrilu) }},
	{"M11", func(m *Match) bool { return m.masked(sourceRange) }},
	{"M16", func(m *Match) bool { return m.masked(sourceLength) }},
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

// divided reports whether r is divided by a number on its way.
func divided(r Reading) bool {
	return slices.ContainsFunc(r.Steps[1:], func(s Step) bool { return s.Value.Def.Op == op.Div })
}

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

// source is what masks and biases are made from, as far as it tells exporters
// apart.
type source func(n *ir.Node) bool

var (
	sourceTrilu source = func(n *ir.Node) bool { return n.Op == op.Trilu }
	// positions counted, or compared with lengths
	sourceLength source = func(n *ir.Node) bool {
		return n.Op == op.CumSum || compares(n) && fromRange(n.In[0]) != fromRange(n.In[1])
	}
	// 1 − mask
	sourceRest source = func(n *ir.Node) bool {
		if n.Op != op.Sub {
			return false
		}
		x, ok := Splat(n.In[0])
		return ok && x == 1
	}
	// positions compared
	sourceRange source = func(n *ir.Node) bool { return compares(n) && fromRange(n.In[0]) && fromRange(n.In[1]) }
	// a table of zeros and ones by query and key
	sourceTable source = func(n *ir.Node) bool {
		return slices.ContainsFunc(n.In, func(v *ir.Value) bool {
			if v == nil || v.Const == nil || v.Const.Rank() < 2 || v.Const.Len() > maxTable {
				return false
			}
			last := v.Const.Shape[v.Const.Rank()-2:]
			return last[0] > 1 && last[1] > 1 && zeroOne(v, 0)
		})
	}
)

func compares(n *ir.Node) bool {
	switch n.Op {
	case op.Less, op.LessOrEqual, op.Greater, op.GreaterOrEqual:
		return true
	}
	return false
}

// fromRange reports whether v is positions: of Range, or a constant, moved.
func fromRange(v *ir.Value) bool {
	for range maxView {
		switch {
		case v.Def == nil:
			return v.Const != nil
		case v.Def.Op == op.Range:
			return true
		}
		v = v.Def.In[0]
	}
	return false
}

// maxSources bounds the nodes that are looked at above the masks of an anchor.
const maxSources = 256

// masked reports whether masks or biases come from one of the sources.
func (m *Match) masked(sources ...source) bool {
	var queue []*ir.Node
	seen := map[*ir.Node]bool{}
	add := func(v *ir.Value) {
		if v != nil && v.Def != nil && !seen[v.Def] {
			seen[v.Def] = true
			queue = append(queue, v.Def)
		}
	}
	for _, o := range m.region.Scores.masks() {
		add(o.Value)
	}
	for ; len(queue) > 0 && len(seen) < maxSources; queue = queue[1:] {
		n := queue[0]
		if slices.ContainsFunc(sources, func(is source) bool { return is(n) }) {
			return true
		}
		if n.Op != op.Shape {
			for _, v := range n.Operands() {
				add(v)
			}
		}
	}
	return false
}
