package main

import "math"

// The functions of angles.

// halfPi is ½π in three parts: the first times a whole number of quarters comes off
// an angle without a rounding, and what the third leaves is far below the rest.
var halfPi = [...]float64{0x1.921fb6p+0, -0x1.777a5cp-25, -0x1.ee59dap-50}

// quarters takes quarters of a turn off x: |r| ≤ 0.81 is what is left, and the
// lowest bits of q are how many they were. It holds for |x| ≤ 2¹⁷, the positions of
// long texts in radians: from there on the product that is rounded to a number of
// quarters is off by more than the polynomials allow for.
func (b *builder) quarters(x reg) (r, q reg) {
	n, q := b.roundBySum(x, b.constant(2/math.Pi))
	r = b.copy(x)
	for _, part := range halfPi {
		b.fnmaOnce(r, n, b.constant(part))
	}
	return r, q
}

// sineCoefficients is (sin √t/√t − 1)/t, cosineCoefficients (cos √t − 1 + ½t)/t², for
// t up to angleSquare.
var (
	sineCoefficients   = []float64{-0.16666667, 0.0083333315, -0.00019839916, 2.7228547e-06}
	cosineCoefficients = []float64{0.041666664, -0.0013888219, 2.4530299e-05}
)

const angleSquare = 0.81 * 0.81

// sin is within 1.5 units for |x| ≤ 2¹⁷; NaN for NaN.
func (b *builder) sin(x reg) reg {
	r, q := b.quarters(x)
	return b.sine(r, q)
}

// cos is the sine a quarter further on.
func (b *builder) cos(x reg) reg {
	r, q := b.quarters(x)
	return b.sine(r, b.set(vector, opAddInt, q, b.bits(1)))
}

// sine is sin(r + q·½π): q's lowest bit takes the cosine, the next one the sign.
func (b *builder) sine(r, q reg) reg {
	one := b.constant(1)
	t := b.mul(r, r)
	s := b.copy(r)
	b.fma(s, r, b.mul(t, b.polynomial(t, sineCoefficients...)))
	c := b.polynomial(t, append([]float64{1, -0.5}, cosineCoefficients...)...)
	odd := b.less(b.or(b.shift(opShiftLeft, q, 31), one), b.constant(0))
	sign := b.shift(opShiftLeft, b.shift(opShiftRight, q, 1), 31)
	return b.xor(b.choose(odd, c, s), sign)
}

// arcCoefficients is (arcsin √t/√t − 1)/t for t ≤ ¼, arcTanCoefficients (arctan √t/√t − 1)/t
// for t ≤ 1.
var (
	arcCoefficients    = []float64{0.16666666, 0.075000945, 0.044599401, 0.031100663, 0.017149237, 0.033690849}
	arcTanCoefficients = []float64{
		-0.33333332, 0.19999739, -0.14278569, 0.11033764, -0.086568804, 0.062501694, -0.035871539, 0.013507771, -0.0023869973,
	}
)

// arc is what arcsin and arccos are made of: p is arcsin(s), where s is |x| up to ½,
// and √(½(1 − |x|)) above, since cos 2u = 1 − 2sin²u.
func (b *builder) arc(x reg) (p, near reg) {
	a, half := b.abs(x), b.constant(0.5)
	near = b.less(a, half)
	t := b.choose(near, b.mul(a, a), b.mul(half, b.sub(b.constant(1), a)))
	s := b.choose(near, a, b.sqrt(t))
	p = b.copy(s)
	b.fma(p, s, b.mul(t, b.polynomial(t, arcCoefficients...)))
	return p, near
}

// asin is within 2.5 units; NaN beyond 1.
func (b *builder) asin(x reg) reg {
	p, near := b.arc(x)
	far := b.sub(b.constant(math.Pi/2), b.add(p, p))
	return b.withSign(b.choose(near, p, far), x)
}

// acos is within 2 units: ½π − arcsin x near 0, else 2p, or π less that.
func (b *builder) acos(x reg) reg {
	p, near := b.arc(x)
	twice := b.add(p, p)
	far := b.choose(b.less(x, b.constant(0)), b.sub(b.constant(math.Pi), twice), twice)
	return b.choose(near, b.sub(b.constant(math.Pi/2), b.withSign(p, x)), far)
}

// atan is within 2 units: above 1 it is ½π less that of 1/x.
func (b *builder) atan(x reg) reg {
	a, one := b.abs(x), b.constant(1)
	beyond := b.less(one, a)
	s := b.choose(beyond, b.div(one, a), a)
	t := b.mul(s, s)
	p := b.copy(s)
	b.fma(p, s, b.mul(t, b.polynomial(t, arcTanCoefficients...)))
	return b.withSign(b.choose(beyond, b.sub(b.constant(math.Pi/2), p), p), x)
}
