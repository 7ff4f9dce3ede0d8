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
	{Label: "needless guard", Doc: "Where(x is ±∞ ∧ c, a, x) is x for probabilities x", Roots: []*ir.Op{op.Where}, Match: needlessGuard},
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

// needlessGuard finds two thirds of nan_to_num as torch exports it: infinities are
// replaced too, by the greatest and the least number.
func needlessGuard(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	c, x := n.In[0].Def, n.In[2]
	if c == nil || !keepsShape(n, x) || !probabilities(x) {
		return nil
	}
	conditions := []*ir.Value{n.In[0]}
	if c.Op == op.And {
		conditions = c.In
	}
	for _, v := range conditions {
		if v.Def != nil && v.Def.Op == op.IsInf && beforeCasts(v.Def.In[0]) == beforeCasts(x) {
			return same(n, x)
		}
	}
	return nil
}

// probabilities reports whether v is of a softmax, NaN replaced by 0 or not.
func probabilities(v *ir.Value) bool {
	d := beforeCasts(v).Def
	if d != nil && d.Op == op.Where && d.In[0].Def != nil && d.In[0].Def.Op == op.IsNaN {
		if a := d.In[1].Const; a == nil || a.Len() != 1 || a.FloatAt(0) != 0 {
			return false
		}
		d = beforeCasts(d.In[2]).Def
	}
	return d != nil && d.Op == op.Softmax
}

// beforeCasts is what v was converted from, one float type to another.
func beforeCasts(v *ir.Value) *ir.Value {
	for v.Def != nil && v.Def.Op == op.Cast && v.Type.DType.IsFloat() && v.Def.In[0].Type.DType.IsFloat() {
		v = v.Def.In[0]
	}
	return v
}
