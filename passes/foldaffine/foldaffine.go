package foldaffine

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/linear"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "foldaffine",
	Doc:  "take constant scales and shifts of channels into the weights beside them",
	Run:  func(c *passes.Context, g *ir.Graph) error { return rewrite.Run(c, g, rules) },
}

var rules = []rewrite.Rule{
	{Label: "scale behind weights", Doc: "s·(x·w + b) + t is x·(s·w) + (s·b + t)", Roots: []*ir.Op{op.BatchNormalization, op.Mul, op.Div, op.Add}, Match: behind},
	{Label: "scale before a convolution", Doc: "weights of s·x + t are those of x, scaled, and a bias", Roots: []*ir.Op{op.Conv}, Match: before},
	{Label: "batch norm", Doc: "what is left of BatchNormalization is s·x + t", Roots: []*ir.Op{op.BatchNormalization}, Match: written},
}

// behind takes n into the weights that its operand is made with.
func behind(c *passes.Context, n *ir.Node) *rewrite.Patch {
	a := affineOf(n)
	if a == nil {
		return nil
	}
	w := wayOf(n, a)
	if w == nil {
		return nil
	}
	patch := rewrite.NewPatch(n, "").Cover(w.nodes...)
	v := w.product.fold(c, patch, w.affine)
	if v == nil {
		return nil
	}
	for i := len(w.views) - 1; i >= 0; i-- {
		view := w.views[i]
		v = patch.Op(view.Op, view.Attr, append([]*ir.Value{v}, view.In[1:]...)...)
	}
	if patch.Err() != nil || !v.Type.Equal(n.Out[0].Type) {
		return nil
	}
	return patch.Replace(n.Out[0], v)
}

// before takes what makes the operand of a convolution into its weights.
func before(c *passes.Context, n *ir.Node) *rewrite.Patch {
	p, d := productOf(n), n.In[0].Def
	if p == nil || d == nil || !linear.Reads(n.In[0], n) {
		return nil
	}
	a := affineOf(d)
	if a == nil || a.axis != channelAxis && a.axis != everywhere || a.shift != nil && !unpadded(n.Attr.(*attr.Conv)) {
		return nil
	}
	patch := rewrite.NewPatch(n, "").Cover(d)
	v := p.foldInput(c, patch, a)
	if v == nil || patch.Err() != nil || !v.Type.Equal(n.Out[0].Type) {
		return nil
	}
	return patch.Replace(n.Out[0], v)
}

// unpadded reports whether no window of a convolution reaches over an edge.
func unpadded(a *attr.Conv) bool {
	for _, pad := range a.Pads {
		if pad != 0 {
			return false
		}
	}
	return a.AutoPad == "VALID" || a.AutoPad == "NOTSET"
}

// written writes a BatchNormalization as a product and a sum. A file keeps it, and
// so does the reference, with which others are compared.
func written(c *passes.Context, n *ir.Node) *rewrite.Patch {
	if c.Target() == "" || c.Target() == kernels.Ref {
		return nil
	}
	a := affineOf(n)
	if a == nil {
		return nil
	}
	patch, x := rewrite.NewPatch(n, ""), n.In[0]
	rank, _ := x.Type.Rank()
	shape := make([]int, rank-channelAxis)
	for i := range shape {
		shape[i] = 1
	}
	shape[0] = len(a.scale)
	scaled := patch.Op(op.Mul, nil, x, patch.Const(rounded(x.Type.DType, a.scale, shape...)))
	v := patch.Op(op.Add, nil, scaled, patch.Const(rounded(x.Type.DType, a.shift, shape...)))
	if patch.Err() != nil || !v.Type.Equal(n.Out[0].Type) {
		return nil
	}
	return patch.Replace(n.Out[0], v)
}
