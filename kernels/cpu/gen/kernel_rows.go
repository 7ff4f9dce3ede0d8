package main

import "slices"

// parallelSums is how many partial sums a reduction keeps, so that one addition
// need not wait for the last.
const parallelSums = 4

// partials are the partial results of a reduction, at their start.
func (b *builder) partials(start func() reg) []reg {
	sums := make([]reg, parallelSums)
	for i := range sums {
		sums[i] = start()
	}
	return sums
}

// joinAll folds partial results in halves.
func joinAll(sums []reg, join func(x, y reg) reg) reg {
	sums = slices.Clone(sums)
	for len(sums) > 1 {
		half := (len(sums) + 1) / 2
		for i := range len(sums) - half {
			sums[i] = join(sums[i], sums[i+half])
		}
		sums = sums[:half]
	}
	return sums[0]
}

// reduce folds the vectors of a row: vector i of a turn into sum i, the part that
// is left into the first. f gets each vector and which lanes count.
func (b *builder) reduce(n reg, pointers []reg, start func() reg, f func(sum reg, u int, t tail), join func(x, y reg) reg) reg {
	sums := b.partials(start)
	b.elements(b.copyInt(n), parallelSums, pointers, func(u int, t tail) { f(sums[u], u, t) })
	return joinAll(sums, join)
}

// keep is x in the lanes of t, and y in the others.
func (b *builder) keep(t tail, x, y reg) reg {
	if !t.partial {
		return x
	}
	return b.choose(t.mask, x, y)
}

// normParams are those of a normalisation of rows.
func normParams(vectors ...string) []param {
	return slices.Concat(ints("n"), pointers(append([]string{"z", "x"}, vectors...)...), numbers("inverse", "epsilon"))
}

var rowKernels = []family{
	{
		field: "Sum", doc: "Sum sets *z to the sum of x.", params: slices.Concat(ints("n"), pointers("z", "x")),
		describe: func(b *builder, _ int) {
			x := b.param("x")
			b.storeOne(at(b.param("z"), 0), b.sum(rowSum(b, x)))
		},
	},
	{
		field: "SumEach", doc: "SumEach sets the elements of z to the sums of the rows of x, of n elements, ldx apart.",
		params:   slices.Concat(ints("rows", "n"), pointers("z", "x"), ints("ldx")),
		describe: func(b *builder, _ int) { describeEach(b, func(x reg) reg { return b.sum(rowSum(b, x)) }) },
	},
	{
		field: "GreatestEach", doc: "GreatestEach sets the elements of z to the greatest of each row of x, of n elements, ldx apart; NaN wins.",
		params:   slices.Concat(ints("rows", "n"), pointers("z", "x"), ints("ldx")),
		describe: func(b *builder, _ int) { describeEach(b, func(x reg) reg { return rowGreatest(b, x) }) },
	},
	{
		field: "Softmax", doc: "Softmax sets z to e^(x − top)/Σe^(x − top).", params: slices.Concat(ints("n"), pointers("z", "x")),
		describe: describeSoftmax,
	},
	{
		field: "LayerNorm", doc: "LayerNorm sets z to (x − mean)/√(variance + epsilon)·gain + shift; inverse is 1/n.",
		params:   normParams("gain", "shift"),
		describe: func(b *builder, _ int) { describeLayerNorm(b, true) },
	},
	{
		field: "LayerNormScaled", doc: "LayerNormScaled is LayerNorm without a shift.",
		params:   normParams("gain"),
		describe: func(b *builder, _ int) { describeLayerNorm(b, false) },
	},
	{
		field: "RMSNorm", doc: "RMSNorm sets z to x/√(mean of x² + epsilon)·gain; inverse is 1/n.",
		params:   normParams("gain"),
		describe: describeRMSNorm,
	},
	{
		field: "Moments", doc: "Moments sets z[0] to a number near the mean of x, z[1] to the sum of the differences from it, z[2] to that of their squares; inverse is 1/n.",
		params:   slices.Concat(ints("n"), pointers("z", "x"), numbers("inverse")),
		describe: describeMoments,
	},
	{
		field: "Rescale", doc: "Rescale sets z to (x − centre)·scale + shift.",
		params: slices.Concat(ints("n"), pointers("z", "x"), numbers("centre", "scale", "shift")),
		describe: func(b *builder, _ int) {
			describeMap(b, []string{"x"}, []string{"centre", "scale", "shift"}, func(v []reg) reg {
				d := b.sub(v[0], v[1])
				b.mulAdd(d, v[2], v[3])
				return d
			})
		},
	},
}

// describeEach reduces each row to one element.
func describeEach(b *builder, f func(x reg) reg) {
	z, x, pitch := b.param("z"), b.param("x"), b.param("ldx")
	b.shl(pitch, 2)
	b.while(b.param("rows"), 1, func() {
		b.storeOne(at(z, 0), f(x))
		b.addImm(z, 4)
		b.addInt(x, pitch)
	})
}

// fetchNext brings the row after the one at p into the cache, vector u of the turn:
// the first pass over a row has time for it, and the next row is then there when
// its own begins.
func (b *builder) fetchNext(p reg, u int) {
	if b.level.wide() {
		b.prefetch(mem{base: p, index: b.param("n"), scale: 4, disp: u * b.level.bytes()}, 0)
	}
}

// rowSum is the lanes' sums of n elements.
func rowSum(b *builder, x reg) reg {
	p := b.copyInt(x)
	return b.reduce(b.param("n"), []reg{p}, b.zero, func(sum reg, u int, t tail) {
		b.fetchNext(p, u)
		b.addTo(sum, b.loadPart(at(p, u*b.level.bytes()), t))
	}, b.add)
}

