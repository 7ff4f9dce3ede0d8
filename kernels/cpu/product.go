package cpu

import "github.com/parallax-go/parallax/kernels/cpu/simd"

// product is a batch of matrix products of one left operand with one or more right
// operands, in tasks of blocks of the results. Every element is one chain of fused
// multiply-adds along k, or one of sums of pairs where the right operand is packed so:
// neither the block, nor the height of a tile changes a bit of it.
//
// What is to be done to the results is done to each block while it is hot.
type product struct {
	ctx   *Ctx
	m, k  int
	left  matrix // in rows once prepare has run
	parts []part
	batch batch
	then  epilogue

	productPlan
	pairs  leftPairs
	steps  stepLeft
	given  matrix    // the left operand, if its rows have been spread
	stages []stage   // of blocks of rows
	loan   []float32 // of the left operand's copy, if there is one
}

// part is one right operand and its result [m, n].
type part struct {
	right rightOperand
	n     int
	step  []float32 // n long, what the columns are multiplied with; or nil
	bias  []float32 // n long, or nil
	out   floats
}

// begin clears p for a call with so many right operands; what it has allocated
// stays.
func (p *product) begin(parts int) {
	list := p.parts
	if cap(list) < parts {
		list = make([]part, parts)
	}
	list = list[:parts]
	clear(list)
	*p = product{parts: list, batch: batch{count: 1}, then: epilogue{alpha: 1}, stages: p.stages}
}

