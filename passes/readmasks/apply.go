package readmasks

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
)

// applied makes the application of n's operator, an elementwise one, to elements.
func (s *space) applied(n *ir.Node, args []*expr) *expr {
	if e := s.computed(n, args); e != nil {
		return e
	}
	if f := algebra[n.Op]; f != nil {
		if e := f(s, n, args); e != nil {
			return e
		}
	}
	return s.unique(&expr{kind: apply, dtype: n.Out[0].Type.DType, node: n, args: args})
}

// algebra holds the operators that mean something here; each returns nil where
// the application stays one.
var algebra map[*ir.Op]func(s *space, n *ir.Node, in []*expr) *expr

func init() { // not a literal: the functions make applications themselves
	algebra = map[*ir.Op]func(s *space, n *ir.Node, in []*expr) *expr{
		op.Identity: func(_ *space, _ *ir.Node, in []*expr) *expr { return in[0] },
		op.And:      func(s *space, _ *ir.Node, in []*expr) *expr { return s.and(in...) },
		op.Or:       func(s *space, _ *ir.Node, in []*expr) *expr { return s.or(in...) },
		op.Not:      func(s *space, _ *ir.Node, in []*expr) *expr { return s.not(in[0]) },
		op.Xor: func(s *space, _ *ir.Node, in []*expr) *expr {
			return s.or(s.and(in[0], s.not(in[1])), s.and(s.not(in[0]), in[1]))
		},
		op.Where: func(s *space, _ *ir.Node, in []*expr) *expr { return s.chosen(in[0], in[1], in[2]) },
		op.Cast:  func(s *space, n *ir.Node, in []*expr) *expr { return s.cast(n, in[0]) },
		op.Add:   (*space).sum,
		op.Sub:   (*space).difference,
		op.Mul:   (*space).product,
		op.Neg: func(s *space, _ *ir.Node, in []*expr) *expr {
			if in[0].kind != affine {
				return nil
			}
			return s.affine(in[0].line.neg(), in[0].dtype)
		},
		op.Min: func(s *space, _ *ir.Node, in []*expr) *expr { return s.extreme(in, sym.Dim.Min) },
		op.Max: func(s *space, _ *ir.Node, in []*expr) *expr { return s.extreme(in, sym.Dim.Max) },
	}
	for _, o := range []*ir.Op{op.Less, op.LessOrEqual, op.Greater, op.GreaterOrEqual, op.Equal} {
		algebra[o] = (*space).comparison
	}
}

// computed applies n's operator to constants, as the reference kernels do.
func (s *space) computed(n *ir.Node, args []*expr) *expr {
	in := make([]*tensor.Tensor, len(args))
	for i, arg := range args {
		if in[i] = constant(arg); in[i] == nil {
			return nil
		}
	}
	row, ok := eval.Lookup(n.Op)
	if !ok {
		return nil
	}
	out := []*tensor.Tensor{{}}
	if row.Call(n.Attr, out, in) != nil || out[0].Len() != 1 || !simple(out[0].DType) {
		return nil
	}
	return s.number(out[0])
}

// constant returns the constant that e is, or nil.
func constant(e *expr) *tensor.Tensor {
	if e.kind == number {
		return e.num
	}
	c, ok := e.constant()
	n, known := c.IsConst()
	if !ok || !known {
		return nil
	}
	t := tensor.New(e.dtype)
	if e.dtype.IsFloat() {
		t.SetFloat(0, float64(n))
	} else {
		t.SetInt(0, n)
	}
	return t
}

// simple reports whether elements of type d are calculated with here.
func simple(d tensor.DType) bool { return d == tensor.Bool || d.IsInt() || d.IsFloat() }

// chosen makes c ? a : b.
func (s *space) chosen(c, a, b *expr) *expr {
	switch {
	case c.isBool(true) || a == b:
		return a
	case c.isBool(false):
		return b
	case a.dtype == tensor.Bool:
		return s.or(s.and(c, a), s.and(s.not(c), b))
	case isTruthOf(c, b): // x ≠ 0 ? a : x
		b = s.zero(b.dtype)
	case c.kind == not && isTruthOf(c.args[0], a):
		a = s.zero(a.dtype)
	}
	if c.kind == not {
		c, a, b = c.args[0], b, a
	}
	return s.unique(&expr{kind: choose, dtype: a.dtype, args: []*expr{c, a, b}})
}

