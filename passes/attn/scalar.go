package attn

import (
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// maxScalarDepth bounds the arithmetic read as one number: the longest seen is
// 1/√√d computed from a shape, nine nodes.
const maxScalarDepth = 16

// maxScalarWork bounds the nodes of such arithmetic: a value may be read twice at
// each of them.
const maxScalarWork = 64

// maxSplat bounds the constants that are compared element by element.
const maxSplat = 1 << 12

// Scalar returns the number that v holds if it has one element known at compile
// time: a constant, or arithmetic on constants and static dims such as the √d
// that exporters compute from Shape.
func Scalar(v *ir.Value) (float64, bool) {
	if v == nil || v.Type.HasRank && !v.Type.Shape.Elements().Is(1) {
		return 0, false
	}
	return Splat(v)
}

// Splat returns the number that all elements of v have in common.
func Splat(v *ir.Value) (float64, bool) {
	left := maxScalarWork
	return splat(v, maxScalarDepth, &left)
}

func splat(v *ir.Value, depth int, left *int) (float64, bool) {
	switch *left--; {
	case v == nil || depth == 0 || *left < 0:
		return 0, false
	case v.Const != nil:
		return splatConst(v)
	case len(v.Sym) == 1:
		n, ok := v.Sym[0].IsConst()
		return float64(n), ok
	case v.Def == nil:
		return 0, false
	}
	n := v.Def
	x, ok := splat(n.Operand(0), depth-1, left)
	if !ok {
		return 0, false
	}
	if f := unaryNumbers[n.Op]; f != nil {
		return stored(v, f(x)), true
	}
	f := binaryNumbers[n.Op]
	if f == nil {
		return 0, false
	}
	y, ok := splat(n.Operand(1), depth-1, left)
	return stored(v, f(x, y)), ok
}

func splatConst(v *ir.Value) (float64, bool) {
	t := v.Const
	if !t.DType.IsFloat() && !t.DType.IsInt() && t.DType != tensor.Bool || t.Len() == 0 || t.Len() > maxSplat {
		return 0, false
	}
	x := t.FloatAt(0)
	for i := 1; i < t.Len(); i++ {
		if t.FloatAt(i) != x {
			return 0, false
		}
	}
	return x, true
}

// stored is x as a value of v's type holds it, integers truncated.
func stored(v *ir.Value, x float64) float64 {
	if v.Type.DType.IsFloat() {
		return x
	}
	return math.Trunc(x)
}

func same(x float64) float64 { return x }

var unaryNumbers = map[*ir.Op]func(float64) float64{
	op.Cast: same, op.Identity: same, op.Reshape: same, op.Squeeze: same, op.Unsqueeze: same,
	op.Expand: same, op.Transpose: same, op.Flatten: same,
	op.Neg: func(x float64) float64 { return -x }, op.Sqrt: math.Sqrt,
	op.Reciprocal: func(x float64) float64 { return 1 / x },
}

var binaryNumbers = map[*ir.Op]func(x, y float64) float64{
	op.Add: func(x, y float64) float64 { return x + y },
	op.Sub: func(x, y float64) float64 { return x - y },
	op.Mul: func(x, y float64) float64 { return x * y },
	op.Div: func(x, y float64) float64 { return x / y },
	op.Pow: math.Pow,
}
