package fold

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
)

// decoding operators are those that files turn quantised weights into floats with, and
// that such floats go through on their way to a product.
var decoding = map[*ir.Op]bool{
	op.DequantizeLinear: true, op.Cast: true, op.Sub: true, op.Add: true, op.Mul: true, op.Div: true,
	op.Reshape: true, op.Transpose: true, op.Squeeze: true, op.Unsqueeze: true, op.Slice: true, op.Concat: true, op.Gather: true,
}

// decoder knows the constants made of quantised weights in this run; nil: none are to be
// made.
type decoder map[*tensor.Tensor]bool

// decodes reports whether the result of n, whose operands are constants, is made of
// quantised weights and has no more elements than they. It is computed whatever its size
// for a target that runs it: left in the graph, it would be computed anew in every run, by
// far the largest part of it, and into as much memory. A file that is written keeps its
// small weights.
func (d decoder) decodes(c *passes.Context, n *ir.Node) bool {
	if d == nil || c.Target() == "" || !decoding[n.Op] || len(n.Out) != 1 {
		return false
	}
	weights := 0
	for _, v := range n.In {
		if v == nil || v.Const == nil {
			continue
		}
		if t := v.Const; d[t] || isSteps(t.DType) || n.Op == op.DequantizeLinear {
			weights += t.Len()
		}
	}
	result := elements(n.Out[0])
	return result > 0 && result <= weights
}

// isSteps is of the types that weights are quantised to.
func isSteps(d tensor.DType) bool { return d.Bits() <= 8 && (d.IsInt() || d.IsFloat()) }
