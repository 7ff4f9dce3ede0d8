package main

import "slices"

// Functions along the rows of a matrix, column by column: lanes are columns.

var columnKernels = []family{
	{
		field: "AddFour", doc: "AddFour adds to z the sum of four rows of x, ldx apart.",
		params: slices.Concat(ints("n"), pointers("z", "x"), ints("ldx")),
		describe: func(b *builder, _ int) {
			describeFour(b, b.add)
		},
	},
	{
		field: "GreatestFour", doc: "GreatestFour sets z to the greatest of z and four rows of x, ldx apart; NaN wins.",
		params: slices.Concat(ints("n"), pointers("z", "x"), ints("ldx")),
		describe: func(b *builder, _ int) {
			describeFour(b, b.greatest)
		},
	},
	{
		field: "Greatest", doc: "Greatest sets z to the greater of z and x; NaN wins.",
		params: slices.Concat(ints("n"), pointers("z", "x")),
		describe: func(b *builder, _ int) {
			describeMap(b, turn, []string{"z", "x"}, nil, func(x []reg) reg { return b.greatest(x[0], x[1]) })
		},
	},
	{
		field: "SoftmaxColumns", doc: "SoftmaxColumns is Softmax of each of the columns of a matrix of n rows, ld apart.",
		params:   slices.Concat(ints("n", "columns"), pointers("z", "x"), ints("ld")),
		describe: describeSoftmaxColumns,
	},
}

// greatest is the greater, or the one that is NaN.
func (b *builder) greatest(x, y reg) reg { return b.choose(b.isNaN(x, x), x, b.max(x, y)) }

// describeFour joins four rows with z.
func describeFour(b *builder, join func(x, y reg) reg) {
	z, pitch := b.param("z"), b.param("ldx")
	b.shl(pitch, 2)
	rows := []reg{b.param("x")}
	for range 3 {
		next := b.copyInt(rows[len(rows)-1])
		b.addInt(next, pitch)
		rows = append(rows, next)
	}
	b.elements(b.param("n"), 2, append(slices.Clone(rows), z), func(u int, t tail) {
		disp := u * b.level.bytes()
		var x []reg
		for _, p := range rows {
			x = append(x, b.loadPart(at(p, disp), t))
		}
		sum := join(join(x[0], x[1]), join(x[2], x[3]))
		b.storePart(at(z, disp), join(b.loadPart(at(z, disp), t), sum), t)
	})
}

// down runs body on the n rows of a column of vectors, parallelSums at once; the
// pointers move by pitch.
func (b *builder) down(n, pitch reg, pointers []reg, body func(u int)) {
	turn := func(times int) func() {
		return func() {
			for u := range times {
				body(u)
				for _, p := range pointers {
					b.addInt(p, pitch)
				}
			}
		}
	}
	left := b.copyInt(n)
	b.while(left, parallelSums, turn(parallelSums))
	b.while(left, 1, turn(1))
}

func describeSoftmaxColumns(b *builder, _ int) {
	z, x, n, pitch := b.param("z"), b.param("x"), b.param("n"), b.param("ld")
	b.shl(pitch, 2)
	least := b.bits(0xff800000)
	b.elements(b.param("columns"), 1, []reg{z, x}, func(_ int, t tail) {
		from := b.copyInt(x)
		tops := b.partials(func() reg { return b.copy(least) })
		b.down(n, pitch, []reg{from}, func(u int) {
			b.change(opMax, tops[u], tops[u], b.loadPart(at(from, 0), t))
		})
		top := joinAll(tops, b.max)
		from, to := b.copyInt(x), b.copyInt(z)
		sums := b.partials(b.zero)
		b.down(n, pitch, []reg{from, to}, func(u int) {
			e := b.expFalling(b.sub(b.loadPart(at(from, 0), t), top))
			b.storePart(at(to, 0), e, t)
			b.addTo(sums[u], e)
		})
		scale := b.div(b.constant(1), joinAll(sums, b.add))
		to = b.copyInt(z)
		b.down(n, pitch, []reg{to}, func(int) {
			b.storePart(at(to, 0), b.mul(b.loadPart(at(to, 0), t), scale), t)
		})
	})
}
