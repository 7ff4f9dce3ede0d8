package op

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// The operators of this file came late (opsets 20 and 23). Passes make them of
// what older files hold; these decompositions write them at older opsets.

// decomposeRMSNorm is x/√(mean x² + ε) in f32 or wider, rounded, times scale.
func decomposeRMSNorm(b *ir.Builder, n *ir.Node) ([]*ir.Value, error) {
	a, x := n.Attr.(*attr.LayerNormalization), n.In[0]
	axes, err := normAxes(a.Axis, x)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", n.Label(), err)
	}
	own, wide := x.Type.DType, tensor.Float32
	if own == tensor.Float64 {
		wide = own
	}
	cast := func(v *ir.Value, to tensor.DType) *ir.Value {
		if v.Type.DType == to {
			return v
		}
		return b.Op(Cast, &attr.Cast{To: to, Saturate: true}, v)
	}
	x = cast(x, wide)
	mean := b.Op(ReduceMean, &attr.Reduce{KeepDims: true}, b.Op(Mul, nil, x, x), b.Ints(axes...))
	root := b.Op(Sqrt, nil, b.Op(Add, nil, mean, b.Float(wide, float64(a.Epsilon))))
	return []*ir.Value{b.Op(Mul, nil, cast(b.Op(Div, nil, x, root), own), n.In[1])}, b.Err()
}

// normAxes lists the axes of x from axis on, counted from the last.
func normAxes(axis int, x *ir.Value) ([]int64, error) {
	if axis >= 0 {
		rank, ok := x.Type.Rank()
		if !ok {
			return nil, fmt.Errorf("the rank of x is not known")
		}
		axis -= rank
	}
	var axes []int64
	for ; axis < 0; axis++ {
		axes = append(axes, int64(axis))
	}
	return axes, nil
}

// decomposeGelu is x/2·(1 + erf(x/√2)), or 1 + tanh(√(2/π)·(x + 0.044715·x³)).
func decomposeGelu(b *ir.Builder, n *ir.Node) ([]*ir.Value, error) {
	x := n.In[0]
	number := func(v float64) *ir.Value { return b.Float(x.Type.DType, v) }
	mul := func(a, c *ir.Value) *ir.Value { return b.Op(Mul, nil, a, c) }
	var share *ir.Value
	if n.Attr.(*attr.Gelu).Approximate == "tanh" {
		cubic := b.Op(Add, nil, x, mul(mul(mul(x, x), x), number(0.044715)))
		share = b.Op(Tanh, nil, mul(cubic, number(math.Sqrt(2/math.Pi))))
	} else {
		share = b.Op(Erf, nil, mul(x, number(math.Sqrt2/2)))
	}
	return []*ir.Value{mul(mul(x, number(0.5)), b.Op(Add, nil, share, number(1)))}, b.Err()
}
