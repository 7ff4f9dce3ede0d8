package op

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
)

// decomposeFusedConv is the fused convolution by Conv, activation and sum. 16-bit
// floats are rounded after each of them.
func decomposeFusedConv(b *ir.Builder, n *ir.Node) ([]*ir.Value, error) {
	a, in := n.Attr.(*attr.FusedConv), n.Operands()
	o, plain := a.Operands(), a.Plain()
	operands := in[:o.Weight+1]
	if a.HasBias {
		operands = in[:o.Bias+1]
	}
	y := b.Op(Conv, &plain, operands...)
	if a.ResidualFirst {
		y = b.Op(Add, nil, y, in[o.Residual])
	}
	y = activateConv(b, a, y)
	if a.HasResidual && !a.ResidualFirst {
		y = b.Op(Add, nil, y, in[o.Residual])
	}
	return []*ir.Value{y}, b.Err()
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
