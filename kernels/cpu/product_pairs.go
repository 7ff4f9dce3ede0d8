package cpu

import (
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// Products in bfloat16: the weights are packed by PackBrain, the left operand is
// rounded once for all tasks, and the sums are f32. What follows a product is the
// same as of any other.

// pairs are the kernels of a product in bfloat16; nil: it is one in f32.
func (p *product) pairs() *simd.Pairs {
	if len(p.parts) > 0 && p.parts[0].right.pairs {
		return simd.Active.Pairs()
	}
	return nil
}

// maxPairs is how deep a step along k goes: elements of 16 bits take half the room
// of others.
const maxPairs = 2 * maxPartial

// prepareBrain makes the left operand tiles of bfloat16, as the plan has them, with
// k filled up with zeros.
func (p *product) prepareBrain(pairs *simd.Pairs) {
	k := p.parts[0].right.k
	if p.m*k == 0 {
		return
	}
	p.loan = p.ctx.take((p.m*k + 1) / 2)
	w := &p.ctx.rounding
	*w = rounding{product: p, pairs: pairs, to: viewAs[tensor.Brain](p.loan), k: k, from: p.left}
	p.ctx.Pool.Do(p.m, p.ctx.cut(p.m, (costMove+costNarrow)*float64(p.k)), w)
	p.left = matrix{data: floats{brain: w.to}}
}

// rounding lays rows out as tiles of bfloat16, [k/Step][rows][Step] each.
type rounding struct {
	*product
	pairs *simd.Pairs
	to    []tensor.Brain
	k     int // filled up
	from  matrix
}

// Do rounds the rows lo ≤ i < hi.
func (r *rounding) Do(lo, hi int) {
	step := r.pairs.Step
	scratch, line := r.ctx.take(r.product.k), r.ctx.take((r.k+1)/2)
	rounded := viewAs[tensor.Brain](line)[:r.k]
	clear(rounded[r.product.k:])
	for i := lo; i < hi; i++ {
		t := r.tileOf(i)
		first, rows := r.rowOf(t), r.rowOf(t+1)-r.rowOf(t)
		to, pitch := r.to[first*r.k+(i-first)*step:], rows*step
		done := 0
		row := r.from.data.pick(scratch, r.from.offset+i*r.from.row, r.from.col, r.product.k)
		if step == vector16 {
			if done = len(row) / step * step; done > 0 {
				r.pairs.Round(done, (*uint16)(&to[0]), pitch, &row[0])
			}
		}
		floats{brain: rounded}.store(done, row[done:])
		for q := done; q < r.k; q += step {
			copy(to[q/step*pitch:][:step], rounded[q:])
		}
	}
	r.ctx.put(scratch)
	r.ctx.put(line)
}

// vector16 is how many numbers are rounded at once.
const vector16 = 32

// multiplyPairs sets dst to the product.
func (b *block) multiplyPairs(x *part, p *simd.Pairs) {
	r, columns := &x.right, simd.Active.Columns
	var scratch []float32
	if (b.j1-b.j0)%columns != 0 {
		scratch = b.ctx.take(b.partial * columns / 2)
	}
	a := b.left.data.brain
	_ = a[b.i1*r.k-1]
	_ = b.dst[(b.i1-b.i0-1)*b.pitch+ceilDiv(b.j1-b.j0, columns)*columns-1]
	for k0 := 0; k0 < r.k; k0 += b.partial {
		kc := min(b.partial, r.k-k0)
		for j := b.j0; j < b.j1; j += columns {
			panel := r.pairPanel(scratch, j, k0, kc)
			next := &r.packed.brain[min(r.after(b, j, k0), len(r.packed.brain)-1)]
			for t := b.tile0; t < b.tile1; {
				i, rows := b.rowOf(t), b.rowOf(t+1)-b.rowOf(t)
				alike := 1
				for t+alike < b.tile1 && b.rowOf(t+alike+1)-b.rowOf(t+alike) == rows {
					alike++
				}
				p.Product(alike, rows, kc, (*uint16)(&a[i*r.k+k0*rows]), rows*r.k,
					panel, &b.dst[(i-b.i0)*b.pitch+j-b.j0], b.pitch, min(k0, 1), (*uint16)(next))
				t += alike
			}
		}
	}
	if scratch != nil {
		b.ctx.put(scratch)
	}
}

// pairPanel is kc rows from k0 on of the panel at column j, padded to its full
// width.
func (r *rightOperand) pairPanel(scratch []float32, j, k0, kc int) *uint16 {
	columns := simd.Active.Columns
	width := min(columns, r.n-j)
	panel := r.packed.brain[j*r.k+k0*width:][:kc*width]
	if width == columns {
		return (*uint16)(&panel[0])
	}
	to := viewAs[tensor.Brain](scratch)
	for p := range kc / 2 {
		copy(to[2*p*columns:], panel[2*p*width:][:2*width])
	}
	return (*uint16)(&to[0])
}
