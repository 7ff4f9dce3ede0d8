package main

import "slices"

// stepFunctions are what a step of Steps makes of the accumulator and its operand,
// in the order of simd's constants. Each rounds by itself: a step is what its
// function is alone.
var stepFunctions = []func(b *builder, a, y reg) reg{
	func(b *builder, _, y reg) reg { return b.copy(y) },
	(*builder).add,
	(*builder).sub, turned((*builder).sub),
	(*builder).mul,
	(*builder).div, turned((*builder).div),
	(*builder).greater, turned((*builder).greater),
	(*builder).lesser, turned((*builder).lesser),
}

// turned is a function of its arguments in the other order.
func turned(f func(b *builder, x, y reg) reg) func(b *builder, x, y reg) reg {
	return func(b *builder, x, y reg) reg { return f(b, y, x) }
}

// Where the fields of simd.Step are, and its size.
const (
	stepOp      = 0
	stepNumber  = 4
	stepPointer = 8
	stepSize    = 16
)

// accumulators are how many vectors go through the steps at once, the most first: to
// choose a step's function costs as much as three vectors or more.
func accumulators(l *level) []int {
	if l.vectors < 31 { // as AVX2 has them
		return []int{8, 2, 1}
	}
	return []int{16, 4, 1}
}

var stepKernels = []family{{
	field:    "Steps",
	doc:      "Steps runs steps on n elements: groups of them stay in registers from the first step to the last.",
	params:   slices.Concat(ints("n", "count"), paramsOf("*Step", []string{"steps"})),
	describe: func(b *builder, _ int) { describeSteps(b) },
}}

func describeSteps(b *builder) {
	n, l := b.param("n"), b.level
	at := b.register(scalar) // bytes
	b.imm(opSetInt, at, 0)
	for _, vectors := range accumulators(l) {
		b.while(n, vectors*l.lanes, func() {
			describeGroup(b, at, vectors, tail{})
			b.addImm(at, vectors*l.bytes())
		})
	}
	if l.wide() {
		b.ifMore(n, 0, func() { describeGroup(b, at, 1, b.tail(n)) })
	}
}

// describeGroup runs all steps on the vectors that begin at offset.
func describeGroup(b *builder, offset reg, vectors int, t tail) {
	a := make([]reg, vectors)
	for u := range a {
		a[u] = b.zero()
	}
	step := b.copyInt(b.param("steps"))
	b.while(b.copyInt(b.param("count")), 1, func() {
		op := b.setMemInt(opLoadInt, at(step, stepOp))
		x := b.address(mem{base: b.setMemInt(opLoadPointer, at(step, stepPointer)), index: offset, scale: 1})
		functions := len(stepFunctions)
		b.branch(op, 0, 2*functions+1, func(i int) {
			number := none
			if i >= functions && i < 2*functions {
				number = b.splat(at(step, stepNumber))
			}
			for u := range a {
				m := at(x, u*b.level.bytes())
				switch {
				case i == 2*functions:
					b.storePart(m, a[u], t)
				case number == none:
					stepFunctions[i](b, a[u], b.loadPart(m, t))
					b.into(a[u])
				default:
					stepFunctions[i-functions](b, a[u], number)
					b.into(a[u])
				}
			}
		})
		b.addImm(step, stepSize)
	})
}

// branch runs body for the one i in lo ≤ i < hi that op is.
func (b *builder) branch(op reg, lo, hi int, body func(i int)) {
	if hi-lo == 1 {
		body(lo)
		return
	}
	middle := (lo + hi) / 2
	b.either(op, middle-1, func() { b.branch(op, lo, middle, body) }, func() { b.branch(op, middle, hi, body) })
}
