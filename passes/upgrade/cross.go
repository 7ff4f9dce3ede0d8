package upgrade

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
)

// maxCone bounds the nodes that keys are followed through.
const maxCone = 4000

// selfAttention refuses keys that are not computed from what queries are.
func (u *upgrader) selfAttention(w *walk) *refusal {
	base := source(w.from.x())
	k := w.node.In[1]
	if u.dependsOn(k, base) {
		return nil
	}
	other := source(k)
	if other.Def != nil {
		if p := asProjection(other.Def); p != nil {
			other = source(p.x())
		}
	}
	return refuse(checkCross, w.node, fmt.Sprintf("keys computed from %s, as the queries are", origin(base)), "keys computed from "+origin(other))
}

// noResidual refuses a sum of a projection and what it projects: the end of the
// block before, which queries are made of that have no projection of their own.
func (u *upgrader) noResidual(w *walk) *refusal {
	for _, n := range w.nodes {
		if n.Op != op.Add && n.Op != op.Sub {
			continue
		}
		for _, in := range n.In {
			if !w.on[in] && !isFixed(in) && u.dependsOn(w.from.x(), source(in)) {
				return refuse(checkProjection, n, "a query of one projection",
					fmt.Sprintf("a sum of %s and %s, which that is computed from", origin(w.from.node.Out[0]), origin(in)))
			}
		}
	}
	return nil
}

// source follows v back through what keeps the sequence that it is: views, casts,
// norms, and sums and products with weights.
func source(v *ir.Value) *ir.Value {
	for range maxSteps {
		if v.Def == nil {
			break
		}
		switch n := v.Def; n.Op {
		case op.Reshape, op.Flatten, op.Squeeze, op.Unsqueeze, op.Transpose, op.Identity, op.Slice, op.Split, op.Gather, op.Cast,
			op.LayerNormalization, op.RMSNormalization:
			if isFixed(n.In[0]) {
				return v // a table of embeddings, by an index that is computed
			}
			v = n.In[0]
		case op.Add, op.Mul:
			switch {
			case isFixed(n.In[1]):
				v = n.In[0]
			case isFixed(n.In[0]):
				v = n.In[1]
			default:
				return v
			}
		default:
			return v
		}
	}
	return v
}

// dependsOn reports whether v is computed from base. Nothing before base is.
func (u *upgrader) dependsOn(v, base *ir.Value) bool {
	seen := map[*ir.Value]bool{}
	stack := []*ir.Value{v}
	for len(stack) > 0 && len(seen) < maxCone {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if v == base {
			return true
		}
		if v == nil || v.Def == nil || seen[v] || base.Def != nil && !v.Def.Graph().Before(base.Def, v.Def) {
			continue
		}
		seen[v] = true
		u.Work(1)
		stack = append(stack, v.Def.In...)
	}
	return false
}
