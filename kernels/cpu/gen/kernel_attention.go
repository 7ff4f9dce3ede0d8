package main

import (
	"math"
	"slices"
)

// The parts of attention between its two products. Rows are queries. Keys stand in
// panels of Columns, transposed, so that a product of query rows with a panel gives
// a part of the rows' scores; values stand in panels of Columns of their elements,
// so that a product of the rows' weights with a panel gives a part of the result.
// What a row gets depends on no other row, and sums over keys are taken Columns
// apart: keys of weight 0 at either end change nothing.

var attentionKernels = []family{
	{
		field:    "Transpose",
		doc:      "Transpose sets columns of a panel, [n][Columns], to Lanes rows of x, ldx apart: n elements of each. The panel's rows up to a multiple of Lanes are set to 0. The rows of x 32 further on, and as much of as many rows of next, are brought into the second-level cache.",
		params:   slices.Concat(ints("n"), pointers("z", "x"), ints("ldx"), pointers("next"), ints("ldnext")),
		describe: func(b *builder, _ int) { describeTranspose(b) },
	},
	{
		field:    "Panel",
		doc:      "Panel sets a panel, [rows][Columns], to Columns elements of the rows of x, ldx apart.",
		params:   slices.Concat(ints("rows"), pointers("z", "x"), ints("ldx")),
		describe: func(b *builder, _ int) { describePanel(b) },
	},
	{
		field:    "Weigh",
		doc:      "Weigh makes scores weights: of each row of s, lds apart, *top is the greatest of n elements, a multiple of Columns, and s becomes e^(s − top), whose sum is *sum. Elements of −∞ get weight 0. NaN reaches the sum, but not top.",
		params:   slices.Concat(ints("rows", "n"), pointers("s"), ints("lds"), pointers("top", "sum")),
		describe: func(b *builder, _ int) { describeWeigh(b, false, false) },
	},
	{
		field: "WeighProbed", size: 2,
		doc:      "WeighProbed is Weigh with a second score t, lds apart like s: *second is the sum of s·t, without the elements of weight 0, whatever t holds there. Function 1 sets t to these products.",
		params:   slices.Concat(ints("rows", "n"), pointers("s", "t"), ints("lds"), pointers("top", "sum", "second")),
		indices:  func(*level) []int { return []int{0, 1} },
		describe: func(b *builder, i int) { describeWeigh(b, true, i == 1) },
	},
	{
		field:    "Correct",
		doc:      "Correct sets s to s·scale·(shift − t) with scale and shift of the row, where s isn't 0; n is a multiple of Columns.",
		params:   slices.Concat(ints("rows", "n"), pointers("s", "t"), ints("lds"), pointers("scale", "shift")),
		describe: func(b *builder, _ int) { describeCorrect(b) },
	},
	{
		field:    "Join",
		doc:      "Join adds to n rows' greatest scores and sums those of later keys: relative to the greater of top and late, what was weighs e^(top − greater), which a is set to, and what is late b.",
		params:   slices.Concat(ints("n"), pointers("top", "sum", "second", "late", "lateSum", "lateSecond", "a", "b")),
		describe: func(b *builder, _ int) { describeJoin(b) },
	},
	{
		field:    "Blend",
		doc:      "Blend sets rows of n elements of x to x·a + y·b with a and b of the row; the rows of x and y are ldx apart.",
		params:   slices.Concat(ints("rows", "n"), pointers("x", "y"), ints("ldx"), pointers("a", "b")),
		describe: func(b *builder, _ int) { describeBlend(b) },
	},
	{
		field:    "ScaleRows",
		doc:      "ScaleRows sets rows of n elements, ldz apart, to those of x, ldx apart, times a of the row.",
		params:   slices.Concat(ints("rows", "n"), pointers("z"), ints("ldz"), pointers("x"), ints("ldx"), pointers("a")),
		describe: func(b *builder, _ int) { describeScale(b) },
	},
}

