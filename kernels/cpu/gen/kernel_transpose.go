package main

import (
	"math/bits"
	"slices"
)

// Matrices are turned in squares of vectors; those of fewer rows or columns than a
// vector has lanes by interleaving.

// fewMost is below which number of rows, or columns, there are few on any level.
const fewMost = 16

var transposes = []family{
	{
		field: "Transpose", doc: "Transpose turns a strip of Lanes rows of x, ldx apart, and of blocks·Lanes columns into as many rows of z, ldz apart, of Lanes elements.",
		params:   slices.Concat(ints("blocks"), pointers("z"), ints("ldz"), pointers("x"), ints("ldx")),
		describe: func(b *builder, _ int) { b.strip(wordSquare) },
	},
	{
		field: "Transpose16", doc: "Transpose16 is Transpose for elements of 16 bits.",
		params:   slices.Concat(ints("blocks"), words("z"), ints("ldz"), words("x"), ints("ldx")),
		describe: func(b *builder, _ int) { b.strip(halfSquare) },
	},
	{
		field: "Transpose64", doc: "Transpose64 is Transpose for elements of 64 bits, in squares of half of Lanes, or of 1.",
		params:   slices.Concat(ints("blocks"), longs("z"), ints("ldz"), longs("x"), ints("ldx")),
		describe: func(b *builder, _ int) { b.strip(longSquare) },
	},
	{
		field: "Interleave", doc: "Interleave[r] turns r rows of x, ldx apart, of n elements into n rows of z, one after the other.",
		size:     fewMost,
		params:   slices.Concat(ints("n"), pointers("z", "x"), ints("ldx")),
		indices:  fewerRows,
		describe: describeInterleave,
	},
	{
		field: "Deinterleave", doc: "Deinterleave[r] turns n rows of x, one after the other, of r elements into r rows of z, ldz apart.",
		size:     fewMost,
		params:   slices.Concat(ints("n"), pointers("z"), ints("ldz"), pointers("x")),
		indices:  fewerRows,
		describe: describeDeinterleave,
	},
}

// fewerRows are the numbers of rows that are less than a vector; one row is a copy.
func fewerRows(l *level) []int {
	if !l.wide() {
		return nil
	}
	return upTo(l.lanes - 1)[1:]
}

// squareShape is how squares of elements of some size are turned.
type squareShape struct {
	shift int                  // of the size in bytes
	side  func(b *builder) int // rows, and elements in one
	load  func(b *builder, m mem) reg
	turn  func(b *builder, rows []reg) []reg
	store func(b *builder, m mem, x reg)
}

var (
	wordSquare = squareShape{2, (*builder).lanes, (*builder).load, (*builder).square, (*builder).store}
	// Elements of 16 bits are turned as the upper half of words.
	halfSquare = squareShape{
		1, (*builder).lanes,
		func(b *builder, m mem) reg { return b.loadAs(brainLoads, m, tail{}) }, (*builder).square,
		func(b *builder, m mem, x reg) { b.storeAs(packStores, m, b.set(vector, opPackHigh, x), tail{}) },
	}
	longSquare = squareShape{3, func(b *builder) int { return b.lanes() / 2 }, (*builder).load, (*builder).squareOfLongs, (*builder).store}
)

func (b *builder) lanes() int { return b.level.lanes }

// strip turns squares that lie one after the other in rows of x.
func (b *builder) strip(s squareShape) {
	z, x, ldz, ldx := b.param("z"), b.param("x"), b.param("ldz"), b.param("ldx")
	b.shl(ldz, s.shift)
	b.shl(ldx, s.shift)
	side := s.side(b)
	if side == 0 { // plain Go has words alone
		b.stripOfPairs(z, x, ldz)
		return
	}
	b.while(b.param("blocks"), 1, func() {
		from := b.copyInt(x)
		rows := make([]reg, side)
		for i := range rows {
			rows[i] = s.load(b, at(from, 0))
			if i < len(rows)-1 {
				b.addInt(from, ldx)
			}
		}
		b.addImm(x, side<<s.shift)
		for _, column := range s.turn(b, rows) {
			s.store(b, at(z, 0), column)
			b.addInt(z, ldz)
		}
	})
}

