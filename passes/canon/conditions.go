package canon

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// conditions put predicates into positive, ascending form.
var conditions = []rewrite.Rule{
	{Label: "comparison", Doc: "a > b is b < a", Roots: []*ir.Op{op.Greater, op.GreaterOrEqual}, Match: descending},
	{Label: "negated comparison", Doc: "¬(a < b) is b ≤ a for integers", Roots: []*ir.Op{op.Not}, Match: negatedComparison},
	{Label: "negated condition", Doc: "Where(¬c, a, b) is Where(c, b, a)", Roots: []*ir.Op{op.Where}, Match: negatedCondition},
	{Label: "constant condition", Doc: "Where with an all-true or all-false condition", Roots: []*ir.Op{op.Where}, Match: constantCondition},
	{Label: "neutral truth", Doc: "x ∧ true, x ∨ false, x ∧ x, x ∨ x", Roots: []*ir.Op{op.And, op.Or}, Match: neutralTruth},
}

// ascending gives each comparison the one with swapped operands.
var ascending = map[*ir.Op]*ir.Op{op.Greater: op.Less, op.GreaterOrEqual: op.LessOrEqual}

func descending(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	return rephrased(n, ascending[n.Op], nil, n.In[1], n.In[0])
}

// complement gives a comparison its negation with swapped operands.
var complement = map[*ir.Op]*ir.Op{op.Less: op.LessOrEqual, op.LessOrEqual: op.Less}

func negatedComparison(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	d := n.In[0].Def
	if d == nil || complement[d.Op] == nil || !d.In[0].Type.DType.IsInt() {
		return nil
	}
	return rephrased(n, complement[d.Op], nil, d.In[1], d.In[0])
}

func negatedCondition(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	d := n.In[0].Def
	if d == nil || d.Op != op.Not {
		return nil
	}
	return rephrased(n, op.Where, nil, d.In[0], n.In[2], n.In[1])
}

func constantCondition(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	truth, ok := uniform(n.In[0])
	if !ok {
		return nil
	}
	chosen := n.In[2]
	if truth {
		chosen = n.In[1]
	}
	if !keepsShape(n, chosen) {
		return nil
	}
	return same(n, chosen)
}

func neutralTruth(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if !keepsShape(n, n.In[0]) {
		return nil
	}
	if truth, ok := uniform(n.In[1]); n.In[0] == n.In[1] || ok && truth == (n.Op == op.And) {
		return same(n, n.In[0])
	}
	return nil
}

// uniform returns what all elements of a boolean constant are.
func uniform(v *ir.Value) (truth, ok bool) {
	if v.Const == nil || v.Const.DType != tensor.Bool || v.Const.Len() == 0 {
		return false, false
	}
	all := tensor.Data[bool](v.Const)
	for _, b := range all {
		if b != all[0] {
			return false, false
		}
	}
	return all[0], true
}
