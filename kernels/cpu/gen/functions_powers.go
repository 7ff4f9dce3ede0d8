package main

// Logarithms and powers.

// Bits of f32 that they go by.
const (
	rootHalf   = 0x3f3504f3 // √½
	infinite   = 0x7f800000
	anyNaN     = 0x7fc00000
	signBit    = 0x80000000
	leastWhole = 0x00800000 // the least normal number
)

// split is x = m·2ᵉ with √½ ≤ m < √2, for positive numbers, those below the normal
// ones included.
func (b *builder) split(x reg) (m, e reg) {
	small := b.less(x, b.bits(leastWhole))
	x = b.choose(small, b.mul(x, b.constant(1<<23)), x)
	m, e = b.splitNormal(x)
	return m, b.sub(e, b.choose(small, b.constant(23), b.constant(0)))
}

// splitNormal is split for normal numbers.
func (b *builder) splitNormal(x reg) (m, e reg) {
	n := b.shift(opShiftRight, b.set(vector, opSubInt, x, b.bits(rootHalf)), 23)
	m = b.set(vector, opSubInt, x, b.shift(opShiftLeft, n, 23))
	magic := b.constant(3 << 22) // has its lowest bits for n: see roundBySum
	return m, b.sub(b.set(vector, opAddInt, n, magic), magic)
}

// logCoefficients is (log(1 + r) − r + ½r²)/r³ for √½ ≤ 1 + r ≤ √2.
var logCoefficients = []float64{
	0.33333331, -0.24999997, 0.20000716, -0.16667802, 0.14249058, -0.12425687, 0.1168542, -0.11479734, 0.069716115,
}

// logOf is log(m·2ᵉ) for √½ ≤ m ≤ √2. The upper part of log 2 has few bits: its
// product with e is exact.
func (b *builder) logOf(m, e reg) reg {
	r := b.sub(m, b.constant(1))
	t := b.mul(r, r)
	y := b.mul(b.mul(t, r), b.polynomial(r, logCoefficients...))
	b.fma(y, e, b.constant(-2.12194440e-4)) // log 2 in two parts, as in exp
	b.fnma(y, t, b.constant(0.5))
	y = b.add(r, y)
	b.fma(y, e, b.constant(0.693359375))
	return y
}

// log is within 1.5 units, and as IEEE 754 says of 0, negative and infinite numbers.
func (b *builder) log(x reg) reg {
	zero, inf := b.constant(0), b.bits(infinite)
	y := b.choose(b.less(x, inf), b.logOf(b.split(x)), x)
	y = b.choose(b.less(x, zero), b.bits(anyNaN), y)
	return b.choose(b.equal(x, zero), b.bits(infinite|signBit), y)
}

// logOfSum is log(1 + u) for 0 ≤ u ≤ 1, within 2 units: what 1 + u rounds off is
// made good.
func (b *builder) logOfSum(u reg) reg {
	one := b.constant(1)
	w := b.add(one, u)
	lost := b.div(b.sub(u, b.sub(w, one)), w)
	return b.add(b.logOf(b.splitNormal(w)), lost)
}

// root is x^½ as powers are defined: that of −0 is 0, and that of −∞ infinite.
func (b *builder) root(x reg) reg {
	least := b.bits(infinite | signBit)
	return b.choose(b.equal(x, least), b.bits(infinite), b.add(b.sqrt(x), b.constant(0)))
}

// areaCoefficients is (artanh √t/√t − 1)/t for t ≤ ((√2 − 1)/(√2 + 1))².
var areaCoefficients = []float64{0.33333333, 0.20000061, 0.14275408, 0.1166529}

// The factor of log₂ (1 + s)/(1 − s) = 2/ln 2·artanh s, in two parts.
const (
	twoLog2e     = 0x1.715476p+1
	twoLog2eRest = 0x1.4ae0cp-25
)

// log2 is log₂(m·2ᵉ) as a sum of two floats, whose error is 2⁻³¹ of it at most. With
// s = (m − 1)/(m + 1) it is e + 2/ln 2·artanh s, and artanh s = s + s·(s²/3 + …): the
// quotient, its square and its product with the factor are of two floats each.
func (b *builder) log2(m, e reg) (high, low reg) {
	one, factor := b.constant(1), b.constant(twoLog2e)
	over, under := b.sub(m, one), b.add(m, one)
	s := b.div(over, under)
	rest := b.copy(over)
	b.fnmaOnce(rest, s, under)
	b.fnmaOnce(rest, s, b.sub(m, b.sub(under, one))) // what m + 1 rounds off
	rest = b.div(rest, under)
	t := b.mul(s, s)
	lost := b.copy(t)
	b.fnmaOnce(lost, s, s)
	q := b.mul(t, b.polynomial(t, areaCoefficients...))
	b.fnma(q, lost, b.constant(1./3))
	b.fma(rest, rest, t) // the slope of artanh is 1 + s² and more
	p := b.mul(s, factor)
	lost = b.copy(p)
	b.fnmaOnce(lost, s, factor)
	low = b.mul(rest, factor)
	b.fma(low, s, b.constant(twoLog2eRest))
	low = b.sub(low, lost)
	b.fma(low, p, q)
	sum := b.add(e, p)
	low = b.add(low, b.add(b.sub(e, sum), p))
	high = b.add(sum, low)
	return high, b.sub(low, b.sub(high, sum))
}

// powerCoefficients is 2ʳ on |r| ≤ ½, exact at 0.
var powerCoefficients = []float64{1, 0.69314719, 0.24022651, 0.055503567, 0.0096180822, 0.0013391093, 0.00015453362}

// pow is xʸ within 2.5 units, and as IEEE 754 says of zeros, infinities, NaN and
// negative bases, for |y| < 2²²: from there on what is lost of the exponent matters.
func (b *builder) pow(x, y reg) reg {
	zero, one, inf, nan := b.constant(0), b.constant(1), b.bits(infinite), b.bits(anyNaN)
	a := b.abs(x)
	z := b.powOf(a, y)
	// Zeros and infinities have no logarithm.
	finite, empty := b.less(a, inf), b.equal(a, zero)
	falls := b.less(y, zero)
	z = b.choose(finite, z, b.choose(falls, zero, inf))
	z = b.choose(empty, b.choose(falls, inf, zero), z)
	// Negative bases have powers that are whole, odd ones of which are negative.
	half := b.mul(y, b.constant(0.5))
	whole := b.choose(b.equal(b.round(half), half), z, b.withSign(z, x))
	broken := b.choose(b.less(x, zero), b.choose(finite, nan, z), z)
	z = b.choose(b.equal(b.round(y), y), whole, broken)
	z = b.choose(b.isNaN(x, y), nan, z)
	z = b.choose(b.equal(x, one), one, z)
	return b.choose(b.equal(y, zero), one, z)
}

// powOf is aʸ = 2^(y·log₂a) for positive numbers a.
func (b *builder) powOf(a, y reg) reg {
	high, low := b.log2(b.split(a))
	t := b.mul(y, high)
	lost := b.copy(t)
	b.fnmaOnce(lost, y, high)
	b.fnma(lost, y, low) // t − y·(high + low)
	t = b.max(b.constant(-200), b.min(b.constant(200), t))
	n := b.round(t)
	one := b.constant(1)
	r := b.sub(b.sub(t, n), b.max(b.constant(-1), b.min(one, lost)))
	return b.timesPower(b.polynomial(r, powerCoefficients...), n)
}
