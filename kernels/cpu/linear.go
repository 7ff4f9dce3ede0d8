package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// linear is a call of [Linear], and what it has on loan until the end.
type linear struct {
	linearCall
	loans [][]float32
}

// Linear is the fused product of [attr.Linear], of f32, f16 or bf16, computed in
// f32 and rounded once for each output. The weights are packed by [PackB] or, for
// products in bf16, by [PackBrain]; of a specification with TransB, by [PackBT] or
// [PackBrainT]; for products of bytes, by [PackBytes] or [PackBytesT]. Outputs that are nil are not wanted.
func Linear(c *Ctx, outs []*tensor.Tensor, a *attr.Linear, x *tensor.Tensor, rest ...*tensor.Tensor) error {
	l := &c.linear
	if err := l.bind(outs, a, x, rest); err != nil {
		return fmt.Errorf("Linear: %w", err)
	}
	p := &c.product
	p.begin(len(l.parts))
	p.m, p.k = l.m, l.k
	p.left = matrix{data: l.x, row: l.k, col: 1}
	for i := range l.parts {
		from := &l.parts[i]
		p.parts[i] = part{right: l.right(c, from), n: from.n, step: l.columnStep(c, from), bias: l.widened(c, from.bias), out: l.result(c, i)}
	}
	e := &p.then
	e.activation, e.gated = activations[a.Activation], a.Gated
	if l.residual != nil {
		e.residual = floatsOf(l.residual)
	}
	if l.normed != nil {
		l.bindNorm(c, e)
	}
	if a.OfIntegers() {
		p.pairs.bytes = l.inSteps(c)
	}
	p.run(c)
	for _, s := range l.loans {
		c.put(s)
	}
	l.loans = l.loans[:0]
	return nil
}

// right is a weight as an operand.
func (l *linear) right(c *Ctx, from *linearPart) rightOperand {
	if l.spec.BlockSize > 0 {
		return packedBlocks(from.packed, from.step, from.zero, l.k, l.spec.BlockSize)
	}
	if !l.spec.OfIntegers() {
		return packedOperand(from.packed)
	}
	right := packedBytes(from.packed, l.k)
	right.bytes.step = tensor.Data[float32](from.step)
	zeros, loan := c.zeroPoints(from.zero, middleOf(from.packed.DType), from.n)
	if loan != nil {
		l.loans = append(l.loans, loan)
	}
	right.bytes.zero = zeros
	return right
}

// columnStep is what the columns are multiplied with, unless they are integers by then.
func (l *linear) columnStep(c *Ctx, from *linearPart) []float32 {
	if l.spec.Steps != attr.LinearStepsWeights || l.spec.BlockSize > 0 {
		return nil
	}
	return l.widened(c, from.step)
}

// inSteps is x as an operand of bytes.
func (l *linear) inSteps(c *Ctx) *byteLeft {
	x := &c.left
	*x = byteLeft{x: l.x.f32, step: l.spec.XStep, origin: [1]int32{int32(l.spec.XZero)}}
	if l.spec.Steps == attr.LinearStepsDynamic {
		x.step, x.origin[0] = c.stepsOf(l.x.f32)
	}
	x.zero = x.origin[:]
	for i := range c.product.parts {
		x.sums = x.sums || c.product.parts[i].right.bytes.zero != nil
	}
	return x
}

// activations are those of the specification on vectors.
var activations = map[attr.Activation]simd.Activation{
	attr.ActivationRelu:      simd.Relu,
	attr.ActivationGelu:      simd.Gelu,
	attr.ActivationGeluTanh:  simd.GeluTanh,
	attr.ActivationSilu:      simd.Silu,
	attr.ActivationQuickGelu: simd.QuickGelu,
	attr.ActivationTanh:      simd.Tanh,
	attr.ActivationSigmoid:   simd.Sigmoid,
}

// result is where part i is computed. Rows that are to be normalised are kept in
// f32: in an output if one is.
func (l *linear) result(c *Ctx, i int) floats {
	y := l.parts[i].y
	switch {
	case i == 1 && l.spec.Gated:
		return floats{}
	case l.normed == nil && y != nil:
		return floatsOf(y)
	case l.dtype == tensor.Float32 && y != nil:
		return floatsOf(y)
	case l.dtype == tensor.Float32 && l.normed != nil:
		return floatsOf(l.normed)
	}
	return floats{f32: l.loan(c, l.m*l.parts[i].n)}
}

// bindNorm sets the normalisation.
func (l *linear) bindNorm(c *Ctx, e *epilogue) {
	e.norm, e.epsilon, e.normed = normRMS, l.spec.Epsilon, floatsOf(l.normed)
	e.scale = l.widened(c, l.scale)
	if l.spec.Norm == attr.LinearNormLayer {
		e.norm = normLayer
		if e.shift = l.widened(c, l.shift); e.shift == nil {
			e.shift = l.loan(c, l.parts[0].n)
			clear(e.shift)
		}
	}
	if y := l.parts[0].y; y != nil && l.dtype != tensor.Float32 {
		e.sum = floatsOf(y)
	}
}

// loan takes n floats until the call ends.
func (l *linear) loan(c *Ctx, n int) []float32 {
	s := c.take(n)
	l.loans = append(l.loans, s)
	return s
}

// widened returns the elements of t as f32; nil for nil.
func (l *linear) widened(c *Ctx, t *tensor.Tensor) []float32 {
	if t == nil {
		return nil
	}
	f := floatsOf(t)
	if f.f32 != nil {
		return f.f32
	}
	return f.load(l.loan(c, t.Len()), 0, t.Len())
}
