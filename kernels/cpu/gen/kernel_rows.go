package main

import "slices"

// parallelSums is how many partial sums a reduction keeps, so that one addition
// need not wait for the last.
const parallelSums = 4

// reduce folds the vectors of a row: vector i of a turn into sum i, the part that
// is left into the first. f gets each vector and which lanes count.
func (b *builder) reduce(n reg, pointers []reg, start func() reg, f func(sum reg, u int, t tail), join func(x, y reg) reg) reg {
	sums := make([]reg, parallelSums)
	for i := range sums {
		sums[i] = start()
	}
	b.elements(b.copyInt(n), parallelSums, pointers, func(u int, t tail) { f(sums[u], u, t) })
	for width := parallelSums / 2; width > 0; width /= 2 {
		for i := range width {
			sums[i] = join(sums[i], sums[i+width])
		}
	}
	return sums[0]
}

// keep is x in the lanes of t, and y in the others.
func (b *builder) keep(t tail, x, y reg) reg {
	if !t.partial {
		return x
	}
	return b.choose(t.mask, x, y)
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
		field: "SumSquares", doc: "SumSquares sets *z to the sum of (x − shift)².", params: slices.Concat(ints("n"), pointers("z", "x"), numbers("shift")),
		describe: func(b *builder, _ int) {
			b.storeOne(at(b.param("z"), 0), b.sum(rowSquares(b, b.param("x"), b.param("shift"))))
		},
	},
	{
		field: "Top", doc: "Top sets *z to the greatest element of x, −∞ if there is none; NaN may be passed over.", params: slices.Concat(ints("n"), pointers("z", "x")),
		describe: func(b *builder, _ int) { b.storeOne(at(b.param("z"), 0), b.top(rowTop(b, b.param("x")))) },
	},
	{
		field: "Softmax", doc: "Softmax sets z to e^(x − top)/Σe^(x − top).", params: slices.Concat(ints("n"), pointers("z", "x")),
		describe: describeSoftmax,
	},
	{
		field: "LayerNorm", doc: "LayerNorm sets z to (x − mean)/√(variance + epsilon)·gain + shift; inverse is 1/n.",
		params:   slices.Concat(ints("n"), pointers("z", "x", "gain", "shift"), numbers("inverse", "epsilon")),
		describe: func(b *builder, _ int) { describeNorm(b, true) },
	},
	{
		field: "RMSNorm", doc: "RMSNorm sets z to x/√(mean of x² + epsilon)·gain; inverse is 1/n.",
		params:   slices.Concat(ints("n"), pointers("z", "x", "gain"), numbers("inverse", "epsilon")),
		describe: func(b *builder, _ int) { describeNorm(b, false) },
	},
}

// rowSum is the lanes' sums of n elements.
func rowSum(b *builder, x reg) reg {
	p := b.copyInt(x)
	return b.reduce(b.param("n"), []reg{p}, b.zero, func(sum reg, u int, t tail) {
		b.addTo(sum, b.loadPart(at(p, u*b.level.bytes()), t))
	}, b.add)
}

// rowSquares is the lanes' sums of (x − shift)².
func rowSquares(b *builder, x, shift reg) reg {
	p, zero := b.copyInt(x), b.constant(0)
	return b.reduce(b.param("n"), []reg{p}, b.zero, func(sum reg, u int, t tail) {
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
		v := b.keep(t, b.loadPart(at(p, u*b.level.bytes()), t), least)
		b.change(opMax, top, top, v)
	}, b.max)
}

func describeSoftmax(b *builder, _ int) {
	z, x, n := b.param("z"), b.param("x"), b.param("n")
	top := b.top(rowTop(b, x))
	from, to, zero := b.copyInt(x), b.copyInt(z), b.constant(0)
	sum := b.sum(b.reduce(n, []reg{from, to}, b.zero, func(sum reg, u int, t tail) {
		e := b.exp(b.sub(b.loadPart(at(from, u*b.level.bytes()), t), top))
		b.storePart(at(to, u*b.level.bytes()), e, t)
		b.addTo(sum, b.keep(t, e, zero))
	}, b.add))
	scale := b.div(b.constant(1), sum)
	b.elements(n, parallelSums, []reg{z}, func(u int, t tail) {
		m := at(z, u*b.level.bytes())
		b.storePart(m, b.mul(b.loadPart(m, t), scale), t)
	})
}

// describeNorm normalises a row; centred takes the mean away and adds a shift.
func describeNorm(b *builder, centred bool) {
	z, x, gain, n := b.param("z"), b.param("x"), b.param("gain"), b.param("n")
	inverse, mean := b.param("inverse"), none
	if centred {
		mean = b.mul(b.sum(rowSum(b, x)), inverse)
	}
	square := b.sum(rowSquares(b, x, mean))
	b.mulAdd(square, inverse, b.param("epsilon"))
	scale := b.div(b.constant(1), b.sqrt(square))
	moving := []reg{z, x, gain}
	if centred {
		moving = append(moving, b.param("shift"))
	}
	b.elements(n, parallelSums, moving, func(u int, t tail) {
		disp := u * b.level.bytes()
		v := b.loadPart(at(x, disp), t)
		if centred {
			v = b.sub(v, mean)
		}
		v = b.mul(v, scale)
		g := b.loadPart(at(gain, disp), t)
		if centred {
			b.mulAdd(v, g, b.loadPart(at(b.param("shift"), disp), t))
		} else {
			v = b.mul(v, g)
		}
		b.storePart(at(z, disp), v, t)
	})
}
