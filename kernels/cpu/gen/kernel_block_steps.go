package main

import (
	"fmt"
	"slices"
)

// Products of integers with weights of 4 or 8 bits in blocks, of which each has a scale and a
// zero point for each column: a row's block is taken in steps of its own, too. A block adds
//
//	float(Σ x̂q)·(s·scale) + (s·Σ x̂)·(−zero·scale)
//
// to a sum, in the order of the blocks: how many rows a tile has changes no bit.

// stepRows are the most rows of a tile: each has, of two vectors, sums of integers and of f32.
const stepRows = 6

// Weights of a panel that lie four steps to a lane: steps is how many of them a byte holds.
var (
	nibbleQuads = blockElements{"Nibbles", "eight steps of 4 bits: a byte has one of the first four, and of the second ones above it", 2}
	octetQuads  = blockElements{"Octets", "four steps of 8 bits", 1}
)

var blockStepKernels = []family{
	inSteps(nibbleQuads), inSteps(octetQuads),
	{
		field: "RowSteps",
		doc: "RowSteps takes a row in steps, for StepNibbles and StepOctets, in blocks of n numbers, a multiple of 16. Of each block, z gets n signed bytes: x/s, rounded to the nearest, ties to even, where s is a 127th of the greatest absolute number; then s and s times the sum of the bytes, of f32. " +
			"That sum is NaN if one of x is NaN or infinite.",
		params:   slices.Concat(ints("blocks", "n"), bytes8("z"), pointers("x")),
		on:       hasDots,
		describe: func(b *builder, _ int) { describeRowSteps(b) },
	},
}

func inSteps(e blockElements) family {
	return family{
		field: "Step" + e.name, size: stepRows + 1,
		doc: fmt.Sprintf("Step%s[r] multiplies r rows, as RowSteps leaves them and 4·lda bytes apart, with a panel of blocks of n rows of lanes, each of which is, for a column, %s; scale and zero, the negated zero points, have a row for each block. c, whose rows are ldc apart, is set, or added to if add > 0.",
			e.name, e.doc),
		params:   slices.Concat(ints("blocks", "n"), bytes8("a"), ints("lda"), bytes8("b"), pointers("scale", "zero", "c"), ints("ldc", "add")),
		indices:  func(*level) []int { return upTo(stepRows) },
		on:       hasDots,
		describe: func(b *builder, rows int) { describeStepsTile(b, e, rows) },
	}
}

func describeStepsTile(b *builder, e blockElements, rows int) {
	l, panel, scale, zero := b.level, b.param("b"), b.param("scale"), b.param("zero")
	sums := startTile(b, rows)
	left, moving := leftOfBlocks(b, e, rows)
	moving = append(moving, stride{panel, l.columns * l.bytes()})
	b.while(b.param("blocks"), 1, func() {
		integers := make([][]reg, rows)
		for i := range integers {
			for range l.columns {
				integers[i] = append(integers[i], b.zero())
			}
		}
		b.steps(b.copyInt(b.param("n")), 2, moving, func(u int) {
			for line := range l.columns * l.bytes() / 64 {
				b.prefetch(at(panel, blocksAhead+u*l.columns*l.bytes()+64*line), 1)
			}
			right := e.loadQuads(b, panel, u)
			for step, columns := range right {
				for i := range rows {
					x := b.splat(left.at(i, e.steps*u+step))
					for j, w := range columns {
						b.change(opDotBytes, integers[i][j], x, w)
					}
				}
			}
		})
		for j := range l.columns {
			factor := b.load(at(scale, j*l.bytes()))
			least := b.mul(b.load(at(zero, j*l.bytes())), factor)
			for i := range rows {
				b.fma(sums[i][j], b.set(vector, opFromInt, integers[i][j]), b.mul(b.splat(left.at(i, 0)), factor))
				b.fma(sums[i][j], b.splat(left.at(i, 1)), least)
			}
		}
		for _, s := range left.moving {
			b.addImm(s.ptr, 2*s.bytes)
		}
		b.addImm(scale, l.columns*l.bytes())
		b.addImm(zero, l.columns*l.bytes())
	})
	finishTile(b, sums)
}

// loadQuads is row u of a turn of a panel: of each of its steps, the columns.
func (e blockElements) loadQuads(b *builder, panel reg, u int) [][]reg {
	l := b.level
	right := make([][]reg, e.steps)
	for j := range l.columns {
		x := b.load(at(panel, (u*l.columns+j)*l.bytes()))
		if e.steps == 1 {
			right[0] = append(right[0], x)
			continue
		}
		four := b.bits(0x0f0f0f0f)
		right[0] = append(right[0], b.and(x, four))
		right[1] = append(right[1], b.and(b.shift(opShiftRight, x, 4), four))
	}
	return right
}

func describeRowSteps(b *builder) {
	// Blocks without a number above tiny are 0 in steps: 1/scale is finite.
	const most, tiny = 127, 1e-30
	l, z, x, n := b.level, b.param("z"), b.param("x"), b.param("n")
	part, one := b.constant(1.0/most), b.constant(1)
	b.while(b.param("blocks"), 1, func() {
		top, from := b.copy(b.constant(tiny)), b.copyInt(x)
		vectors := b.copyInt(n)
		b.while(vectors, l.lanes, func() {
			b.change(opMax, top, b.abs(b.load(at(from, 0))), top)
			b.addImm(from, l.bytes())
		})
		scale, sum := b.mul(b.top(top), part), b.zero()
		// 1/scale to 2⁻²⁷, for a tenth of a division's time: 14 bits, and Newton's step. The
		// greatest number is 127 all the same.
		inverse, rest := b.set(vector, opInverse, scale), b.copy(one)
		b.fnma(rest, scale, inverse)
		b.fma(inverse, inverse, rest)
		b.while(b.copyInt(n), l.lanes, func() {
			v := b.round(b.mul(b.load(at(x, 0)), inverse))
			b.addTo(sum, v)
			b.emit(&node{op: opStoreBytes, dst: none, mem: at(z, 0), args: []reg{b.set(vector, opPackBytes, b.set(vector, opToInt, v))}})
			b.addImm(x, l.bytes())
			b.addImm(z, l.lanes)
		})
		b.storeOne(at(z, 0), scale)
		b.storeOne(at(z, 4), b.mul(b.sum(sum), scale))
		b.addImm(z, 8)
	})
}
