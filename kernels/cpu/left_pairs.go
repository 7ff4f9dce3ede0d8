package cpu

import (
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// leftPairs is the left operand of a product of pairs.
type leftPairs struct {
	*product
	kernels *simd.Lines // nil: no part is paired
	thirds  bool
	bytes   *byteLeft // nil: not of bytes
	k       int       // filled up
	room    []float32 // for the rows of some blocks
}

// leftOfTile is how many bytes a step along k takes of a tile's rows at most: they stay
// in the first-level cache while they meet the panels.
const leftOfTile = 36 << 10

// choosePairs sets up the pairs of a product that has any.
func (p *product) choosePairs() {
	for i := range p.parts {
		if r := &p.parts[i].right; r.pairs != unpaired && p.k > 0 {
			p.pairs.product, p.pairs.k = p, r.k
			if r.pairs == pairedBytes {
				p.pairs.kernels = &simd.Active.Integers().Lines
				return
			}
			p.pairs.kernels = &simd.Active.Pairs().Lines
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

// size is what so many rows take, in whole lines.
func (l *leftPairs) size(rows int) int {
	return ceilDiv(rows*(2*l.parts()*l.k+bytesOfSum+1), 4*line) * line
}

const bytesOfSum = 4

// cost is what it takes to lay out a row, in nanoseconds.
func (l *leftPairs) cost() float64 {
	switch {
	case l.thirds:
		return (costMove + costStep) * float64(l.product.k)
	case l.bytes != nil:
		return (costMove + costDivide) * float64(l.product.k)
	}
	return (costMove + costNarrow) * float64(l.product.k)
}

// deepest is how deep a step along k goes for tiles of so many rows.
func (l *leftPairs) deepest(rows int) int {
	return max(2, leftOfTile/(2*l.parts()*simd.PairStep*max(rows, 1))) * simd.PairStep
}

// whollyPairs reports whether all parts are of pairs.
func (p *product) whollyPairs() bool {
	for i := range p.parts {
		if p.parts[i].right.pairs == unpaired {
			return false
		}
	}
	return true
}

// leftBlock is the rows of a block, in tiles.
type leftBlock struct {
	*leftPairs
	first int // row
	tiles []tensor.Brain
	sums  []int32 // by row, of bytes
	odd   []bool  // by row: it has numbers without parts
}

// of is the rows of a task, in the room that there is for them, if there is any.
func (l *leftPairs) of(t *task) leftBlock {
	b := leftBlock{leftPairs: l, first: t.i0}
	if l.room != nil {
		b.use(l.room[t.rows%l.productPlan.room*l.size(l.rowOf(l.blockTiles)):], t.i1-t.i0)
	}
	return b
}

// use sets where so many rows lie.
func (l *leftBlock) use(memory []float32, rows int) {
	floats := rows * l.parts() * l.k / 2
	l.tiles, l.sums, l.odd = viewAs[tensor.Brain](memory[:floats]), viewAs[int32](memory[floats:][:rows]), viewAs[bool](memory[floats+rows:])[:rows]
}

// layTile lays out the rows of a task for itself, in memory that the caller puts back.
func (l *leftBlock) layTile(t *task) (loan []float32) {
	rows := t.i1 - t.i0
	loan = l.ctx.take(l.size(rows))
	l.use(loan, rows)
	l.lay(0, rows)
	return loan
}

// layPiece lays out the rows of a task that does that.
func (p *product) layPiece(t *task) {
	b, rows := p.pairs.of(t), t.i1-t.i0
	b.lay(rows*t.turn/p.pieces, rows*(t.turn+1)/p.pieces)
}

// lay makes tiles of the rows lo ≤ i < hi of the block, with k filled up with zeros.
func (l *leftBlock) lay(lo, hi int) {
	if l.bytes != nil {
		for i := lo; i < hi; i++ {
			t := l.tileOf(l.first + i)
			top, rows := l.rowOf(t)-l.first, l.rowOf(t+1)-l.rowOf(t)
			to := viewAs[byte](l.tiles[top*l.k+(i-top)*simd.PairStep:])
			l.sums[i] = l.layIntegers(to, rows*bytesOfLine, l.first+i)
		}
		return
	}
	scratch := l.ctx.take(l.product.k)
	var line []float32
	if !l.thirds {
		line = l.ctx.take((l.k + 1) / 2)
	}
	for i := lo; i < hi; i++ {
		t := l.tileOf(l.first + i)
		top, rows := l.rowOf(t)-l.first, l.rowOf(t+1)-l.rowOf(t)
		to := l.tiles[l.parts()*top*l.k+(i-top)*simd.PairStep:]
		row := l.left.data.pick(scratch, l.left.offset+(l.first+i)*l.left.row, l.left.col, l.product.k)
		if l.thirds {
			l.odd[i] = !l.split(to, rows, row)
			continue
		}
		l.odd[i] = false
		roundRow(simd.Active.Pairs(), to, rows, row, viewAs[tensor.Brain](line)[:l.k])
	}
	l.ctx.put(scratch)
	if line != nil {
		l.ctx.put(line)
	}
}

// split lays out a row of a tile in three parts, and reports whether it has them.
func (l *leftPairs) split(to []tensor.Brain, rows int, row []float32) bool {
	const step = simd.PairStep
	whole, good := len(row)/step, true
	if whole > 0 {
		good = simd.Active.Pairs().Thirds.Split(whole, bits16(to), rows*step, &row[0])
	}
	if rest := row[whole*step:]; len(rest) > 0 {
		last := l.ctx.take(step)
		clear(last[copy(last, rest):])
		good = simd.Active.Pairs().Thirds.Split(1, bits16(to[3*whole*rows*step:]), rows*step, &last[0]) && good
		l.ctx.put(last)
	}
	return good
}

// roundTile lays out a tile of rows of n elements, pitch apart, as roundRow does.
func roundTile(k *simd.Pairs, to []tensor.Brain, rows int, x []float32, pitch, n int, line []tensor.Brain) {
	if n == len(line) && n > 0 {
		k.Round(rows, n, bits16(to), rows*simd.PairStep, &x[0], pitch)
		return
	}
	for i := range rows {
		roundRow(k, to[i*simd.PairStep:], rows, x[i*pitch:][:n], line)
	}
}

// roundRow lays out a row of a tile of so many rows, rounded, and filled up with zeros
// as line is longer, which is scratch.
func roundRow(k *simd.Pairs, to []tensor.Brain, rows int, row []float32, line []tensor.Brain) {
	const step = simd.PairStep
	pitch, done := rows*step, len(row)/step*step
	if done > 0 {
		k.Round(1, done, bits16(to), pitch, &row[0], 0)
	}
	if done == len(line) {
		return
	}
	floats{brain: line}.store(done, row[done:])
	clear(line[len(row):])
	for q := done; q < len(line); q += step {
		copy(to[q/step*pitch:][:step], line[q:])
	}
}