// run computes the product that has been set up.
func (p *product) run(c *Ctx) {
	if p.isThin() {
		c.thin.run(c, p)
		return
	}
	p.ctx = c
	p.choosePairs()
	p.arrange(p, c.Pool.Threads())
	p.prepare()
	if p.inSteps() {
		p.takeSteps()
	}
	p.clearStages()
	switch {
	case p.pieces == 0:
	case p.pairs.kernels != nil:
		p.pairs.room = c.take(p.room * p.pairs.size(p.rowOf(p.blockTiles)))
	default:
		p.spread()
	}
	c.Pool.Do(p.tasks(), 1, p)
	for _, loan := range []*[]float32{&p.pairs.room, &p.steps.loan, &p.loan} {
		if *loan != nil {
			c.put(*loan)
			*loan = nil
		}
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// prepare makes the left operand rows of f32, in place, or copied. One that is only read
// to make pairs of it stays as it is.
func (p *product) prepare() {
	switch {
	case p.pairs.kernels != nil && p.whollyPairs():
	case p.left.inPlace():
	case p.left.col == 1: // of 16 bits: the copy has the operand's layout
		p.loan = p.ctx.wide(p.left.data)
		p.left.data = floats{f32: p.loan}
	default: // transposed, and then it is no batch
		p.loan = p.ctx.take(p.m * p.k)
		w := &p.ctx.straighten
		*w = straighten{p.loan, p.left, p.k}
		p.ctx.Pool.Do(p.m, p.ctx.cut(p.m, costScalar*float64(p.k)), w)
		p.left = matrix{data: floats{f32: p.loan}, row: p.k, col: 1}
	}
}

// wide lends a copy of elements of 16 bits as f32, which the threads make.
func (c *Ctx) wide(x floats) []float32 {
	n := x.len()
	c.widen = widen{c.take(n), x}
	c.Pool.Do(n, c.cutFlat(n, costMove+x.narrowCost()), &c.widen)
	return c.widen.to
}

// widen copies a flat range as f32.
type widen struct {
	to   []float32
	from floats
}

// Do copies the elements lo ≤ i < hi.
func (w *widen) Do(lo, hi int) { w.from.gather(w.to[lo:], 1, lo, 1, hi-lo) }

// straighten copies rows of a matrix to rows that are contiguous.
type straighten struct {
	to   []float32
	from matrix
	k    int
}

// Do copies the rows lo ≤ i < hi.
func (s *straighten) Do(lo, hi int) {
	for i := lo; i < hi; i++ {
		s.from.data.gather(s.to[i*s.k:], 1, s.from.offset+i*s.from.row, s.from.col, s.k)
	}
}

// block is the rows i0 … i1 of one product, and the columns j0 … j1 of one part.
type block struct {
	*product
	task
	a     int       // where row i0 begins in the left operand
	b     int       // where the right operand begins, of a batch
	at    int       // of the product's first element in the result
	dst   []float32 // element (i0, j0) and those after it
	pitch int
	// follows is the column where the thread's next task is likely to begin: its
	// first panel is fetched with the last of this task.
	follows int
	pace
	// near is the left operand at the steps in hand, in rows that are nearPitch apart.
	near      []float32
	nearPitch int
}

// block is task index, t, which computes.
func (p *product) block(index int, t task) block {
	b := block{product: p, task: t}
	offA, offB := p.batch.offsets(b.entry)
	b.a, b.b = p.left.offset+offA+b.i0*p.left.row, offB
	b.at = b.entry * p.m * p.parts[b.part].n
	b.pace = paceOf(b.tile1 - b.tile0)
	b.follows = p.follows(index, b.part)
	return b
}

// follows is the first column of the task that a thread does after task index, if
// that is in the same part, or else the end: threads take the tasks in order, and
// about as long for each.
func (p *product) follows(index, part int) int {
	if next := index + p.ctx.Pool.Threads(); next < p.tasks() {
		if t := p.task(next); t.part == part && t.turn >= p.pieces {
			return t.j0
		}
	}
	return p.parts[part].n
}

// pace is how tiles fetch the next panel: each of the first few fetches its share,
// so that all of it is fetched once.
type pace struct {
	fetch *[15]func(k int, a *float32, lda int, b, c *float32, ldc, add int, next *float32)
	lines int // that a tile fetches in a turn of unrolledSteps
	tiles int // that fetch
}

// paceOf is the slowest pace at which so many tiles fetch a whole panel.
func paceOf(tiles int) pace {
	k := simd.Active
	turn := max(1, unrolledSteps*k.Columns/line) // lines of a panel
	for _, p := range []pace{
		{fetch: &k.ProductFetchOne, lines: 1}, {fetch: &k.ProductFetchTwo, lines: 2},
		{fetch: &k.ProductFetchThree, lines: 3}, {fetch: &k.ProductFetchFour, lines: 4},
	} {
		if p.tiles = ceilDiv(turn, p.lines); p.tiles <= tiles {
			return p
		}
	}
	return pace{&k.ProductFetchEight, 8, 1}
}

// compute multiplies, finishes and stores the block.
func (b *block) compute() {
	x := &b.parts[b.part]
	direct := x.out.f32 != nil && b.whole && !x.right.hasGaps()
	width := b.j1 - b.j0
	var scratch []float32
	if direct {
		b.dst, b.pitch = x.out.f32[b.at+b.i0*x.n+b.j0:], x.n
	} else {
		b.pitch = ceilDiv(width, simd.Active.Columns) * simd.Active.Columns
		scratch = b.ctx.take((b.i1 - b.i0) * b.pitch)
		b.dst = scratch
	}
	b.multiply(x)
	b.finish(x)
	if !direct {
		b.store(x, width)
		b.ctx.put(scratch)
	}
	if b.then.tail != nil {
		b.finishPlanes(x.right.window.raster)
	}
	b.arrive()
}

// store writes the block, which is in scratch memory.
func (b *block) store(x *part, width int) {
	if w := x.right.window; w != nil {
		w.raster.storeBlock(x.out, (b.entry*b.m+b.i0)*w.raster.places, b.j0, width, b.dst, b.i1-b.i0, b.pitch)
		return
	}
	for i := b.i0; i < b.i1; i++ {
		x.out.store(b.at+i*x.n+b.j0, b.dst[(i-b.i0)*b.pitch:][:width])
	}
}

// multiply sets dst to the product.
func (b *block) multiply(x *part) {
	b.multiplyColumns(x)
	if width := b.j1 - b.j0; x.step != nil && (b.i1-b.i0)*width > 0 {
		simd.Active.MulRows(b.i1-b.i0, width, &b.dst[0], b.pitch, &x.step[b.j0:b.j1][0], 0)
	}
}

// multiplyColumns is multiply but for the columns' factors.
func (b *block) multiplyColumns(x *part) {
	if b.k == 0 {
		for i := range b.i1 - b.i0 {
			clear(b.dst[i*b.pitch:][:b.j1-b.j0])
		}
		return
	}
	if x.right.pairs != unpaired {
		b.multiplyPairs(x)
		return
	}
	if b.inSteps() {
		b.multiplySteps(x)
		return
	}
	if b.widens() {
		b.multiplyBlocks(x)
		return
	}
	if b.m <= fewRows && x.right.inRows() {
		b.stream(x)
		return
	}
	columns := simd.Active.Columns
	var scratch []float32
	if !x.right.ready(b.j0, b.j1) {
		scratch = b.ctx.take(b.partial * columns)
	}
	_ = b.left.data.f32[b.a+(b.i1-b.i0-1)*b.left.row+b.k-1]
	_ = b.dst[(b.i1-b.i0-1)*b.pitch+ceilDiv(b.j1-b.j0, columns)*columns-1]
	narrow := x.right.isNarrow() && b.tile1-b.tile0 <= mostNarrow
	apart := b.spreadRows()
	for k0 := 0; k0 < b.k; k0 += b.partial {
		kc := min(b.partial, b.k-k0)
		add := min(k0, 1)
		b.near, b.nearPitch = b.left.data.f32[b.a+k0:], b.left.row
		for j := b.j0; j < b.j1; j += columns {
			if apart != nil && j == b.j0+columns {
				b.moveApart(apart, kc)
			}
			if w := x.right.window; w != nil && w.direct(b.tile1-b.tile0, j) {
				b.windowTiles(w, j, k0, kc, add)
				continue
			}
			if narrow && j+columns <= b.j1 {
				b.narrowTiles(x, j, k0, kc, add)
				continue
			}
			panel := x.right.panel(b.ctx, scratch, b.b, j, k0, kc)
			b.panelTiles(x, panel, j, k0, kc, add)
		}
	}
	if scratch != nil {
		b.ctx.put(scratch)
	}
	if apart != nil {
		b.ctx.put(apart)
	}
}

// panelTiles multiplies the tiles with a panel.
func (b *block) panelTiles(x *part, panel []float32, j, k0, kc, add int) {
	r := &x.right
	next, share, fetching := 0, 0, 0
	if r.isPacked() {
		next, share, fetching = r.after(b, j, k0), b.lines*kc/unrolledSteps*r.perLine(), b.pace.tiles
	}
	if !b.fetches() {
		fetching = 0
	}
	for t := b.tile0; t < b.tile1; t++ {
		i, rows := b.rowOf(t), b.rowOf(t+1)-b.rowOf(t)
		left, result := &b.near[(i-b.i0)*b.nearPitch], &b.dst[(i-b.i0)*b.pitch+j-b.j0]
		if turn := t - b.tile0; turn < fetching {
			b.fetch[rows](kc, left, b.nearPitch, &panel[0], result, b.pitch, add, r.fetched(next+turn*share))
			continue
		}
		simd.Active.ProductRows[rows](kc, left, b.nearPitch, &panel[0], result, b.pitch, add)
	}
}

// fetches reports whether it pays to fetch what comes next: few rows are one tile.
func (b *block) fetches() bool { return b.m >= simd.Active.FetchFrom() }

// mostNarrow is up to how many tiles read a panel of 16 bits as it lies, each of
// which widens it again; more read it widened in scratch.
const mostNarrow = 2

// narrowTiles multiplies the tiles with a panel of 16 bits as it lies.
func (b *block) narrowTiles(x *part, j, k0, kc, add int) {
	r := &x.right
	at, next := j*r.k+k0*simd.Active.Columns, r.after(b, j, k0)
	tile, panel, ahead := r.narrowTile(at, next)
	for t := b.tile0; t < b.tile1; t++ {
		i, rows := b.rowOf(t), b.rowOf(t+1)-b.rowOf(t)
		tile[rows](kc, &b.near[(i-b.i0)*b.nearPitch], b.nearPitch, panel, &b.dst[(i-b.i0)*b.pitch+j-b.j0], b.pitch, add, ahead)
	}
}

// unrolledSteps is after how many steps along k a tile fetches again.
const unrolledSteps = 4

// fewRows is up to which height an operand that is not packed is read in place:
// copying it to panels would cost as much as the product.
const fewRows = 3

// stream multiplies few rows with an operand whose rows are contiguous.
func (b *block) stream(x *part) {
	m, a, width := &x.right.matrix, b.left.data.f32, b.j1-b.j0
	for i := range b.i1 - b.i0 {
		row := b.dst[i*b.pitch:][:width]
		clear(row)
		for p := range b.k {
			right := m.data.f32[m.offset+b.b+p*m.row+b.j0:][:width]
			simd.Active.AddScaled(width, &row[0], &right[0], a[b.a+i*b.left.row+p])
		}
	}
}
