package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// linearCall is one call of [Linear], with its operands and outputs checked and
// found. Lists keep their memory from call to call.
type linearCall struct {
	spec     *attr.Linear
	dtype    tensor.DType
	m, k     int
	x        floats
	parts    []linearPart
	residual *tensor.Tensor
	scale    *tensor.Tensor
	shift    *tensor.Tensor
	normed   *tensor.Tensor // the normalised output; nil: not wanted
}

// linearPart is one weight, and what is made with it.
type linearPart struct {
	n      int
	packed *tensor.Tensor // as PackB leaves it, or PackBytes
	step   *tensor.Tensor // of the columns; nil: none
	zero   *tensor.Tensor // of the columns; nil: none
	bias   *tensor.Tensor // nil: none
	y      *tensor.Tensor // the output; nil: not wanted, or the second part of a gate
}

// bind checks a call and gives the outputs their shapes.
func (l *linearCall) bind(outs []*tensor.Tensor, a *attr.Linear, x *tensor.Tensor, rest []*tensor.Tensor) error {
	if err := a.Check(); err != nil {
		return err
	}
	*l = linearCall{spec: a, parts: l.parts[:0]}
	at := a.Operands()
	if 1+len(rest) != at.Count || len(outs) != a.Outputs() {
		return fmt.Errorf("%d operands and %d outputs, the specification has %d and %d", 1+len(rest), len(outs), at.Count, a.Outputs())
	}
	if x == nil || !isFloat(x.DType) || x.Rank() < 1 || x.Rank() > maxRank {
		return fmt.Errorf("x is %s, want f32, f16 or bf16 of rank 1 to %d", x, maxRank)
	}
	l.dtype, l.x, l.k = x.DType, floatsOf(x), x.Shape[x.Rank()-1]
	l.m = elements(x.Shape[:x.Rank()-1])
	operand := func(i int) *tensor.Tensor { return rest[i-1] }
	for i := range a.Weights {
		if err := l.bindWeight(x, operand(at.Weight+i)); err != nil {
			return fmt.Errorf("weight %d: %w", i, err)
		}
		if a.InSteps() {
			if err := l.bindSteps(i, operand); err != nil {
				return err
			}
		}
		if b := a.BiasOf(i); b >= 0 {
			l.parts[i].bias = operand(b)
			if err := l.vector(operand(b), l.parts[i].n); err != nil {
				return fmt.Errorf("bias of weight %d: %w", i, err)
			}
		}
	}
	if a.Gated && l.parts[0].n != l.parts[1].n {
		return fmt.Errorf("a product of width %d is gated by one of width %d", l.parts[0].n, l.parts[1].n)
	}
	if at.Residual >= 0 {
		if err := l.bindResidual(x, operand(at.Residual)); err != nil {
			return err
		}
	}
	if a.Normalised() {
		l.scale = operand(at.Scale)
		if err := l.vector(l.scale, l.parts[0].n); err != nil {
			return fmt.Errorf("scale: %w", err)
		}
	}
	if a.HasShift {
		l.shift = operand(at.Shift)
		if err := l.vector(l.shift, l.parts[0].n); err != nil {
			return fmt.Errorf("shift: %w", err)
		}
	}
	l.shapeOutputs(outs, x)
	return nil
}

// bindSteps finds the columns' steps and zero points of weight i.
func (l *linearCall) bindSteps(i int, operand func(i int) *tensor.Tensor) error {
	p := &l.parts[i]
	p.step = operand(l.spec.StepOf(i))
	if l.spec.BlockSize > 0 {
		if at := l.spec.ZeroOf(i); at >= 0 {
			p.zero = operand(at)
		}
		if !isPackedBlocks(p.packed, p.step, p.zero, l.k, l.spec.BlockSize) {
			return fmt.Errorf("weight %d: %s in blocks of %d of %d, with scales %s and zero points %s", i, p.packed, l.spec.BlockSize, l.k, p.step, p.zero)
		}
		return nil
	}
	if err := l.vector(p.step, p.n); err != nil {
		return fmt.Errorf("step of weight %d: %w", i, err)
	}
	at := l.spec.ZeroOf(i)
	if at < 0 {
		return nil
	}
	if p.zero = operand(at); !l.spec.OfIntegers() || p.zero == nil || p.zero.DType != p.packed.DType || p.zero.Rank() != 1 || p.zero.Len() != p.n {
		return fmt.Errorf("zero point of weight %d: %s for %s, steps: %s", i, p.zero, p.packed, l.spec.Steps)
	}
	return nil
}

func (l *linearCall) bindWeight(x, w *tensor.Tensor) error {
	if w == nil || w.Rank() == 0 {
		return fmt.Errorf("no product of %s and the packed weight %s", x, w)
	}
	if l.spec.BlockSize > 0 {
		l.parts = append(l.parts, linearPart{n: w.Shape[0], packed: w}) // bindSteps looks at it
		return nil
	}
	if l.spec.OfIntegers() {
		if !isPackedBytes(w, l.k) || x.DType != tensor.Float32 {
			return fmt.Errorf("no product of %s in steps and the packed weight %s", x, w)
		}
		l.parts = append(l.parts, linearPart{n: w.Shape[0], packed: w})
		return nil
	}
	if !isPackedOf(w, l.k) {
		return fmt.Errorf("no product of %s and the packed weight %s", x, w)
	}
	if from, to, cut := l.spec.Part(len(l.parts)); cut && w.Shape[0] != to-from {
		return fmt.Errorf("%d columns are packed, want %d to %d", w.Shape[0], from, to)
	}
	if len(l.parts) > 0 && isRounded(l.parts[0].packed) != isRounded(w) {
		return fmt.Errorf("%s and %s are packed for different products", l.parts[0].packed, w)
	}
	l.parts = append(l.parts, linearPart{n: w.Shape[0], packed: w})
	return nil
}

func (l *linearCall) vector(v *tensor.Tensor, n int) error {
	if v == nil || v.DType != l.dtype || v.Rank() != 1 || v.Shape[0] != n {
		return fmt.Errorf("%s, want %s[%d]", v, l.dtype, n)
	}
	return nil
}

func (l *linearCall) bindResidual(x, r *tensor.Tensor) error {
	last := x.Rank() - 1
	if r == nil || r.DType != l.dtype || r.Rank() != x.Rank() || !tensor.SameShape(r.Shape[:last], x.Shape[:last]) || r.Shape[last] != l.parts[0].n {
		return fmt.Errorf("the residual is %s, x is %s and the width %d", r, x, l.parts[0].n)
	}
	l.residual = r
	return nil
}

// shapeOutputs gives out the results.
func (l *linearCall) shapeOutputs(outs []*tensor.Tensor, x *tensor.Tensor) {
	var buf [maxRank]int
	shape := append(buf[:0], x.Shape...)
	for i, out := range outs {
		of := &l.parts[min(i, l.spec.Results()-1)]
		shape[len(shape)-1] = of.n
		if out != nil {
			out.Reset(l.dtype, shape...)
		}
		if i < l.spec.Results() {
			of.y = out
		} else {
			l.normed = out
		}
	}
}
