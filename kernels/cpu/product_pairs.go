package cpu

import (
	"math"

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
)

// leftPairs is the left operand of a product of pairs: some of its rows at a time.
type leftPairs struct {
	*product
	kernels *simd.Pairs // nil: no part is paired
	thirds  bool
	k       int // filled up
	first   int // the first row that is here
	tiles   []tensor.Brain
	odd     []bool // by row: it has numbers without parts
}

const (
	// leftOfTile is how many bytes a step along k takes of a tile's rows at most: they
	// stay in the first-level cache while they meet the panels.
	leftOfTile = 36 << 10
	// leftOfWave is how many bytes the rows take that are there at a time.
	leftOfWave = 8 << 20
	// mostAhead is how many elements ahead panels are fetched that follow one another in
	// memory: 16 KB. Farther, and one row waits longer.
	mostAhead = 8 << 10
)

// choosePairs sets up the pairs of a product that has any.
func (p *product) choosePairs() {
	for i := range p.parts {
		if r := &p.parts[i].right; r.pairs != unpaired && p.k > 0 {
			p.pairs.product, p.pairs.kernels, p.pairs.k = p, simd.Active.Pairs(), r.k
			p.pairs.thirds = r.pairs == pairedExact && p.left.data.brain == nil
			return
		}
	}
}

// parts is how many bfloat16 stand for a number.
func (l *leftPairs) parts() int {
	if l.thirds {
		return 3
	}
	return 1
}

// rowBytes is what a row takes.
func (l *leftPairs) rowBytes() int { return 2 * l.parts() * l.k }

// deepest is how deep a step along k goes for tiles of so many rows.
func (l *leftPairs) deepest(rows int) int {
	step := l.kernels.Step
	return max(2, leftOfTile/(2*l.parts()*step*max(rows, 1))) * step
}

// wholly reports whether all parts are of pairs.
func (p *product) whollyPairs() bool {
	for i := range p.parts {
		if p.parts[i].right.pairs == unpaired {
			return false
		}
	}
	return true
}

// What a task of a product of pairs costs, in nanoseconds for each step along k. Tiles
// are so fast that fetching what they read counts: the rows, which another core may have
// laid out, and the panels.
const (
	costHalf      = 1.7  // for each part of up to 16 rows and each panel: 300 GMAC/s
	costFarRow    = 0.13 // for each part of a row: 2 bytes
	costFarPanel  = 4.3  // 64 bytes
	tileHalf      = 16   // rows
	costOfWaiting = 0.5
)

// across are the sizes of groups that are tried.
var across = [...]int{2 * mostPanels, 24, 16, 12, 8, 6, 4, 3, 2, 1}

// arrangePairs cuts a product of pairs so that it takes the least time by these costs,
// and by half a task that threads wait for the last ones.
func (l *productPlan) arrangePairs(p *product, threads int) {
	parts := float64(p.pairs.parts())
	height := max(l.height+min(l.higher, 1), 1)
	half, rows := parts*costHalf*float64(ceilDiv(height, tileHalf)), parts*costFarRow*float64(height)
	widest, least := p.widest(), math.Inf(1)
	var best productPlan
	for blocks := max(1, ceilDiv(l.tiles, mostTiles)); ; blocks = min(2*blocks, l.tiles) {
		l.blockTiles = max(1, ceilDiv(l.tiles, blocks))
		l.rowBlocks = ceilDiv(l.tiles, l.blockTiles)
		for _, l.perGroup = range across {
			l.groups = l.countGroups(p)
			tiles, panels := float64(l.blockTiles), float64(ceilDiv(widest, ceilDiv(widest, l.perGroup)))
			rounds := float64(ceilDiv(p.batch.count*l.rowBlocks*l.groups, threads))
			if threads > 1 {
				rounds += costOfWaiting
			}
			if time := rounds * (tiles*panels*half + tiles*rows + panels*costFarPanel); time < least {
				least, best = time, *l
			}
		}
		if blocks >= l.tiles {
			break
		}
	}
	*l = best
	l.toBlock = l.rowBlocks
}

// widest is how many panels the widest part has.
func (p *product) widest() int {
	most := 1
	for i := range p.products() {
		most = max(most, panelsOf(p.parts[i].n))
	}
	return most
}

// isOneTile reports whether each block lays out the rows for itself: they are few, and
// threads would wait for one another twice, and fetch from one another.
func (l *leftPairs) isOneTile() bool { return l.productPlan.tiles == 1 }

// layTile lays out the rows of a block for itself, in memory that the caller puts back.
func (l *leftPairs) layTile(b *block) (loan []float32) {
	rows := b.i1 - b.i0
	floats := rows * l.rowBytes() / 4
	loan = b.ctx.take(floats + ceilDiv(rows, 4))
	l.first, l.tiles, l.odd = b.i0, viewAs[tensor.Brain](loan[:floats]), viewAs[bool](loan[floats:])[:rows]
	l.Do(0, rows)
	return loan
}

