package cpu

// product is a batch of matrix products out = alpha·a·b + beta·c, in tasks of
// blocks of out. Every element is one chain of sums along k: neither the block,
// nor the tile, nor packing changes a bit of it.
type product struct {
	ctx     *Ctx
	m, n, k int
	a, b    matrix
	packed  []float32 // b as PackB leaves it; nil: b is not packed
	out     floats
	batch   batch

	alpha, beta float32
	c           matrix // broadcast to [m, n]; valid if beta is not 0
	blocksN     int    // blocks per row of blocks
	blocksM     int
}

// The size of a block: rows that stay in the second-level cache while the
// panels of the block pass, and columns enough to pay for handing it over.
const (
	blockRows    = 64
	blockColumns = 16 * nr
)

// fewRows is up to which height an unpacked operand is read in place: packing
// it would cost as much as the product.
const fewRows = 3

func (p *product) run(c *Ctx) {
	p.ctx = c
	p.blocksM, p.blocksN = ceilDiv(p.m, blockRows), ceilDiv(p.n, blockColumns)
	work := min(p.m, blockRows) * min(p.n, blockColumns) * p.k / 4
	c.Pool.Do(p.batch.count*p.blocksM*p.blocksN, chunk(work), p)
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// Do computes the blocks lo ≤ i < hi.
func (p *product) Do(lo, hi int) {
	panel := p.ctx.take(p.k * nr)
	var rows []float32
	if !p.a.inPlace() {
		rows = p.ctx.take(min(p.m, blockRows) * p.k)
	}
	for i := lo; i < hi; i++ {
		p.block(i, panel, rows)
	}
	p.ctx.put(panel)
	if rows != nil {
		p.ctx.put(rows)
	}
}

// block is one block of one product of the batch.
func (p *product) block(index int, panel, scratch []float32) {
	entry, inner := index/(p.blocksM*p.blocksN), index%(p.blocksM*p.blocksN)
	i0, j0 := inner/p.blocksN*blockRows, inner%p.blocksN*blockColumns
	i1, j1 := min(i0+blockRows, p.m), min(j0+blockColumns, p.n)
	a, b := p.a, p.b
	offA, offB := p.batch.offsets(entry)
	a.offset, b.offset = a.offset+offA, b.offset+offB
	rows, pitch := a.rows(scratch, i0, i1-i0, p.k)
	t := block{p, b, rows, pitch, i0, i1, entry * p.m * p.n}
	switch {
	case p.packed == nil && p.m <= fewRows && b.inPlace():
		t.stream(j0, j1)
	case p.packed == nil && p.m <= fewRows && b.transposed().inPlace():
		t.dots(j0, j1, panel)
	default:
		for j := j0; j < j1; j += nr {
			t.panel(j, t.columns(panel, j))
		}
	}
}

// block is the rows i0 … i1 of one product.
type block struct {
	*product
	b      matrix
	rows   []float32 // of a, from row i0 on
	pitch  int
	i0, i1 int
	at     int // of the product's first element in out
}

func (t *block) row(i int) []float32 { return t.rows[(i-t.i0)*t.pitch:][:t.k] }

// columns returns the panel at column j, padded to nr columns in scratch unless
// it is packed and whole. What it is padded with is not stored.
func (t *block) columns(scratch []float32, j int) []float32 {
	width := min(nr, t.n-j)
	if t.packed == nil {
		t.b.columns(scratch, j, width, t.k, nr)
		return scratch
	}
	panel := t.packed[j*t.k:][:t.k*width]
	if width == nr {
		return panel
	}
	for p := range t.k {
		copy(scratch[p*nr:], panel[p*width:][:width])
	}
	return scratch
}

// panel multiplies the rows with one panel.
func (t *block) panel(j int, b []float32) {
	var sums [2 * nr]float32
	i := t.i0
	for ; i+2 <= t.i1; i += 2 {
		tile2(t.row(i), t.row(i+1), b, &sums)
		t.store(i, j, sums[:nr])
		t.store(i+1, j, sums[nr:])
	}
	if i < t.i1 {
		tile1(t.row(i), b, &sums)
		t.store(i, j, sums[:nr])
	}
}

// stream multiplies few rows with an operand whose rows are contiguous.
func (t *block) stream(j0, j1 int) {
	var sums [blockColumns]float32
	for i := t.i0; i < t.i1; i++ {
		part := sums[:j1-j0]
		clear(part)
		for p, x := range t.row(i) {
			addScaled(part, x, t.b.data.f32[t.b.offset+p*t.b.row+j0:])
		}
		for j := j0; j < j1; j += nr {
			t.store(i, j, part[j-j0:])
		}
	}
}

// dots multiplies few rows with an operand whose columns are contiguous.
func (t *block) dots(j0, j1 int, panel []float32) {
	var sums [2 * nr]float32
	for j := j0; j < j1; j += nr {
		if j+nr > t.n {
			t.panel(j, t.columns(panel, j))
			return
		}
		for i := t.i0; i < t.i1; i++ {
			dots(t.row(i), t.b.data.f32[t.b.offset+j*t.b.col:], t.b.col, &sums)
			t.store(i, j, sums[:nr])
		}
	}
}

// store writes up to nr elements of row i from column j on.
func (t *block) store(i, j int, sums []float32) {
	sums = sums[:min(nr, len(sums), t.n-j)]
	if t.alpha != 1 || t.beta != 0 {
		t.finish(i, j, sums)
	}
	at := t.at + i*t.n + j
	if f := t.out.f32; f != nil {
		for d, x := range sums {
			f[at+d] = x
		}
		return
	}
	t.out.store(at, sums)
}

// finish turns sums into alpha·sums + beta·c.
func (t *block) finish(i, j int, sums []float32) {
	var c [nr]float32
	if t.beta != 0 {
		t.c.data.gather(c[:], 1, t.c.offset+i*t.c.row+j*t.c.col, t.c.col, len(sums))
	}
	for d := range sums {
		sums[d] = float32(t.alpha*sums[d]) + float32(t.beta*c[d])
	}
}
