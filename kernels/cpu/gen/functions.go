package main

import "math"

// The functions of one vector, as sequences of operations. Errors are in units in
// the last place against float64, over all arguments; package simd's tests check
// them.

// polynomial evaluates coefficients, the lowest first, by Horner's rule.
func (b *builder) polynomial(x reg, c ...float64) reg {
	p := b.copy(b.constant(c[len(c)-1]))
	for i := len(c) - 2; i >= 0; i-- {
		p = b.fused(p, x, b.constant(c[i]))
	}
	return p
}

// timesPower is y·2ⁿ for integers n of floats, over- and underflow included.
func (b *builder) timesPower(y, n reg) reg {
	if b.level.name == "avx512" {
		return b.set(vector, opScale, y, n)
	}
	// 2ⁿ itself may be out of range where the product is not: two halves.
	i := b.set(vector, opToInt, n)
	half := b.shift(opShiftRight, i, 1)
	rest := b.set(vector, opSubInt, i, half)
	for _, part := range []reg{half, rest} {
		biased := b.set(vector, opAddInt, part, b.bits(127))
		y = b.mul(y, b.shift(opShiftLeft, biased, 23))
	}
	return y
}

func (b *builder) shift(o op, x reg, n int) reg {
	r := b.register(vector)
	b.emit(&node{op: o, dst: r, args: []reg{x}, imm: n})
	return r
}

func (b *builder) round(x reg) reg { return b.set(vector, opRound, x) }

// exp is eˣ within 1.5 units: with x = n·ln 2 + r, |r| ≤ ½ln 2, it is 2ⁿ·(1 + r +
// r²·P(r)). Outside the limits the result is 0 or infinite.
func (b *builder) exp(x reg) reg {
	x = b.min(b.constant(89), b.max(b.constant(-104), x))
	n := b.round(b.mul(x, b.constant(math.Log2E)))
	return b.timesPower(b.add(b.expRest(x, n), b.constant(1)), n)
}

// expRest is eʳ − 1 of what n·ln 2 leaves of x.
func (b *builder) expRest(x, n reg) reg {
	r := b.copy(x)
	b.fnma(r, n, b.constant(0.693359375)) // ln 2 in two parts, the first exact times n
	b.fnma(r, n, b.constant(-2.12194440e-4))
	p := b.polynomial(r, 0.499999934, 0.166665206, 0.0416683881, 0.0083687169, 0.00138145984)
	return b.fused(p, b.mul(r, r), r)
}

// roughExpCoefficients is eʳ on |r| ≤ ½ln 2, off by 1.2·10⁻⁷ at most.
var roughExpCoefficients = []float64{1.0000001, 1, 0.4999887, 0.16666505, 0.041917507, 0.008369149}

// roundBySum is an integer and what it is made from: 1.5·2²³ has no room for a
// fraction, so that adding it rounds, and the integer is in the lowest bits of the
// sum. It takes two operations where rounding takes as many, but can be fused with
// a product.
func (b *builder) roundBySum(x, by reg) (n, sum reg) {
	magic := b.constant(3 << 22)
	sum = b.copy(magic)
	b.fma(sum, x, by)
	return b.sub(sum, magic), sum
}

// expFalling is eˣ for x ≤ 0 and NaN, within 4 + |x|/25 units, and 0 where that is
// below the normal numbers: a product that reads one of those takes a processor a
// hundred times as long, and masks of −100, as window attention has them, make nothing
// else.
func (b *builder) expFalling(x reg) reg {
	least := b.constant(-87.3)
	e := b.expWithin(b.max(least, x))
	return b.choose(b.less(x, least), b.constant(0), e)
}

// expWithin is eˣ for −87.3 ≤ x ≤ 0.
func (b *builder) expWithin(x reg) reg {
	n, sum := b.roundBySum(x, b.constant(math.Log2E))
	r := b.copy(x)
	if b.level.wide() { // without fused multiply-add, the product would be rounded
		b.fnma(r, n, b.constant(math.Ln2))
	} else {
		b.fnma(r, n, b.constant(0.693359375)) // ln 2 in two parts, as in exp
		b.fnma(r, n, b.constant(-2.12194440e-4))
	}
	y := b.polynomial(r, roughExpCoefficients...)
	if b.level.name == "avx512" {
		return b.set(vector, opScale, y, n)
	}
	power := b.set(vector, opAddInt, b.shift(opShiftLeft, sum, 23), b.bits(127<<23))
	return b.mul(y, power)
}