// rowSquares is the lanes' sums of (x − shift)².
func rowSquares(b *builder, x, shift reg) reg {
	p, zero := b.copyInt(x), b.constant(0)
	return b.reduce(b.param("n"), []reg{p}, b.zero, func(sum reg, u int, t tail) {
		b.fetchNext(p, u)
		d := b.loadPart(at(p, u*b.level.bytes()), t)
		if shift != none {
			d = b.keep(t, b.sub(d, shift), zero)
		}
		b.fma(sum, d, d)
	}, b.add)
}

func rowTop(b *builder, x reg) reg {
	p, least := b.copyInt(x), b.bits(0xff800000)
	return b.reduce(b.param("n"), []reg{p}, func() reg { return b.copy(least) }, func(top reg, u int, t tail) {
		b.fetchNext(p, u)
		v := b.keep(t, b.loadPart(at(p, u*b.level.bytes()), t), least)
		b.change(opMax, top, top, v)
	}, b.max)
}

// rowGreatest is the greatest element in all lanes, NaN if there is one: what is
// NaN is kept apart, since a maximum loses it.
func rowGreatest(b *builder, x reg) reg {
	p, least := b.copyInt(x), b.bits(0xff800000)
	fault := b.zero()
	top := b.top(b.reduce(b.param("n"), []reg{p}, func() reg { return b.copy(least) }, func(top reg, u int, t tail) {
		v := b.keep(t, b.loadPart(at(p, u*b.level.bytes()), t), least)
		b.change(opSelect, fault, b.isNaN(v, v), v, fault)
		b.change(opMax, top, top, v)
	}, b.max))
	fault = b.sum(fault)
	return b.choose(b.isNaN(fault, fault), fault, top)
}

func describeSoftmax(b *builder, _ int) {
	z, x, n := b.param("z"), b.param("x"), b.param("n")
	top := b.top(rowTop(b, x))
	from, to, zero := b.copyInt(x), b.copyInt(z), b.constant(0)
	sum := b.sum(b.reduce(n, []reg{from, to}, b.zero, func(sum reg, u int, t tail) {
		e := b.expFalling(b.sub(b.loadPart(at(from, u*b.level.bytes()), t), top))
		b.storePart(at(to, u*b.level.bytes()), e, t)
		b.addTo(sum, b.keep(t, e, zero))
	}, b.add))
	scale := b.div(b.constant(1), sum)
	b.elements(n, parallelSums, []reg{z}, func(u int, t tail) {
		m := at(z, u*b.level.bytes())
		b.storePart(m, b.mul(b.loadPart(m, t), scale), t)
	})
}

// rowMoments are the mean of n elements, and the sums of the differences from it
// and of their squares. A mean rounded to f32 is off by more than the result may be
// where it is far above the deviation, so that the differences don't sum to zero.
func rowMoments(b *builder, x, inverse reg) (mean, sum, square reg) {
	mean = b.mul(b.sum(rowSum(b, x)), inverse)
	p, zero := b.copyInt(x), b.constant(0)
	sums, squares := b.partials(b.zero), b.partials(b.zero)
	b.elements(b.copyInt(b.param("n")), parallelSums, []reg{p}, func(u int, t tail) {
		d := b.keep(t, b.sub(b.loadPart(at(p, u*b.level.bytes()), t), mean), zero)
		b.addTo(sums[u], d)
		b.fma(squares[u], d, d)
	})
	return mean, b.sum(joinAll(sums, b.add)), b.sum(joinAll(squares, b.add))
}

func describeMoments(b *builder, _ int) {
	mean, sum, squares := rowMoments(b, b.param("x"), b.param("inverse"))
	for i, v := range []reg{mean, sum, squares} {
		b.storeOne(at(b.param("z"), 4*i), v)
	}
}

// describeLayerNorm normalises a row about its mean: what is missing to it is taken
// off the variance and the result.
func describeLayerNorm(b *builder, shifted bool) {
	z, x, gain, n, inverse := b.param("z"), b.param("x"), b.param("gain"), b.param("n"), b.param("inverse")
	mean, sum, squares := rowMoments(b, x, inverse)
	missing, variance, zero := b.mul(sum, inverse), b.mul(squares, inverse), b.constant(0)
	b.fnma(variance, missing, missing)
	scale := b.inverseRoot(b.max(zero, variance))
	rest := b.sub(zero, b.mul(missing, scale))
	moving := []reg{z, x, gain}
	if shifted {
		moving = append(moving, b.param("shift"))
	}
	b.elements(n, parallelSums, moving, func(u int, t tail) {
		disp := u * b.level.bytes()
		v := b.sub(b.loadPart(at(x, disp), t), mean)
		b.mulAdd(v, scale, rest)
		g := b.loadPart(at(gain, disp), t)
		if shifted {
			b.mulAdd(v, g, b.loadPart(at(b.param("shift"), disp), t))
		} else {
			v = b.mul(v, g)
		}
		b.storePart(at(z, disp), v, t)
	})
}

// inverseRoot is 1/√(x + epsilon).
func (b *builder) inverseRoot(x reg) reg {
	return b.div(b.constant(1), b.sqrt(b.add(x, b.param("epsilon"))))
}

func describeRMSNorm(b *builder, _ int) {
	z, x, gain, n := b.param("z"), b.param("x"), b.param("gain"), b.param("n")
	scale := b.inverseRoot(b.mul(b.sum(rowSquares(b, x, none)), b.param("inverse")))
	b.elements(n, parallelSums, []reg{z, x, gain}, func(u int, t tail) {
		disp := u * b.level.bytes()
		v := b.mul(b.loadPart(at(x, disp), t), scale)
		b.storePart(at(z, disp), b.mul(v, b.loadPart(at(gain, disp), t)), t)
	})
}
