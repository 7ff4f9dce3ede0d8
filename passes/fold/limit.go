package fold

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
)

const (
	// small results are folded whatever they are made of: index tables, masks of
	// short sequences.
	small = 64 << 10
	// maxGrowth is how much larger than its operands a result may be: f32 from
	// i8 is four times as large.
	maxGrowth = 4
	// maxProducts bounds the multiplications of a folded contraction: the
	// reference kernels do some 10⁸ a second.
	maxProducts = 1 << 24
)

// contractions do more work than their results have elements: as many products for
// each as there are terms.
var contractions = map[*ir.Op]func(n *ir.Node) int{
	op.MatMul: func(n *ir.Node) int { return size(n.In[0], -1) },
	op.Gemm: func(n *ir.Node) int {
		if n.Attr.(*attr.Gemm).TransA {
			return size(n.In[0], -2)
		}
		return size(n.In[0], -1)
	},
	op.MatMulInteger: func(n *ir.Node) int { return size(n.In[0], -1) },
	op.ConvInteger:   largest,
	op.Conv:          largest,
	op.Einsum:        largest,
	op.Attention:     largest,
	op.Parallax:      largest,
}

// size is that of an axis from the end, if it is a number, and else 1.
func size(v *ir.Value, axis int) int {
	shape, ok := v.Type.ConstShape()
	if !ok || len(shape) < -axis {
		return 1
	}
	return shape[len(shape)+axis]
}

// elements is how many v has, if that is known, and else 0.
func elements(v *ir.Value) int {
	if v == nil {
		return 0
	}
	shape, ok := v.Type.ConstShape()
	if !ok {
		return 0
	}
	count, ok := tensor.Elements(shape)
	if !ok {
		return 0
	}
	return count
}

// largest is the number of elements of the largest operand: not fewer than the terms.
func largest(n *ir.Node) int {
	most := 0
	for _, v := range n.In {
		most = max(most, elements(v))
	}
	return most
}

// isLong reports whether n is a contraction of more multiplications than maxProducts.
func isLong(n *ir.Node) bool {
	terms := contractions[n.Op]
	if terms == nil {
		return false
	}
	results := 0
	for _, v := range n.Out {
		results += elements(v)
	}
	return results > maxProducts/max(terms(n), 1)
}

// shrinking operators have results whose size depends on the contents but is
// bounded by the operands'.
var shrinking = map[*ir.Op]bool{op.NonZero: true, op.Compress: true}

// affordable reports whether the last node of f should be computed now.
func (f *chain) affordable(c *passes.Context) bool {
	n := f.nodes[len(f.nodes)-1]
	result, known := resultBytes(n)
	if !known {
		return shrinking[n.Op] && f.operands+f.passing <= small
	}
	if result > small && (result > maxGrowth*f.operands || f.hasStepsOfWeights()) || isLong(n) {
		return false
	}
	return c.Target() != "" && (isOfSteps(n) || f.isOfWeights()) || c.AllowConstant(result)
}

// ofWeights are the operators that files make weights of weights with: parts of them, several
// in one, scaled ones, sums with what was trained beside them.
var ofWeights = map[*ir.Op]bool{
	op.Slice: true, op.Split: true, op.Concat: true, op.Add: true, op.Sub: true, op.Mul: true, op.Div: true,
}

// isOfWeights reports whether f is one operator that makes no more elements of matrices than
// they have. A target would do that in every run, and its products would read the result as it
// lies; so it is done whatever the size.
func (f *chain) isOfWeights() bool {
	n := f.nodes[0]
	if len(f.nodes) > 1 || !ofWeights[n.Op] {
		return false
	}
	results, operands, matrices := 0, 0, 0
	for _, v := range n.Out {
		results += elements(v)
	}
	for _, v := range n.In {
		if v != nil && v.Const != nil {
			operands += v.Const.Len()
			if v.Const.Rank() > 1 && isFloat(v.Const.DType) {
				matrices++
			}
		}
	}
	return matrices > 0 && results <= operands
}

func isFloat(d tensor.DType) bool {
	return d == tensor.Float32 || d == tensor.Float16 || d == tensor.BFloat16
}

// isOfSteps reports whether n makes nothing but scales or zero points of constant weights,
// which are larger.
func isOfSteps(n *ir.Node) bool {
	if len(n.Out) != 1 || len(n.Out[0].Uses()) == 0 {
		return false
	}
	for _, u := range n.Out[0].Uses() {
		if u.Node == nil || u.Node.Op != op.DequantizeLinear || u.Index == 0 || !u.Node.In[0].IsConst() || elements(n.Out[0]) > u.Node.In[0].Const.Len() {
			return false
		}
	}
	return true
}

// hasStepsOfWeights reports whether f makes floats of integers that are weights in steps.
func (f *chain) hasStepsOfWeights() bool {
	return slices.ContainsFunc(f.nodes, func(n *ir.Node) bool { return n.Op == op.DequantizeLinear })
}

// stringBytes is the memory of an empty string.
const stringBytes = 16

// resultBytes is the size of all outputs, if their shapes are known.
func resultBytes(n *ir.Node) (int, bool) {
	sum := 0
	for _, v := range n.Out {
		if v == nil {
			continue
		}
		shape, ok := v.Type.ConstShape()
		if !ok || !v.Type.DType.Valid() {
			return 0, false
		}
		elements, ok := tensor.Elements(shape)
		if !ok {
			return 0, false
		}
		size := v.Type.DType.Bytes(elements)
		if v.Type.DType == tensor.String {
			size = stringBytes * elements
		}
		sum += size
	}
	return sum, true
}
