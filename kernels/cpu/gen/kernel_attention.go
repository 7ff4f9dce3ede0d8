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
		field:    "PanelStrip",
		doc:      "PanelStrip sets columns of a panel, [n][Columns], to Lanes rows of x, ldx apart: n elements of each. The panel's rows up to a multiple of Lanes are set to 0. The rows of x 32 further on, and as much of as many rows of next, are brought into the second-level cache.",
		params:   slices.Concat(ints("n"), pointers("z", "x"), ints("ldx"), pointers("next"), ints("ldnext")),
		describe: func(b *builder, _ int) { describePanelStrip(b) },
	},
	{
		field:    "Panel",
		doc:      "Panel sets a panel, [rows][Columns], to Columns elements of the rows of x, ldx apart.",
		params:   slices.Concat(ints("rows"), pointers("z", "x"), ints("ldx")),
		describe: func(b *builder, _ int) { describePanel(b) },
	},
	{
		field:    "NarrowPanel",
		doc:      "NarrowPanel is Panel for Lanes columns.",
		params:   slices.Concat(ints("rows"), pointers("z", "x"), ints("ldx")),
		describe: func(b *builder, _ int) { b.narrow(); describePanel(b) },
	},
	{
		field: "NarrowRows", size: maxRows + 1,
		doc:      "NarrowRows is ProductRows for a panel of Lanes columns.",
		params:   slices.Concat(ints("k"), pointers("a"), ints("lda"), pointers("b", "c"), ints("ldc", "add")),
		indices:  heights,
		describe: func(b *builder, rows int) { b.narrow(); describeTile(b, rows, elements32, 0) },
	},
	{
		field: "Stream", size: fewRows + 1,
		doc:      "Stream[r] multiplies r rows of weights of n keys, ldw apart, with values of size elements as they lie, ldv apart: the rows of o, ldo apart, are set, or added to if add > 0. It gives the bits of Product.",
		params:   slices.Concat(ints("n", "size"), pointers("v"), ints("ldv"), pointers("w"), ints("ldw"), pointers("o"), ints("ldo", "add")),
		indices:  func(*level) []int { return upTo(fewRows) },
		describe: describeStream,
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

// weightFloor and weightNear are (2ʳ − 1)/r on 0 ≤ r < 1 and on |r| ≤ ½.
var (
	weightFloor = []float64{0.69314754, 0.2402072, 0.055657055, 0.009199387, 0.0017883688}
	weightNear  = []float64{0.6931472, 0.2402235, 0.05550381, 0.009666368, 0.0013381302}
)

// weight is eˣ for x ≤ 0 and NaN, within 4 units beside a rounding of x, as the
// scores have one themselves: 1 at 0, and 0 below the normal numbers, from −87.4
// down: see expFalling.
func (b *builder) weight(x reg) reg {
	x = b.mul(x, b.constant(math.Log2E))
	least := b.constant(-126)
	var w reg
	if b.level.name == "avx512" {
		w = b.exp2(x, 1)
	} else {
		near := b.max(least, x)
		n, sum := b.roundBySum(near, b.constant(1))
		power := b.set(vector, opAddInt, b.shift(opShiftLeft, sum, 23), b.bits(127<<23))
		w = b.mul(b.polynomial(b.sub(near, n), append([]float64{1}, weightNear...)...), power)
	}
	return b.choose(b.less(x, least), b.constant(0), w)
}

// pivot is what scores are taken relative to: their greatest, or a number if that
// is −∞.
func (b *builder) pivot(top reg) reg { return b.max(top, b.constant(-math.MaxFloat32)) }

// ahead is how many rows before they are read memory is asked for: those of the
// next panel of the widest level.
const ahead = 32

func describePanelStrip(b *builder) {
	l := b.level
	z, x, ldx := b.param("z"), b.param("x"), b.pitch("ldx")
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
		for i, column := range b.square(r) {
			b.store(at(z, i*l.columns*l.bytes()), column)
		}
		b.addImm(z, l.lanes*l.columns*l.bytes())
	})
}

// fewRows is the most rows that values are streamed for: with more, panels pay.
const fewRows = 3

func describeStream(b *builder, rows int) {
	l := b.level
	size, v, o := b.param("size"), b.param("v"), b.param("o")
	pitch := b.pitch("ldo")
	b.pitch("ldv")
	b.pitch("ldw")
	pass := func(width int, t tail) {
		streamPass(b, rows, width, pitch, t)
		if !t.partial {
			b.addImm(v, width*l.bytes())
			b.addImm(o, width*l.bytes())
		}
	}
	width := max(1, min(4, l.rows*l.columns/2/rows)) // vectors: half the sums of a product
	b.while(size, width*l.lanes, func() { pass(width, tail{}) })
	b.while(size, l.lanes, func() { pass(1, tail{}) })
	if l.wide() {
		b.ifMore(size, 0, func() { pass(1, b.tail(size)) })
	}
}

