package main

import (
	"fmt"
	"slices"
)

// The tiles of matrix products: rows × (columns vectors) sums in registers, one
// fused multiply-add each per step along k. An element is one chain of sums along
// k whatever the tile's height, and continues the chain of an earlier call if add
// is set. So neither the height nor the cut of k into blocks changes a bit.
//
// Forms differ in what the panel is made of, and in what is prefetched.

// maxRows is the largest height that any level has.
const maxRows = 14

var products = slices.Concat(fetching(), []family{
	{
		field: "ProductRows", size: maxRows + 1,
		doc:      "ProductRows[r] multiplies r rows, lda floats apart, with a panel [k][Columns]: c, whose rows are ldc apart, is set, or added to if add > 0.",
		params:   slices.Concat(ints("k"), pointers("a"), ints("lda"), pointers("b", "c"), ints("ldc", "add")),
		indices:  heights,
		describe: func(b *builder, rows int) { describeTile(b, rows, elements32, 0) },
	},
	{
		field: "ProductHalf", size: maxRows + 1,
		doc:      "ProductHalf is ProductRows with a panel of float16, widened as it is loaded; all of next is brought in.",
		params:   narrowTile,
		indices:  heights,
		describe: func(b *builder, rows int) { describeNarrowTile(b, rows, elementsHalf) },
	},
	{
		field: "ProductBrain", size: maxRows + 1,
		doc:      "ProductBrain is ProductHalf with a panel of bfloat16.",
		params:   narrowTile,
		indices:  heights,
		describe: func(b *builder, rows int) { describeNarrowTile(b, rows, elementsBrain) },
	},
	{
		field: "ProductWindow", size: maxRows + 1,
		doc:      "ProductWindow[r] is ProductRows[r] with a panel that lies in memory as it may: row p is the Columns elements from b[offsets[p]] on.",
		params:   slices.Concat(ints("k"), pointers("a"), ints("lda"), pointers("b"), paramsOf("*int32", []string{"offsets"}), pointers("c"), ints("ldc", "add")),
		indices:  heights,
		describe: func(b *builder, rows int) { describeWindowTile(b, rows) },
	},
	{
		field: "ProductPairs", size: maxRows + 1,
		doc:      "ProductPairs[r] multiplies r rows of pairs of bfloat16, [k][r][16], with a panel [16·k][Columns] of pairs: c, whose rows are ldc apart, is set, or added to if add > 0. As much of next as of the panel is brought into the second-level cache. Of a pair, the second product is added first.",
		params:   slices.Concat(ints("k"), pointers("a", "b", "c"), ints("ldc", "add"), pointers("next")),
		indices:  heights,
		on:       hasDots,
		describe: func(b *builder, rows int) { describeLinesTile(b, rows, dotOf(opDotBrain)) },
	},
})

// fetching are the tiles that fetch the next panel, at different paces: the fewer
// tiles read a panel, the more of the next one each must fetch while it is read.
func fetching() []family {
	var list []family
	for _, f := range []struct {
		field string
		lines int
		doc   string
	}{
		{"ProductFetchOne", 1, "ProductFetchOne[r] is ProductRows[r] that brings next into the second-level cache, a line in a turn of four steps. It has the heights of tiles that share a panel with so many others that all of next is fetched."},
		{"ProductFetchTwo", 2, "ProductFetchTwo is ProductFetchOne with two lines in a turn."},
		{"ProductFetchThree", 3, "ProductFetchThree is ProductFetchOne with three lines in a turn."},
		{"ProductFetchFour", 4, "ProductFetchFour is ProductFetchOne with four lines in a turn."},
		{"ProductFetchEight", 8, "ProductFetchEight is ProductFetchOne with eight lines in a turn."},
	} {
		list = append(list, family{
			field: f.field, size: maxRows + 1, doc: f.doc,
			params:   slices.Concat(ints("k"), pointers("a"), ints("lda"), pointers("b", "c"), ints("ldc", "add"), pointers("next")),
			indices:  func(l *level) []int { return fetchingHeights(l, f.lines) },
			describe: func(b *builder, rows int) { describeTile(b, rows, elements32, f.lines) },
		})
	}
	return list
}

