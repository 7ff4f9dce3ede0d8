package op

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
)

// decomposeFusedConv is the fused convolution by Conv, activation and sum, and
// Transpose where the channels are last. 16-bit
// floats are rounded after each of them.
func decomposeFusedConv(b *ir.Builder, n *ir.Node) ([]*ir.Value, error) {
	a, in := n.Attr.(*attr.FusedConv), n.Operands()
	o := a.Operands()
	operands := in[:o.Weight+1]
	if a.HasBias {
		operands = in[:o.Bias+1]
	}
	y, err := convolve(b, a, operands)
	if err != nil {
		return nil, err
	}
	if a.ResidualFirst {
		y = b.Op(Add, nil, y, in[o.Residual])
	}
	y = activateConv(b, a, y)
	if a.HasResidual && !a.ResidualFirst {
		y = b.Op(Add, nil, y, in[o.Residual])
	}
	return []*ir.Value{y}, b.Err()
}

// convolve is the convolution alone, of x, weights and bias: between transpositions
// where the channels are last.
func convolve(b *ir.Builder, a *attr.FusedConv, in []*ir.Value) (*ir.Value, error) {
	plain := a.Plain()
	if !a.ChannelsLast {
		return b.Op(Conv, &plain, in...), nil
	}
	rank, ranked := in[0].Type.Rank()
	if !ranked {
		return nil, fmt.Errorf("%s of unknown rank", in[0])
	}
	in = slices.Clone(in)
	in[0] = b.Op(Transpose, &attr.Transpose{Perm: attr.ToChannelsFirst(rank)}, in[0])
	return b.Op(Transpose, &attr.Transpose{Perm: attr.ToChannelsLast(rank)}, b.Op(Conv, &plain, in...)), nil
}

// activateConv applies the activation of a fused convolution.
func activateConv(b *ir.Builder, a *attr.FusedConv, x *ir.Value) *ir.Value {
	switch a.Activation {
	case attr.ActivationHardSwish:
		return b.Op(HardSwish, nil, x)
	case attr.ActivationLeakyRelu:
		return b.Op(LeakyRelu, &attr.Unary{Alpha: a.Alpha}, x)
	case attr.ActivationClip:
		d := x.Type.DType
		return b.Op(Clip, nil, x, b.Float(d, float64(a.Alpha)), b.Float(d, float64(a.Beta)))
	}
	return activate(b, a.Activation, x)
}