// stripOfPairs is strip of squares of one element of two words.
func (b *builder) stripOfPairs(z, x, ldz reg) {
	b.while(b.param("blocks"), 1, func() {
		for disp := 0; disp < 8; disp += 4 {
			b.store(at(z, disp), b.load(at(x, disp)))
		}
		b.addImm(x, 8)
		b.addInt(z, ldz)
	})
}

// square transposes as many vectors as there are lanes: pairs of rows are
// interleaved, then pairs of pairs, which leaves columns of four rows in each group
// of 128 bits; then the groups change places.
func (b *builder) square(rows []reg) []reg {
	if len(rows) == 1 {
		return rows
	}
	quads := len(rows) / 4
	groups := make([][]reg, 4) // [c][q]: column 4g+c of rows 4q … 4q+3 in group g
	for q := range quads {
		r := rows[4*q:]
		var pairs [4]reg
		for i := range 2 {
			pairs[2*i] = b.set(vector, opLowPairs, r[2*i], r[2*i+1])
			pairs[2*i+1] = b.set(vector, opHighPairs, r[2*i], r[2*i+1])
		}
		for c := range 4 {
			o := []op{opLowQuads, opHighQuads}[c%2]
			groups[c] = append(groups[c], b.set(vector, o, pairs[c/2], pairs[2+c/2]))
		}
	}
	return b.regroup(groups)
}

// squareOfLongs is square for elements of two lanes.
func (b *builder) squareOfLongs(rows []reg) []reg {
	groups := make([][]reg, 2)
	for i := 0; i < len(rows); i += 2 {
		for c, o := range []op{opLowQuads, opHighQuads} {
			groups[c] = append(groups[c], b.set(vector, o, rows[i], rows[i+1]))
		}
	}
	return b.regroup(groups)
}

// regroup returns the columns of a square whose column len(groups)·g+c has its
// elements in group g of the vectors groups[c].
func (b *builder) regroup(groups [][]reg) []reg {
	columns := make([]reg, len(groups)*len(groups[0]))
	for c, of := range groups {
		for g, v := range b.exchange(of) {
			columns[len(groups)*g+c] = v
		}
	}
	return columns
}

// groups chooses groups of 128 bits.
func (b *builder) groups(x, y reg, imm int) reg {
	r := b.register(vector)
	b.emit(&node{op: opGroups, dst: r, args: []reg{x, y}, imm: imm})
	return r
}

// exchange transposes a square of groups of 128 bits.
func (b *builder) exchange(x []reg) []reg {
	switch len(x) {
	case 2:
		return []reg{b.groups(x[0], x[1], 0x20), b.groups(x[0], x[1], 0x31)}
	case 4:
		low0, low1 := b.groups(x[0], x[1], 0x44), b.groups(x[2], x[3], 0x44)
		high0, high1 := b.groups(x[0], x[1], 0xee), b.groups(x[2], x[3], 0xee)
		return []reg{b.groups(low0, low1, 0x88), b.groups(low0, low1, 0xdd), b.groups(high0, high1, 0x88), b.groups(high0, high1, 0xdd)}
	}
	return x
}

// few is a block of Lanes columns of a few rows. Rows are filled up to a power of
// two; what they interleave to are as many vectors, each of which holds part
// elements, without those that fill up.
type few struct {
	*builder
	rows, padded, part int
	whole              tail // of part elements
}

func (b *builder) few(rows int) *few {
	padded := 1 << bits.Len(uint(rows-1))
	f := &few{builder: b, rows: rows, padded: padded, part: rows * b.lanes() / padded}
	if f.part < b.lanes() {
		n := b.register(scalar)
		b.emit(&node{op: opSetInt, dst: n, imm: f.part})
		f.whole = b.tail(n)
	}
	return f
}

// parts runs whole for the parts that left elements fill, and last for one that they
// fill to a part of it.
func (f *few) parts(left reg, body func(k int, t tail)) {
	for k := range f.padded {
		f.ifMore(left, f.part-1, func() { body(k, f.whole) })
		if f.part > f.rows { // of several rows
			f.ifNot(left, f.part-1, func() {
				f.ifMore(left, 0, func() { body(k, f.tail(left)) })
			})
		}
		f.addImm(left, -f.part)
	}
}

// disp is where part k begins.
func (f *few) disp(k int) int { return 4 * f.part * k }

