package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// convTail is what a fused convolution does to flat ranges of its result, in place: to
// each as soon as it is there.
type convTail struct {
	plain       attr.Conv
	z, residual []float32
	first       bool // the residual comes before the activation
	activation  unary
}

// convActivations are the functions of a fused convolution, with alpha and beta for
// parameters.
var convActivations = map[attr.Activation]unary{
	attr.ActivationNone:      {},
	attr.ActivationRelu:      {f: relu},
	attr.ActivationGelu:      {f: gelu},
	attr.ActivationGeluTanh:  {f: geluTanh},
	attr.ActivationSilu:      {f: silu},
	attr.ActivationQuickGelu: {f: quickGelu},
	attr.ActivationTanh:      {f: tanh},
	attr.ActivationSigmoid:   {f: sigmoid},
	attr.ActivationHardSwish: {f: hardSwish},
	attr.ActivationLeakyRelu: {with: leakyRelu},
	attr.ActivationClip:      {with: clipped},
}

// FusedConv is the fused convolution of [attr.FusedConv], of f32: x [batch, channel,
// …], filters [filter, channel/group, …], then bias [filter] and residual, of z's
// shape, where the specification has them.
func FusedConv(c *Ctx, z *tensor.Tensor, a *attr.FusedConv, x, filters *tensor.Tensor, rest ...*tensor.Tensor) error {
	bias, residual, err := convOperands(a, x, rest)
	if err != nil {
		return fmt.Errorf("FusedConv: %w", err)
	}
	if a.ChannelsLast {
		return fmt.Errorf("FusedConv: the channels of %s are last", x)
	}
	t, v := &c.convTail, &c.conv
	t.begin(a)
	if err := v.bind(z, &t.plain, x, filters, bias); err != nil {
		return fmt.Errorf("FusedConv: %w", err)
	}
	if v.tail, err = t.behind(z, residual); err != nil {
		return fmt.Errorf("FusedConv: %w", err)
	}
	v.run(c)
	return nil
}

// convOperands checks a against x and what follows the filters, and returns the bias
// and the residual, nil where there is none.
func convOperands(a *attr.FusedConv, x *tensor.Tensor, rest []*tensor.Tensor) (bias, residual *tensor.Tensor, err error) {
	if err := a.Check(); err != nil {
		return nil, nil, err
	}
	o := a.Operands()
	if len(rest) != o.Count-2 || x.DType != tensor.Float32 {
		return nil, nil, fmt.Errorf("%d operands, the first of which is %s, want %d of f32", len(rest)+2, x, o.Count)
	}
	if a.HasBias {
		bias = rest[o.Bias-2]
	}
	if a.HasResidual {
		residual = rest[o.Residual-2]
	}
	return bias, residual, nil
}

// begin sets what a does.
func (t *convTail) begin(a *attr.FusedConv) {
	*t = convTail{plain: a.Plain(), first: a.ResidualFirst, activation: convActivations[a.Activation]}
	t.activation.p = parameters{a.Alpha, a.Beta}
}

// behind is t behind a convolution whose result is z; nil if there is nothing to do.
func (t *convTail) behind(z, residual *tensor.Tensor) (*convTail, error) {
	t.z = tensor.Data[float32](z)
	if residual == nil {
		if t.activation.isNone() {
			return nil, nil
		}
		return t, nil
	}
	if residual.DType != z.DType || !tensor.SameShape(residual.Shape, z.Shape) {
		return nil, fmt.Errorf("the residual is %s, want %s", residual, z)
	}
	t.residual = tensor.Data[float32](residual)
	return t, nil
}

// finish finishes the elements lo ≤ i < hi, piece by piece.
func (t *convTail) finish(lo, hi int) {
	for ; lo < hi; lo += piece {
		z := t.z[lo:min(lo+piece, hi)]
		if t.first {
			t.add(z, lo)
		}
		if !t.activation.isNone() {
			t.activation.run(z, z)
		}
		if !t.first && t.residual != nil {
			t.add(z, lo)
		}
	}
}

func (t *convTail) add(z []float32, at int) { map2(vec.Add, z, z, t.residual[at:][:len(z)]) }

func clipped(z, x []float32, p parameters) {
	maxVS(z, x, p[0])
	minVS(z, z, p[1])
}
