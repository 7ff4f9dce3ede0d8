package canon

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// upscaling is a transposed convolution whose windows lie side by side, as decoders of
// masks and depths end with: each place becomes a square of b×b, whose elements are as
// many filters of a convolution by places.
func upscaling(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	a, w := n.Attr.(*attr.ConvTranspose), n.In[1]
	shape, known := w.Type.ConstShape()
	if !known || len(shape) != 4 || !w.IsConst() || !squares(a, shape[2:]) {
		return nil
	}
	channels, filters, b := shape[0], shape[1], shape[2]
	p := rewrite.NewPatch(n, "")
	reshape := func(v *ir.Value, shape ...int64) *ir.Value {
		return p.Op(op.Reshape, &attr.Reshape{}, v, p.Ints(shape...))
	}
	all := int64(filters * b * b)
	in := []*ir.Value{n.In[0], reshape(p.Op(op.Transpose, &attr.Transpose{Perm: []int{1, 2, 3, 0}}, w), all, int64(channels), 1, 1)}
	if bias := n.Operand(2); bias != nil {
		column := reshape(bias, int64(filters), 1)
		in = append(in, reshape(p.Op(op.Expand, nil, column, p.Ints(int64(filters), int64(b*b))), all))
	}
	y := p.Op(op.Conv, attr.New[attr.Conv](), in...)
	return p.Replace(n.Out[0], p.Op(op.DepthToSpace, &attr.DepthSpace{BlockSize: b, Mode: "CRD"}, y))
}

// squares reports whether the windows of this size are squares side by side, and all
// that there is of the result.
func squares(a *attr.ConvTranspose, kernel []int) bool {
	pads := a.Pads
	if a.AutoPad == "VALID" {
		pads = nil
	}
	more := slices.ContainsFunc(a.OutputPadding, func(x int) bool { return x != 0 })
	return kernel[0] == kernel[1] && kernel[0] > 0 && a.Group == 1 && len(a.OutputShape) == 0 && !more &&
		attr.SideBySide(a.Strides, a.Dilations, pads, kernel)
}