// streamPass sums a few vectors of the values.
func streamPass(b *builder, rows, width int, pitch reg, t tail) {
	bytes := b.level.bytes()
	sums := make([][]reg, rows)
	for i := range sums {
		for range width {
			sums[i] = append(sums[i], b.zero())
		}
	}
	each := func(f func(m mem, i, j int)) {
		p := b.copyInt(b.param("o"))
		for i := range sums {
			for j := range width {
				f(at(p, j*bytes), i, j)
			}
			if i+1 < rows {
				b.addInt(p, pitch)
			}
		}
	}
	b.ifMore(b.param("add"), 0, func() {
		each(func(m mem, i, j int) { b.addTo(sums[i][j], b.loadPart(m, t)) })
	})
	v, w := b.copyInt(b.param("v")), b.copyInt(b.param("w"))
	b.steps(b.copyInt(b.param("n")), 4, []stride{{w, 4}}, func(u int) {
		x := make([]reg, width)
		for j := range x {
			x[j] = b.loadPart(at(v, j*bytes), t)
		}
		for i, row := range sums {
			m := at(w, 4*u)
			if i > 0 {
				m.index, m.scale = b.param("ldw"), i
			}
			weight := b.splat(m)
			for j, sum := range row {
				b.fma(sum, x[j], weight)
			}
		}
		b.addInt(v, b.param("ldv"))
	})
	each(func(m mem, i, j int) { b.storePart(m, sums[i][j], t) })
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

// narrow makes panels one vector wide.
func (b *builder) narrow() {
	l := *b.level
	l.columns = 1
	b.level = &l
}

func describePanel(b *builder) {
	l := b.level
	z, x, ldx := b.param("z"), b.param("x"), b.pitch("ldx")
	b.steps(b.param("rows"), 4, nil, func(int) {
		for j := range l.columns {
			b.store(at(z, j*l.bytes()), b.load(at(x, j*l.bytes())))
		}
		b.addInt(x, ldx)
		b.addImm(z, l.columns*l.bytes())
	})
}

// eachRow runs body for rows of n elements, after which the pointers of matrices
// move by pitch bytes, and those of numbers by one.
func (b *builder) eachRow(rows reg, matrices []reg, pitch reg, numbers []reg, body func()) {
	b.while(rows, 1, func() {
		body()
		for _, p := range matrices {
			b.addInt(p, pitch)
		}
		for _, p := range numbers {
			b.addImm(p, 4)
		}
	})
}

// pitch is a parameter that counts floats, in bytes.
func (b *builder) pitch(name string) reg {
	p := b.param(name)
	b.shl(p, 2)
	return p
}

// panels runs body on the vectors of a row of n elements, a multiple of Columns.
func (b *builder) panels(rows []reg, body func(j int, m []mem)) {
	l := b.level
	pointers := make([]reg, len(rows))
	for i, p := range rows {
		pointers[i] = b.copyInt(p)
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

// describeWeigh writes Weigh, with a probe or without; products: t is set to s·t.
// All rows' greatest scores come first, so that no row waits for its own.
func describeWeigh(b *builder, probed, products bool) {
	columns := b.level.columns
	s, rows, lds, top := b.param("s"), b.param("rows"), b.pitch("lds"), b.param("top")
	least, zero := b.bits(0xff800000), b.constant(0)
	p, q := b.copyInt(s), b.copyInt(top)
	b.eachRow(b.copyInt(rows), []reg{p}, lds, []reg{q}, func() {
		tops := make([]reg, columns)
		for j := range tops {
			tops[j] = b.copy(least)
		}
		b.panels([]reg{p}, func(j int, m []mem) { b.change(opMax, tops[j], b.load(m[0]), tops[j]) })
		b.storeOne(at(q, 0), b.top(joinAll(tops, b.max)))
	})
	matrices, numbers := []reg{s}, []reg{top, b.param("sum")}
	if probed {
		matrices, numbers = append(matrices, b.param("t")), append(numbers, b.param("second"))
	}
	b.eachRow(rows, matrices, lds, numbers, func() {
		pivot := b.pivot(b.splat(at(top, 0)))
		sums, seconds := make([]reg, columns), make([]reg, columns)
		for j := range sums {
			sums[j] = b.zero()
			if probed {
				seconds[j] = b.zero()
			}
		}
		b.panels(matrices, func(j int, m []mem) {
			e := b.weight(b.sub(b.load(m[0]), pivot))
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
		b.storeOne(at(numbers[1], 0), b.sum(joinAll(sums, b.add)))
		if probed {
			b.storeOne(at(numbers[2], 0), b.sum(joinAll(seconds, b.add)))
		}
	})
}

func describeCorrect(b *builder) {
	zero := b.constant(0)
	scales, shifts := b.param("scale"), b.param("shift")
	matrices := []reg{b.param("s"), b.param("t")}
	b.eachRow(b.param("rows"), matrices, b.pitch("lds"), []reg{scales, shifts}, func() {
		scale, shift := b.splat(at(scales, 0)), b.splat(at(shifts, 0))
		b.panels(matrices, func(_ int, m []mem) {
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
	left, right := b.param("x"), b.param("y")
	f, g := b.param("a"), b.param("b")
	b.eachRow(b.param("rows"), []reg{left, right}, b.pitch("ldx"), []reg{f, g}, func() {
		x, y, scaleX, scaleY := b.copyInt(left), b.copyInt(right), b.splat(at(f, 0)), b.splat(at(g, 0))
		b.elements(b.copyInt(b.param("n")), 2, []reg{x, y}, func(u int, t tail) {
			m := at(x, u*b.level.bytes())
			v := b.mul(b.loadPart(m, t), scaleX)
			b.fma(v, b.loadPart(at(y, m.disp), t), scaleY)
			b.storePart(m, v, t)
		})
	})
}

func describeScale(b *builder) {
	to, from, factor := b.param("z"), b.param("x"), b.param("a")
	ldz := b.pitch("ldz")
	b.eachRow(b.param("rows"), []reg{from}, b.pitch("ldx"), []reg{factor}, func() {
		z, x, f := b.copyInt(to), b.copyInt(from), b.splat(at(factor, 0))
		b.elements(b.copyInt(b.param("n")), 2, []reg{z, x}, func(u int, t tail) {
			disp := u * b.level.bytes()
			b.storePart(at(z, disp), b.mul(b.loadPart(at(x, disp), t), f), t)
		})
		b.addInt(to, ldz)
	})
}
