package cpu

import "github.com/parallax-go/parallax/kernels/cpu/simd"

// epilogue is what is done to the results of a product:
//
//	y = f(alpha·x·w + beta·c + bias), times the second product if gated, + residual
//
// where rows have a bias, too, in each product of a batch the next ones,
//
// and then, once all columns of some rows are there, their norm.
type epilogue struct {
	alpha, beta float32
	c           matrix    // broadcast to [m, n]; valid if beta is not 0
	rowBias     []float32 // m for each product, or nil; they repeat
	activation  simd.Activation
	gated       bool
	residual    floats // [m, n]; none is set: there is none

	tail     *convTail // of a convolution, for elements that are stored; or nil
	tailFrom int       // the product's first element in the result

	norm         norm
	scale, shift []float32
	epsilon      float32
	normed       floats // [m, n]
	sum          floats // [m, n], where rows that are normed are wanted as they were, too
}

// norm is a normalisation of rows.
type norm uint8

const (
	normNone norm = iota
	normLayer
	normRMS
)

// finish applies what is done element by element.
func (b *block) finish(x *part) {
	e := &b.then
	if e.alpha != 1 || e.beta != 0 {
		b.combine()
	}
	rows, width := b.i1-b.i0, b.j1-b.j0
	if rows*width == 0 {
		return
	}
	if e.rowBias != nil {
		b.addRowBias()
	}
	var bias *float32
	if x.bias != nil {
		bias = &x.bias[b.j0:b.j1][0]
	}
	residual := e.residual.f32
	switch {
	case residual != nil && bias != nil && e.activation == simd.NoActivation && !e.gated:
		n := x.n
		simd.Active.BiasResidual(rows, width, &b.dst[0], b.pitch, bias, &residual[b.i0*n+b.j0:][:(rows-1)*n+width][0], n)
		return
	case bias != nil:
		simd.Active.Bias[e.activation](rows, width, &b.dst[0], b.pitch, bias)
	case e.activation != simd.NoActivation:
		f := e.activation.Function()
		for i := range rows {
			row := b.dst[i*b.pitch:][:width]
			f(width, &row[0], &row[0])
		}
	}
	if e.gated {
		b.gate()
	}
	b.addResidual(x.n)
}

func (b *block) addRowBias() {
	bias := b.then.rowBias[b.entry*b.m%len(b.then.rowBias)+b.i0:]
	for i := range b.i1 - b.i0 {
		row := b.dst[i*b.pitch:][:b.j1-b.j0]
		simd.Active.AddNumber(len(row), &row[0], &row[0], bias[i])
	}
}

// gate multiplies the block by that of the second product.
func (b *block) gate() {
	other, x := *b, &b.parts[1]
	other.pitch = panelsOf(b.j1-b.j0) * simd.Active.Columns
	rows, width := b.i1-b.i0, b.j1-b.j0
	other.dst = b.ctx.take(rows * other.pitch)
	other.multiply(x)
	if x.bias != nil {
		simd.Active.Bias[simd.NoActivation](rows, width, &other.dst[0], other.pitch, &x.bias[b.j0:b.j1][0])
	}
	simd.Active.MulRows(rows, width, &b.dst[0], b.pitch, &other.dst[0], other.pitch)
	b.ctx.put(other.dst)
}

func (b *block) addResidual(n int) {
	r := &b.then.residual
	rows, width := b.i1-b.i0, b.j1-b.j0
	switch {
	case r.f32 != nil:
		simd.Active.AddRows(rows, width, &b.dst[0], b.pitch, &r.f32[b.i0*n+b.j0:][:(rows-1)*n+width][0], n)
	case r.half != nil || r.brain != nil:
		scratch := b.ctx.take(width)
		for i := range rows {
			row := r.load(scratch, (b.i0+i)*n+b.j0, width)
			simd.Active.AddRows(1, width, &b.dst[i*b.pitch:][:width][0], width, &row[0], width)
		}
		b.ctx.put(scratch)
	}
}

// combine makes the block alpha·block + beta·c.
func (b *block) combine() {
	e, width := &b.then, b.j1-b.j0
	c := b.ctx.take(width)
	for i := b.i0; i < b.i1; i++ {
		row := b.dst[(i-b.i0)*b.pitch:][:width]
		if e.beta != 0 {
			e.c.data.gather(c, 1, e.c.offset+i*e.c.row+b.j0*e.c.col, e.c.col, width)
			for j, x := range c {
				row[j] = float32(e.alpha*row[j]) + float32(e.beta*x)
			}
			continue
		}
		simd.Active.MulNumber(width, &row[0], &row[0], e.alpha)
	}
	b.ctx.put(c)
}

// arrive notes that a block is there. The last one of its rows normalises them:
// so no thread waits for a product to end before the norm.
func (b *block) arrive() {
	e := &b.then
	if len(b.stages) == 0 {
		return
	}
	if n := int(b.stages[b.rows].done.Add(1)); n != b.turns() || e.norm == normNone {
		return
	}
	n, x := b.parts[0].n, b.parts[0].out.f32
	var scratch []float32
	if e.normed.f32 == nil {
		scratch = b.ctx.take(n)
	}
	for i := b.i0; i < b.i1; i++ {
		row, z := x[i*n:][:n], scratch
		if scratch == nil {
			z = e.normed.f32[i*n:][:n]
		}
		e.normalise(z, row)
		if scratch != nil {
			e.normed.store(i*n, z)
		}
		if e.sum.isSet() {
			e.sum.store(i*n, row)
		}
	}
	if scratch != nil {
		b.ctx.put(scratch)
	}
}

func (e *epilogue) normalise(z, x []float32) {
	n := len(x)
	if n == 0 {
		return
	}
	if e.norm == normRMS {
		simd.Active.RMSNorm(n, &z[0], &x[0], &e.scale[:n][0], 1/float32(n), e.epsilon)
		return
	}
	simd.Active.LayerNorm(n, &z[0], &x[0], &e.scale[:n][0], &e.shift[:n][0], 1/float32(n), e.epsilon)
}
