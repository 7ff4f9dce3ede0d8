package main

import (
	"fmt"
	"math"
	"slices"
)

// builder writes a program. Its methods are the language of the kernels'
// descriptions: each appends a node and returns the register that it sets.
type builder struct {
	*program
	block  *[]*node
	consts map[uint32]reg
	// preamble is where constants are set, ahead of everything else.
	preamble []*node
}

// build makes the program of a kernel for a level.
func build(k kernel, l *level) *program {
	p := &program{name: k.name, level: l}
	b := &builder{program: p, consts: map[uint32]reg{}}
	b.block = &p.body
	for _, x := range k.params {
		x.reg = b.register(kindOf(x.typ))
		p.params = append(p.params, x)
	}
	k.describe(b)
	p.body = append(b.preamble, p.body...)
	return p
}

func kindOf(typ string) kind {
	if typ == "float32" {
		return vector
	}
	return scalar
}

// late returns a copy of a parameter, an integer or a pointer, for the part of a
// program that follows.
func (b *builder) late(name string) reg {
	if !b.level.crowded {
		return b.copyInt(b.param(name))
	}
	r := b.register(scalar)
	i := slices.IndexFunc(b.params, func(x param) bool { return x.name == name })
	b.emit(&node{op: opParam, dst: r, imm: i})
	return r
}

func (b *builder) register(k kind) reg {
	b.regs = append(b.regs, k)
	return reg(len(b.regs) - 1)
}

// param returns the register of a parameter.
func (b *builder) param(name string) reg {
	for _, x := range b.params {
		if x.name == name {
			return x.reg
		}
	}
	panic(fmt.Sprintf("BUG: kernel %s has no parameter %s", b.name, name))
}

func (b *builder) emit(n *node) { *b.block = append(*b.block, n) }

// set appends an operation with a new result.
func (b *builder) set(k kind, o op, args ...reg) reg {
	r := b.register(k)
	b.emit(&node{op: o, dst: r, args: args})
	return r
}

// change appends an operation that updates dst.
func (b *builder) change(o op, dst reg, args ...reg) { b.emit(&node{op: o, dst: dst, args: args}) }

func (b *builder) setMem(o op, m mem, args ...reg) reg {
	r := b.register(vector)
	b.emit(&node{op: o, dst: r, mem: m, args: args})
	return r
}

func (b *builder) setMemInt(o op, m mem) reg {
	r := b.register(scalar)
	b.emit(&node{op: o, dst: r, mem: m})
	return r
}

// into has the last operation set dst.
func (b *builder) into(dst reg) { (*b.block)[len(*b.block)-1].dst = dst }

// Vectors.

func (b *builder) load(m mem) reg    { return b.setMem(opLoad, m) }
func (b *builder) loadOne(m mem) reg { return b.setMem(opLoadOne, m) }
func (b *builder) splat(m mem) reg   { return b.setMem(opSplat, m) }
func (b *builder) store(m mem, x reg) {
	b.emit(&node{op: opStore, dst: none, mem: m, args: []reg{x}})
}
func (b *builder) storeOne(m mem, x reg) {
	b.emit(&node{op: opStoreOne, dst: none, mem: m, args: []reg{x}})
}

// tail is the last lanes of a row, fewer than a vector; the zero tail is a whole
// vector.
type tail struct {
	partial bool
	mask, n reg
	one     bool // the first lane, without a mask
}

// tail is the first n lanes, 0 < n ≤ lanes; it makes a mask once.
func (b *builder) tail(n reg) tail {
	scratch := b.register(scalar)
	return tail{partial: true, n: n, mask: b.set(mask, opTailMask, n, scratch)}
}

// access is an access to memory: of a whole vector, of a tail, of one lane.
type access struct{ whole, part, one op }

var (
	loads      = access{opLoad, opLoadTail, opLoadOne}
	halfLoads  = access{opLoadHalf, opLoadHalfTail, opLoadHalfOne}
	brainLoads = access{opLoadBrain, opLoadBrainTail, opLoadBrainOne}
	byteLoads  = access{opLoadByte, opLoadByteTail, opLoadByteOne}
	stores     = access{opStore, opStoreTail, opStoreOne}
	packStores = access{opStorePack, opStorePackTail, opStorePackOne}
)

func (b *builder) loadAs(a access, m mem, t tail) reg {
	switch {
	case t.one:
		return b.setMem(a.one, m)
	case t.partial:
		return b.setMem(a.part, m, t.mask, t.n)
	}
	return b.setMem(a.whole, m)
}

