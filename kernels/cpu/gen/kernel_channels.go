package main

import "slices"

// Sums over the taps of a window that slides over rows of channels: lanes are channels,
// and each channel has its own weights.

// placesMost is the size of the array of kernels: one more than the most places that a
// level takes at once.
const placesMost = 9

var channelKernels = []family{{
	field: "Channels", size: placesMost,
	doc: "Channels[p] sets p rows of z, ldz apart, to bias + Σ w·x over the taps, one fused multiply-add each, in their order. " +
		"Rows have n channels. For each tap there are two offsets in bytes: of its first row of x, to which the offset from is added, and of its row of w. The rows of x are ldx apart.",
	params: slices.Concat(ints("n"), pointers("z"), ints("ldz", "count"), paramsOf("*int32", []string{"taps"}),
		pointers("x"), ints("from", "ldx"), pointers("w", "bias")),
	indices:  func(l *level) []int { return upTo(mostPlaces(l)) },
	describe: describeChannels,
}}

// mostPlaces is how many places share weights at most: two vectors of channels, their
// weights and an operand still stay in registers.
func mostPlaces(l *level) int {
	if l.vectors == 16 {
		return 6
	}
	return placesMost - 1
}

// channelVectors are how many vectors of channels are taken at once, the most first:
// eight hide the latency of multiply-adds of one place.
func channelVectors(l *level, places int) []int {
	if !l.wide() {
		return []int{1}
	}
	var list []int
	for n := 8; n > 0; n /= 2 {
		if n*(places+1)+1 < l.vectors {
			list = append(list, n)
		}
	}
	return list
}

func describeChannels(b *builder, places int) {
	l, n := b.level, b.param("n")
	z, x, w, bias := b.param("z"), b.param("x"), b.param("w"), b.param("bias")
	ldz, ldx := b.param("ldz"), b.param("ldx")
	b.shl(ldz, 2)
	b.shl(ldx, 2)
	x = b.address(mem{base: x, index: b.param("from"), scale: 1})
	group := func(vectors int, t tail) {
		sums := make([]reg, places*vectors)
		for i := range sums {
			sums[i] = b.loadPart(at(bias, i%vectors*l.bytes()), t)
		}
		tap := b.late("taps")
		b.while(b.late("count"), 1, func() {
			row := b.address(mem{base: w, index: b.setMemInt(opLoadInt, at(tap, 4)), scale: 1})
			weights := make([]reg, vectors)
			seen := b.address(mem{base: x, index: b.setMemInt(opLoadInt, at(tap, 0)), scale: 1})
			for place := range places {
				if place > 0 {
					b.addInt(seen, ldx)
				}
				for u := range vectors {
					if place == 0 {
						weights[u] = b.loadPart(at(row, u*l.bytes()), t)
					}
					b.fma(sums[place*vectors+u], weights[u], b.loadPart(at(seen, u*l.bytes()), t))
				}
			}
			b.addImm(tap, 8)
		})
		to := b.copyInt(z)
		for place := range places {
			if place > 0 {
				b.addInt(to, ldz)
			}
			for u := range vectors {
				b.storePart(at(to, u*l.bytes()), sums[place*vectors+u], t)
			}
		}
	}
	for _, vectors := range channelVectors(l, places) {
		b.while(n, vectors*l.lanes, func() {
			group(vectors, tail{})
			for _, p := range []reg{z, x, w, bias} {
				b.addImm(p, vectors*l.bytes())
			}
		})
	}
	if l.wide() {
		b.ifMore(n, 0, func() { group(1, b.tail(n)) })
	}
}
