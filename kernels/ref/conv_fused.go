package ref

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// FusedConv is the fused convolution of [attr.FusedConv], in float64, rounded once.
func FusedConv(z *tensor.Tensor, a *attr.FusedConv, x, filters *tensor.Tensor, rest ...*tensor.Tensor) error {
	if err := a.Check(); err != nil {
		return err
	}
	in, o, plain := append(list{x, filters}, rest...), a.Operands(), a.Plain()
	if len(in) != o.Count {
		return fmt.Errorf("%d operands, the specification has %d", len(in), o.Count)
	}
	if err := present(in); err != nil {
		return err
	}
	if _, err := commonType(in); err != nil {
		return err
	}
	var bias *tensor.Tensor
	if a.HasBias {
		bias = in[o.Bias]
	}
	convolve := convolution
	if a.ChannelsLast {
		convolve = convolutionLast
	}
	out, err := convolve(z, &plain, x, filters, bias)
	if err != nil {
		return err
	}
	residual := make([]float64, len(out))
	if a.HasResidual {
		if r := in[o.Residual]; !tensor.SameShape(r.Shape, z.Shape) {
			return fmt.Errorf("the residual is %s, want %s", r, tensor.ShapeString(z.Shape))
		}
		loaded, err := loadAll(in[o.Residual])
		if err != nil {
			return err
		}
		residual = loaded[0]
	}
	f := convActivated(a)
	for i, v := range out {
		if a.ResidualFirst {
			out[i] = f(v + residual[i])
		} else {
			out[i] = f(v) + residual[i]
		}
	}
	store(z, out)
	return nil
}

// convolutionLast is convolution of x [batch, …, channel], with the filters last.
func convolutionLast(z *tensor.Tensor, a *attr.Conv, x, filters, bias *tensor.Tensor) ([]float64, error) {
	if err := wantSpatial(x); err != nil {
		return nil, err
	}
	var first tensor.Tensor
	if err := Transpose(&first, &attr.Transpose{Perm: attr.ToChannelsFirst(x.Rank())}, x); err != nil {
		return nil, err
	}
	out, err := convolution(z, a, &first, filters, bias)
	if err != nil {
		return nil, err
	}
	places := product(z.Shape[2:])
	last := make([]float64, len(out))
	for i, v := range out {
		plane, place := i/places, i%places
		image, filter := plane/z.Shape[1], plane%z.Shape[1]
		last[(image*places+place)*z.Shape[1]+filter] = v
	}
	shape := slices.Concat(z.Shape[:1], z.Shape[2:], z.Shape[1:2])
	return last, reset(z, x.DType, shape...)
}

// convActivated is the activation of a fused convolution.
func convActivated(a *attr.FusedConv) func(float64) float64 {
	alpha, beta := float64(a.Alpha), float64(a.Beta)
	switch a.Activation {
	case attr.ActivationHardSwish:
		return func(v float64) float64 { return v * max(0, min(1, v/6+0.5)) }
	case attr.ActivationLeakyRelu:
		return func(v float64) float64 { return below(v, 0, alpha*v) }
	case attr.ActivationClip:
		return func(v float64) float64 { return min(max(v, alpha), beta) }
	}
	return activated[a.Activation]
}