func (b *builder) storeAs(a access, m mem, x reg, t tail) {
	switch {
	case t.one:
		b.emit(&node{op: a.one, dst: none, mem: m, args: []reg{x}})
	case t.partial:
		b.emit(&node{op: a.part, dst: none, mem: m, args: []reg{x, t.mask, t.n}})
	default:
		b.emit(&node{op: a.whole, dst: none, mem: m, args: []reg{x}})
	}
}

func (b *builder) loadPart(m mem, t tail) reg     { return b.loadAs(loads, m, t) }
func (b *builder) storePart(m mem, x reg, t tail) { b.storeAs(stores, m, x, t) }

// constant is a vector of x, set ahead of the program.
func (b *builder) constant(x float64) reg { return b.bits(math.Float32bits(float32(x))) }

// bits is a vector of lanes with these bits.
func (b *builder) bits(x uint32) reg {
	if r, ok := b.consts[x]; ok {
		return r
	}
	r := b.register(vector)
	b.preamble = append(b.preamble, &node{op: opConst, dst: r, f: math.Float32frombits(x)})
	b.consts[x] = r
	return r
}

func (b *builder) zero() reg        { return b.set(vector, opZero) }
func (b *builder) copy(x reg) reg   { return b.set(vector, opMove, x) }
func (b *builder) add(x, y reg) reg { return b.set(vector, opAdd, x, y) }
func (b *builder) sub(x, y reg) reg { return b.set(vector, opSub, x, y) }
func (b *builder) mul(x, y reg) reg { return b.set(vector, opMul, x, y) }
func (b *builder) div(x, y reg) reg { return b.set(vector, opDiv, x, y) }

// max is NaN where y is; so is min.
func (b *builder) max(x, y reg) reg { return b.set(vector, opMax, x, y) }
func (b *builder) min(x, y reg) reg { return b.set(vector, opMin, x, y) }
func (b *builder) sqrt(x reg) reg   { return b.set(vector, opSqrt, x) }

func (b *builder) fma(sum, x, y reg) { b.change(opFMA, sum, x, y) }
func (b *builder) fmaMem(sum, x reg, m mem) {
	b.emit(&node{op: opFMAMem, dst: sum, mem: m, args: []reg{x}})
}
func (b *builder) fnma(sum, x, y reg) { b.change(opFNMA, sum, x, y) }

// fnmaOnce takes x·y off sum and rounds once, on every level.
func (b *builder) fnmaOnce(sum, x, y reg) {
	if b.level.wide() {
		b.fnma(sum, x, y)
		return
	}
	b.change(opFNMAOnce, sum, x, y)
}

func (b *builder) mulAdd(x, y, z reg) { b.change(opMulAdd, x, y, z) }

// fused is x·y + z, rounded once; x is overwritten, or not.
func (b *builder) fused(x, y, z reg) reg {
	if b.level.addends {
		z = b.copy(z)
		b.fma(z, x, y)
		return z
	}
	b.mulAdd(x, y, z)
	return x
}

func (b *builder) addTo(sum, x reg)       { b.change(opAdd, sum, sum, x) }
func (b *builder) and(x, y reg) reg       { return b.set(vector, opAnd, x, y) }
func (b *builder) or(x, y reg) reg        { return b.set(vector, opOr, x, y) }
func (b *builder) xor(x, y reg) reg       { return b.set(vector, opXor, x, y) }
func (b *builder) andNot(x, y reg) reg    { return b.set(vector, opAndNot, x, y) }
func (b *builder) abs(x reg) reg          { return b.and(x, b.bits(0x7fffffff)) }
func (b *builder) less(x, y reg) reg      { return b.set(mask, opLess, x, y) }
func (b *builder) equal(x, y reg) reg     { return b.set(mask, opEqual, x, y) }
func (b *builder) isNaN(x, y reg) reg     { return b.set(mask, opNaN, x, y) }
func (b *builder) choose(m, x, y reg) reg { return b.set(vector, opSelect, m, x, y) }

// sum and top reduce the lanes; the result is in all of them.
func (b *builder) sum(x reg) reg { return b.set(vector, opSum, x, b.register(vector)) }
func (b *builder) top(x reg) reg { return b.set(vector, opTop, x, b.register(vector)) }

func (b *builder) fmaLane(sum, x, y reg, lane int) {
	b.emit(&node{op: opFMALane, dst: sum, args: []reg{x, y}, imm: lane})
}

func (b *builder) prefetch(m mem, cache int) {
	b.emit(&node{op: opPrefetch, dst: none, mem: m, imm: cache})
}

// Integers and pointers.

