package sym

import (
	"fmt"
	"math"
)

// Infinite ends of an Interval.
const (
	NegInf = math.MinInt64
	PosInf = math.MaxInt64
)

// Interval is a range of integers, both ends included. Lo = NegInf and
// Hi = PosInf mean unbounded.
type Interval struct{ Lo, Hi int64 }

// Everything is the interval of all integers.
func Everything() Interval { return Interval{NegInf, PosInf} }

// Sizes is the interval of all dimension sizes.
func Sizes() Interval { return Interval{0, PosInf} }

// Contains reports whether n lies in r.
func (r Interval) Contains(n int64) bool { return r.Lo <= n && n <= r.Hi }

// String gives [lo,hi] with -inf and +inf.
func (r Interval) String() string {
	lo, hi := fmt.Sprint(r.Lo), fmt.Sprint(r.Hi)
	if r.Lo == NegInf {
		lo = "-inf"
	}
	if r.Hi == PosInf {
		hi = "+inf"
	}
	return "[" + lo + "," + hi + "]"
}

func (r Interval) intersect(s Interval) Interval {
	return Interval{max(r.Lo, s.Lo), min(r.Hi, s.Hi)}
}

func (r Interval) union(s Interval) Interval {
	return Interval{min(r.Lo, s.Lo), max(r.Hi, s.Hi)}
}

func (r Interval) add(s Interval) Interval {
	out := Everything()
	if r.Lo != NegInf && s.Lo != NegInf {
		out.Lo = saturatingAdd(r.Lo, s.Lo)
	}
	if r.Hi != PosInf && s.Hi != PosInf {
		out.Hi = saturatingAdd(r.Hi, s.Hi)
	}
	return out
}

// saturatingAdd clips to the ends: a clipped lower end stays a lower bound of
// the true sum, or is NegInf; the same holds for the upper end.
func saturatingAdd(a, b int64) int64 {
	s, ok := addOK(a, b)
	switch {
	case ok:
		return s
	case a > 0:
		return math.MaxInt64
	}
	return math.MinInt64
}

// bound is one end of an interval, infinite or not.
type bound struct {
	v   int64
	inf int // -1, 0, +1
}

func (r Interval) ends() [2]bound {
	lo, hi := bound{v: r.Lo}, bound{v: r.Hi}
	if r.Lo == NegInf {
		lo = bound{inf: -1}
	}
	if r.Hi == PosInf {
		hi = bound{inf: 1}
	}
	return [2]bound{lo, hi}
}

func (b bound) sign() int {
	switch {
	case b.inf != 0:
		return b.inf
	case b.v > 0:
		return 1
	case b.v < 0:
		return -1
	}
	return 0
}

func (b bound) times(c bound) int64 {
	s := b.sign() * c.sign()
	if s == 0 {
		return 0
	}
	if b.inf == 0 && c.inf == 0 {
		if p, ok := mulOK(b.v, c.v); ok {
			return p
		}
	}
	if s > 0 {
		return math.MaxInt64
	}
	return math.MinInt64
}

func (r Interval) mul(s Interval) Interval {
	out := Interval{math.MaxInt64, math.MinInt64}
	for _, a := range r.ends() {
		for _, b := range s.ends() {
			p := a.times(b)
			out.Lo, out.Hi = min(out.Lo, p), max(out.Hi, p)
		}
	}
	return out
}

func (r Interval) scale(k int64) Interval {
	ends := r.ends()
	p, q := ends[0].times(bound{v: k}), ends[1].times(bound{v: k})
	return Interval{min(p, q), max(p, q)}
}

// divide covers round(a/b) for a in r and b in s. A divisor of 0 has no value,
// so a divisor that can't be negative is at least 1.
func (r Interval) divide(s Interval, round func(a, b int64) (int64, bool)) Interval {
	if s.Lo < 0 || s.Hi < 1 {
		return Everything()
	}
	out := Everything()
	if r.Lo != NegInf {
		near, _ := round(r.Lo, max(s.Lo, 1))
		out.Lo = min(near, farQuotient(r.Lo, s.Hi, round))
	}
	if r.Hi != PosInf {
		near, _ := round(r.Hi, max(s.Lo, 1))
		out.Hi = max(near, farQuotient(r.Hi, s.Hi, round))
	}
	return out
}

// farQuotient is round(a/b), where b = PosInf means any large divisor.
func farQuotient(a, b int64, round func(a, b int64) (int64, bool)) int64 {
	if b == PosInf {
		a = max(min(a, PosInf-1), -(PosInf - 1))
	}
	q, _ := round(a, b)
	return q
}
