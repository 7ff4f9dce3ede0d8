package main

import "slices"

// Sums and maxima over a window that slides along a row: each tap of it reads the
// row from a place of its own on.

// Where the fields of simd.Tap are, and its size.
const (
	tapWeight  = 0
	tapPointer = 8
	tapSize    = 16
)

var windowKernels = []family{
	{
		field: "Window", doc: "Window sets z to start + Σ weight·x over the taps, one fused multiply-add each, in their order.",
		params: windowParams,
		describe: func(b *builder, _ int) {
			describeWindow(b, func(tap reg) func(sum, x reg) {
				weight := b.splat(at(tap, tapWeight))
				return func(sum, x reg) { b.fma(sum, weight, x) }
			})
		},
	},
	{
		field: "WindowGreatest", doc: "WindowGreatest sets z to the greatest of start and of x of all taps; NaN wins.",
		params: windowParams,
		describe: func(b *builder, _ int) {
			describeWindow(b, func(reg) func(sum, x reg) {
				return func(sum, x reg) {
					b.greatest(x, sum)
					b.into(sum)
				}
			})
		},
	},
}

// windowVectors are how many vectors are taken at once, the most first: eight hide the
// latency of multiply-adds, more the loads of a tap's pointer and weight.
func windowVectors(l *level) []int {
	if l.vectors < 31 {
		return []int{8, 4, 1}
	}
	return []int{16, 8, 4, 1}
}

var windowParams = slices.Concat(ints("n"), pointers("z"), ints("count"), paramsOf("*Tap", []string{"taps"}), numbers("start"))

// describeWindow takes elements of the taps into sums, as many vectors at once as stay
// in registers. with returns what a tap does to a sum.
func describeWindow(b *builder, with func(tap reg) func(sum, x reg)) {
	n, z, l := b.param("n"), b.param("z"), b.level
	offset := b.register(scalar) // bytes
	b.imm(opSetInt, offset, 0)
	group := func(vectors int, t tail) {
		sums := make([]reg, vectors)
		for u := range sums {
			sums[u] = b.copy(b.param("start"))
		}
		tap := b.copyInt(b.param("taps"))
		b.while(b.copyInt(b.param("count")), 1, func() {
			x := b.address(mem{base: b.setMemInt(opLoadPointer, at(tap, tapPointer)), index: offset, scale: 1})
			take := with(tap)
			for u, sum := range sums {
				take(sum, b.loadPart(at(x, u*l.bytes()), t))
			}
			b.addImm(tap, tapSize)
		})
		for u, sum := range sums {
			b.storePart(mem{base: z, index: offset, scale: 1, disp: u * l.bytes()}, sum, t)
		}
	}
	for _, vectors := range windowVectors(l) {
		b.while(n, vectors*l.lanes, func() {
			group(vectors, tail{})
			b.addImm(offset, vectors*l.bytes())
		})
	}
	if l.wide() {
		b.ifMore(n, 0, func() { group(1, b.tail(n)) })
	}
}
