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
		indices:  func(l *level) []int { return fewerRows(l, 1) },
		describe: func(b *builder, rows int) { describeInterleave(b.few(rows, 1)) },
	},
	{
		field: "Interleave64", doc: "Interleave64 is Interleave for elements of 64 bits.",
		size:     fewMost,
		params:   slices.Concat(ints("n"), longs("z", "x"), ints("ldx")),
		indices:  func(l *level) []int { return fewerRows(l, 2) },
		describe: func(b *builder, rows int) { describeInterleave(b.few(rows, 2)) },
	},
	{
		field: "Deinterleave", doc: "Deinterleave[r] turns n rows of x, one after the other, of r elements into r rows of z, ldz apart.",
		size:     fewMost,
		params:   slices.Concat(ints("n"), pointers("z"), ints("ldz"), pointers("x")),
		indices:  func(l *level) []int { return fewerRows(l, 1) },
		describe: func(b *builder, rows int) { describeDeinterleave(b.few(rows, 1)) },
	},
	{
		field: "Deinterleave64", doc: "Deinterleave64 is Deinterleave for elements of 64 bits.",
		size:     fewMost,
		params:   slices.Concat(ints("n"), longs("z"), ints("ldz"), longs("x")),
		indices:  func(l *level) []int { return fewerRows(l, 2) },
		describe: func(b *builder, rows int) { describeDeinterleave(b.few(rows, 2)) },
	},
}

