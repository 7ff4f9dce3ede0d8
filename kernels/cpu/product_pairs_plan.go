package cpu

import (
	"math"

	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// What a task of a product of pairs costs, in nanoseconds for each step along k. Tiles
// are so fast that fetching what they read counts: the rows, which another core may have
// laid out, and the panels. Measured on 16 threads of a server of 2023.
const (
	costFarRow    = 0.13 // for each part of a row: 2 bytes
	costFarPanel  = 4.3  // 64 bytes
	costOfWaiting = 0.5  // tasks

	// costOfTask is what a task takes beside that, in nanoseconds.
	costOfTask = 500
)

// across are the sizes of groups that are tried.
var across = [...]int{2 * mostPanels, 24, 16, 12, 8, 6, 4, 3, 2, 1}

// arrangePairs cuts a product of pairs so that it takes the least time by these costs,
// and by half a task that threads wait for the last ones.
func (l *productPlan) arrangePairs(p *product, threads int) {
	parts, kernels := float64(p.pairs.parts()), p.pairs.kernels
	height := max(l.height+min(l.higher, 1), 1)
	tile := parts * float64(roundUp(height, kernels.Unit)*simd.Active.Columns) / float64(kernels.Rate)
	rows, each := parts*costFarRow*float64(height), float64(costOfTask)
	if l.tiles == 1 { // which each task lays out for itself
		each += float64(p.m) * p.pairs.cost()
	}
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
			if time := rounds * (each + float64(p.pairs.k)*(tiles*panels*tile+tiles*rows+panels*costFarPanel)); time < least {
				least, best = time, *l
			}
		}
		if blocks >= l.tiles {
			break
		}
	}
	*l = best
	l.arrangeLaying(p, threads)
}

// mostLaid is how many bytes the rows take that are laid out at a time, unless one block
// takes more: about as much as such an operand and its result take themselves. In waves
// of half of it 64 threads still have several tasks each. It is a variable for the tests.
var mostLaid = 16 << 20

// arrangeLaying cuts the laying out of the left operand. Where there is no room for all
// of its rows, waves take half of it, so that those of one can be laid out while others
// still compute with the one before. One tile each block lays out for itself: threads
// would wait for one another, and fetch from one another.
func (l *productPlan) arrangeLaying(p *product, threads int) {
	l.wave, l.room = l.rowBlocks, l.rowBlocks
	if l.tiles <= 1 {
		return
	}
	rows := l.rowOf(l.blockTiles)
	if room := max(1, mostLaid/(4*p.pairs.size(rows))); room < l.rowBlocks {
		l.wave, l.room = max(1, room/2), room
	}
	l.pieces = ceilDiv(rows, cutAmong(threads, l.wave*rows, p.pairs.cost()))
}

// widest is how many panels the widest part has.
func (p *product) widest() int {
	most := 1
	for i := range p.products() {
		most = max(most, panelsOf(p.parts[i].n))
	}
	return most
}
