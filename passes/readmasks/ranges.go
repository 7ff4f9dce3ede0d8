package readmasks

import (
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// span is an interval of numbers; the ends may be infinite.
type span struct{ lo, hi float64 }

// undefined bounds what may be NaN: no comparison with it is decided.
var undefined = span{math.NaN(), math.NaN()}

func (p span) union(q span) span {
	if p.unknown() || q.unknown() {
		return undefined
	}
	return span{min(p.lo, q.lo), max(p.hi, q.hi)}
}

func (p span) unknown() bool { return math.IsNaN(p.lo) || math.IsNaN(p.hi) }

// below reports whether every number of p is less than any of q, by so much that
// rounding doesn't change it: the ends are those of exact arithmetic.
func (p span) below(q span) bool {
	return q.lo-p.hi > 1e-2*max(math.Abs(p.hi), math.Abs(q.lo))
}

// size is the greatest magnitude.
func (p span) size() float64 { return max(math.Abs(p.lo), math.Abs(p.hi)) }

// range64 bounds the values of a numeric expression. Integers that may overflow
// may be anything.
func (s *space) range64(e *expr) span {
	r, ok := s.spans[e]
	if !ok {
		r = limited(s.rangeOf(e), e.dtype)
		s.spans[e] = r
	}
	return r
}

// limited is r, or everything of an integer type that r goes beyond.
func limited(r span, d tensor.DType) span {
	if limit := rangeOfType(d); d.IsInt() && !(r.lo >= limit.lo && r.hi <= limit.hi) {
		return limit
	}
	return r
}

func (s *space) rangeOf(e *expr) span {
	switch e.kind {
	case number:
		x := e.num.FloatAt(0)
		return span{x, x}
	case affine:
		return s.rangeOfLine(e.line)
	case load:
		return s.rangeOfValue(e.of, maxRangeDepth)
	case choose:
		return s.range64(e.args[1]).union(s.range64(e.args[2]))
	case apply:
		if f := ranges[e.node.Op]; f != nil {
			args := make([]span, len(e.args))
			for i, arg := range e.args {
				if arg.dtype == tensor.Bool {
					args[i] = span{0, 1}
					continue
				}
				if args[i] = s.range64(arg); args[i].unknown() {
					return undefined
				}
			}
			return f(e.dtype, e.args[0].dtype, args)
		}
	}
	return rangeOfType(e.dtype)
}

func (s *space) rangeOfLine(l line) span {
	lo, hi, ok := s.bounds(l)
	if !ok {
		return rangeOfType(tensor.Int64)
	}
	end := func(n int64) float64 {
		switch n {
		case math.MinInt64, math.MaxInt64:
			return math.Copysign(1<<63, float64(n))
		}
		return float64(n)
	}
	return span{end(lo.Bounds(nil).Lo), end(hi.Bounds(nil).Hi)}
}

// rangeOfType bounds integers; floats may be anything.
func rangeOfType(d tensor.DType) span {
	switch {
	case d == tensor.Bool:
		return span{0, 1}
	case d.IsInt() && d.IsSigned():
		limit := math.Ldexp(1, d.Bits()-1)
		return span{-limit, limit - 1}
	case d.IsInt():
		return span{0, math.Ldexp(1, d.Bits()) - 1}
	}
	return undefined
}

// maxRangeDepth bounds the operators that the range of a value is read through.
const maxRangeDepth = 32

// rangeOfValue bounds the elements of a value.
func (s *space) rangeOfValue(v *ir.Value, depth int) span {
	r, ok := s.ranges[v]
	if !ok {
		r = limited(s.spanOf(v, depth), v.Type.DType)
		s.ranges[v] = r
	}
	return r
}

func (s *space) spanOf(v *ir.Value, depth int) span {
	n := v.Def
	switch {
	case v.Const != nil:
		return rangeOfTable(v.Const)
	case n == nil || depth == 0 || len(n.In) == 0:
		return rangeOfType(v.Type.DType)
	case rearranging[n.Op]:
		return s.rangeOfValue(n.In[0], depth-1)
	}
	f := ranges[n.Op]
	if f == nil {
		return rangeOfType(v.Type.DType)
	}
	in := make([]span, len(n.In))
	for i, x := range n.In {
		if in[i] = s.rangeOfValue(x, depth-1); in[i].unknown() {
			return undefined
		}
	}
	return f(v.Type.DType, n.In[0].Type.DType, in)
}

// rearranging operators have elements of their first operand alone.
var rearranging = map[*ir.Op]bool{
	op.Identity: true, op.Reshape: true, op.Flatten: true, op.Squeeze: true, op.Unsqueeze: true, op.Transpose: true,
	op.Expand: true, op.Tile: true, op.Slice: true, op.Split: true, op.Gather: true, op.GatherND: true, op.GatherElements: true,
}

// rangeOfTable bounds the elements of a table.
func rangeOfTable(t *tensor.Tensor) span {
	if t.Len() == 0 || t.Len() > maxTable || !t.DType.IsFloat() && !t.DType.IsInt() {
		return rangeOfType(t.DType)
	}
	r := span{t.FloatAt(0), t.FloatAt(0)}
	for i := 1; i < t.Len() && !r.unknown(); i++ {
		x := t.FloatAt(i)
		r = r.union(span{x, x})
	}
	return r
}

// ranges bounds elementwise operators from the bounds of their operands; to is the
// type of the result, from that of the first operand.
var ranges = map[*ir.Op]func(to, from tensor.DType, in []span) span{
	op.Add: func(_, _ tensor.DType, in []span) span {
		return defined(span{in[0].lo + in[1].lo, in[0].hi + in[1].hi})
	},
	op.Sub: func(_, _ tensor.DType, in []span) span {
		return defined(span{in[0].lo - in[1].hi, in[0].hi - in[1].lo})
	},
	op.Mul: func(_, _ tensor.DType, in []span) span { return products(in[0], in[1]) },
	op.Div: func(to, _ tensor.DType, in []span) span {
		if !to.IsFloat() || in[1].lo <= 0 {
			return rangeOfType(to)
		}
		return products(in[0], span{1 / in[1].hi, 1 / in[1].lo})
	},
	op.Neg: func(_, _ tensor.DType, in []span) span { return span{-in[0].hi, -in[0].lo} },
	op.Abs: func(_, _ tensor.DType, in []span) span {
		if in[0].lo <= 0 && in[0].hi >= 0 {
			return span{0, in[0].size()}
		}
		return span{min(math.Abs(in[0].lo), math.Abs(in[0].hi)), in[0].size()}
	},
	op.Min: func(_, _ tensor.DType, in []span) span {
		r := in[0]
		for _, p := range in[1:] {
			r = span{min(r.lo, p.lo), min(r.hi, p.hi)}
		}
		return r
	},
	op.Max: func(_, _ tensor.DType, in []span) span {
		r := in[0]
		for _, p := range in[1:] {
			r = span{max(r.lo, p.lo), max(r.hi, p.hi)}
		}
		return r
	},
	op.Cast: func(to, from tensor.DType, in []span) span {
		if to.IsFloat() && (from.IsInt() || from == tensor.Bool || to.Bits() >= from.Bits()) {
			return in[0]
		}
		return rangeOfType(to)
	},
}

// defined is r unless it has an end that may be NaN (∞ − ∞).
func defined(r span) span {
	if r.unknown() {
		return undefined
	}
	return r
}

// products bounds x·y; 0·∞ is NaN.
func products(x, y span) span {
	r := undefined
	for i, p := range []float64{x.lo * y.lo, x.lo * y.hi, x.hi * y.lo, x.hi * y.hi} {
		switch {
		case math.IsNaN(p):
			return undefined
		case i == 0:
			r = span{p, p}
		default:
			r = r.union(span{p, p})
		}
	}
	if math.IsInf(x.size(), 0) || math.IsInf(y.size(), 0) {
		return undefined
	}
	return r
}
