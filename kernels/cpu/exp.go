package cpu

import "math"

// ln2 in two parts: n·ln2Hi is exact for every exponent n of an f32.
const (
	log2e = 1.44269504
	ln2Hi = 0.693359375
	ln2Lo = -2.12194440e-4

	expHigh = 88.7228394  // above, eˣ is +Inf
	expLow  = -103.972084 // below, eˣ rounds to 0
	toInt   = 3 << 22     // added and taken off again, rounds to an integer
)

// exp32 is eˣ of one number, within 1.5 units in the last place: with x = n·ln 2 + r, |r| ≤ ½ln 2, it is 2ⁿ·(1 + r + r²·P(r)).
func exp32(x float32) float32 {
	if x > expHigh {
		return float32(math.Inf(1))
	}
	if x < expLow {
		return 0
	}
	n := float32(float32(x*log2e)+toInt) - toInt
	r := x - float32(n*ln2Hi)
	r -= float32(n * ln2Lo)
	p := float32(0.00138145984*r) + 0.0083687169
	p = float32(p*r) + 0.0416683881
	p = float32(p*r) + 0.166665206
	p = float32(p*r) + 0.499999934
	y := 1 + (r + float32(float32(r*r)*p))
	e := int32(n)
	if e >= -126 && e <= 127 {
		return y * exp2(e)
	}
	half := e / 2 // 2ⁿ itself is out of range, or the result is subnormal
	return float32(y*exp2(half)) * exp2(e-half)
}

// exp2 is 2ᵉ for exponents of normal numbers.
func exp2(e int32) float32 { return math.Float32frombits(uint32(e+127) << 23) }