// fetchingHeights are the heights of tiles of which each fetches so many lines in a
// turn: of as many tiles as fetch a whole panel, and of more. Rows are cut into no
// more tiles than they need, of nearly equal height.
func fetchingHeights(l *level, lines int) []int {
	panel := max(1, unrolled*l.columns*l.bytes()/64)
	tiles := ceilDiv(panel, lines)
	if lines > 1 && tiles == ceilDiv(panel, lines-1) { // a slower pace will do
		return []int{}
	}
	least := max(1, ((tiles-1)*l.rows+1)/tiles)
	return heights(l)[least-1:]
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// narrowTile are the parameters of tiles with a panel of 16 bits.
var narrowTile = slices.Concat(ints("k"), pointers("a"), ints("lda"), words("b"), pointers("c"), ints("ldc", "add"), words("next"))

// elements are those of a panel: how a vector of them is loaded, and their bytes.
type elements struct {
	load  op
	bytes int
}

var (
	elements32    = elements{opLoad, 4}
	elementsHalf  = elements{opLoadHalf, 2}
	elementsBrain = elements{opLoadBrain, 2}
)

func heights(l *level) []int { return upTo(l.rows) }

// hasDots holds for levels that may have products of several narrow numbers at once:
// VDPBF16PS and VPDPBUSD.
func hasDots(l *level) bool { return l.name == "avx512" }

// unrolled is how many steps along k are written out.
const unrolled = 4

// describeNarrowTile writes a tile that fetches the whole next panel: it is used
// where there is one tile, which reads its panel once.
func describeNarrowTile(b *builder, rows int, e elements) {
	lines := max(1, unrolled*b.level.columns*b.level.lanes*e.bytes/64)
	describeTile(b, rows, e, lines)
}

// describeWindowTile writes a tile whose panel's rows are found by their offsets.
func describeWindowTile(b *builder, rows int) {
	l := b.level
	sums := startTile(b, rows)
	left := newLeft(b, rows, l.bases-basesForOffsets(l))
	offsets := b.param("offsets")
	moving := append(left.moving, stride{offsets, 4})
	b.steps(b.param("k"), unrolled, moving, func(u int) {
		row := b.setMemInt(opLoadInt, at(offsets, 4*u))
		right := make([]reg, l.columns)
		for j := range right {
			right[j] = b.load(mem{base: b.param("b"), index: row, scale: 4, disp: j * l.bytes()})
		}
		left.step(u, right, sums)
	})
	finishTile(b, sums)
}

// basesForOffsets is how many pointers of rows make room for a list of offsets and
// one of them.
func basesForOffsets(l *level) int {
	if l.bases > 6 { // all registers that there are
		return 2
	}
	return 0
}

// describeTile writes a tile. lines is how many cache lines of the next panel are
// fetched every four steps.
func describeTile(b *builder, rows int, e elements, lines int) {
	l := b.level
	k, panel := b.param("k"), b.param("b")
	sums := startTile(b, rows)
	left := newLeft(b, rows, l.bases)
	moving := append(left.moving, stride{panel, l.columns * l.lanes * e.bytes})
	body := func(u int) {
		left.step(u, loadStep(b, panel, u, e), sums)
	}
	turn := func(u int) {
		body(u)
		if l.wide() {
			fetchShare(b, lines, u)
		}
	}
	// The steps are those of builder.steps, with next moving in whole turns alone.
	b.while(k, unrolled, func() {
		for u := range unrolled {
			turn(u)
		}
		for _, s := range moving {
			b.addImm(s.ptr, unrolled*s.bytes)
		}
		if lines > 0 && l.wide() {
			b.addImm(b.param("next"), 64*lines)
		}
	})
	b.steps(k, 1, moving, body)
	finishTile(b, sums)
}

// loadStep loads step u of a panel.
func loadStep(b *builder, panel reg, u int, e elements) []reg {
	l := b.level
	right := make([]reg, l.columns)
	for j := range right {
		right[j] = b.setMem(e.load, at(panel, (u*l.columns+j)*l.lanes*e.bytes))
	}
	return right
}

// fetchShare fetches step u's share of so many lines of a turn.
func fetchShare(b *builder, lines, u int) {
	for i := lines * u / unrolled; i < lines*(u+1)/unrolled; i++ {
		b.prefetch(at(b.param("next"), 64*i), 1)
	}
}

// describeLinesTile writes a tile of which a line of the cache holds what a row has for 16
// steps: of each, several narrow numbers, whose products dot adds to a sum. The rows of a
// line's steps lie side by side, so that one pointer finds them all.
func describeLinesTile(b *builder, rows int, dot func(b *builder, sum, right, left reg)) {
	const line, step = 64, 4 // bytes
	l := b.level
	a, panel := b.param("a"), b.param("b")
	lines := unrolled * l.columns
	sums := startTile(b, rows)
	turns := b.register(scalar)
	b.while(b.param("k"), 1, func() {
		b.imm(opSetInt, turns, line/step/unrolled)
		b.while(turns, 1, func() {
			for u := range unrolled {
				right := loadStep(b, panel, u, elements32)
				for i := range rows {
					x := b.splat(at(a, line*i+step*u))
					for j := range right {
						dot(b, sums[i][j], right[j], x)
					}
				}
				fetchShare(b, lines, u)
			}
			b.addImm(a, unrolled*step)
			b.addImm(panel, unrolled*l.columns*l.bytes())
			b.addImm(b.param("next"), line*lines)
		})
		b.addImm(a, line*(rows-1))
	})
	finishTile(b, sums)
}

// dotOf is an operation that adds products to a sum.
func dotOf(o op) func(b *builder, sum, right, left reg) {
	return func(b *builder, sum, right, left reg) { b.change(o, sum, right, left) }
}

// startTile sets the sums to what c holds if they are to be added to it, else to
// zero.
func startTile(b *builder, rows int) [][]reg { return startWideTile(b, rows, 1) }

// startWideTile is startTile for several panels side by side.
func startWideTile(b *builder, rows, panels int) [][]reg {
	sums := make([][]reg, rows)
	for i := range sums {
		for range panels * b.level.columns {
			sums[i] = append(sums[i], b.zero())
		}
	}
	b.ifMore(b.param("add"), 0, func() {
		eachSum(b, sums, func(m mem, s reg) { b.emit(&node{op: opLoad, dst: s, mem: m}) })
	})
	return sums
}

func finishTile(b *builder, sums [][]reg) { eachSum(b, sums, b.store) }

// eachSum calls f with where in c a sum belongs.
func eachSum(b *builder, sums [][]reg, f func(m mem, s reg)) {
	c, ldc := b.late("c"), b.late("ldc")
	b.shl(ldc, 2)
	for i, row := range sums {
		for j, s := range row {
			f(at(c, j*b.level.bytes()), s)
		}
		if i+1 < len(sums) {
			b.addInt(c, ldc)
		}
	}
}

// left is the left operand of a tile.
type left struct {
	b      *builder
	rows   int
	moving []stride
	lda    reg   // in bytes
	bases  []reg // of the first rows
}

func newLeft(b *builder, rows, bases int) *left {
	x := &left{b: b, rows: rows}
	a := b.copyInt(b.param("a"))
	x.lda = b.param("lda")
	b.shl(x.lda, 2)
	for i := range min(rows, bases) {
		if i > 0 {
			a = b.address(mem{base: a, index: x.lda, scale: 1})
		}
		x.bases = append(x.bases, a)
		x.moving = append(x.moving, stride{a, 4})
	}
	return x
}

// embedded is how many rows multiply straight from memory: those whose address is
// a base alone, for an index would make two operations of one. A row then takes two
// operations, not three. Where another hardware thread shares the core, they bound
// a tile: 14 rows of which 9 are embedded run at 1.09 of the speed of none (1.14
// if all were, from a copy in columns). Alone, multiply-adds bound it, two to a
// cycle, as long as there are no more loads: a second vector of the panel loads a
// number again.
func (x *left) embedded() int {
	switch l := x.b.level; {
	case !l.embeds:
		return 0
	case l.columns == 1:
		return len(x.bases)
	}
	return max(0, min(len(x.bases), x.rows-2))
}

// step adds the products of step u of a turn.
func (x *left) step(u int, right []reg, sums [][]reg) {
	b := x.b
	if b.level.byLane {
		x.stepByLane(u, right, sums)
	} else {
		for i := range x.rows {
			x.stepRow(i, u, right, sums[i])
		}
	}
}

// stepRow is step for one row.
func (x *left) stepRow(i, u int, right, sums []reg) {
	if i < x.embedded() {
		for j := range right {
			x.b.fmaMem(sums[j], right[j], x.at(i, u))
		}
		return
	}
	a := x.b.splat(x.at(i, u))
	for j := range right {
		x.b.fma(sums[j], right[j], a)
	}
}

// stepByLane takes a row's number as a lane of a vector.
func (x *left) stepByLane(u int, right []reg, sums [][]reg) {
	for i := range x.rows {
		a := x.b.loadOne(x.at(i, u))
		for j := range right {
			x.b.fmaLane(sums[i][j], right[j], a, 0)
		}
	}
}

// at is where element (i, u) lies. A row without a base is 1, 2, 4 or 8 rows from
// one that has.
func (x *left) at(i, u int) mem {
	if i < len(x.bases) {
		return at(x.bases[i], 4*u)
	}
	for rows := 1; rows <= min(i, 8); rows *= 2 {
		if i-rows < len(x.bases) {
			return mem{base: x.bases[i-rows], index: x.lda, scale: rows, disp: 4 * u}
		}
	}
	panic(fmt.Sprintf("BUG: row %d of a tile is at no multiple of a pitch from %d bases", i, len(x.bases)))
}
