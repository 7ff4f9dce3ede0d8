package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// convTail is what a fused convolution does to flat ranges of its result, in place: to
// each as soon as it is there.
type convTail struct {
	ctx         *Ctx
	plain       attr.Conv
	z, residual []float32
	first       bool // the residual comes before the activation
	f           func(t *convTail, z []float32)
	apply       func(n int, z, x *float32)
	alpha, beta float32
}

// FusedConv is the fused convolution of [attr.FusedConv], of f32: x [batch, channel,
// …], filters [filter, channel/group, …], then bias [filter] and residual, of z's
// shape, where the specification has them.
func FusedConv(c *Ctx, z *tensor.Tensor, a *attr.FusedConv, x, filters *tensor.Tensor, rest ...*tensor.Tensor) error {
	if err := a.Check(); err != nil {
		return fmt.Errorf("FusedConv: %w", err)
	}
	o := a.Operands()
	if len(rest) != o.Count-2 || x.DType != tensor.Float32 {
		return fmt.Errorf("FusedConv: %d operands, the first of which is %s, want %d of f32", len(rest)+2, x, o.Count)
	}
	var bias, residual *tensor.Tensor
	if a.HasBias {
		bias = rest[o.Bias-2]
	}
	if a.HasResidual {
		residual = rest[o.Residual-2]
	}
	t := &c.convTail
	*t = convTail{ctx: c, plain: a.Plain(), first: a.ResidualFirst, alpha: a.Alpha, beta: a.Beta}
	v := &c.conv
	if err := v.bind(z, &t.plain, x, filters, bias); err != nil {
		return fmt.Errorf("FusedConv: %w", err)
	}
	if residual != nil {
		if residual.DType != z.DType || !tensor.SameShape(residual.Shape, z.Shape) {
			return fmt.Errorf("FusedConv: the residual is %s, want %s", residual, z)
		}
		t.residual = tensor.Data[float32](residual)
	}
	t.z = tensor.Data[float32](z)
	t.bindActivation(a.Activation)
	if t.f != nil || t.residual != nil {
		v.tail = t
	}
	v.run(c, bias)
	return nil
}

// bindActivation chooses the function; nil: there is none.
func (t *convTail) bindActivation(name attr.Activation) {
	switch name {
	case attr.ActivationHardSwish:
		t.f, t.apply = (*convTail).applied, vec.HardSwish
	case attr.ActivationLeakyRelu:
		t.f = (*convTail).leaky
	case attr.ActivationClip:
		t.f = (*convTail).clipped
	case attr.ActivationNone:
	default:
		t.f, t.apply = (*convTail).applied, activations[name].Function()
	}
}

// finish finishes the elements lo ≤ i < hi, piece by piece.
func (t *convTail) finish(lo, hi int) {
	for ; lo < hi; lo += piece {
		z := t.z[lo:min(lo+piece, hi)]
		if t.first {
			t.add(z, lo)
		}
		if t.f != nil {
			t.f(t, z)
		}
		if !t.first && t.residual != nil {
			t.add(z, lo)
		}
	}
}

func (t *convTail) add(z []float32, at int) { map2(vec.Add, z, z, t.residual[at:][:len(z)]) }

func (t *convTail) applied(z []float32) { map1(t.apply, z, z) }

func (t *convTail) clipped(z []float32) {
	maxVS(z, z, t.alpha)
	minVS(z, z, t.beta)
}

// leaky is the greater of x and alpha·x, or the lesser for an alpha above 1.
func (t *convTail) leaky(z []float32) {
	other := t.ctx.take(len(z))
	mapVS(vec.MulNumber, other, z, t.alpha)
	if t.alpha <= 1 {
		map2(vec.Max, z, z, other)
	} else {
		map2(vec.Min, z, z, other)
	}
	t.ctx.put(other)
}
