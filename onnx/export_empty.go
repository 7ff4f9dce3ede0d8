package onnx

import (
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// mayBeNaN reports whether n gives NaN to a query that sees no key, and there may
// be one.
func mayBeNaN(n *ir.Node, a *attr.Attention) bool {
	switch {
	case a.EmptyRow != attr.EmptyRowNaN:
		return false
	case a.Masks > 0 || a.HasRanges || !ownKey(n, a):
		return true
	}
	at, sum := a.Operands(), 0.0
	for i := range a.Biases {
		sum += largest(n.In[at.Bias+i], maxBiasDepth)
	}
	return !(sum <= greatest(n.In[0].Type.DType))
}

// ownKey reports whether positions leave every query a key: that at its own
// position, or the first.
func ownKey(n *ir.Node, a *attr.Attention) bool {
	axis := queryAxis(a)
	queries, keys := n.In[0].Type.Shape[axis], n.In[1].Type.Shape[axis]
	if a.HasPast {
		past := n.In[a.Operands().PastK].Type
		if !past.HasRank {
			return false
		}
		keys = keys.Add(past.Shape[2])
	}
	window := a.WindowLeft >= 0 || a.WindowRight >= 0
	return sym.ProvablyLE(queries, keys) || !window && a.Causal != attr.CausalBottomRight
}

// maxBiasDepth bounds the operators between a bias and what it is computed from.
const maxBiasDepth = 24

// largest bounds the magnitude of v's elements; +∞: it is not known, or one is
// infinite or NaN.
func largest(v *ir.Value, depth int) float64 {
	switch {
	case v == nil || depth == 0:
		return math.Inf(1)
	case v.Const != nil:
		return largestOf(v.Const)
	case v.Type.DType == tensor.Bool:
		return 1
	case v.Type.DType.IsInt():
		return 1 << 63
	case v.Def == nil || largestBy[v.Def.Op] == nil:
		return math.Inf(1)
	}
	in := make([]float64, len(v.Def.In))
	for i, x := range v.Def.In {
		if i == 0 || v.Def.Op.Elementwise {
			in[i] = largest(x, depth-1)
		}
	}
	if x := largestBy[v.Def.Op](in); x <= greatest(v.Type.DType) {
		return x
	}
	return math.Inf(1)
}

// largestBy bounds the magnitude of a result by those of the operands.
var largestBy = map[*ir.Op]func(in []float64) float64{
	op.Add:       sumOf,
	op.Sub:       sumOf,
	op.Mul:       func(in []float64) float64 { return in[0] * in[1] },
	op.Where:     func(in []float64) float64 { return max(in[1], in[2]) },
	op.Neg:       firstOf,
	op.Abs:       firstOf,
	op.Cast:      firstOf,
	op.Identity:  firstOf,
	op.Reshape:   firstOf,
	op.Squeeze:   firstOf,
	op.Unsqueeze: firstOf,
	op.Expand:    firstOf,
	op.Transpose: firstOf,
	op.Slice:     firstOf,
	op.Gather:    firstOf,
}

func sumOf(in []float64) float64   { return in[0] + in[1] }
func firstOf(in []float64) float64 { return in[0] }

func largestOf(t *tensor.Tensor) float64 {
	if t.DType != tensor.Bool && !t.DType.IsInt() && !t.DType.IsFloat() {
		return math.Inf(1)
	}
	x := 0.0
	for i := range t.Len() {
		e := math.Abs(t.FloatAt(i))
		if math.IsNaN(e) {
			return math.Inf(1)
		}
		x = max(x, e)
	}
	return x
}

// greatest is the greatest finite number of a float type, as a bound of sums that
// are rounded to it.
func greatest(d tensor.DType) float64 {
	switch d {
	case tensor.Float16:
		return greatestHalf
	case tensor.Float64:
		return math.MaxFloat64
	}
	return math.MaxFloat32
}