// exp2Coefficients is 2ʳ on |r| ≤ ½, off by 2·10⁻⁷ at most. These and the others
// are what fit gives (fit_test.go), written down: its last digits depend on the
// machine that it runs on, and the files of package simd must not.
var exp2Coefficients = []float64{1.0000001, 0.6931472, 0.24022107, 0.05550357, 0.009676032, 0.0013390863}

// powerFloor is 2ʳ on 0 ≤ r < 1, exact at 0: see weightFloor.
var powerFloor = append([]float64{1}, weightFloor...)

// exp2 is f·2ˣ within 4 units, for x < 128 and NaN; from −152 down it is 0. The
// factor f is a power of two.
func (b *builder) exp2(x reg, f float64) reg {
	if b.level.name == "avx512" { // the fraction of −∞ is 0, and 2 to it is 0
		r := b.set(vector, opFraction, x)
		return b.timesPower(b.polynomial(r, times(f, powerFloor)...), x)
	}
	x = b.max(b.constant(-152), x)
	n := b.round(x)
	return b.timesPower(b.polynomial(b.sub(x, n), times(f, exp2Coefficients)...), n)
}

func times(f float64, c []float64) []float64 {
	list := make([]float64, len(c))
	for i, x := range c {
		list[i] = f * x
	}
	return list
}

// withSign is |y| with the sign of x.
func (b *builder) withSign(y, x reg) reg {
	sign := b.bits(0x80000000)
	return b.or(b.andNot(sign, y), b.and(sign, x))
}

// tanh is within 3 units: an odd polynomial near 0, and (1 − e⁻²ˣ)/(1 + e⁻²ˣ)
// elsewhere.
func (b *builder) tanh(x reg) reg {
	a := b.abs(x)
	t := b.mul(x, x)
	p := b.polynomial(t, -0.333333302, 0.133332009, -0.053946946, 0.02170429, -0.00819068812, 0.00215825762)
	near := b.copy(x)
	b.fma(near, x, b.mul(t, p))
	e := b.expWithin(b.mul(b.min(b.constant(10), a), b.constant(-2)))
	far := b.quotient(b.sub(b.constant(1), e), b.add(b.constant(1), e))
	return b.choose(b.less(a, b.constant(0.6)), near, b.withSign(far, x))
}

// erf is within 3 units: an odd polynomial up to 1, and 1 − e^(−Q(x)) above, which
// rounds to 1 from 4 on.
func (b *builder) erf(x reg) reg {
	a := b.abs(x)
	t := b.mul(x, x)
	p := b.polynomial(t, -0.376126258, 0.112835851, -0.0268538119, 0.00518832767, -0.000801019352, 7.853861e-05)
	near := b.mul(x, b.constant(1.12837917))
	b.fma(near, x, b.mul(t, p))
	far := b.min(b.constant(4.1), a)
	q := b.polynomial(far, 0.000353718758, 1.12704004, 0.638225672, 0.103037373, -0.0218053206, 0.00293960789, -0.000185574071)
	e := b.sub(b.constant(1), b.expWithin(b.sub(b.constant(0), q)))
	return b.choose(b.less(a, b.constant(1)), near, b.withSign(e, x))
}

// fallCoefficients is e⁻ʳ on |r| ≤ ½ln 2, off by 1.1·10⁻⁷ of it at most; the first
// two are exact, so that they share registers and small r lose nothing.
var fallCoefficients = []float64{1, -1, 0.4999923, -0.1666711, 0.04189017, -0.00831279}

// sigmoidFar is from where on sigmoid(−x) is 0: it would be below the normal
// numbers, and eˣ nearly out of range.
const sigmoidFar = 88

