package main

import (
	"fmt"
	"slices"
)

// Products with weights of 4 or 8 bits without a sign, in blocks along k that have a scale
// and a zero point for each column. A weight is q·scale + least, rounded once, where least is
// the negated zero point times the scale; a product is then one of f32. So whether weights
// are widened on the way or before changes no bit.

// blockRows are the most rows that any level's tiles have that widen a panel on the way, and
// besideRows those of two panels: more rows have chains of sums enough.
const blockRows, besideRows = 10, 2

// rowsInBlocks are those of a level: besides the sums, registers hold the scales, zero points,
// bytes and numbers of a row of the panel.
func rowsInBlocks(l *level) []int {
	if !l.wide() {
		return upTo(2)
	}
	return upTo(min(blockRows, (l.vectors-4*l.columns-4)/l.columns))
}

// blocksAhead is how far ahead, in bytes, weights in blocks are fetched: between one load of a
// panel and the next there is so much to do that few are under way at a time. On Zen 5 one row
// takes 0.7 to 0.8 of the time so, and in steps six rows 0.75, with 2 to 8 KB alike.
const blocksAhead = 4096

// blockElements are weights of a panel: how many steps along k a row of bytes is.
type blockElements struct {
	name, doc string
	steps     int
}

var (
	nibbles = blockElements{"Nibbles", "two steps of 4 bits, the lower one first", 2}
	octets  = blockElements{"Octets", "a step of 8 bits", 1}
)

var blockKernels = slices.Concat(ofBlocks(nibbles), ofBlocks(octets))

func ofBlocks(e blockElements) []family {
	panel := slices.Concat(bytes8("b"), pointers("scale", "zero"))
	beside := slices.Concat(ints("blocks", "n"), pointers("a"), ints("lda"), panel, ints("apart", "apartScales"), pointers("c"), ints("ldc", "add"))
	return []family{
		{
			field: "Product" + e.name, size: blockRows + 1,
			doc: fmt.Sprintf("Product%s[r] is ProductRows[r] with a panel of blocks of n rows of bytes, each of which is, for each column, %s; scale and zero, the negated zero points, have a row for each block.",
				e.name, e.doc),
			params:   slices.Concat(ints("blocks", "n"), pointers("a"), ints("lda"), panel, pointers("c"), ints("ldc", "add")),
			indices:  rowsInBlocks,
			describe: func(b *builder, rows int) { describeBlocksTile(b, e, rows, 1) },
		},
		{
			field: "Product" + e.name + "Beside", size: besideRows + 1,
			doc: fmt.Sprintf("Product%[1]sBeside is Product%[1]s with two panels side by side, for 2·Columns columns: the second one is apart bytes behind the first, its scales and zero points apartScales bytes. Few rows make few chains of sums, which wait for each other.",
				e.name),
			params:   beside,
			indices:  func(*level) []int { return upTo(besideRows) },
			on:       hasRoomBeside,
			describe: func(b *builder, rows int) { describeBlocksTile(b, e, rows, 2) },
		},
		{
			field:    "Widen" + e.name,
			doc:      fmt.Sprintf("Widen%[1]s sets z to the numbers that a panel of Product%[1]s stands for, a row of Columns for each step.", e.name),
			params:   slices.Concat(ints("blocks", "n"), pointers("z"), panel),
			describe: func(b *builder, _ int) { describeWidenBlocks(b, e) },
		},
	}
}

// hasRoomBeside holds for levels with registers for the scales and zero points of two panels.
func hasRoomBeside(l *level) bool { return l.vectors >= 32 }

func describeBlocksTile(b *builder, e blockElements, rows, panels int) {
	sums := startWideTile(b, rows, panels)
	left, moving := leftOfBlocks(b, e, rows)
	eachBlock(b, e, panels, moving, func(u, step int, right []reg) { left.step(e.steps*u+step, right, sums) })
	finishTile(b, sums)
}

// leftOfBlocks is the left operand of a tile, and its pointers, which move by rows of a panel.
func leftOfBlocks(b *builder, e blockElements, rows int) (*left, []stride) {
	left := newLeft(b, rows, min(b.level.bases, 4)) // other registers point to scales and zero points
	var moving []stride
	for _, s := range left.moving {
		moving = append(moving, stride{s.ptr, e.steps * s.bytes})
	}
	return left, moving
}

func describeWidenBlocks(b *builder, e blockElements) {
	l, z := b.level, b.param("z")
	row := l.columns * l.bytes()
	eachBlock(b, e, 1, []stride{{z, e.steps * row}}, func(u, step int, right []reg) {
		for j, x := range right {
			b.store(at(z, (e.steps*u+step)*row+j*l.bytes()), x)
		}
	})
}

// eachBlock runs use for each step of panels side by side with its numbers: step of row u of a
// turn.
func eachBlock(b *builder, e blockElements, panels int, moving []stride, use func(u, step int, right []reg)) {
	l, panel, scale, zero := b.level, b.param("b"), b.param("scale"), b.param("zero")
	// of is where vector j of the panels is, of so many bytes.
	of := func(base reg, apart string, j, disp, bytes int) mem {
		m := at(base, disp+j%l.columns*bytes)
		if j >= l.columns {
			m.index, m.scale = b.param(apart), 1
		}
		return m
	}
	moving = append(moving, stride{panel, l.columns * l.lanes})
	b.while(b.param("blocks"), 1, func() {
		factors, least := make([]reg, panels*l.columns), make([]reg, panels*l.columns)
		for j := range factors {
			factors[j] = b.load(of(scale, "apartScales", j, 0, l.bytes()))
			least[j] = b.mul(b.load(of(zero, "apartScales", j, 0, l.bytes())), factors[j])
		}
		b.steps(b.copyInt(b.param("n")), 2, moving, func(u int) {
			if u == 0 && l.wide() {
				for q := range panels {
					b.prefetch(of(panel, "apart", q*l.columns, blocksAhead, l.lanes), 1)
				}
			}
			bytes := make([]reg, panels*l.columns)
			for j := range bytes {
				bytes[j] = b.setMem(opLoadByte, of(panel, "apart", j, u*l.columns*l.lanes, l.lanes))
			}
			for step := range e.steps {
				right := make([]reg, len(bytes))
				for j, x := range bytes {
					right[j] = b.fused(b.set(vector, opFromInt, e.of(b, x, step)), factors[j], least[j])
				}
				use(u, step, right)
			}
		})
		b.addImm(scale, l.columns*l.bytes())
		b.addImm(zero, l.columns*l.bytes())
	})
}

// of is a step's integers of those that were loaded.
func (e blockElements) of(b *builder, bytes reg, step int) reg {
	switch {
	case e.steps == 1:
		return bytes
	case step == 0:
		return b.and(bytes, b.bits(0xf))
	}
	return b.shift(opShiftRight, bytes, 4)
}
