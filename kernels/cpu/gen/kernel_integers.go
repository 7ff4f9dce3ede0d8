package main

import "slices"

// Products of integers of 8 bits, with sums in int32, and what stands around them: f32 in
// steps of a scale, and sums back in f32. Where no operation multiplies bytes, they are
// numbers of 16 bits.

var integerKernels = []family{
	{
		field: "ProductBytes", size: maxRows + 1,
		doc: "ProductBytes[r] multiplies r rows of bytes without a sign, [k][r][64], with a panel [16·k][Columns] of four signed bytes: c, of int32, whose rows are ldc apart, is set, or added to if add > 0; it wraps. " +
			"As much of next as of the panel is brought into the second-level cache.",
		params:   linesTile,
		indices:  heights,
		on:       hasDots,
		describe: func(b *builder, rows int) { describeLinesTile(b, rows, dotOf(opDotBytes)) },
	},
	{
		field: "ProductWords", size: maxRows + 1,
		doc:      "ProductWords is ProductBytes of numbers of 16 bits, [k][r][32] and [16·k][Columns][2], all of them signed.",
		params:   linesTile,
		indices:  heights,
		describe: func(b *builder, rows int) { describeLinesTile(b, rows, dotWords) },
	},
	{
		field: "ToSteps",
		doc: "ToSteps sets rows of z to those of x, ldx apart, in steps of scale: x/scale, not below lo, which NaN is, nor above hi, rounded to the nearest, ties to even, and zero added. " +
			"Each 64 of a row are pitch bytes after those before, and 64 after those of the row before; n is a multiple of 64.",
		params:   slices.Concat(ints("rows", "n"), bytes8("z"), ints("pitch"), stepsFrom),
		on:       hasDots,
		describe: func(b *builder, _ int) { describeToSteps(b, packedBytes) },
	},
	{
		field:    "ToWordSteps",
		doc:      "ToWordSteps is ToSteps to numbers of 16 bits, in lines of 32.",
		params:   slices.Concat(ints("rows", "n"), words("z"), ints("pitch"), stepsFrom),
		describe: func(b *builder, _ int) { describeToSteps(b, packedWords) },
	},
	{
		field:    "OuterSums",
		doc:      "OuterSums sets rows of z, of int32 and ldz apart, to d times a row's number, which are one after the other in x, or adds that to them if add > 0.",
		params:   slices.Concat(ints("rows", "n"), pointers("z"), ints("ldz"), pointers("d", "x"), ints("add")),
		describe: describeOuterSums,
	},
	{
		field:    "FromSteps",
		doc:      "FromSteps sets rows of z, of n int32 and ldz apart, to as many f32: their numbers times those of scale.",
		params:   slices.Concat(ints("rows", "n"), pointers("z"), ints("ldz"), pointers("scale")),
		describe: describeFromSteps,
	},
	{
		field: "FromBytes", size: 2,
		doc:      "FromBytes sets z to (x − zero)·scale of bytes x, which have a sign in FromBytes[1].",
		params:   slices.Concat(ints("n"), pointers("z"), bytes8("x"), numbers("zero", "scale")),
		indices:  func(*level) []int { return []int{0, 1} },
		describe: describeFromBytes,
	},
}

var (
	linesTile = slices.Concat(ints("k"), pointers("a", "b", "c"), ints("ldc", "add"), pointers("next"))
	stepsFrom = slices.Concat(pointers("x"), ints("ldx"), numbers("scale", "lo", "hi", "zero"))
)

func dotWords(b *builder, sum, right, left reg) {
	b.change(opAddInt, sum, sum, b.set(vector, opMulWords, right, left))
}

// packing is how the lanes, of int32, are stored as narrower numbers.
type packing struct {
	bytes int // of a number
	pack  func(b *builder, x reg) reg
	store op
}

var (
	packedBytes = packing{1, func(b *builder, x reg) reg { return b.set(vector, opPackBytes, x) }, opStoreBytes}
	packedWords = packing{2, func(b *builder, x reg) reg { return b.set(vector, opPackHigh, b.shift(opShiftLeft, x, 16)) }, opStorePack}
)

func describeToSteps(b *builder, as packing) {
	const line = 64
	z, pitch, x, ldx := b.param("z"), b.param("pitch"), b.param("x"), b.param("ldx")
	scale, lo, hi, zero := b.param("scale"), b.param("lo"), b.param("hi"), b.param("zero")
	numbers := line / as.bytes
	b.shl(ldx, 2)
	b.while(b.param("rows"), 1, func() {
		to, from, n := b.copyInt(z), b.copyInt(x), b.copyInt(b.param("n"))
		b.while(n, numbers, func() {
			for u := range numbers / b.level.lanes {
				v := b.div(b.load(at(from, u*b.level.bytes())), scale)
				v = b.add(b.round(b.min(b.max(v, lo), hi)), zero)
				packed := as.pack(b, b.set(vector, opToInt, v))
				b.emit(&node{op: as.store, dst: none, mem: at(to, u*b.level.lanes*as.bytes), args: []reg{packed}})
			}
			b.addImm(from, 4*numbers)
			b.addInt(to, pitch)
		})
		b.addImm(z, line)
		b.addInt(x, ldx)
	})
}

func describeOuterSums(b *builder, _ int) {
	z, ldz, x := b.param("z"), b.param("ldz"), b.param("x")
	b.shl(ldz, 2)
	row := func(added bool) func() {
		return func() {
			to, d := b.copyInt(z), b.copyInt(b.param("d"))
			number := b.splat(at(x, 0))
			b.elements(b.copyInt(b.param("n")), turn, []reg{to, d}, func(u int, t tail) {
				disp := u * b.level.bytes()
				v := b.set(vector, opMulInt, b.loadPart(at(d, disp), t), number)
				if added {
					v = b.set(vector, opAddInt, v, b.loadPart(at(to, disp), t))
				}
				b.storePart(at(to, disp), v, t)
			})
			b.addImm(x, 4)
			b.addInt(z, ldz)
		}
	}
	rows := b.param("rows")
	b.either(b.param("add"), 0, func() { b.while(rows, 1, row(false)) }, func() { b.while(rows, 1, row(true)) })
}

func describeFromSteps(b *builder, _ int) {
	z, ldz := b.param("z"), b.param("ldz")
	b.shl(ldz, 2)
	b.while(b.param("rows"), 1, func() {
		to, scale := b.copyInt(z), b.copyInt(b.param("scale"))
		b.elements(b.copyInt(b.param("n")), turn, []reg{to, scale}, func(u int, t tail) {
			disp := u * b.level.bytes()
			number := b.set(vector, opFromInt, b.loadPart(at(to, disp), t))
			b.storePart(at(to, disp), b.mul(number, b.loadPart(at(scale, disp), t)), t)
		})
		b.addInt(z, ldz)
	})
}

func describeFromBytes(b *builder, signed int) {
	z, x, zero, scale := b.param("z"), b.param("x"), b.param("zero"), b.param("scale")
	const sign = 0x80
	if signed == 1 { // counted from the least, as is their zero point
		zero = b.add(zero, b.constant(sign))
	}
	b.mixed(b.param("n"), turn, []stride{{z, 4}, {x, 1}}, func(u int, t tail) {
		v := b.loadAs(byteLoads, at(x, u*b.level.lanes), t)
		if signed == 1 {
			v = b.xor(v, b.bits(sign))
		}
		b.storePart(at(z, u*b.level.bytes()), b.mul(b.sub(b.set(vector, opFromInt, v), zero), scale), t)
	})
}