func (b *builder) copyInt(x reg) reg        { return b.set(scalar, opCopyInt, x) }
func (b *builder) addImm(x reg, n int)      { b.imm(opAddImm, x, n) }
func (b *builder) addInt(x, y reg)          { b.change(opAddReg, x, y) }
func (b *builder) shl(x reg, n int)         { b.imm(opShlImm, x, n) }
func (b *builder) shr(x reg, n int)         { b.imm(opShrImm, x, n) }
func (b *builder) imm(o op, dst reg, n int) { b.emit(&node{op: o, dst: dst, imm: n}) }
func (b *builder) address(m mem) reg        { return b.setMemInt(opAddress, m) }

// Control flow.

// while runs body as long as n ≥ step, and takes step off n each time.
func (b *builder) while(n reg, step int, body func()) {
	b.emit(&node{op: opLoop, dst: none, args: []reg{n}, imm: step, body: b.inside(body)})
}

// ifMore runs body if n > than.
func (b *builder) ifMore(n reg, than int, body func()) {
	b.emit(&node{op: opIf, dst: none, args: []reg{n}, imm: than, body: b.inside(body)})
}

// ifNot runs body if n ≤ than.
func (b *builder) ifNot(n reg, than int, body func()) {
	b.emit(&node{op: opElse, dst: none, args: []reg{n}, imm: than, body: b.inside(body)})
}

// either runs body if n ≤ than, rest if not.
func (b *builder) either(n reg, than int, body, rest func()) {
	b.emit(&node{op: opEither, dst: none, args: []reg{n}, imm: than, body: b.inside(body), rest: b.inside(rest)})
}

func (b *builder) inside(body func()) []*node {
	var list []*node
	outer := b.block
	b.block = &list
	body()
	b.block = outer
	return list
}

// stride is a pointer that moves by so many bytes per step.
type stride struct {
	ptr   reg
	bytes int
}

// mixed is elements for pointers to elements of several sizes, bytes each. Where
// part of a vector of narrow elements can't be loaded, what is left goes by one.
func (b *builder) mixed(n reg, unroll int, moving []stride, body func(u int, t tail)) {
	lanes := b.level.lanes
	turn := func(times, elements int, t tail) func() {
		return func() {
			for u := range times {
				body(u, t)
			}
			for _, s := range moving {
				b.addImm(s.ptr, elements*s.bytes)
			}
		}
	}
	if unroll > 1 {
		b.while(n, unroll*lanes, turn(unroll, unroll*lanes, tail{}))
	}
	b.while(n, lanes, turn(1, lanes, tail{}))
	switch {
	case b.level.masks > 0:
		b.ifMore(n, 0, func() { body(0, b.tail(n)) })
	case b.level.wide():
		b.while(n, 1, turn(1, 1, tail{one: true}))
	}
}

// steps runs body n times, unroll at once: u numbers the steps of one turn, which
// the pointers are ahead of by u·bytes. Pointers move after each turn.
func (b *builder) steps(n reg, unroll int, moving []stride, body func(u int)) {
	turn := func(times int) func() {
		return func() {
			for u := range times {
				body(u)
			}
			for _, s := range moving {
				b.addImm(s.ptr, times*s.bytes)
			}
		}
	}
	if unroll > 1 {
		b.while(n, unroll, turn(unroll))
	}
	b.while(n, 1, turn(1))
}

// elements runs body on the vectors of n elements, unroll at once, and on the
// part that is left: body gets the vector's number in the turn.
func (b *builder) elements(n reg, unroll int, pointers []reg, body func(u int, t tail)) {
	l := b.level.lanes
	turn := func(times int) func() {
		return func() {
			b.abreast(times, func(u int) { body(u, tail{}) })
			for _, p := range pointers {
				b.addImm(p, times*b.level.bytes())
			}
		}
	}
	if unroll > 1 {
		b.while(n, unroll*l, turn(unroll))
	}
	b.while(n, l, turn(1))
	if b.level.wide() {
		b.ifMore(n, 0, func() { body(0, b.tail(n)) })
	}
}

// abreast writes body for 0, 1, … times − 1, as many at once as the level wants: an
// operation of each in turn, so that none waits for the one ahead of it.
func (b *builder) abreast(times int, body func(u int)) {
	for from := 0; from < times; from += b.level.abreast {
		var lists [][]*node
		for u := from; u < min(from+b.level.abreast, times); u++ {
			lists = append(lists, b.inside(func() { body(u) }))
		}
		for i := range lists[0] {
			for _, l := range lists {
				b.emit(l[i])
			}
		}
	}
}
