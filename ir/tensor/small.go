package tensor

import "math"

// minifloat describes a float of at most 8 bits, as in the ONNX documents
// "Float stored in 8 bits" and "Float stored in 4 bits".
type minifloat struct {
	exp, man int
	bias     int
	inf      bool // has infinities (E5M2)
	fn       bool // all ones is NaN, no infinity (E4M3FN)
	uz       bool // negative zero is the only NaN (…FNUZ)
}

var minifloats = map[DType]minifloat{
	Float8E4M3FN:   {exp: 4, man: 3, bias: 7, fn: true},
	Float8E4M3FNUZ: {exp: 4, man: 3, bias: 8, uz: true},
	Float8E5M2:     {exp: 5, man: 2, bias: 15, inf: true},
	Float8E5M2FNUZ: {exp: 5, man: 2, bias: 16, uz: true},
	Float4E2M1:     {exp: 2, man: 1, bias: 1},
}

// decode gives the value of the code c.
func (m minifloat) decode(c uint8) float32 {
	sign := c >> (m.exp + m.man) & 1
	e := int(c>>m.man) & (1<<m.exp - 1)
	f := int(c) & (1<<m.man - 1)
	maxE := 1<<m.exp - 1
	nan := float32(math.NaN())
	switch {
	case m.uz && sign == 1 && e == 0 && f == 0:
		return nan
	case m.fn && e == maxE && f == 1<<m.man-1:
		return nan
	case m.inf && e == maxE && f != 0:
		return nan
	case m.inf && e == maxE:
		return float32(math.Inf(1 - 2*int(sign)))
	}
	v := math.Ldexp(float64(f), 1-m.bias-m.man)
	if e > 0 {
		v = math.Ldexp(float64(f+1<<m.man), e-m.bias-m.man)
	}
	if sign == 1 {
		v = -v
	}
	return float32(v)
}

// encode rounds to nearest even. Overflow saturates when saturate is set, and
// otherwise gives infinity or NaN, whichever the type has (Cast, attribute
// saturate).
func (m minifloat) encode(v float32, saturate bool) uint8 {
	signBit := uint8(1) << (m.exp + m.man)
	var sign uint8
	if math.Signbit(float64(v)) {
		sign = signBit
	}
	largest, nan, inf := m.special(signBit)
	if v != v {
		return nan | sign&m.nanSign(signBit)
	}
	a := math.Abs(float64(v))
	over := sign | largest
	if !saturate && (m.inf || m.fn || m.uz) {
		over = inf
		if m.inf {
			over |= sign
		} else if m.fn {
			over |= sign
		}
	}
	if math.IsInf(a, 1) {
		if saturate && m.inf || saturate {
			return sign | largest
		}
		return over
	}
	if a == 0 {
		if m.uz {
			return 0
		}
		return sign
	}
	_, e := math.Frexp(a) // a = f·2^e, f in [1/2,1)
	e--
	if e < 1-m.bias {
		e = 1 - m.bias
	}
	q := math.RoundToEven(math.Ldexp(a, m.man-e))
	if q >= float64(int(2)<<m.man) {
		q, e = q/2, e+1
	}
	if q == 0 {
		if m.uz {
			return 0
		}
		return sign
	}
	code := 0
	if q >= float64(int(1)<<m.man) {
		code = (e+m.bias)<<m.man + int(q) - 1<<m.man
	} else {
		code = int(q) // subnormal
	}
	if code > int(largest) {
		return over
	}
	return sign | uint8(code)
}

// special gives the codes of the largest finite value, of NaN and of what an
// unsaturated overflow becomes.
func (m minifloat) special(signBit uint8) (largest, nan, inf uint8) {
	all := signBit - 1
	switch {
	case m.inf:
		inf = uint8(1<<m.exp-1) << m.man
		return inf - 1, all, inf
	case m.fn:
		return all - 1, all, all
	case m.uz:
		return all, signBit, signBit
	}
	return all, all, all // Float4E2M1 has neither; it saturates
}

// nanSign masks the sign that a NaN keeps: none where NaN is negative zero.
func (m minifloat) nanSign(signBit uint8) uint8 {
	if m.uz {
		return 0
	}
	return signBit
}
