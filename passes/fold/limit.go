package fold

import (
	"github.com/parallax-go/parallax/ir"
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

// contractions do more work than their results have elements.
var contractions = map[*ir.Op]bool{op.MatMul: true, op.Gemm: true, op.Einsum: true, op.Conv: true, op.Attention: true, op.Parallax: true}

// shrinking operators have results whose size depends on the contents but is
// bounded by the operands'.
var shrinking = map[*ir.Op]bool{op.NonZero: true, op.Compress: true}

// affordable reports whether n, whose operands are constants, should be
// computed now.
func affordable(c *passes.Context, n *ir.Node) bool {
	operands, elements := 0, 1
	for _, v := range n.In {
		if v != nil {
			operands += v.Const.DType.Bytes(v.Const.Len())
			elements = max(elements, v.Const.Len())
		}
	}
	result, known := resultBytes(n)
	if !known {
		return shrinking[n.Op] && operands <= small
	}
	if result > small && result > maxGrowth*operands {
		return false
	}
	if contractions[n.Op] && elements > maxProducts/max(result, 1) {
		return false
	}
	return c.AllowConstant(result)
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
