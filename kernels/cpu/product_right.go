package cpu

import (
	"unsafe"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// rightOperand is a right operand [k, n]: packed by PackB or PackBrain; a window, which
// is read where it lies; or a matrix of which panels are copied when they are needed.
type rightOperand struct {
	packed floats
	pairs  pairing // of packed; k is filled up then
	bytes  byteRight
	blocks blockRight
	k, n   int
	window *window
	matrix matrix
}

// packedOperand is what PackB or PackBrain left in t.
func packedOperand(t *tensor.Tensor) rightOperand {
	r := rightOperand{packed: floatsOf(t), n: t.Shape[0], k: t.Shape[1]}
	switch t.Rank() {
	case 3:
		r.pairs, r.k = pairedRounded, 2*t.Shape[1]
	case 4:
		r.pairs, r.k = pairedExact, 2*t.Shape[1]*t.Shape[2]
	}
	return r
}

// isPackedOf reports whether t may be a packed weight of k rows.
func isPackedOf(t *tensor.Tensor, k int) bool {
	switch {
	case t == nil || !isFloat(t.DType):
		return false
	case t.Rank() == 2:
		return t.Shape[1] == k
	}
	p := simd.Active.Pairs()
	if p == nil || t.DType != tensor.BFloat16 || t.Rank() < 3 || t.Shape[t.Rank()-1] != 2 {
		return false
	}
	switch r := packedOperand(t); r.pairs {
	case pairedRounded:
		return r.k == filledUp(k)
	case pairedExact:
		return p.Thirds != nil && 2*t.Shape[2] == simd.PairStep && r.k == filledUp(k)
	}
	return false
}

// isRounded reports whether a packed weight asks for the left operand to be rounded.
func isRounded(packed *tensor.Tensor) bool { return packedOperand(packed).pairs == pairedRounded }

// filledUp is k with what a product in bfloat16 fills it up with.
func filledUp(k int) int { return roundUp(k, simd.PairStep) }

func (r *rightOperand) isPacked() bool { return r.packed.isSet() }

// isNarrow reports whether panels are packed and of 16 bits.
func (r *rightOperand) isNarrow() bool { return r.packed.half != nil || r.packed.brain != nil }

// inRows reports whether the rows of a matrix are contiguous.
func (r *rightOperand) inRows() bool { return !r.isPacked() && r.window == nil && r.matrix.inPlace() }

// hasGaps reports whether some columns belong to no place of a window, and are not
// stored.
func (r *rightOperand) hasGaps() bool { return r.window != nil && r.window.raster.hasGaps() }

// ready reports whether the panels of some columns need no scratch.
func (r *rightOperand) ready(j0, j1 int) bool {
	return r.packed.f32 != nil && (j1-j0)%simd.Active.Columns == 0
}

// panel returns kc rows from k0 on of the panel at column j, as f32 and padded to
// its full width; offset is added to where a matrix begins.
func (r *rightOperand) panel(c *Ctx, scratch []float32, offset, j, k0, kc int) []float32 {
	if r.blocks.data != nil {
		return r.blocks.widened(c, scratch, j, k0, kc)
	}
	columns := simd.Active.Columns
	width := min(columns, r.n-j)
	if r.window != nil {
		return r.window.panel(scratch, offset, j, k0, kc)
	}
	if !r.isPacked() {
		m := r.matrix
		m.offset += offset + k0*m.row
		m.columns(scratch, j, width, kc, columns)
		return scratch
	}
	at := j*r.k + k0*width
	if width == columns {
		return r.packed.load(scratch, at, kc*width)
	}
	for p := range kc {
		r.packed.gather(scratch[p*columns:], 1, at+p*width, 1, width)
	}
	return scratch
}

// after is where in the packed panels a thread goes on after one of them, as far as
// is known: to the end otherwise.
func (r *rightOperand) after(b *block, j, k0 int) int {
	columns := simd.Active.Columns
	switch {
	case b.tiles == 1 && b.partial >= r.k:
		return j*r.k + aheadAlone*r.perLine()
	case j+columns < b.j1:
		return (j+columns)*r.k + k0*columns
	case k0+b.partial < r.k:
		return b.j0*r.k + (k0+b.partial)*columns
	}
	return b.follows * r.k
}

// aheadAlone is how many lines ahead a lone tile fetches of panels that follow one another
// in memory, 8 KB: farther, and what comes by itself is asked for again. Measured on Zen 4,
// eight rows take 0.93 of the time that they take with the panel after; on Intel's of 2023,
// no more.
const aheadAlone = 128

// fetched is packed element i for a kernel to bring into the cache, or one of the
// last: what is fetched beyond is only not fetched in time.
func (r *rightOperand) fetched(i int) *float32 {
	switch {
	case r.packed.f32 != nil:
		return &r.packed.f32[min(i, len(r.packed.f32)-1)]
	case r.packed.half != nil:
		return (*float32)(unsafe.Pointer(&r.packed.half[max(0, min(i, len(r.packed.half)-2))]))
	}
	return (*float32)(unsafe.Pointer(&r.packed.brain[max(0, min(i, len(r.packed.brain)-2))]))
}

// narrowTile is what multiplies with panels of 16 bits, and pointers to their
// elements at and next.
func (r *rightOperand) narrowTile(at, next int) (tile *[15]narrowTile, panel, ahead *uint16) {
	if w := r.packed.half; w != nil {
		return &simd.Active.ProductHalf, (*uint16)(&w[at]), (*uint16)(&w[min(next, len(w)-1)])
	}
	w := r.packed.brain
	return &simd.Active.ProductBrain, (*uint16)(&w[at]), (*uint16)(&w[min(next, len(w)-1)])
}

type narrowTile = func(k int, a *float32, lda int, b *uint16, c *float32, ldc, add int, next *uint16)

// perLine is how many packed elements a line of the cache holds.
func (r *rightOperand) perLine() int {
	if r.isNarrow() {
		return 32
	}
	return 16
}