// weightCoefficients is (eʳ − 1)/r on |r| ≤ ½ln 2.
var weightCoefficients = fit(func(r float64) float64 { return math.Expm1(r) / r }, -math.Ln2/2, math.Ln2/2, 4)

// weight is eˣ for x ≤ 0 and NaN, within 8 units: 1 at 0, and 0 from −104 down.
// x is changed.
func (b *builder) weight(x reg) reg {
	x = b.max(b.constant(-104), x)
	n := b.round(b.mul(x, b.constant(math.Log2E)))
	b.fnma(x, n, b.constant(math.Ln2))
	return b.timesPower(b.polynomial(x, append([]float64{1}, weightCoefficients...)...), n)
}

// pivot is what scores are taken relative to: their greatest, or a number if that
// is −∞.
func (b *builder) pivot(top reg) reg { return b.max(top, b.constant(-math.MaxFloat32)) }

// ahead is how many rows before they are read memory is asked for: those of the
// next panel of the widest level.
const ahead = 32

func describeTranspose(b *builder) {
	l := b.level
	z, x, ldx := b.param("z"), b.param("x"), b.param("ldx")
	b.shl(ldx, 2)
	rows := newRows(b, x, ldx, l.lanes)
	moving, fetch := rows.bases, func() {}
	if l.wide() {
		far, next, apart := b.copyInt(ldx), b.param("next"), b.param("ldnext")
		b.shl(far, 5) // ahead
		far = b.address(mem{base: x, index: far, scale: 1})
		b.shl(apart, 2)
		moving = append(moving, far, next)
		fetch = func() {
			for _, from := range [][2]reg{{far, ldx}, {next, apart}} {
				p := b.copyInt(from[0])
				for range l.lanes {
					b.prefetch(at(p, 0), 1)
					b.addInt(p, from[1])
				}
			}
		}
	}
	unroll := 1
	if l.wide() {
		unroll = 64 / l.bytes() // to fetch each line once
	}
	b.elements(b.param("n"), unroll, moving, func(u int, t tail) {
		if u == 0 {
			fetch()
		}
		r := make([]reg, l.lanes)
		for i := range r {
			r[i] = b.loadPart(rows.at(i, u*l.bytes()), t)
		}
		for i, column := range b.transpose(r) {
			b.store(at(z, i*l.columns*l.bytes()), column)
		}
		b.addImm(z, l.lanes*l.columns*l.bytes())
	})
}

// rowBases addresses rows that lie apart: three of them share a base.
type rowBases struct {
	apart reg
	bases []reg
}

func newRows(b *builder, x, apart reg, n int) rowBases {
	r := rowBases{apart, []reg{x}}
	if n <= 3 {
		return r
	}
	three := b.address(mem{base: apart, index: apart, scale: 2})
	for i := 3; i < n; i += 3 {
		r.bases = append(r.bases, b.address(mem{base: r.bases[len(r.bases)-1], index: three, scale: 1}))
	}
	return r
}

// at is where row i is, disp bytes further on.
func (r rowBases) at(i, disp int) mem {
	m := at(r.bases[i/3], disp)
	if i%3 > 0 {
		m.index, m.scale = r.apart, i%3
	}
	return m
}

// transpose returns the columns of a square of as many rows as a vector has lanes.
func (b *builder) transpose(rows []reg) []reg {
	if len(rows) == 1 {
		return rows
	}
	groups := len(rows) / 4
	// Group g of part[c][q] is column 4g+c of the rows 4q … 4q+3.
	var part [4][]reg
	for q := range groups {
		r := rows[4*q:][:4]
		a, x := b.set(vector, opLowPairs, r[0], r[1]), b.set(vector, opHighPairs, r[0], r[1])
		c, y := b.set(vector, opLowPairs, r[2], r[3]), b.set(vector, opHighPairs, r[2], r[3])
		part[0] = append(part[0], b.set(vector, opLowQuads, a, c))
		part[1] = append(part[1], b.set(vector, opHighQuads, a, c))
		part[2] = append(part[2], b.set(vector, opLowQuads, x, y))
		part[3] = append(part[3], b.set(vector, opHighQuads, x, y))
	}
	columns := make([]reg, len(rows))
	for c, p := range part {
		for g, column := range b.gatherGroups(p) {
			columns[4*g+c] = column
		}
	}
	return columns
}

