package cpu

import (
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// Products of pairs of bfloat16, with sums in f32, of weights that are packed so. What
// follows a product is the same as of any other.

// pairing is how a right operand is packed as pairs, which says what a product makes of
// the left one.
type pairing uint8

const (
	unpaired pairing = iota
	// pairedRounded is by PackBrain: the left operand is rounded to bf16.
	pairedRounded
	// pairedExact is by PackB, where all elements are numbers of bf16: the left operand
	// is as it is, each number the sum of three. See [simd.Thirds].
	pairedExact
	// pairedBytes is by PackBytes: of integers, in lines as of pairs.
	pairedBytes
)

// mostAhead is how many elements ahead panels are fetched that follow one another in
// memory: 16 KB. Farther, and one row waits longer.
const mostAhead = 8 << 10

// multiplyPairs sets dst to the product.
func (b *block) multiplyPairs(x *part) {
	r, columns := &x.right, simd.Active.Columns
	l := b.pairs.of(&b.task)
	if b.pieces == 0 {
		defer b.ctx.put(l.layTile(&b.task))
	}
	whole := (b.j1 - b.j0) / columns
	rest := b.j0 + whole*columns
	var narrow []float32
	if rest < b.j1 {
		narrow = b.ctx.take(b.partial * columns / 2)
	}
	begun := 0
	if x.right.pairs == pairedBytes {
		b.beginBytes(x, &l)
		begun = 1
	}
	_ = l.tiles[(b.i1-l.first)*l.parts()*l.k-1]
	_ = b.dst[(b.i1-b.i0-1)*b.pitch+ceilDiv(b.j1-b.j0, columns)*columns-1]
	for k0 := 0; k0 < l.k; k0 += b.partial {
		kc := min(b.partial, l.k-k0)
		last, ahead := r.pairPanel(narrow, rest, k0, kc), r.k*columns
		if kc == l.k { // panels follow one another in memory
			ahead = min(ahead, mostAhead)
		}
		if !b.fetches() {
			ahead = 0
		}
		for t := b.tile0; t < b.tile1; t++ {
			top, rows := b.rowOf(t), b.rowOf(t+1)-b.rowOf(t)
			at, dst := l.parts()*((top-l.first)*l.k+k0*rows), b.dst[(top-b.i0)*b.pitch:]
			if whole > 0 {
				l.multiply(at, whole, rows, kc, bits16(r.packed.brain[b.j0*r.k+k0*columns:]), r.k*columns, &dst[0], b.pitch, max(begun, min(k0, 1)), ahead)
			}
			ahead = 0 // they are there for the tiles that follow
			if last != nil {
				l.multiply(at, 1, rows, kc, last, 0, &dst[rest-b.j0], b.pitch, max(begun, min(k0, 1)), 0)
			}
		}
	}
	if narrow != nil {
		b.ctx.put(narrow)
	}
	switch {
	case l.thirds:
		b.mend(x, &l)
	case x.right.pairs == pairedBytes:
		b.fromSteps(x)
	}
}

// multiply multiplies the tile at an element with panels.
func (l *leftBlock) multiply(at, panels, rows, k int, b *uint16, ldb int, c *float32, ldc, add, ahead int) {
	product := l.kernels.Product
	if l.thirds {
		product = simd.Active.Pairs().Thirds.Product
	}
	product(panels, rows, k, bits16(l.tiles[at:]), b, ldb, c, ldc, add, ahead)
}

// pairPanel is kc rows from k0 on of the panel at column j, which is narrower than
// others, padded to their width; nil if there is none.
func (r *rightOperand) pairPanel(scratch []float32, j, k0, kc int) *uint16 {
	columns := simd.Active.Columns
	width := r.n - j
	if scratch == nil {
		return nil
	}
	panel := r.packed.brain[j*r.k+k0*width:][:kc*width]
	to := viewAs[tensor.Brain](scratch)[:kc*columns]
	clear(to)
	for p := range kc / 2 {
		copy(to[2*p*columns:], panel[2*p*width:][:2*width])
	}
	return bits16(to)
}

// mend computes rows that have numbers without parts by multiply-adds: infinite ones,
// NaN, and those next to the greatest. It is by row alone, so that a row's bits depend
// on no other.
func (b *block) mend(x *part, l *leftBlock) {
	r, columns := &x.right, simd.Active.Columns
	for i := b.i0; i < b.i1; i++ {
		if !l.odd[i-l.first] {
			continue
		}
		scratch := b.ctx.take(b.k + maxPartial*columns)
		row := b.left.data.pick(scratch, b.left.offset+i*b.left.row, b.left.col, b.k)
		for k0 := 0; k0 < b.k; k0 += maxPartial {
			kc := min(maxPartial, b.k-k0)
			for j := b.j0; j < b.j1; j += columns {
				panel := r.widePairs(scratch[b.k:], j, k0, kc)
				simd.Active.ProductRows[1](kc, &row[k0], b.k, &panel[0], &b.dst[(i-b.i0)*b.pitch+j-b.j0], b.pitch, min(k0, 1))
			}
		}
		b.ctx.put(scratch)
	}
}

// widePairs is kc rows from k0 on of the panel at column j, as f32.
func (r *rightOperand) widePairs(scratch []float32, j, k0, kc int) []float32 {
	columns := simd.Active.Columns
	width := min(columns, r.n-j)
	panel := r.packed.brain[j*r.k+k0*width:]
	for p := range kc {
		row := scratch[p*columns:][:columns]
		clear(row[width:])
		for i := range width {
			row[i] = panel[(p/2*width+i)*2+p%2].Float32()
		}
	}
	return scratch
}
