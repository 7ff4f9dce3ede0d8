package main

import "math"

// Activations that few models have.

// expLess is eˣ − 1 for x ≤ 0 and NaN, within 2 units: with x = n·ln 2 + r it is
// 2ⁿ·(eʳ − 1) + (2ⁿ − 1). From −20 down it rounds to −1.
func (b *builder) expLess(x reg) reg {
	x = b.max(b.constant(-20), x)
	n, sum := b.roundBySum(x, b.constant(math.Log2E))
	power := b.set(vector, opAddInt, b.shift(opShiftLeft, sum, 23), b.bits(127<<23))
	z := b.sub(power, b.constant(1))
	b.fma(z, b.expRest(x, n), power)
	return z
}

// elu is positive·x above 0, and negative·(e^(inside·x) − 1) below.
func (b *builder) elu(x, positive, negative, inside reg) reg {
	zero := b.constant(0)
	below := b.mul(negative, b.expLess(b.min(zero, b.mul(x, inside))))
	return b.choose(b.less(zero, x), b.mul(x, positive), below)
}

// leak is x, or x·y below 0.
func (b *builder) leak(x, y reg) reg {
	return b.choose(b.less(x, b.constant(0)), b.mul(x, y), x)
}

// softplus is log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|), within 3 units.
func (b *builder) softplus(x reg) reg {
	return b.add(b.relu(x), b.logOfSum(b.exp(b.sub(b.constant(0), b.abs(x)))))
}

// mish is x·tanh(log(1 + eˣ)), within 5 units. With u = e^−|x| the tangent is
// (1 + 2u)/(1 + 2u + 2u²), and (2u + u²)/(2u + u² + 2) for negative x: nothing
// overflows or cancels.
func (b *builder) mish(x reg) reg {
	u, two := b.exp(b.sub(b.constant(0), b.abs(x))), b.constant(2)
	square := b.mul(u, u)
	negative := b.less(x, b.constant(0))
	over := b.add(b.add(u, u), b.choose(negative, square, b.constant(1)))
	under := b.add(over, b.choose(negative, two, b.add(square, square)))
	return b.mul(x, b.div(over, under))
}

// softsign is x/(1 + |x|).
func (b *builder) softsign(x reg) reg { return b.div(x, b.add(b.constant(1), b.abs(x))) }

// sign is −1, 0 or 1, and x for 0 and NaN.
func (b *builder) sign(x reg) reg {
	zero := b.constant(0)
	x = b.choose(b.less(zero, x), b.constant(1), x)
	return b.choose(b.less(x, zero), b.constant(-1), x)
}

// nearest is the integer nearest to x, ties to even; unlike round, of any x.
func (b *builder) nearest(x reg) reg {
	a, all := b.abs(x), b.constant(1<<23) // from there on all are whole
	return b.choose(b.less(a, all), b.withSign(b.sub(b.add(a, all), all), x), x)
}

func (b *builder) floor(x reg) reg {
	n := b.nearest(x)
	return b.choose(b.less(x, n), b.sub(n, b.constant(1)), n)
}

// ceil is −⌊−x⌋, which makes −0 of what lies between −1 and 0.
func (b *builder) ceil(x reg) reg { return b.negative(b.floor(b.negative(x))) }

func (b *builder) negative(x reg) reg { return b.xor(x, b.bits(signBit)) }
