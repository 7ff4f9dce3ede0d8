package foldaffine

import (
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/linear"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Operands of every kind of product.
const (
	weightOperand = 1
	biasOperand   = 2
)

// product is a node that sums products with constant weights, in the order x, weights, bias.
type product struct {
	node  *ir.Node
	axis  int       // of the channels in the result
	bias  []float64 // of all channels, one for all, or nil
	width int       // channels of the result
	// rows and columns are the first two axes of the weights; taps what is behind.
	rows, columns, taps int
	// output and input are the channels, of the result and of the operand, that
	// weights of a row and a column are for.
	output, input func(row, column int) int
}

// productOf takes a node apart; nil if it is none, or has a bias that is no
// constant of the channels.
func productOf(n *ir.Node) *product {
	read := products[n.Op]
	if read == nil || !n.In[weightOperand].IsConst() || n.In[0].IsConst() {
		return nil
	}
	w := n.In[weightOperand].Const
	if rank, ranked := n.Out[0].Type.Rank(); !ranked || rank < 2 || w.Len() == 0 {
		return nil
	}
	if w.Rank() < 2 {
		return nil
	}
	p := &product{node: n, rows: w.Shape[0], columns: w.Shape[1], taps: w.Len() / (w.Shape[0] * w.Shape[1])}
	if !read(p) {
		return nil
	}
	if bias := n.Operand(biasOperand); bias != nil {
		if !bias.IsConst() {
			return nil
		}
		shape := bias.Const.Shape
		if axis, ok := longAxis(shape, len(shape)); !ok || axis != everywhere && axis != len(shape)-1 {
			return nil
		}
		p.bias = numbers(bias.Const)
		if gemm, ok := n.Attr.(*attr.Gemm); ok {
			for i := range p.bias {
				p.bias[i] *= float64(gemm.Beta)
			}
		}
	}
	return p
}

// products are read from the node and the shape of the weights.
var products = map[*ir.Op]func(p *product) bool{op.MatMul: readMatMul, op.Gemm: readGemm, op.Conv: readConv}

func ofRow(row, _ int) int { return row }

func ofColumn(_, column int) int { return column }

// readMatMul is of weights [K, N], not of stacks of them.
func readMatMul(p *product) bool {
	p.axis, p.width, p.output = len(p.node.Out[0].Type.Shape)-1, p.columns, ofColumn
	return p.node.In[weightOperand].Const.Rank() == 2
}

// readGemm is of weights [K, N] or [N, K].
func readGemm(p *product) bool {
	if !p.node.Attr.(*attr.Gemm).TransB {
		return readMatMul(p)
	}
	p.axis, p.width, p.output = channelAxis, p.rows, ofRow
	return true
}

// readConv is of filters [filter, channel of a group, …].
func readConv(p *product) bool {
	filters := p.rows / p.node.Attr.(*attr.Conv).Group
	p.axis, p.width, p.output = channelAxis, p.rows, ofRow
	p.input = func(row, column int) int { return row/filters*p.columns + column }
	return true
}

// biased reports whether the operator has a bias: a MatMul is followed by a sum.
func (p *product) biased() bool { return p.node.Op != op.MatMul }

// fold adds what a makes of the product to a patch; nil if that can't be.
func (p *product) fold(c *passes.Context, patch *rewrite.Patch, a *affine) *ir.Value {
	w := p.scaled(c, patch, a.scale, p.output)
	if w == nil || p.bias == nil && a.shift == nil {
		return p.with(patch, p.node.In[0], w, nil)
	}
	bias := make([]float64, p.width)
	for i := range bias {
		bias[i] = float64(at(a.scale, i, 1)*at(p.bias, i, 0)) + at(a.shift, i, 0)
	}
	return p.with(patch, p.node.In[0], w, bias)
}

// foldInput adds the product of what a makes of its operand to a patch; nil if
// that can't be.
func (p *product) foldInput(c *passes.Context, patch *rewrite.Patch, a *affine) *ir.Value {
	w := p.scaled(c, patch, a.scale, p.input)
	if w == nil || a.shift == nil {
		return p.with(patch, a.of, w, p.bias)
	}
	bias := make([]float64, p.width)
	for i := range bias {
		bias[i] = at(p.bias, i, 0)
	}
	weights := p.node.In[weightOperand].Const
	p.each(func(from, to, row, column int) {
		shift := at(a.shift, p.input(row, column), 0)
		for e := from; e < to; e++ {
			bias[row] += float64(weights.FloatAt(e) * shift)
		}
	})
	return p.with(patch, a.of, w, bias)
}

// leastHalf is how large the largest of a channel's weights must be in f16: below,
// its numbers have fewer bits than the weights had.
const leastHalf = 0x1p-13

// scaled is a constant of the weights times the scale of a channel of each; nil if
// others read them, if that is too much memory, or if the numbers are none that
// the type holds well.
func (p *product) scaled(c *passes.Context, patch *rewrite.Patch, scale []float64, channel func(row, column int) int) *ir.Value {
	v := p.node.In[weightOperand]
	if scale == nil {
		return v
	}
	w := v.Const
	if !linear.Reads(v, p.node) || !c.AllowConstant(w.DType.Bytes(w.Len())) {
		return nil
	}
	t, factors := tensor.New(w.DType, w.Shape...), make([]float64, p.columns)
	for row := range p.rows {
		from := row * p.columns * p.taps
		if first := channel(row, 0); first == channel(row, p.columns-1) {
			factors[0] = at(scale, first, 1)
			scaleRow(t, w, from, factors[:1], p.columns*p.taps)
			continue
		}
		for column := range factors {
			factors[column] = at(scale, channel(row, column), 1)
		}
		scaleRow(t, w, from, factors, p.taps)
	}
	if !p.holds(t) {
		return nil
	}
	return patch.Const(t)
}

// holds reports whether weights are numbers that their type holds well.
func (p *product) holds(t *tensor.Tensor) bool {
	if t.DType != tensor.Float16 {
		return t.IsFinite()
	}
	largest := make([]float64, p.width)
	p.each(func(from, to, row, column int) {
		most := &largest[p.output(row, column)]
		for e := from; e < to; e++ {
			*most = max(*most, math.Abs(t.FloatAt(e)))
		}
	})
	return !slices.ContainsFunc(largest, func(size float64) bool { return !finite(size) || size != 0 && size < leastHalf })
}

// each calls f with the range of the weights of every row and column.
func (p *product) each(f func(from, to, row, column int)) {
	at := 0
	for row := range p.rows {
		for column := range p.columns {
			f(at, at+p.taps, row, column)
			at += p.taps
		}
	}
}

// with adds the product of x and w, and a bias, to a patch; nil without weights,
// or with a bias that is not finite.
func (p *product) with(patch *rewrite.Patch, x, w *ir.Value, bias []float64) *ir.Value {
	n := p.node
	if w == nil || slices.ContainsFunc(bias, func(x float64) bool { return !finite(x) }) {
		return nil
	}
	if bias == nil {
		return patch.Op(n.Op, n.Attr, x, w)
	}
	row := patch.Const(rounded(n.Out[0].Type.DType, bias, len(bias)))
	if !p.biased() {
		return patch.Op(op.Add, nil, patch.Op(n.Op, n.Attr, x, w), row)
	}
	a := attr.Clone(n.Attr)
	if gemm, ok := a.(*attr.Gemm); ok {
		gemm.Beta = 1 // that of the file is in the bias
	}
	return patch.Op(n.Op, a, x, w, row)
}