// gatherGroups returns as many vectors as x are: vector g is group g of each.
func (b *builder) gatherGroups(x []reg) []reg {
	choose := func(x, y reg, imm int) reg {
		r := b.register(vector)
		b.emit(&node{op: opGroups, dst: r, args: []reg{x, y}, imm: imm})
		return r
	}
	switch len(x) {
	case 1:
		return x
	case 2:
		return []reg{choose(x[0], x[1], 0x20), choose(x[0], x[1], 0x31)}
	}
	const lower, upper, even, odd = 0x44, 0xee, 0x88, 0xdd
	low0, low1 := choose(x[0], x[1], lower), choose(x[2], x[3], lower)
	high0, high1 := choose(x[0], x[1], upper), choose(x[2], x[3], upper)
	return []reg{choose(low0, low1, even), choose(low0, low1, odd), choose(high0, high1, even), choose(high0, high1, odd)}
}

func describePanel(b *builder) {
	l := b.level
	z, x, ldx := b.param("z"), b.param("x"), b.param("ldx")
	b.shl(ldx, 2)
	b.steps(b.param("rows"), 4, nil, func(int) {
		for j := range l.columns {
			b.store(at(z, j*l.bytes()), b.load(at(x, j*l.bytes())))
		}
		b.addInt(x, ldx)
		b.addImm(z, l.columns*l.bytes())
	})
}

// eachRow runs body for rows of n elements, a vector of each of the Columns at a
// time: next moves the pointers of matrices to the next row, and those of numbers
// by one.
func (b *builder) eachRow(matrices []string, pitch string, numbers []string, body func()) {
	ld := b.param(pitch)
	b.shl(ld, 2)
	b.while(b.param("rows"), 1, func() {
		body()
		for _, name := range matrices {
			b.addInt(b.param(name), ld)
		}
		for _, name := range numbers {
			b.addImm(b.param(name), 4)
		}
	})
}

// panels runs body on the vectors of a row of n elements, a multiple of Columns.
func (b *builder) panels(matrices []string, body func(j int, m []mem)) {
	l := b.level
	pointers := make([]reg, len(matrices))
	for i, name := range matrices {
		pointers[i] = b.copyInt(b.param(name))
	}
	b.while(b.copyInt(b.param("n")), l.columns*l.lanes, func() {
		for j := range l.columns {
			m := make([]mem, len(pointers))
			for i, p := range pointers {
				m[i] = at(p, j*l.bytes())
			}
			body(j, m)
		}
		for _, p := range pointers {
			b.addImm(p, l.columns*l.bytes())
		}
	})
}

// joined folds the partial results of a row.
func joined(x []reg, f func(x, y reg) reg) reg {
	for width := len(x) / 2; width > 0; width /= 2 {
		for i := range width {
			x[i] = f(x[i], x[i+width])
		}
	}
	return x[0]
}