// fewerRows are the numbers of rows that are fewer than the elements of so many words
// in a vector; one row is a copy.
func fewerRows(l *level, words int) []int {
	if !l.wide() {
		return nil
	}
	return upTo(l.lanes/words - 1)[1:]
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

// few is a block of as many columns as a vector has elements, of a few rows. Rows are
// filled up to a power of two; what they interleave to are as many vectors, each of
// which holds part words, without those that fill up.
type few struct {
	*builder
	rows, padded int
	words        int // of an element
	elements     int // of a vector
	part         int
	whole        tail // of part words
}

func (b *builder) few(rows, words int) *few {
	padded := 1 << bits.Len(uint(rows-1))
	f := &few{builder: b, rows: rows, padded: padded, words: words, elements: b.lanes() / words, part: rows * b.lanes() / padded}
	if f.part < b.lanes() {
		n := b.register(scalar)
		b.emit(&node{op: opSetInt, dst: n, imm: f.part})
		f.whole = b.tail(n)
	}
	return f
}

// columns is the tail of n elements.
func (f *few) columns(n reg) tail {
	n = f.copyInt(n)
	f.shl(n, f.words-1)
	return f.tail(n)
}

// parts runs body for the parts that left words fill, and for one that they fill in
// part.
func (f *few) parts(left reg, body func(k int, t tail)) {
	for k := range f.padded {
		f.ifMore(left, f.part-1, func() { body(k, f.whole) })
		if f.padded < f.elements { // a part is of several rows
			f.ifNot(left, f.part-1, func() {
				f.ifMore(left, 0, func() { body(k, f.tail(left)) })
			})
		}
		f.addImm(left, -f.part)
	}
}

// disp is where part k begins.
func (f *few) disp(k int) int { return 4 * f.part * k }

func describeInterleave(f *few) {
	n, z, x, ldx := f.param("n"), f.param("z"), f.param("x"), f.param("ldx")
	f.shl(ldx, 1+f.words)
	interleave := f.interleaver()
	load := func(t tail) []reg {
		from, list := f.copyInt(x), make([]reg, f.padded)
		for i := range f.rows {
			list[i] = f.loadPart(at(from, 0), t)
			if i < f.rows-1 {
				f.addInt(from, ldx)
			}
		}
		for i := f.rows; i < f.padded; i++ {
			list[i] = list[0]
		}
		return interleave(list)
	}
	f.while(n, f.elements, func() {
		for k, v := range load(tail{}) {
			f.storePart(at(z, f.disp(k)), v, f.whole)
		}
		f.addImm(x, f.level.bytes())
		f.addImm(z, f.disp(f.padded))
	})
	f.ifMore(n, 0, func() {
		list := load(f.columns(n))
		f.imm(opMulImm, n, f.rows*f.words)
		f.parts(n, func(k int, t tail) { f.storePart(at(z, f.disp(k)), list[k], t) })
	})
}

func describeDeinterleave(f *few) {
	n, z, x, ldz := f.param("n"), f.param("z"), f.param("x"), f.param("ldz")
	f.shl(ldz, 1+f.words)
	deinterleave := f.deinterleaver()
	store := func(list []reg, t tail) {
		to := f.copyInt(z)
		for i, v := range deinterleave(list)[:f.rows] {
			f.storePart(at(to, 0), v, t)
			if i < f.rows-1 {
				f.addInt(to, ldz)
			}
		}
	}
	list := make([]reg, f.padded)
	f.while(n, f.elements, func() {
		for k := range list {
			list[k] = f.loadPart(at(x, f.disp(k)), f.whole)
		}
		store(list, tail{})
		f.addImm(z, f.level.bytes())
		f.addImm(x, f.disp(f.padded))
	})
	f.ifMore(n, 0, func() {
		for k := range list {
			list[k] = f.zero()
		}
		left := f.copyInt(n)
		f.imm(opMulImm, left, f.rows*f.words)
		f.parts(left, func(k int, t tail) { f.change(opMove, list[k], f.loadPart(at(x, f.disp(k)), t)) })
		store(list, f.columns(n))
	})
}

// interleaver returns what turns the rows of a block into its parts: stages that
// interleave the first half of what there is with the second, as cards are
// shuffled. Each moves the highest bit of an element's place to the lowest.
func (f *few) interleaver() func(rows []reg) []reg {
	kept := f.kept()
	switch n := f.elements; {
	case f.padded == n:
		return f.turned
	case f.level.masks > 0: // two vectors are permuted in one instruction
		low, high := f.table(zipped(0, n)), f.table(zipped(n/2, n))
		lastLow, lastHigh := f.table(pick(zipped(0, n), kept)), f.table(pick(zipped(n/2, n), kept))
		return func(rows []reg) []reg {
			for stage := 2; stage < f.padded; stage *= 2 {
				rows = shuffle(rows, func(x, y reg) (reg, reg) { return f.permute2(x, y, low), f.permute2(x, y, high) })
			}
			return shuffle(rows, func(x, y reg) (reg, reg) { return f.permute2(x, y, lastLow), f.permute2(x, y, lastHigh) })
		}
	}
	pack, low, high := f.permutation(kept), opLowPairs, opHighPairs
	if f.words == 2 {
		low, high = opLowQuads, opHighQuads
	}
	return func(rows []reg) []reg {
		for stage := 1; stage < f.padded; stage *= 2 {
			rows = shuffle(rows, func(x, y reg) (reg, reg) { return f.set(vector, low, x, y), f.set(vector, high, x, y) })
		}
		return pack(f.join(rows))
	}
}

// deinterleaver is the inverse of interleaver.
func (f *few) deinterleaver() func(parts []reg) []reg {
	spread := f.spread()
	switch n := f.elements; {
	case f.padded == n:
		return f.turned
	case f.level.masks > 0:
		even, odd := f.table(unzipped(0, n)), f.table(unzipped(1, n))
		both := slices.Clone(spread)
		for _, i := range spread {
			both = append(both, n+i)
		}
		firstEven, firstOdd := f.table(pick(both, unzipped(0, n))), f.table(pick(both, unzipped(1, n)))
		return func(parts []reg) []reg {
			rows := unshuffle(parts, func(x, y reg) (reg, reg) { return f.permute2(x, y, firstEven), f.permute2(x, y, firstOdd) })
			for stage := 2; stage < f.padded; stage *= 2 {
				rows = unshuffle(rows, func(x, y reg) (reg, reg) { return f.permute2(x, y, even), f.permute2(x, y, odd) })
			}
			return rows
		}
	}
	unpack, even, odd := f.permutation(spread), opEven, opOdd
	if f.words == 2 { // of two vectors of two elements each
		even, odd = opLowQuads, opHighQuads
	}
	return func(parts []reg) []reg {
		rows := f.part128(unpack(parts))
		for stage := 1; stage < f.padded; stage *= 2 {
			rows = unshuffle(rows, func(x, y reg) (reg, reg) { return f.set(vector, even, x, y), f.set(vector, odd, x, y) })
		}
		return rows
	}
}

// turned transposes as many vectors as one has elements.
func (f *few) turned(rows []reg) []reg {
	if f.words == 2 {
		return f.squareOfLongs(rows)
	}
	return f.square(rows)
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

// kept are the elements of a vector of padded rows that are no padding.
func (f *few) kept() []int {
	var list []int
	for i := range f.elements {
		if i%f.padded < f.rows {
			list = append(list, i)
		}
	}
	return list
}

// spread is for each element of a vector of padded rows where it is in a part; padding
// is taken from anywhere.
func (f *few) spread() []int {
	list := make([]int, f.elements)
	for at, i := range f.kept() {
		list[i] = at
	}
	return list
}

// permutation returns what permutes each vector, unless all elements stay.
func (f *few) permutation(indices []int) func(x []reg) []reg {
	if f.padded == f.rows || f.padded == f.elements {
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

// table is a vector of the indices of elements, filled up with 0.
func (f *few) table(indices []int) reg {
	list := make([]int, f.lanes())
	for i, at := range indices {
		for w := range f.words {
			list[i*f.words+w] = at*f.words + w
		}
	}
	r := f.register(vector)
	f.emit(&node{op: opTable, dst: r, table: list})
	return r
}

func (f *few) permute2(x, y, table reg) reg { return f.set(vector, opPermute2, x, y, table) }

// zipped is which of the n elements each of two vectors follow one another if they
// are interleaved, from element at on; the second vector's are numbered on.
func zipped(at, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = at + i/2 + i%2*n
	}
	return list
}

// unzipped is every other element of two vectors.
func unzipped(at, n int) []int {
	list := make([]int, n)
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