// lay makes tiles of the rows of a wave, with k filled up with zeros.
func (l *leftPairs) lay() {
	rows := l.rowOf(min(l.toBlock*l.blockTiles, l.productPlan.tiles)) - l.rowOf(l.fromBlock*l.blockTiles)
	l.first = l.rowOf(l.fromBlock * l.blockTiles)
	l.tiles = l.tiles[:rows*l.parts()*l.k]
	if cap(l.odd) < rows {
		l.odd = make([]bool, rows)
	}
	l.odd = l.odd[:rows]
	cost := costMove + costNarrow
	if l.thirds {
		cost = costMove + costStep
	}
	l.ctx.Pool.Do(rows, l.ctx.cut(rows, cost*float64(l.product.k)), l)
}

// Do lays out the rows lo ≤ i < hi of the wave.
func (l *leftPairs) Do(lo, hi int) {
	scratch, line := l.ctx.take(l.product.k), l.ctx.take((l.k+1)/2)
	rounded := viewAs[tensor.Brain](line)[:l.k]
	clear(rounded[l.product.k:])
	for i := lo; i < hi; i++ {
		t := l.tileOf(l.first + i)
		top, rows := l.rowOf(t)-l.first, l.rowOf(t+1)-l.rowOf(t)
		to := l.tiles[l.parts()*top*l.k+(i-top)*l.kernels.Step:]
		row := l.left.data.pick(scratch, l.left.offset+(l.first+i)*l.left.row, l.left.col, l.product.k)
		if l.thirds {
			l.odd[i] = !l.split(to, rows, row)
			continue
		}
		l.odd[i] = false
		l.round(to, rows, row, rounded)
	}
	l.ctx.put(scratch)
	l.ctx.put(line)
}

// split lays out a row of a tile in three parts, and reports whether it has them.
func (l *leftPairs) split(to []tensor.Brain, rows int, row []float32) bool {
	step := l.kernels.Step
	whole, good := len(row)/step, true
	if whole > 0 {
		good = l.kernels.Thirds.Split(whole, bits16(to), rows*step, &row[0])
	}
	if rest := row[whole*step:]; len(rest) > 0 {
		last := l.ctx.take(step)
		clear(last[copy(last, rest):])
		good = l.kernels.Thirds.Split(1, bits16(to[3*whole*rows*step:]), rows*step, &last[0]) && good
		l.ctx.put(last)
	}
	return good
}

// round lays out a row of a tile rounded.
func (l *leftPairs) round(to []tensor.Brain, rows int, row []float32, rounded []tensor.Brain) {
	step := l.kernels.Step
	pitch, done := rows*step, 0
	if step == vector16 {
		if done = len(row) / step * step; done > 0 {
			l.kernels.Round(done, bits16(to), pitch, &row[0])
		}
	}
	floats{brain: rounded}.store(done, row[done:])
	for q := done; q < l.k; q += step {
		copy(to[q/step*pitch:][:step], rounded[q:])
	}
}

// vector16 is how many numbers are rounded or split at once.
const vector16 = 32

// multiplyPairs sets dst to the product.
func (b *block) multiplyPairs(x *part) {
	l, r, columns := b.product.pairs, &x.right, simd.Active.Columns
	if l.isOneTile() {
		loan := l.layTile(b)
		defer b.ctx.put(loan)
	}
	whole := (b.j1 - b.j0) / columns
	rest := b.j0 + whole*columns
	var narrow []float32
	if rest < b.j1 {
		narrow = b.ctx.take(b.partial * columns / 2)
	}
	_ = l.tiles[(b.i1-l.first)*l.parts()*l.k-1]
	_ = b.dst[(b.i1-b.i0-1)*b.pitch+ceilDiv(b.j1-b.j0, columns)*columns-1]
	for k0 := 0; k0 < l.k; k0 += b.partial {
		kc := min(b.partial, l.k-k0)
		last, ahead := r.pairPanel(narrow, rest, k0, kc), r.k*columns
		if kc == l.k { // panels follow one another in memory
			ahead = min(ahead, mostAhead)
		}
		for t := b.tile0; t < b.tile1; t++ {
			top, rows := b.rowOf(t), b.rowOf(t+1)-b.rowOf(t)
			at, dst := l.parts()*((top-l.first)*l.k+k0*rows), b.dst[(top-b.i0)*b.pitch:]
			if whole > 0 {
				l.multiply(at, whole, rows, kc, bits16(r.packed.brain[b.j0*r.k+k0*columns:]), r.k*columns, &dst[0], b.pitch, min(k0, 1), ahead)
			}
			ahead = 0 // they are there for the tiles that follow
			if last != nil {
				l.multiply(at, 1, rows, kc, last, 0, &dst[rest-b.j0], b.pitch, min(k0, 1), 0)
			}
		}
	}
	if narrow != nil {
		b.ctx.put(narrow)
	}
	if l.thirds {
		b.mend(x, &l)
	}
}

// multiply multiplies the tile at an element with panels.
func (l *leftPairs) multiply(at, panels, rows, k int, b *uint16, ldb int, c *float32, ldc, add, ahead int) {
	product := l.kernels.Product
	if l.thirds {
		product = l.kernels.Thirds.Product
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
func (b *block) mend(x *part, l *leftPairs) {
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
