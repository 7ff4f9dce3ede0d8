package fuserope

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// maxRearranged bounds the nodes between a scale and the rotation: a split of
// heads has two.
const maxRearranged = 4

// scaleBehind scales what is rotated instead of what will be: rotations are linear,
// and next to the product with the keys the scale becomes the attention's.
func scaleBehind(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	var between []*ir.Node // the rotation's end first
	v := n.In[0]
	for sole(v) && rearranges(v.Def) && len(between) < maxRearranged {
		between, v = append(between, v.Def), v.Def.In[0]
	}
	scaled := v.Def
	if !sole(v) || scaled == nil || scaled.Op != op.Mul && scaled.Op != op.Div {
		return nil
	}
	x, factor := scaled.In[0], scaled.In[1]
	if _, number := factor.Scalar(); !number || !x.Type.Equal(v.Type) {
		return nil
	}
	p := rewrite.NewPatch(n, "").Cover(between...).Cover(scaled)
	for _, m := range slices.Backward(between) {
		x = p.Op(m.Op, m.Attr, append([]*ir.Value{x}, m.In[1:]...)...)
	}
	y := p.Op(op.RotaryEmbedding, n.Attr, append([]*ir.Value{x}, n.In[1:]...)...)
	return p.Replace(n.Out[0], p.Op(scaled.Op, nil, y, p.Const(factor.Const.Reshaped())))
}

func sole(v *ir.Value) bool {
	_, sole := v.SoleUse()
	return sole
}

func rearranges(n *ir.Node) bool { return n != nil && (isView(n) || n.Op == op.Transpose) }
