package main

import "slices"

// Rotations of pairs of elements by angles whose cosines and sines are given.
// Products and sums are rounded each: no fused multiply-add.

// rotaryParams are rows of x and z, ld apart, and of the tables, ldt apart; ldt is
// 0 where one row of the tables is for all.
var rotaryParams = slices.Concat(ints("rows", "n"), pointers("z", "x"), ints("ld"), pointers("cos", "sin"), ints("ldt"))

var rotaries = []family{
	{
		field: "RotateHalves", doc: "RotateHalves rotates element i of each row of x with element n+i, for i < n. Rows of x and z are ld apart, those of the tables ldt.",
		params:   rotaryParams,
		describe: describeHalves,
	},
	{
		field: "RotateNeighbours", doc: "RotateNeighbours rotates element 2i of each row of x with element 2i+1, for i < n, a multiple of half of Lanes. Rows of x and z are ld apart, those of the tables ldt.",
		params: rotaryParams,
		describe: func(b *builder, _ int) {
			z, x, cos, sin := b.param("z"), b.param("x"), b.param("cos"), b.param("sin")
			rotations(b, []reg{z, x}, []reg{cos, sin}, func() {
				z, x, cos, sin := b.copyInt(z), b.copyInt(x), b.copyInt(cos), b.copyInt(sin)
				if b.level.wide() {
					rotateVectors(b, z, x, cos, sin)
				} else {
					rotateOne(b, z, x, cos, sin)
				}
			})
		},
	},
}

// describeHalves has one index for all six pointers.
func describeHalves(b *builder, _ int) {
	z, x, cos, sin := b.param("z"), b.param("x"), b.param("cos"), b.param("sin")
	z2, x2 := b.half(z), b.half(x)
	rotations(b, []reg{z, z2, x, x2}, []reg{cos, sin}, func() {
		i := b.register(scalar)
		b.imm(opSetInt, i, 0)
		b.elements(b.copyInt(b.param("n")), 2, []reg{i}, func(u int, t tail) {
			there := func(p reg) mem { return mem{base: p, index: i, scale: 1, disp: u * b.level.bytes()} }
			re, im := b.loadPart(there(x), t), b.loadPart(there(x2), t)
			c, s := b.loadPart(there(cos), t), b.loadPart(there(sin), t)
			if b.level.wide() {
				b.fetchAhead(there(x), there(x2), there(z), there(z2))
			}
			b.storePart(there(z), b.sub(b.mul(c, re), b.mul(s, im)), t)
			b.storePart(there(z2), b.add(b.mul(c, im), b.mul(s, re)), t)
		})
	})
}

// half is where the second half of a row is.
func (b *builder) half(p reg) reg {
	return b.address(mem{base: p, index: b.param("n"), scale: 4})
}

// fetchAhead brings what rows further on need into the cache: rows are so short
// that the processor's own guess is late.
func (b *builder) fetchAhead(list ...mem) {
	for _, m := range list {
		m.disp += 1 << 10
		b.prefetch(m, 0)
	}
}

// rotateVectors is RotateNeighbours of one row.
func rotateVectors(b *builder, z, x, cos, sin reg) {
	bytes := b.level.bytes()
	vectors := b.copyInt(b.param("n"))
	for pairs := b.level.lanes / 2; pairs > 1; pairs /= 2 {
		b.shr(vectors, 1)
	}
	b.steps(vectors, 2, []stride{{z, bytes}, {x, bytes}, {cos, bytes / 2}, {sin, bytes / 2}}, func(u int) {
		v := b.load(at(x, u*bytes))
		b.fetchAhead(at(x, u*bytes), at(z, u*bytes))
		c, s := b.loadDoubled(at(cos, u*bytes/2)), b.loadDoubled(at(sin, u*bytes/2))
		crossed := b.set(vector, opAlternate, b.mul(s, b.set(vector, opSwap, v)))
		b.store(at(z, u*bytes), b.add(b.mul(c, v), crossed))
	})
}

func (b *builder) loadDoubled(m mem) reg { return b.setMem(opLoadDoubled, m, b.register(vector)) }

// rotateOne is RotateNeighbours with one lane.
func rotateOne(b *builder, z, x, cos, sin reg) {
	b.steps(b.copyInt(b.param("n")), 1, []stride{{z, 8}, {x, 8}, {cos, 4}, {sin, 4}}, func(int) {
		re, im, c, s := b.load(at(x, 0)), b.load(at(x, 4)), b.load(at(cos, 0)), b.load(at(sin, 0))
		b.store(at(z, 0), b.sub(b.mul(c, re), b.mul(s, im)))
		b.store(at(z, 4), b.add(b.mul(c, im), b.mul(s, re)))
	})
}

// rotations runs body for each row, and moves the pointers to data and to tables.
func rotations(b *builder, data, tables []reg, body func()) {
	pitch, step := b.param("ld"), b.param("ldt")
	b.shl(pitch, 2)
	b.shl(step, 2)
	b.while(b.param("rows"), 1, func() {
		body()
		for _, p := range data {
			b.addInt(p, pitch)
		}
		for _, p := range tables {
			b.addInt(p, step)
		}
	})
}
