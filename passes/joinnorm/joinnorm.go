// Package joinnorm takes a LayerNormalization or RMSNormalization of a fused
// product over its last axis into the product: its rows are normalised while they
// are near. The sum that a product and a residual make stays a result where it is
// read elsewhere, as the stream of a transformer that normalises first is.
//
// A view of the product that leaves the last axis as it is may stand between: the
// rows are the same.
//
// A norm of anything else is left: there is no product to take it in.
package joinnorm

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/linear"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "joinnorm",
	Doc:  "take the norm of a product's rows into the product",
	Run: func(c *passes.Context, g *ir.Graph) error {
		if c.Catalog() == nil || c.Target() == "" {
			return nil
		}
		return rewrite.Run(c, g, rules)
	},
}

var rules = []rewrite.Rule{
	{Label: "layer norm of a product", Doc: "rows are normalised where they are made", Roots: []*ir.Op{op.LayerNormalization}, Match: join(attr.LinearNormLayer)},
	{Label: "rms norm of a product", Doc: "rows are normalised where they are made", Roots: []*ir.Op{op.RMSNormalization}, Match: join(attr.LinearNormRMS)},
}

// join takes in norms of a kind, if they give out nothing but the result.
func join(kind attr.LinearNorm) func(c *passes.Context, n *ir.Node) *rewrite.Patch {
	return func(c *passes.Context, n *ir.Node) *rewrite.Patch {
		a := n.Attr.(*attr.LayerNormalization)
		y, view := unviewed(n.In[0])
		p := linear.Of(y.Def)
		if p == nil || p.Attr.Results() != 1 || p.Attr.Normalised() || slices.ContainsFunc(n.Out[1:], isRead) {
			return nil
		}
		if rank, ranked := n.In[0].Type.Rank(); !ranked || a.Axis != -1 && a.Axis != rank-1 {
			return nil
		}
		patch := rewrite.NewPatch(n, "").Cover(y.Def)
		if p.Scale = linear.Vector(patch, n.In[1], y.Type.DType, p.Width(0)); p.Scale == nil {
			return nil
		}
		if shift := n.Operand(2); shift != nil {
			if p.Shift = linear.Vector(patch, shift, y.Type.DType, p.Width(0)); p.Shift == nil {
				return nil
			}
		}
		p.Attr.Norm, p.Attr.Epsilon = kind, a.Epsilon
		p.HidesY = linear.Reads(n.In[0], n) && (view == nil || linear.Reads(y, view))
		out, ok := p.Make(c, patch)
		if !ok {
			return nil
		}
		if !p.HidesY {
			patch.Replace(y, out[0])
		}
		normed := out[1]
		if view != nil {
			patch.Cover(view)
			normed = patch.Op(view.Op, view.Attr, append([]*ir.Value{normed}, view.In[1:]...)...)
		}
		if patch.Err() != nil || !normed.Type.Equal(n.Out[0].Type) {
			return nil
		}
		return patch.Replace(n.Out[0], normed)
	}
}

// views are the operators that change a shape alone.
var views = []*ir.Op{op.Reshape, op.Flatten, op.Squeeze, op.Unsqueeze}

// unviewed looks through a view that keeps the last axis.
func unviewed(v *ir.Value) (of *ir.Value, view *ir.Node) {
	n := v.Def
	if n == nil || !slices.Contains(views, n.Op) || !n.In[0].Type.HasRank || !v.Type.HasRank {
		return v, nil
	}
	before, after := n.In[0].Type.Shape, v.Type.Shape
	if len(before) == 0 || len(after) == 0 || !before[len(before)-1].Equal(after[len(after)-1]) {
		return v, nil
	}
	return n.In[0], n
}

func isRead(v *ir.Value) bool { return v != nil && len(v.Uses()) > 0 }
