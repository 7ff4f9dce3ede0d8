package fuseepilogue

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// views are the operators that change a shape alone.
var views = []*ir.Op{op.Reshape, op.Flatten, op.Squeeze, op.Unsqueeze}

func isView(n *ir.Node) bool { return n != nil && slices.Contains(views, n.Op) }

// unflatten moves a product out of the views around it: n puts back leading axes
// that the product's operand had before it was flattened. Both have the same
// elements in the same order, and n's last axis is the product's: so the rows are
// the same.
func unflatten(c *passes.Context, n *ir.Node) *rewrite.Patch {
	y := n.In[0]
	p := single(y, n)
	if p == nil || !p.Open() || !isView(p.X.Def) {
		return nil
	}
	before, after := p.X.Def.In[0].Type, n.Out[0].Type
	if !before.HasRank || !after.HasRank || len(after.Shape) < 2 || !sameLast(after.Shape, y.Type.Shape) {
		return nil
	}
	lead, flat := after.Shape[:len(after.Shape)-1], p.X.Type.Shape
	if len(before.Shape) < len(after.Shape) || !before.Shape[:len(lead)].Equal(lead) {
		return nil
	}
	patch := rewrite.NewPatch(n, "").Cover(y.Def, p.X.Def)
	if p.X = p.X.Def.In[0]; len(before.Shape) > len(after.Shape) || !sameLast(before.Shape, flat) {
		if p.X = rows(patch, p.X, len(lead), flat[len(flat)-1]); p.X == nil {
			return nil
		}
	}
	return replaced(c, patch, p, n.Out[0])
}

func sameLast(a, b sym.Shape) bool { return a[len(a)-1].Equal(b[len(b)-1]) }

// rows is x with all axes from the lead on as one, of size k.
func rows(patch *rewrite.Patch, x *ir.Value, lead int, k sym.Dim) *ir.Value {
	size, known := k.IsConst()
	if !known || size == 0 {
		return nil
	}
	target := make([]int64, lead+1) // 0: as it is
	target[lead] = size
	return patch.Op(op.Reshape, &attr.Reshape{}, x, patch.Ints(target...))
}