// sigmoid is 1/(1 + e⁻ˣ) within 3.5 units, which this form keeps of small results,
// too. With −x = n·ln 2 − r, e⁻ˣ is 2ⁿ·e⁻ʳ; n is rounded by a sum that holds 2ⁿ's
// exponent in its lowest bits, for |n| ≤ 127: −127 makes 2ⁿ 0.
func (b *builder) sigmoid(x reg) reg {
	one, bias := b.constant(1), b.constant(3<<22+127)
	r := b.min(b.constant(sigmoidFar), x)
	sum := b.copy(bias)
	b.fma(sum, r, b.constant(-math.Log2E))
	n := b.sub(sum, bias)
	b.fma(r, n, b.constant(0.693359375)) // ln 2 in two parts, as in exp
	b.fma(r, n, b.constant(-2.12194440e-4))
	y := b.copy(one)
	b.fma(y, b.polynomial(r, fallCoefficients...), b.shift(opShiftLeft, sum, 23))
	return b.inverse(y, x, b.constant(-sigmoidFar))
}

// inverse is 1/y within 1 unit, or 0 where x < least, whatever y is there.
// Quotients of AVX-512 take longer than an approximation by 14 bits and a
// correction that doubles them.
func (b *builder) inverse(y, x, least reg) reg {
	one := b.constant(1)
	if b.level.name != "avx512" {
		return b.choose(b.less(x, least), b.constant(0), b.div(one, y))
	}
	z, rest := b.set(vector, opInverse, y), b.copy(one)
	b.fnma(rest, z, y)
	b.change(opFMAWhere, z, z, rest, b.set(mask, opNotLess, x, least))
	return z
}

// quotient is x/y within 1 unit, for 1 ≤ y ≤ 2 and NaN, in the way of inverse.
func (b *builder) quotient(x, y reg) reg {
	if b.level.name != "avx512" {
		return b.div(x, y)
	}
	inverse := b.set(vector, opInverse, y)
	q, rest := b.mul(x, inverse), b.copy(x)
	b.fnma(rest, q, y)
	b.fma(q, rest, inverse)
	return q
}

func (b *builder) silu(x reg) reg { return b.mul(x, b.sigmoid(x)) }

func (b *builder) quickGelu(x reg) reg {
	return b.mul(x, b.sigmoid(b.mul(x, b.constant(1.702))))
}

// geluTanh is ½x(1 + tanh u) = x·sigmoid(2u) with u = √(2/π)·(x + 0.044715x³).
func (b *builder) geluTanh(x reg) reg {
	c := 2 * math.Sqrt(2/math.Pi)
	u := b.polynomial(b.mul(x, x), c, c*0.044715)
	return b.mul(x, b.sigmoid(b.mul(u, x)))
}

// geluFar is from where on Φ(−x) is below the least f32 that is normal.
const geluFar = 13.1

// geluCoefficients is log₂(2Φ(−x))/x.
var geluCoefficients = []float64{
	-1.1511045, -0.45921367, -0.052470252, 0.0069840387, -1.1813106e-05, -0.00029103877, 8.8484136e-05, -1.5896478e-05,
	1.956172e-06, -1.6912854e-07, 1.0123956e-08, -3.998509e-10, 9.373768e-12, -9.8768e-14,
}

// gelu is x·Φ(x). With E = Φ(−|x|) = ½·2^(|x|·P(|x|)) it is x·E for negative x, and
// x·(1 − E) else, which keeps the precision of small results. Beyond geluFar, P is
// what it is there, and E soon 0.
func (b *builder) gelu(x reg) reg {
	a := b.abs(x)
	e := b.exp2(b.mul(a, b.polynomial(b.min(b.constant(geluFar), a), geluCoefficients...)), 0.5)
	e = b.choose(b.less(x, b.constant(0)), e, b.sub(b.constant(1), e))
	return b.mul(x, e)
}

// hardSwish is x·max(0, min(1, x/6 + ½)), in a form that is exact near −3.
func (b *builder) hardSwish(x reg) reg {
	y := b.max(b.constant(0), b.min(b.constant(6), b.add(x, b.constant(3))))
	return b.mul(x, b.mul(y, b.constant(1./6)))
}

// greater is NaN where either is; so is lesser.
func (b *builder) greater(x, y reg) reg { return b.choose(b.isNaN(x, x), x, b.max(x, y)) }
func (b *builder) lesser(x, y reg) reg  { return b.choose(b.isNaN(x, x), x, b.min(x, y)) }

// relu keeps NaN.
func (b *builder) relu(x reg) reg { return b.max(b.constant(0), x) }
