package fuserope

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// tables makes values with given lanes.
type tables struct {
	c *passes.Context
	r *reader
	p *rewrite.Patch
}

// value returns a value whose last axis has the lanes want; the axes before are
// those of the lanes, but for axes of size 1. nil: there is no way.
func (t *tables) value(want []lane) *ir.Value {
	if !slices.ContainsFunc(want, func(l lane) bool { return l > 0 }) {
		if v := t.value(negated(want)); v != nil {
			return t.p.Op(op.Neg, nil, v)
		}
		return nil
	}
	if v := t.whole(want); v != nil {
		return v
	}
	if v := t.computed(want); v != nil {
		return v
	}
	return t.cut(want)
}

// whole returns a value that has these lanes and no others.
func (t *tables) whole(want []lane) *ir.Value {
	for _, at := range t.r.met {
		if at.axes == 1 && slices.Equal(t.r.lanes[at], want) {
			return at.v
		}
	}
	return nil
}

// computed makes the value from one with the lanes that want is computed of.
func (t *tables) computed(want []lane) *ir.Value {
	first := t.r.term(want[0])
	a, b := make([]lane, len(want)), make([]lane, len(want))
	for i, l := range want {
		own := t.r.term(l)
		if own.op != first.op || own.of != first.of {
			return nil
		}
		a[i], b[i] = own.a, own.b
	}
	switch {
	case first.op == nil:
		return t.selected(first.of, want)
	case slices.ContainsFunc(want, func(l lane) bool { return l < 0 }):
		return nil
	case first.of != nil:
		return t.again(first.of.Def, a)
	case first.op == op.Mul && alike(a):
		return t.scaled(first.op, b, a[0])
	case (first.op == op.Mul || first.op == op.Div) && alike(b):
		return t.scaled(first.op, a, b[0])
	}
	return nil
}

func alike(lanes []lane) bool {
	return !slices.ContainsFunc(lanes, func(l lane) bool { return l != lanes[0] })
}

// scaled makes a product or quotient with a constant of one element.
func (t *tables) scaled(o *ir.Op, operands []lane, by lane) *ir.Value {
	c := t.r.term(by)
	if c.op != nil || c.of == nil || c.of.Const == nil || c.of.Const.Len() != 1 {
		return nil
	}
	v := t.value(operands)
	if v == nil {
		return nil
	}
	factor := t.p.Const(c.of.Const.Reshaped())
	if by < 0 {
		factor = t.p.Float(factor.Type.DType, -c.of.Const.FloatAt(0))
	}
	return t.p.Op(o, nil, v, factor)
}

// again does what n does to a value with fewer lanes.
func (t *tables) again(n *ir.Node, operands []lane) *ir.Value {
	v := t.value(operands)
	switch {
	case v == nil || isView(n):
		return v // which gets the shape that is needed at last
	case n.Op == op.GatherElements:
		return nil // its indices have the shape of what they take
	case n.Op == op.Gather || n.Op == op.Slice:
		if !(tail{v, 1}).before().Equal(tail{n.In[0], 1}.before()) {
			return nil
		}
	}
	return t.p.Op(n.Op, n.Attr, append([]*ir.Value{v}, n.In[1:]...)...)
}

// selected makes a constant of columns of the constant v.
func (t *tables) selected(v *ir.Value, want []lane) *ir.Value {
	if v == nil || v.Const == nil {
		return nil
	}
	c, n := v.Const, len(want)
	columns := c.Shape[len(c.Shape)-1]
	rows := c.Len() / columns
	if columns < n || !t.c.AllowConstant(rows*n*c.DType.Bits()/8) {
		return nil
	}
	out := tensor.New(c.DType, append(slices.Clone(c.Shape[:len(c.Shape)-1]), n)...)
	for i := range out.Len() {
		l := want[i%n]
		out.SetFloat(i, float64(l.sign())*c.FloatAt(i/n*columns+t.r.term(l).index))
	}
	return t.p.Const(out)
}

// cut returns a slice of a value with more lanes.
func (t *tables) cut(want []lane) *ir.Value {
	for _, at := range t.r.met {
		if at.axes == 1 && at.v.Const == nil {
			if v := t.slice(at, want); v != nil {
				return v
			}
		}
	}
	return nil
}

// slice returns lanes of a value that are next to each other, or every other.
func (t *tables) slice(of tail, want []lane) *ir.Value {
	for start, l := range t.r.lanes[of] {
		for step := 1; l == want[0] && step <= 2; step++ {
			if runs(t.r.lanes[of][start:], want, step) {
				end := start + (len(want)-1)*step + 1
				last := len(of.v.Type.Shape) - 1
				return t.p.Op(op.Slice, nil, of.v, t.p.Ints(int64(start)), t.p.Ints(int64(end)), t.p.Ints(int64(last)), t.p.Ints(int64(step)))
			}
		}
	}
	return nil
}

// reordered returns the lanes of a value that are rotated: cut out in one piece,
// or, unless they are neighbours, the halves and the rest one by one.
func (t *tables) reordered(rot *rotation) *ir.Value {
	if slices.Equal(t.r.lanes[rot.x], rot.from) {
		return rot.x.v
	}
	if v := t.slice(rot.x, rot.from); v != nil || rot.interleaved {
		return v
	}
	var parts []*ir.Value
	half := rot.lanes / 2
	for _, want := range [][]lane{rot.from[:half], rot.from[half:rot.lanes], rot.from[rot.lanes:]} {
		if len(want) == 0 {
			continue
		}
		part := t.slice(rot.x, want)
		if part == nil {
			return nil
		}
		parts = append(parts, part)
	}
	return t.p.Op(op.Concat, &attr.Axis{Axis: len(rot.x.v.Type.Shape) - 1}, parts...)
}

// runs reports whether want are every step-th of lanes, from the first on.
func runs(lanes, want []lane, step int) bool {
	for i, l := range want {
		if at := i * step; at >= len(lanes) || lanes[at] != l {
			return false
		}
	}
	return true
}

// shaped makes the value with lanes want and the axes lead before them.
func (t *tables) shaped(want []lane, lead sym.Shape) *ir.Value {
	v := t.value(want)
	if v == nil {
		return nil
	}
	full := append(slices.Clone(lead), sym.Const(int64(len(want))))
	if v.Type.Shape.Equal(full) {
		return v
	}
	v = t.ones(v, op.Squeeze, v.Type.Shape)
	v = t.ones(v, op.Unsqueeze, full)
	if !v.Type.HasRank || !v.Type.Shape.Equal(full) {
		return nil
	}
	return v
}

// ones removes or inserts the axes of size 1 that shape has before its last.
func (t *tables) ones(v *ir.Value, o *ir.Op, shape sym.Shape) *ir.Value {
	var axes []int64
	for i, d := range shape[:len(shape)-1] {
		if d.Is(1) {
			axes = append(axes, int64(i))
		}
	}
	if len(axes) == 0 {
		return v
	}
	return t.p.Op(o, nil, v, t.p.Ints(axes...))
}