func describeInterleave(b *builder, rows int) {
	n, z, x, ldx := b.param("n"), b.param("z"), b.param("x"), b.param("ldx")
	b.shl(ldx, 2)
	f := b.few(rows)
	interleave := f.interleaver()
	load := func(t tail) []reg {
		from, list := b.copyInt(x), make([]reg, f.padded)
		for i := range rows {
			list[i] = b.loadPart(at(from, 0), t)
			if i < rows-1 {
				b.addInt(from, ldx)
			}
		}
		for i := rows; i < f.padded; i++ {
			list[i] = list[0]
		}
		return interleave(list)
	}
	b.while(n, b.lanes(), func() {
		for k, v := range load(tail{}) {
			b.storePart(at(z, f.disp(k)), v, f.whole)
		}
		b.addImm(x, b.level.bytes())
		b.addImm(z, f.disp(f.padded))
	})
	b.ifMore(n, 0, func() {
		list := load(b.tail(n))
		b.imm(opMulImm, n, rows)
		f.parts(n, func(k int, t tail) { b.storePart(at(z, f.disp(k)), list[k], t) })
	})
}

func describeDeinterleave(b *builder, rows int) {
	n, z, x, ldz := b.param("n"), b.param("z"), b.param("x"), b.param("ldz")
	b.shl(ldz, 2)
	f := b.few(rows)
	deinterleave := f.deinterleaver()
	store := func(list []reg, t tail) {
		to := b.copyInt(z)
		for i, v := range deinterleave(list)[:rows] {
			b.storePart(at(to, 0), v, t)
			if i < rows-1 {
				b.addInt(to, ldz)
			}
		}
	}
	list := make([]reg, f.padded)
	b.while(n, b.lanes(), func() {
		for k := range list {
			list[k] = b.loadPart(at(x, f.disp(k)), f.whole)
		}
		store(list, tail{})
		b.addImm(z, b.level.bytes())
		b.addImm(x, f.disp(f.padded))
	})
	b.ifMore(n, 0, func() {
		for k := range list {
			list[k] = b.zero()
		}
		left := b.copyInt(n)
		b.imm(opMulImm, left, rows)
		f.parts(left, func(k int, t tail) { b.change(opMove, list[k], b.loadPart(at(x, f.disp(k)), t)) })
		store(list, b.tail(n))
	})
}

// interleaver returns what turns the rows of a block into its parts: stages that
// interleave the first half of what there is with the second, as cards are
// shuffled. Each moves the highest bit of an element's place to the lowest.
func (f *few) interleaver() func(rows []reg) []reg {
	kept := f.kept()
	switch lanes := f.lanes(); {
	case f.padded == lanes:
		return f.square
	case f.level.masks > 0: // two vectors are permuted in one instruction
		low, high := f.table(zipped(0, lanes)), f.table(zipped(lanes/2, lanes))
		lastLow, lastHigh := f.table(pick(zipped(0, lanes), kept)), f.table(pick(zipped(lanes/2, lanes), kept))
		return func(rows []reg) []reg {
			for stage := 2; stage < f.padded; stage *= 2 {
				rows = shuffle(rows, func(x, y reg) (reg, reg) { return f.permute2(x, y, low), f.permute2(x, y, high) })
			}
			return shuffle(rows, func(x, y reg) (reg, reg) { return f.permute2(x, y, lastLow), f.permute2(x, y, lastHigh) })
		}
	}
	pack := f.permutation(kept)
	return func(rows []reg) []reg {
		for stage := 1; stage < f.padded; stage *= 2 {
			rows = shuffle(rows, func(x, y reg) (reg, reg) { return f.set(vector, opLowPairs, x, y), f.set(vector, opHighPairs, x, y) })
		}
		return pack(f.join(rows))
	}
}

