package cpu

import (
	"math"

	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// productPlan is how a product is cut into tasks. Rows go into tiles of nearly equal
// height, tiles into blocks of rows; columns go into panels, panels into groups,
// which stay within one part. A task is a block of rows of a group.
type productPlan struct {
	partial int // steps along k at once

	tiles, height, higher int // the first higher tiles have a row more than height
	rowBlocks, blockTiles int
	wave                  int // blocks of rows whose tasks come before those of others
	room                  int // blocks of rows that are laid out at a time
	pieces                int // tasks that lay out a block's rows; 0: none has to

	perGroup int // panels
	groups   int // of all parts
}

const (
	// maxPartial is how deep a step along k goes at most where panels are copied or widened.
	maxPartial = 512
	// maxPacked is maxPartial for panels that are read as they lie: the deeper, the
	// fewer times a result is loaded and stored, and the longer memory is read in a row.
	// Beside 384 steps, 768 take 0.96 of the time on Zen 4, and no more on Intel's of
	// 2023, where 3072 took 1.04 of it.
	maxPacked = 1024
	// maxTwice is maxPacked for two tiles where the nearest cache has leastTwice bytes: the
	// second one then finds the panel there, while the way to the next cache is busy.
	// Measured on 16 rows, that takes 0.97 of the time on Intel's; on Zen 4, whose cache is
	// smaller, 1.04.
	maxTwice   = 192
	leastTwice = 48 << 10
	// maxAlone is maxPacked for one tile, whose rows are few: on Zen 4 eight rows of 3072
	// steps take 0.8 of the time that they take in pieces of 512.
	maxAlone = 8192
	// maxWidened is how deep a step along k goes if few tiles, up to fewWidened, read a
	// panel that has been widened: it then goes through the first-level cache alone.
	maxWidened = 128
	fewWidened = 5
	// mostTiles of a block keep its rows, at maxPacked steps, in the second-level
	// cache beside a panel.
	mostTiles = 10
	// mostPanels of a group, each of which reads the block's rows again.
	mostPanels = 16
	// leastTask is what a task should take at least, in nanoseconds: several times
	// what it costs to hand one over.
	leastTask = 3000
	// tasksPerThread is how many tasks there should be for each thread, so that
	// threads that are disturbed hold up the others little.
	tasksPerThread = 4
)

// arrange cuts p for so many threads.
func (l *productPlan) arrange(p *product, threads int) {
	highest, multiple := simd.Active.Rows, unrolledSteps
	deepest, depth := p.deepest(ceilDiv(p.m, highest)), p.k
	for i := range p.parts {
		multiple = max(multiple, p.parts[i].right.blocks.size)
	}
	switch {
	case p.inSteps():
		highest = len(simd.Active.StepOctets) - 1
	case p.widens():
		highest = blockRows
	}
	if pairs := p.pairs.kernels; pairs != nil {
		multiple, depth = simd.PairStep, p.pairs.k
		if p.whollyPairs() {
			highest = pairs.Rows
		}
		deepest = p.pairs.deepest(min(p.m, highest))
	}
	steps := ceilDiv(depth, deepest)
	l.partial = ceilDiv(ceilDiv(depth, max(steps, 1)), multiple) * multiple
	l.tiles = max(ceilDiv(p.m, highest), min(p.m, 1))
	l.height, l.higher = p.m/max(l.tiles, 1), p.m%max(l.tiles, 1)
	l.pieces = 0
	if p.pairs.kernels != nil {
		l.arrangePairs(p, threads)
		return
	}
	l.cut(p, p.wanted(threads))
	if threads > 1 {
		l.balance(p, threads)
		l.arrangeSpreading(p, threads)
	}
}

// cut makes as many tasks as are wanted, or all that there can be.
func (l *productPlan) cut(p *product, wanted int) {
	l.perGroup, l.rowBlocks = mostPanels, ceilDiv(l.tiles, mostTiles)
	if p.crowds() {
		l.perGroup *= 2 // for each group its rows are copied
	}
	for {
		l.blockTiles = ceilDiv(l.tiles, max(l.rowBlocks, 1))
		l.rowBlocks = ceilDiv(l.tiles, max(l.blockTiles, 1))
		l.groups, l.wave = l.countGroups(p), l.rowBlocks
		switch {
		case p.batch.count*l.rowBlocks*l.groups >= wanted:
			return
		case l.perGroup > 1:
			l.perGroup /= 2
		case l.blockTiles > 1:
			l.rowBlocks *= 2
		default:
			return
		}
	}
}

// balance makes groups smaller, down to half, if that shortens the time until the last
// thread is done: nine tasks for two threads take as long as five.
func (l *productPlan) balance(p *product, threads int) {
	first, best, least := l.perGroup, l.perGroup, math.MaxInt
	for l.perGroup = first; l.perGroup >= max(1, first/2); l.perGroup-- {
		rounds := ceilDiv(p.batch.count*l.rowBlocks*l.countGroups(p), threads)
		if time := rounds * l.widestGroup(p); time < least {
			best, least = l.perGroup, time
		}
	}
	l.perGroup = best
	l.groups = l.countGroups(p)
}

// widestGroup is how many panels the widest group has.
func (l *productPlan) widestGroup(p *product) int {
	most := 0
	for i := range p.products() {
		if x := &p.parts[i]; x.n > 0 {
			most = max(most, ceilDiv(panelsOf(x.n), l.groupsOf(x)))
		}
	}
	return most
}

// deepest is how deep a step along k goes for so many tiles of multiply-adds.
func (p *product) deepest(tiles int) int {
	switch {
	case !p.isPacked():
		return maxPartial
	case tiles == 1:
		return maxAlone
	case p.hasNarrow() && tiles > mostNarrow && tiles <= fewWidened:
		return maxWidened
	case p.hasNarrow():
		return maxPartial
	case tiles == 2 && simd.Nearest.Bytes >= leastTwice:
		return maxTwice
	}
	return maxPacked
}

// isPacked reports whether all right operands are.
func (p *product) isPacked() bool {
	for i := range p.parts {
		if !p.parts[i].right.isPacked() {
			return false
		}
	}
	return true
}

// hasNarrow reports whether a right operand is packed in 16 bits.
func (p *product) hasNarrow() bool {
	for i := range p.parts {
		if p.parts[i].right.isNarrow() {
			return true
		}
	}
	return false
}

// wanted is how many tasks there should be for so many threads.
func (p *product) wanted(threads int) int {
	if threads == 1 {
		return 1
	}
	return min(tasksPerThread*threads, max(1, p.cost()/leastTask))
}

// cost is about how long one thread takes, in nanoseconds, measured with AVX-512 on
// a server of 2023: 80 multiply-adds a nanosecond, or 12 bytes of weights where
// there are few rows to use them; in steps, three times as many, and a fifth of the bytes.
func (p *product) cost() int {
	columns := 0
	for i := range p.parts {
		columns += p.parts[i].n
	}
	if p.inSteps() {
		return columns * p.k / 16 * max(p.m, 16) / 15
	}
	return p.batch.count * columns * p.k / 4 * max(p.m, 27) / 20
}

func (l *productPlan) countGroups(p *product) int {
	n := 0
	for i := range p.products() {
		n += l.groupsOf(&p.parts[i])
	}
	return n
}

// products is how many parts have tasks: the second one of a gated product is
// computed with the first.
func (p *product) products() int {
	if p.then.gated {
		return 1
	}
	return len(p.parts)
}

// panels is how many panels n columns make.
func panelsOf(n int) int { return ceilDiv(n, simd.Active.Columns) }

func (l *productPlan) groupsOf(x *part) int { return ceilDiv(panelsOf(x.n), l.perGroup) }

// rowOf is the first row of tile t.
func (l *productPlan) rowOf(t int) int { return t*l.height + min(t, l.higher) }

// tileOf is the tile that row i is in.
func (l *productPlan) tileOf(i int) int {
	if low := l.higher * (l.height + 1); i >= low {
		return l.higher + (i-low)/l.height
	}
	return i / (l.height + 1)
}

// task is one block of one product; or it lays out some of a block's rows.
type task struct {
	rows         int // the block of rows
	turn         int // of those rows; the first p.pieces lay out
	entry, part  int
	tile0, tile1 int
	i0, i1       int
	j0, j1       int
	whole        bool // the columns make whole panels
}

func (p *product) tasks() int {
	if p.m == 0 {
		return 0
	}
	return p.turns() * p.rowBlocks
}

// task returns task index: the blocks of rows of a group follow one another, since
// they read the same panels.
func (p *product) task(index int) task {
	from := index / (p.wave * p.turns()) * p.wave
	blocks := min(p.wave, p.rowBlocks-from)
	index -= from * p.turns()
	t := task{rows: from + index%blocks, turn: index / blocks}
	t.tile0 = t.rows * p.blockTiles
	t.tile1 = min(t.tile0+p.blockTiles, p.tiles)
	t.i0, t.i1 = p.rowOf(t.tile0), p.rowOf(t.tile1)
	if t.turn < p.pieces {
		return t
	}
	group := (t.turn - p.pieces) % p.groups
	t.entry = (t.turn - p.pieces) / p.groups
	for ; group >= p.groupsOf(&p.parts[t.part]); t.part++ {
		group -= p.groupsOf(&p.parts[t.part])
	}
	// Groups of nearly equal size, as the tiles are.
	n, count := panelsOf(p.parts[t.part].n), p.groupsOf(&p.parts[t.part])
	at := func(g int) int { return (g*(n/count) + min(g, n%count)) * simd.Active.Columns }
	t.j0, t.j1 = at(group), min(at(group+1), p.parts[t.part].n)
	t.whole = (t.j1-t.j0)%simd.Active.Columns == 0
	return t
}