// describeWeigh writes Weigh, with a probe or without; products: t is set to s·t.
func describeWeigh(b *builder, probed, products bool) {
	columns := b.level.columns
	matrices, numbers := []string{"s"}, []string{"top", "sum"}
	if probed {
		matrices, numbers = []string{"s", "t"}, []string{"top", "sum", "second"}
	}
	least, zero := b.bits(0xff800000), b.constant(0)
	b.eachRow(matrices, "lds", numbers, func() {
		tops := make([]reg, columns)
		for j := range tops {
			tops[j] = b.copy(least)
		}
		b.panels([]string{"s"}, func(j int, m []mem) { b.change(opMax, tops[j], b.load(m[0]), tops[j]) })
		top := b.top(joined(tops, b.max))
		b.storeOne(at(b.param("top"), 0), top)
		top = b.pivot(top)
		sums, seconds := make([]reg, columns), make([]reg, columns)
		for j := range sums {
			sums[j] = b.zero()
			if probed {
				seconds[j] = b.zero()
			}
		}
		b.panels(matrices, func(j int, m []mem) {
			e := b.weight(b.sub(b.load(m[0]), top))
			b.store(m[0], e)
			b.addTo(sums[j], e)
			if !probed {
				return
			}
			y := b.choose(b.equal(e, zero), zero, b.mul(e, b.load(m[1])))
			b.addTo(seconds[j], y)
			if products {
				b.store(m[1], y)
			}
		})
		b.storeOne(at(b.param("sum"), 0), b.sum(joined(sums, b.add)))
		if probed {
			b.storeOne(at(b.param("second"), 0), b.sum(joined(seconds, b.add)))
		}
	})
}

func describeCorrect(b *builder) {
	zero := b.constant(0)
	b.eachRow([]string{"s", "t"}, "lds", []string{"scale", "shift"}, func() {
		scale, shift := b.splat(at(b.param("scale"), 0)), b.splat(at(b.param("shift"), 0))
		b.panels([]string{"s", "t"}, func(_ int, m []mem) {
			e := b.load(m[0])
			w := b.mul(b.mul(e, scale), b.sub(shift, b.load(m[1])))
			b.store(m[0], b.choose(b.equal(e, zero), zero, w))
		})
	})
}

func describeJoin(b *builder) {
	names := []string{"top", "sum", "second", "late", "lateSum", "lateSecond", "a", "b"}
	var pointers []reg
	for _, name := range names {
		pointers = append(pointers, b.param(name))
	}
	b.elements(b.param("n"), 1, pointers, func(_ int, t tail) {
		load := func(i int) reg { return b.loadPart(at(pointers[i], 0), t) }
		store := func(i int, x reg) { b.storePart(at(pointers[i], 0), x, t) }
		early, late := load(0), load(3)
		top := b.max(early, late)
		store(0, top)
		top = b.pivot(top)
		x, y := b.weight(b.sub(early, top)), b.weight(b.sub(late, top))
		store(6, x)
		store(7, y)
		for i := 1; i <= 2; i++ {
			sum := b.mul(load(3+i), y)
			b.fma(sum, load(i), x)
			store(i, sum)
		}
	})
}

// describeBlend writes x·a + y·b.
func describeBlend(b *builder) {
	b.eachRow([]string{"x", "y"}, "ldx", []string{"a", "b"}, func() {
		x, y := b.copyInt(b.param("x")), b.copyInt(b.param("y"))
		f, g := b.splat(at(b.param("a"), 0)), b.splat(at(b.param("b"), 0))
		b.elements(b.copyInt(b.param("n")), 2, []reg{x, y}, func(u int, t tail) {
			m := at(x, u*b.level.bytes())
			v := b.mul(b.loadPart(m, t), f)
			b.fma(v, b.loadPart(at(y, m.disp), t), g)
			b.storePart(m, v, t)
		})
	})
}

func describeScale(b *builder) {
	ldz := b.param("ldz")
	b.shl(ldz, 2)
	b.eachRow([]string{"x"}, "ldx", []string{"a"}, func() {
		z, x, f := b.copyInt(b.param("z")), b.copyInt(b.param("x")), b.splat(at(b.param("a"), 0))
		b.elements(b.copyInt(b.param("n")), 2, []reg{z, x}, func(u int, t tail) {
			disp := u * b.level.bytes()
			b.storePart(at(z, disp), b.mul(b.loadPart(at(x, disp), t), f), t)
		})
		b.addInt(b.param("z"), ldz)
	})
}
