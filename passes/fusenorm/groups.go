package fusenorm

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// groupNorm reads InstanceNormalization of [batch, group, rest] between views as
// GroupNormalization, which torch exports so. It is for a target with a kernel: few
// runtimes have one, and files keep what they have.
func groupNorm(c *passes.Context, n *ir.Node) *rewrite.Patch {
	norm := soleDef(n.In[0], op.InstanceNormalization)
	if norm == nil || !isOnes(norm.In[1]) || !isZeros(norm.In[2]) {
		return nil
	}
	view := norm.In[0].Def
	if view == nil || view.Op != op.Reshape || !n.Out[0].Type.Equal(view.In[0].Type) {
		return nil
	}
	x, groups := view.In[0], norm.In[1].Const.Len()
	channels, ok := groupedChannels(x.Type, norm.In[0].Type)
	if !ok || channels%groups != 0 {
		return nil
	}
	one, zero := tensor.New(x.Type.DType, channels), tensor.New(x.Type.DType, channels)
	for i := range channels {
		one.SetFloat(i, 1)
	}
	p := rewrite.NewPatch(n, "").Cover(norm, view)
	a := &attr.GroupNormalization{Epsilon: norm.Attr.(*attr.BatchNormalization).Epsilon, Groups: groups}
	z := p.Op(op.GroupNormalization, a, x, p.Const(one), p.Const(zero))
	if p.Err() != nil || !c.HasFast(z.Def) {
		return nil
	}
	return p.Replace(n.Out[0], z)
}

// groupedChannels is the number of channels of x [batch, channel, …], which is viewed
// as [batch, group, …].
func groupedChannels(x, viewed ir.Type) (int, bool) {
	if !x.HasRank || !viewed.HasRank || len(x.Shape) < 2 || len(viewed.Shape) < 2 || !x.Shape[0].Equal(viewed.Shape[0]) {
		return 0, false
	}
	channels, known := x.Shape[1].IsConst()
	return int(channels), known && channels <= maxScale
}

// channelNorms are the operators with a scale and a bias per channel.
var channelNorms = []*ir.Op{op.InstanceNormalization, op.GroupNormalization}

func channelScale(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	return withChannels(n, func(norm *ir.Node, v *ir.Value) []*ir.Value {
		if !isOnes(norm.In[1]) || !isZeros(norm.In[2]) {
			return nil
		}
		return []*ir.Value{norm.In[0], v, norm.In[2]}
	})
}

func channelBias(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	return withChannels(n, func(norm *ir.Node, v *ir.Value) []*ir.Value {
		if !isZeros(norm.In[2]) {
			return nil
		}
		return []*ir.Value{norm.In[0], norm.In[1], v}
	})
}

// withChannels moves the other operand of n, a constant of the channels, into the
// norm that n alone reads.
func withChannels(n *ir.Node, operands func(norm *ir.Node, v *ir.Value) []*ir.Value) *rewrite.Patch {
	for i, v := range n.In {
		norm, c := soleDef(v, channelNorms...), n.In[1-i]
		if norm == nil || !isOfChannels(c, v.Type) {
			continue
		}
		p := rewrite.NewPatch(n, "").Cover(norm)
		if in := operands(norm, p.Const(c.Const.Reshaped(c.Const.Len()))); in != nil {
			return p.Replace(n.Out[0], p.Op(norm.Op, norm.Attr, in...))
		}
	}
	return nil
}

// isOfChannels reports whether v is a constant [channel, 1, …] beside x, with axes of
// size 1 in front perhaps.
func isOfChannels(v *ir.Value, x ir.Type) bool {
	rank, ranked := x.Rank()
	if !v.IsConst() || !ranked || v.Const.DType != x.DType || v.Const.Rank() < rank-1 || v.Const.Rank() > rank {
		return false
	}
	for i, size := range v.Const.Shape {
		if axis := rank - v.Const.Rank() + i; axis == 1 && !x.Shape[1].Is(int64(size)) || axis != 1 && size != 1 {
			return false
		}
	}
	return true
}

// soleDef is the node that makes v, if it is one of these and v has no other reader.
func soleDef(v *ir.Value, ops ...*ir.Op) *ir.Node {
	if _, sole := v.SoleUse(); !sole || v.Def == nil || !slices.Contains(ops, v.Def.Op) {
		return nil
	}
	return v.Def
}

func isZeros(v *ir.Value) bool { return isAll(v, 0) }
