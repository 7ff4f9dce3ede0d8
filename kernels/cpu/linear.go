package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// linear is the task of finishing the rows of a fused product: the sums of all
// parts are there, and each row gets bias, activation, gate, residual and norm.
// What is computed for a row is in the order that its length alone gives.
type linear struct {
	linearCall
	ctx      *Ctx
	activate func(z, x []float32) // nil: none
	norm     rowTask
	sums     [][]float32 // of each part, [m, n]
	taken    [][]float32 // of these, what has to be given back
	biases   [][]float32 // of each part; nil: none
}

// Linear is the fused product of [attr.Linear], of f32, f16 or bf16, computed in
// f32 and rounded once for each output. The weights are packed by [PackB] or, of
// a specification with TransB, by [PackBT]. Outputs that are nil are not wanted.
func Linear(c *Ctx, outs []*tensor.Tensor, a *attr.Linear, x *tensor.Tensor, rest ...*tensor.Tensor) error {
	l := &c.linear
	if err := l.bind(outs, a, x, rest); err != nil {
		return fmt.Errorf("Linear: %w", err)
	}
	l.ctx, l.activate = c, activations[a.Activation]
	l.sums, l.taken, l.biases = l.sums[:0], l.taken[:0], l.biases[:0]
	for i := range l.parts {
		l.multiply(i)
		l.biases = append(l.biases, c.widened(l.parts[i].bias))
	}
	l.norm = rowTask{scale: c.widened(l.scale), bias: c.widened(l.shift), epsilon: float64(a.Epsilon)}
	width := 0
	for _, p := range l.parts {
		width += p.n
	}
	c.Pool.Do(l.m, chunk(width), l)
	l.giveBack()
	return nil
}

// activations are those that change something.
var activations = map[attr.Activation]func(z, x []float32){
	attr.ActivationRelu:      relu,
	attr.ActivationGelu:      gelu,
	attr.ActivationGeluTanh:  geluTanh,
	attr.ActivationSilu:      silu,
	attr.ActivationQuickGelu: quickGelu,
	attr.ActivationTanh:      tanh,
	attr.ActivationSigmoid:   sigmoid,
}

func silu(z, x []float32) {
	for i, v := range x {
		z[i] = v * sigmoid32(v)
	}
}

func quickGelu(z, x []float32) {
	for i, v := range x {
		z[i] = v * sigmoid32(float32(attr.QuickGeluSlope*v))
	}
}

// multiply computes x·wᵢ where the rows are finished: in an output of f32 if
// there is one for them.
func (l *linear) multiply(i int) {
	part, c := &l.parts[i], l.ctx
	var sums []float32
	switch {
	case l.dtype == tensor.Float32 && part.y != nil:
		sums = tensor.Data[float32](part.y)
	case l.dtype == tensor.Float32 && i == 0 && l.normed != nil:
		sums = tensor.Data[float32](l.normed)
	default:
		sums = c.take(l.m * part.n)
		l.taken = append(l.taken, sums)
	}
	l.sums = append(l.sums, sums)
	p := &c.product
	*p = product{m: l.m, n: part.n, k: l.k, a: matrix{data: l.x, row: l.k, col: 1}, packed: part.packed,
		out: floats{f32: sums}, batch: batch{count: 1}, alpha: 1}
	p.run(c)
}

func (l *linear) giveBack() {
	for _, s := range l.taken {
		l.ctx.put(s)
	}
	for i, p := range l.parts {
		l.ctx.unwiden(p.bias, l.biases[i])
	}
	l.ctx.unwiden(l.scale, l.norm.scale)
	l.ctx.unwiden(l.shift, l.norm.bias)
}

// Do finishes the rows lo ≤ r < hi.
func (l *linear) Do(lo, hi int) {
	var wide []float32
	if l.residual != nil && l.dtype != tensor.Float32 {
		wide = l.ctx.take(l.parts[0].n)
		defer l.ctx.put(wide)
	}
	for r := lo; r < hi; r++ {
		for i := range l.parts {
			row := l.row(i, r)
			if l.biases[i] != nil {
				addVV(row, row, l.biases[i])
			}
			if l.activate != nil && (i == 0 || !l.spec.Gated) {
				l.activate(row, row)
			}
		}
		l.combine(r, wide)
		for i := range l.parts {
			l.give(l.parts[i].y, i, r)
		}
		l.normalise(r)
	}
}

func (l *linear) row(i, r int) []float32 { return l.sums[i][r*l.parts[i].n:][:l.parts[i].n] }

// combine gates row r and adds the residual.
func (l *linear) combine(r int, scratch []float32) {
	row := l.row(0, r)
	if l.spec.Gated {
		mulVV(row, row, l.row(1, r))
	}
	if l.residual != nil {
		addVV(row, row, floatsOf(l.residual).load(scratch, r*len(row), len(row)))
	}
}

// give stores row r of part i in an output that it was not computed in.
func (l *linear) give(out *tensor.Tensor, i, r int) {
	if out != nil && l.dtype != tensor.Float32 {
		floatsOf(out).store(r*l.parts[i].n, l.row(i, r))
	}
}

// normalise gives out row r normalised.
func (l *linear) normalise(r int) {
	if l.normed == nil {
		return
	}
	row := l.row(0, r)
	z := row
	if l.dtype == tensor.Float32 {
		z = tensor.Data[float32](l.normed)[r*len(row):][:len(row)]
	}
	if l.spec.Norm == attr.LinearNormLayer {
		layerNormRow(&l.norm, z, row)
	} else {
		rmsNormRow(&l.norm, z, row)
	}
	l.give(l.normed, 0, r)
}
