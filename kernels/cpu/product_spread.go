package cpu

import "github.com/parallax-go/parallax/kernels/cpu/simd"

// Rows that are a multiple of a page apart share the few lines of one set of the
// first-level cache, and a tile of them evicts itself; those that are half a page apart
// share two sets. Measured on 512 steps of ten tiles, that takes a fifth of the speed while
// another hardware thread uses the same cache of 12 ways, and a twentieth while none does;
// of 8 ways, eight rows take twice as long. So they are copied, a line further apart: by
// each task for itself, if it has enough panels to read the copy, or else by the tasks that
// come first, for all.

const (
	page        = 4096 // bytes, after which the sets of a first-level cache of 64 sets repeat
	waysOfPanel = 3    // that rows of one set leave to the panel and the results
	apartBy     = 16   // floats, a line

	// fewPanels are too few to pay for a copy of all rows, which takes a quarter to a half
	// as long as one panel.
	fewPanels = 8
	// fewWays are those of a cache where it pays to spread rows for all.
	fewWays = 8
)

// paysForAll reports whether it does: of 12 ways, 16 threads took 1.03 to 1.07 of the time so
// on Intel's. On Zen 5, which has 12 as well, a tile of rows that are a page apart runs at a
// quarter of its speed: 128 rows of 3072 steps take 0.87 of the time so with two threads, an
// encoder of 64 to 128 tokens 0.95.
func paysForAll() bool { return simd.Nearest.Ways <= fewWays || simd.OnAMD }

// crowds reports whether the rows of a tile do.
func (p *product) crowds() bool {
	sets := 1
	for apart := 4 * p.left.row; apart%page != 0; apart *= 2 {
		sets *= 2
	}
	return ceilDiv(p.height, sets) > simd.Nearest.Ways-waysOfPanel/sets
}

// arrangeSpreading has tasks spread the rows for all, if need be, and if there are enough
// panels to read them.
func (l *productPlan) arrangeSpreading(p *product, threads int) {
	panels := 0
	for i := range p.products() {
		panels += panelsOf(p.parts[i].n)
	}
	if !paysForAll() || l.perGroup >= fewPanels || panels < fewPanels {
		return
	}
	if p.batch.count > 1 || p.k == 0 || p.inSteps() || !p.left.inPlace() || !p.crowds() {
		return
	}
	l.room = l.rowBlocks
	l.pieces = ceilDiv(l.rowOf(l.blockTiles), cutAmong(threads, p.m, costMove*float64(p.k)))
}

// spread takes room for the rows, and makes the product read them there.
func (p *product) spread() {
	pitch := roundUp(p.k, line) + apartBy
	p.given, p.loan = p.left, p.ctx.take(p.m*pitch)
	p.left = matrix{data: floats{f32: p.loan}, row: pitch, col: 1}
}

// spreadPiece copies the rows of a task that does that.
func (p *product) spreadPiece(t *task) {
	rows := t.i1 - t.i0
	for i := t.i0 + rows*t.turn/p.pieces; i < t.i0+rows*(t.turn+1)/p.pieces; i++ {
		copy(p.left.data.f32[i*p.left.row:][:p.k], p.given.data.f32[p.given.offset+i*p.given.row:])
	}
}

// spreadRows is room for a block of the left operand of its own, if its rows are to be
// spread.
func (b *block) spreadRows() []float32 {
	if b.j1-b.j0 < 4*simd.Active.Columns || !b.crowds() {
		return nil
	}
	return b.ctx.take((b.i1 - b.i0) * (b.partial + apartBy))
}

// moveApart makes the tiles read kc steps from a copy in apart.
func (b *block) moveApart(apart []float32, kc int) {
	from := b.near
	b.near, b.nearPitch = apart, b.partial+apartBy
	for i := range b.i1 - b.i0 {
		copy(apart[i*b.nearPitch:][:kc], from[i*b.left.row:])
	}
}