// deinterleaver is the inverse of interleaver.
func (f *few) deinterleaver() func(parts []reg) []reg {
	spread := f.spread()
	switch lanes := f.lanes(); {
	case f.padded == lanes:
		return f.square
	case f.level.masks > 0:
		even, odd := f.table(unzipped(0, lanes)), f.table(unzipped(1, lanes))
		both := slices.Clone(spread)
		for _, i := range spread {
			both = append(both, lanes+i)
		}
		firstEven, firstOdd := f.table(pick(both, unzipped(0, lanes))), f.table(pick(both, unzipped(1, lanes)))
		return func(parts []reg) []reg {
			rows := unshuffle(parts, func(x, y reg) (reg, reg) { return f.permute2(x, y, firstEven), f.permute2(x, y, firstOdd) })
			for stage := 2; stage < f.padded; stage *= 2 {
				rows = unshuffle(rows, func(x, y reg) (reg, reg) { return f.permute2(x, y, even), f.permute2(x, y, odd) })
			}
			return rows
		}
	}
	unpack := f.permutation(spread)
	return func(parts []reg) []reg {
		rows := f.part128(unpack(parts))
		for stage := 1; stage < f.padded; stage *= 2 {
			rows = unshuffle(rows, func(x, y reg) (reg, reg) { return f.set(vector, opEven, x, y), f.set(vector, opOdd, x, y) })
		}
		return rows
	}
}

// shuffle is a stage that interleaves: zip gives the lower and the upper half.
func shuffle(x []reg, zip func(x, y reg) (low, high reg)) []reg {
	var list []reg
	for i, half := 0, len(x)/2; i < half; i++ {
		low, high := zip(x[i], x[half+i])
		list = append(list, low, high)
	}
	return list
}

// unshuffle is its inverse.
func unshuffle(x []reg, unzip func(x, y reg) (even, odd reg)) []reg {
	list, half := make([]reg, len(x)), len(x)/2
	for i := range half {
		list[i], list[half+i] = unzip(x[2*i], x[2*i+1])
	}
	return list
}

// join puts vectors in order that were interleaved within each group of 128 bits.
func (f *few) join(x []reg) []reg {
	if f.lanes() == 4 {
		return x
	}
	var list []reg
	for _, half := range []int{0x20, 0x31} {
		for i := 0; i < len(x); i += 2 {
			list = append(list, f.groups(x[i], x[i+1], half))
		}
	}
	return list
}

// part128 is the inverse of join.
func (f *few) part128(x []reg) []reg {
	if f.lanes() == 4 {
		return x
	}
	var list []reg
	for i, half := 0, len(x)/2; i < half; i++ {
		list = append(list, f.groups(x[i], x[half+i], 0x20), f.groups(x[i], x[half+i], 0x31))
	}
	return list
}

// kept are the lanes of a vector of padded rows that are no padding.
func (f *few) kept() []int {
	var list []int
	for i := range f.lanes() {
		if i%f.padded < f.rows {
			list = append(list, i)
		}
	}
	return list
}

// spread is for each lane of a vector of padded rows where it is in a part; padding
// is taken from anywhere.
func (f *few) spread() []int {
	list := make([]int, f.lanes())
	for at, i := range f.kept() {
		list[i] = at
	}
	return list
}

// permutation returns what permutes each vector, unless all lanes stay.
func (f *few) permutation(indices []int) func(x []reg) []reg {
	if f.padded == f.rows || f.padded == f.lanes() {
		return func(x []reg) []reg { return x }
	}
	table := f.table(indices)
	return func(x []reg) []reg {
		var list []reg
		for _, v := range x {
			list = append(list, f.set(vector, opPermute, v, table))
		}
		return list
	}
}

// table is a vector of indices, filled up with 0.
func (f *few) table(indices []int) reg {
	r := f.register(vector)
	f.emit(&node{op: opTable, dst: r, table: append(slices.Clone(indices), make([]int, f.lanes()-len(indices))...)})
	return r
}

func (f *few) permute2(x, y, table reg) reg { return f.set(vector, opPermute2, x, y, table) }

// zipped is which lanes of two vectors follow one another if they are interleaved,
// from lane at on; the second vector's are numbered on.
func zipped(at, lanes int) []int {
	list := make([]int, lanes)
	for i := range list {
		list[i] = at + i/2 + i%2*lanes
	}
	return list
}

// unzipped is every other lane of two vectors.
func unzipped(at, lanes int) []int {
	list := make([]int, lanes)
	for i := range list {
		list[i] = at + 2*i
	}
	return list
}

func pick(x, indices []int) []int {
	list := make([]int, len(indices))
	for i, at := range indices {
		list[i] = x[at]
	}
	return list
}
