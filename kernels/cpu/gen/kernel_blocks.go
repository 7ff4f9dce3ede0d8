package main

import (
	"fmt"
	"slices"
)

// Products with weights of 4 or 8 bits without a sign, in blocks along k that have a scale
// and a zero point for each column. A weight is q·scale + least, rounded once, where least is
// the negated zero point times the scale; a product is then one of f32. So whether weights
// are widened on the way or before changes no bit.

// blockRows are the most rows of a tile that widens its panel on the way; more rows read one
// that was widened before.
const blockRows = 2

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
	return []family{
		{
			field: "Product" + e.name, size: blockRows + 1,
			doc: fmt.Sprintf("Product%s[r] is ProductRows[r] with a panel of blocks of n rows of bytes, each of which is, for each column, %s; scale and zero, the negated zero points, have a row for each block.",
				e.name, e.doc),
			params:   slices.Concat(ints("blocks", "n"), pointers("a"), ints("lda"), panel, pointers("c"), ints("ldc", "add")),
			indices:  func(*level) []int { return upTo(blockRows) },
			describe: func(b *builder, rows int) { describeBlocksTile(b, e, rows) },
		},
		{
			field:    "Widen" + e.name,
			doc:      fmt.Sprintf("Widen%[1]s sets z to the numbers that a panel of Product%[1]s stands for, a row of Columns for each step.", e.name),
			params:   slices.Concat(ints("blocks", "n"), pointers("z"), panel),
			describe: func(b *builder, _ int) { describeWidenBlocks(b, e) },
		},
	}
}

func describeBlocksTile(b *builder, e blockElements, rows int) {
	sums := startTile(b, rows)
	left := newLeft(b, rows, b.level.bases)
	var moving []stride
	for _, s := range left.moving {
		moving = append(moving, stride{s.ptr, e.steps * s.bytes})
	}
	eachBlock(b, e, moving, func(u, step int, right []reg) { left.step(e.steps*u+step, right, sums) })
	finishTile(b, sums)
}

func describeWidenBlocks(b *builder, e blockElements) {
	l, z := b.level, b.param("z")
	row := l.columns * l.bytes()
	eachBlock(b, e, []stride{{z, e.steps * row}}, func(u, step int, right []reg) {
		for j, x := range right {
			b.store(at(z, (e.steps*u+step)*row+j*l.bytes()), x)
		}
	})
}

// eachBlock runs use for each step of a panel with its numbers: step of row u of a turn.
func eachBlock(b *builder, e blockElements, moving []stride, use func(u, step int, right []reg)) {
	l, panel, scale, zero := b.level, b.param("b"), b.param("scale"), b.param("zero")
	moving = append(moving, stride{panel, l.columns * l.lanes})
	b.while(b.param("blocks"), 1, func() {
		factors, least := make([]reg, l.columns), make([]reg, l.columns)
		for j := range factors {
			factors[j] = b.load(at(scale, j*l.bytes()))
			least[j] = b.mul(b.load(at(zero, j*l.bytes())), factors[j])
		}
		b.steps(b.copyInt(b.param("n")), 2, moving, func(u int) {
			bytes := make([]reg, l.columns)
			for j := range bytes {
				bytes[j] = b.setMem(opLoadByte, at(panel, (u*l.columns+j)*l.lanes))
			}
			for step := range e.steps {
				right := make([]reg, l.columns)
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
