package main

import "slices"

// Elements that are moved, chosen and converted.

func bytes8(names ...string) []param { return paramsOf("*uint8", names) }

var moves = []family{
	{
		field: "CopyRows", doc: "CopyRows copies rows of n elements; those of z and x are ldz and ldx apart.",
		params:   slices.Concat(ints("rows", "n"), pointers("z"), ints("ldz"), pointers("x"), ints("ldx")),
		describe: describeCopyRows,
	},
	{
		field: "GatherRows", doc: "GatherRows copies rows of Columns elements: row p is those of x from x[offsets[p]] on; those of z lie one after the other.",
		params:   slices.Concat(ints("rows"), pointers("z", "x"), paramsOf("*int32", []string{"offsets"})),
		describe: describeGatherRows,
	},
	{
		field: "FillRows", doc: "FillRows sets rows of n elements of z, one after the other, to one element of x each, ldx apart.",
		params:   slices.Concat(ints("rows", "n"), pointers("z", "x"), ints("ldx")),
		describe: describeFillRows,
	},
	{
		field: "Choose", doc: "Choose sets z to x where c is not 0, and to y elsewhere.",
		params:   slices.Concat(ints("n"), pointers("z"), bytes8("c"), pointers("x", "y")),
		describe: func(b *builder, _ int) { describeChoose(b, false, false) },
	},
	{
		field: "ChooseNumber", doc: "ChooseNumber is Choose for one number y.",
		params:   slices.Concat(ints("n"), pointers("z"), bytes8("c"), pointers("x"), numbers("y")),
		describe: func(b *builder, _ int) { describeChoose(b, false, true) },
	},
	{
		field: "NumberChoose", doc: "NumberChoose is Choose for one number x.",
		params:   slices.Concat(ints("n"), pointers("z"), bytes8("c"), numbers("x"), pointers("y")),
		describe: func(b *builder, _ int) { describeChoose(b, true, false) },
	},
	{
		field: "WidenHalf", doc: "WidenHalf sets z to x, of float16.",
		params:   slices.Concat(ints("n"), pointers("z"), words("x")),
		describe: func(b *builder, _ int) { describeWiden(b, halfLoads) },
	},
	{
		field: "WidenBrain", doc: "WidenBrain sets z to x, of bfloat16.",
		params:   slices.Concat(ints("n"), pointers("z"), words("x")),
		describe: func(b *builder, _ int) { describeWiden(b, brainLoads) },
	},
	{
		field: "NarrowHalf", doc: "NarrowHalf sets z, of float16, to x, rounded to the nearest, ties to even.",
		params: slices.Concat(ints("n"), words("z"), pointers("x")),
		describe: func(b *builder, _ int) {
			describeNarrow(b, func(x reg) reg { return b.set(vector, opPackHalf, x) })
		},
	},
	{
		field: "NarrowBrain", doc: "NarrowBrain sets z, of bfloat16, to x, rounded to the nearest, ties to even.",
		params: slices.Concat(ints("n"), words("z"), pointers("x")),
		describe: func(b *builder, _ int) {
			describeNarrow(b, func(x reg) reg { return b.set(vector, opPackHigh, b.roundBrain(x)) })
		},
	},
}

// roundBrain rounds to the upper 16 bits by adding just below half of their last
// place, or half if it is odd; NaN becomes quiet instead.
func (b *builder) roundBrain(x reg) reg {
	odd := b.and(b.shift(opShiftRight, x, 16), b.bits(1))
	rounded := b.set(vector, opAddInt, b.set(vector, opAddInt, x, b.bits(0x7fff)), odd)
	return b.choose(b.isNaN(x, x), b.or(x, b.bits(0x00400000)), rounded)
}

func describeWiden(b *builder, from access) {
	z, x := b.param("z"), b.param("x")
	lanes := b.level.lanes
	b.mixed(b.param("n"), turn, []stride{{z, 4}, {x, 2}}, func(u int, t tail) {
		b.storePart(at(z, 4*u*lanes), b.loadAs(from, at(x, 2*u*lanes), t), t)
	})
}

func describeNarrow(b *builder, pack func(x reg) reg) {
	z, x := b.param("z"), b.param("x")
	lanes := b.level.lanes
	b.mixed(b.param("n"), turn, []stride{{z, 2}, {x, 4}}, func(u int, t tail) {
		b.storeAs(packStores, at(z, 2*u*lanes), pack(b.loadPart(at(x, 4*u*lanes), t)), t)
	})
}

// describeChoose reads x and y from memory unless they are numbers.
func describeChoose(b *builder, xNumber, yNumber bool) {
	z, c := b.param("z"), b.param("c")
	moving := []stride{{z, 4}, {c, 1}}
	operand := func(name string, number bool) func(u int, t tail) reg {
		p := b.param(name)
		if number {
			return func(int, tail) reg { return p }
		}
		moving = append(moving, stride{p, 4})
		return func(u int, t tail) reg { return b.loadPart(at(p, 4*u*b.level.lanes), t) }
	}
	x, y, zero := operand("x", xNumber), operand("y", yNumber), b.constant(0)
	b.mixed(b.param("n"), turn, moving, func(u int, t tail) {
		no := b.equal(b.loadAs(byteLoads, at(c, u*b.level.lanes), t), zero)
		b.storePart(at(z, 4*u*b.level.lanes), b.choose(no, y(u, t), x(u, t)), t)
	})
}

func describeGatherRows(b *builder, _ int) {
	l := b.level
	z, x, offsets := b.param("z"), b.param("x"), b.param("offsets")
	width := l.columns * l.bytes()
	b.steps(b.param("rows"), unrolled, []stride{{z, width}, {offsets, 4}}, func(u int) {
		row := b.setMemInt(opLoadInt, at(offsets, 4*u))
		for j := range l.columns {
			b.store(at(z, u*width+j*l.bytes()), b.load(mem{base: x, index: row, scale: 4, disp: j * l.bytes()}))
		}
	})
}

func describeCopyRows(b *builder, _ int) {
	z, x, ldz, ldx := b.param("z"), b.param("x"), b.param("ldz"), b.param("ldx")
	b.shl(ldz, 2)
	b.shl(ldx, 2)
	b.while(b.param("rows"), 1, func() {
		to, from := b.copyInt(z), b.copyInt(x)
		b.elements(b.copyInt(b.param("n")), turn, []reg{to, from}, func(u int, t tail) {
			disp := u * b.level.bytes()
			b.storePart(at(to, disp), b.loadPart(at(from, disp), t), t)
		})
		b.addInt(z, ldz)
		b.addInt(x, ldx)
	})
}

func describeFillRows(b *builder, _ int) {
	z, x, ldx := b.param("z"), b.param("x"), b.param("ldx")
	b.shl(ldx, 2)
	b.while(b.param("rows"), 1, func() {
		v := b.splat(at(x, 0))
		left := b.copyInt(b.param("n"))
		b.elements(left, turn, []reg{z}, func(u int, t tail) { b.storePart(at(z, u*b.level.bytes()), v, t) })
		if b.level.wide() {
			b.shl(left, 2) // of the part of a vector
			b.addInt(z, left)
		}
		b.addInt(x, ldx)
	})
}