// isTruthOf reports whether c is x converted to a condition.
func isTruthOf(c, x *expr) bool { return c.kind == apply && c.node.Op == op.Cast && c.args[0] == x }

func (s *space) zero(d tensor.DType) *expr { return s.number(tensor.New(d)) }
func (s *space) one(d tensor.DType) *expr {
	t := tensor.New(d)
	if d.IsFloat() {
		t.SetFloat(0, 1)
	} else {
		t.SetInt(0, 1)
	}
	return s.number(t)
}

// cast converts e to the type that n, a Cast, converts to.
func (s *space) cast(n *ir.Node, e *expr) *expr {
	to := n.Attr.(*attr.Cast).To
	switch {
	case to == e.dtype:
		return e
	case e.dtype == tensor.Bool && (to.IsInt() || to.IsFloat()):
		return s.chosen(e, s.one(to), s.zero(to))
	case to == tensor.Bool:
		return s.truth(n, e)
	case e.kind == affine && keepsIntegers(e.dtype, to):
		return s.affine(e.line, to)
	}
	return nil
}

// keepsIntegers reports whether sizes and positions stay what they are if they
// are converted: they are taken to be integers below 2²⁴, as no queries × keys
// mask could be computed of more.
func keepsIntegers(from, to tensor.DType) bool {
	wide := func(d tensor.DType) bool {
		return d == tensor.Int64 || d == tensor.Int32 || d == tensor.Float32 || d == tensor.Float64
	}
	return wide(from) && wide(to)
}

// truth converts e to a condition: whether it is not 0.
func (s *space) truth(n *ir.Node, e *expr) *expr {
	if e.kind == affine {
		return s.not(s.and(s.least(e.line), s.least(e.line.neg())))
	}
	if r := s.range64(e); r.lo > 0 || r.hi < 0 {
		return s.bool(true)
	}
	if x, y, ok := s.factors(e); ok {
		return s.and(s.truth(n, x), s.truth(n, y))
	}
	return s.byCases([]*expr{e}, func(in []*expr) *expr {
		if x := s.computed(n, in); x != nil {
			return x
		}
		return s.unique(&expr{kind: apply, dtype: tensor.Bool, node: n, args: in})
	})
}

// comparison compares each case of one operand with each of the other.
func (s *space) comparison(n *ir.Node, in []*expr) *expr {
	return s.byCases(in, func(in []*expr) *expr {
		if e := s.computed(n, in); e != nil {
			return e
		}
		return s.compared(n, in[0], in[1])
	})
}

func (s *space) sum(_ *ir.Node, in []*expr) *expr {
	a, b := in[0], in[1]
	switch {
	case a.kind == affine && b.kind == affine:
		return s.affine(a.line.add(b.line), a.dtype)
	case s.isZero(a):
		return b
	case s.isZero(b):
		return a
	}
	return nil
}

func (s *space) difference(_ *ir.Node, in []*expr) *expr {
	a, b := in[0], in[1]
	switch {
	case a.kind == affine && b.kind == affine:
		return s.affine(a.line.sub(b.line), a.dtype)
	case s.isZero(b):
		return a
	}
	return nil
}

// isZero reports whether e is the constant 0; −0 counts, since scores, which it is
// compared with or added to in the end, don't tell.
func (s *space) isZero(e *expr) bool {
	t := constant(e)
	return t != nil && t.DType != tensor.Bool && t.FloatAt(0) == 0
}

func (s *space) product(_ *ir.Node, in []*expr) *expr {
	for i, k := range in {
		x := in[1-i]
		if t := constant(k); t != nil && t.FloatAt(0) == 1 {
			return x
		}
		if c, ok := k.constant(); ok && x.kind == affine {
			return s.affine(x.line.scale(c), x.dtype)
		}
	}
	return nil
}

// extreme is Min or Max of integers that don't depend on the indices.
func (s *space) extreme(in []*expr, of func(a, b sym.Dim) sym.Dim) *expr {
	var best sym.Dim
	for i, e := range in {
		c, ok := e.constant()
		switch {
		case !ok:
			return nil
		case i == 0:
			best = c
		default:
			best = of(best, c)
		}
	}
	return s.affine(lineOf(best), in[0].dtype)
}

// operation stands for a node that applies an elementwise operator.
func operation(o *ir.Op, a any, d tensor.DType) *ir.Node {
	return &ir.Node{Op: o, Attr: a, Out: []*ir.Value{{Type: ir.Type{DType: d}}}}
}
