package canon

import (
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// identities remove nodes that do nothing.
var identities = []rewrite.Rule{
	{Label: "identity", Doc: "Identity(x) is x", Roots: []*ir.Op{op.Identity}, Match: func(_ *passes.Context, n *ir.Node) *rewrite.Patch {
		return same(n, n.In[0])
	}},
	{Label: "cast to the same type", Doc: "a cast to the operand's own type", Roots: []*ir.Op{op.Cast}, Match: castToSame},
	{Label: "cast of a wider cast", Doc: "a cast without loss under another cast", Roots: []*ir.Op{op.Cast}, Match: castOfWider},
	{Label: "single operand", Doc: "one operand joined or reduced with nothing", Roots: []*ir.Op{op.Concat, op.Max, op.Min, op.Sum, op.Mean}, Match: singleOperand},
	{Label: "single part", Doc: "a Split into one", Roots: []*ir.Op{op.Split}, Match: singlePart},
	{Label: "empty operand", Doc: "a Concat operand of size 0", Roots: []*ir.Op{op.Concat}, Match: emptyOperand},
	{Label: "expand to the same shape", Doc: "Expand that keeps the shape", Roots: []*ir.Op{op.Expand}, Match: keepingShape},
	{Label: "expanded for nothing", Doc: "Expand of an operand that is broadcast to the same anyway", Roots: broadcasting, Match: expandedOperand},
	{Label: "slice of everything", Doc: "Slice with steps of 1 that keeps the shape", Roots: []*ir.Op{op.Slice}, Match: sliceOfAll},
	{Label: "pad of nothing", Doc: "Pad with zeros for pads", Roots: []*ir.Op{op.Pad}, Match: padOfNothing},
	{Label: "no limits", Doc: "Clip without limits", Roots: []*ir.Op{op.Clip}, Match: clipWithoutLimits},
	{Label: "neutral operand", Doc: "x·1, x/1, x^1, x−0, x+(−0), and integers + 0", Roots: neutralRoots(), Match: neutralOperand},
	{Label: "double negation", Doc: "−(−x), ¬(¬x)", Roots: []*ir.Op{op.Neg, op.Not}, Match: doubleNegation},
}

func castToSame(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if n.In[0].Type.DType != n.Attr.(*attr.Cast).To {
		return nil
	}
	return same(n, n.In[0])
}

// castOfWider reads through an inner cast that loses nothing.
func castOfWider(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	inner := n.In[0].Def
	if inner == nil || inner.Op != op.Cast || !lossless(inner.In[0].Type.DType, inner.Attr.(*attr.Cast).To) {
		return nil
	}
	return rephrased(n, op.Cast, n.Attr, inner.In[0])
}

// significand is the number of bits that integers of a type, or the integers
// that a float type holds exactly, have without their sign.
var significand = map[tensor.DType]int{
	tensor.Bool: 1, tensor.Uint8: 8, tensor.Int8: 7, tensor.Uint16: 16, tensor.Int16: 15,
	tensor.Uint32: 32, tensor.Int32: 31, tensor.Uint64: 64, tensor.Int64: 63,
	tensor.BFloat16: 8, tensor.Float16: 11, tensor.Float32: 24, tensor.Float64: 53,
}

// lossless reports whether every value of from is one of to. f16 and bf16 differ
// in range, so neither holds the other; 16-bit floats don't hold all of u8 as
// bf16 holds 8 bits only for magnitudes, which u8 has.
func lossless(from, to tensor.DType) bool {
	f, t := significand[from], significand[to]
	switch {
	case f == 0 || t == 0 || to == tensor.Bool:
		return from == to && f != 0
	case from.IsFloat() && to.IsFloat():
		return f <= t && !(from == tensor.BFloat16 && to == tensor.Float16)
	case from.IsFloat():
		return false
	case from.IsSigned() && !to.IsSigned() && !to.IsFloat():
		return false
	}
	return f <= t
}

func singleOperand(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if len(n.In) != 1 {
		return nil
	}
	return same(n, n.In[0])
}

func singlePart(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if len(n.Out) != 1 || n.Out[0] == nil || !keepsShape(n, n.In[0]) {
		return nil
	}
	return same(n, n.In[0])
}

// emptyOperand drops operands that have size 0 along the axis, if another is
// left.
func emptyOperand(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	axis := n.Attr.(*attr.Axis).Axis
	kept := slices.DeleteFunc(slices.Clone(n.In), func(v *ir.Value) bool {
		rank, ok := v.Type.Rank()
		if !ok || axis < -rank || axis >= rank {
			return false
		}
		return v.Type.Shape[(axis+rank)%rank].Is(0)
	})
	if len(kept) == len(n.In) || len(kept) == 0 {
		return nil
	}
	return rephrased(n, op.Concat, n.Attr, kept...)
}

func keepingShape(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if !keepsShape(n, n.In[0]) {
		return nil
	}
	return same(n, n.In[0])
}

// broadcasting operators let any of their operands be of fewer elements.
var broadcasting = []*ir.Op{
	op.Add, op.Sub, op.Mul, op.Div, op.Pow, op.Max, op.Min, op.Where,
	op.Equal, op.Greater, op.GreaterOrEqual, op.Less, op.LessOrEqual, op.And, op.Or, op.Xor,
}

// expandedOperand drops the first Expand that changes nothing for n.
func expandedOperand(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	for i, v := range n.In {
		if v.Def == nil || v.Def.Op != op.Expand {
			continue
		}
		in := slices.Clone(n.In)
		in[i] = v.Def.In[0]
		p := rewrite.NewPatch(n, "")
		if y := p.Op(n.Op, n.Attr, in...); p.Err() == nil && keepsShape(n, y) {
			return p.Replace(n.Out[0], y)
		}
	}
	return nil
}

func sliceOfAll(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if steps := n.Operand(4); steps != nil {
		ints, ok := steps.Ints()
		if !ok || slices.ContainsFunc(ints, func(s int64) bool { return s != 1 }) {
			return nil
		}
	}
	return keepingShape(nil, n)
}

func padOfNothing(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	pads, ok := n.In[1].Ints()
	if !ok || slices.ContainsFunc(pads, func(p int64) bool { return p != 0 }) {
		return nil
	}
	return keepingShape(nil, n)
}

func clipWithoutLimits(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if n.Operand(1) != nil || n.Operand(2) != nil {
		return nil
	}
	return same(n, n.In[0])
}

// neutral says, by operator, which constant right operand does nothing.
var neutral = map[*ir.Op]func(x float64, integer bool) bool{
	op.Mul: func(x float64, _ bool) bool { return x == 1 },
	op.Div: func(x float64, _ bool) bool { return x == 1 },
	op.Pow: func(x float64, _ bool) bool { return x == 1 },
	op.Sub: func(x float64, _ bool) bool { return x == 0 && !math.Signbit(x) },
	op.Add: func(x float64, integer bool) bool { return x == 0 && (integer || math.Signbit(x)) },
}

func neutralRoots() []*ir.Op { return []*ir.Op{op.Mul, op.Div, op.Pow, op.Sub, op.Add} }

// maxNeutral is the size up to which constants are looked through.
const maxNeutral = 4096

// neutralOperand relies on constants being on the right.
func neutralOperand(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	x, c := n.In[0], n.In[1].Const
	if c == nil || !c.DType.IsFloat() && !c.DType.IsInt() || c.Len() > maxNeutral || c.Len() == 0 || !keepsShape(n, x) {
		return nil
	}
	for i := range c.Len() {
		if !neutral[n.Op](c.FloatAt(i), c.DType.IsInt()) {
			return nil
		}
	}
	return same(n, x)
}

func doubleNegation(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	inner := n.In[0].Def
	if inner == nil || inner.Op != n.Op {
		return nil
	}
	return same(n, inner.In[0])
}
