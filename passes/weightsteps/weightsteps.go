package weightsteps

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "weightsteps",
	Doc:  "read integers times a scale as weights in steps, and gather rows before they are scaled",
	Run: func(c *passes.Context, g *ir.Graph) error {
		if c.Target() == "" {
			return nil
		}
		return rewrite.Run(c, g, rules)
	},
}

var rules = []rewrite.Rule{
	{Label: "weights in steps", Doc: "integers that are converted and multiplied", Roots: []*ir.Op{op.Mul}, Match: scaled},
	{Label: "rows in steps", Doc: "rows are gathered of integers", Roots: []*ir.Op{op.Gather}, Match: rows},
	{Label: "rows of 16 bits", Doc: "rows are gathered before they become f32", Roots: []*ir.Op{op.Gather}, Match: narrowRows},
}

// scaled reads Mul(Cast(w), scale) and Mul(Sub(Cast(w), zero), scale).
func scaled(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	for i, x := range n.In {
		scale := n.In[1-i]
		if x.Def == nil || !scale.IsConst() {
			continue
		}
		cast, zero := x.Def, (*ir.Value)(nil)
		if cast.Op == op.Sub && cast.In[1].IsConst() {
			zero, cast = cast.In[1], cast.In[0].Def
		}
		if cast == nil || cast.Op != op.Cast || !isWeight(cast.In[0]) || isMask(cast.In[0].Const) {
			continue
		}
		if p := dequantized(n, cast.In[0], scale.Const, zero); p != nil {
			return p
		}
	}
	return nil
}

// isWeight reports whether v is a constant of integers that may be a weight: of few bits, so
// that every float type has room for them and for differences.
func isWeight(v *ir.Value) bool {
	return v.IsConst() && v.Const.DType.IsInt() && v.Const.DType.Bits() <= 8 && v.Const.Rank() >= 2
}

// isMask reports whether all elements are 0 or 1, as those of a mask are that is multiplied
// with a large number: what reads masks wants it folded.
func isMask(t *tensor.Tensor) bool {
	for i := range t.Len() {
		if v := t.IntAt(i); v != 0 && v != 1 {
			return false
		}
	}
	return true
}

// dequantized puts scale·(w − zero) in n's place.
func dequantized(n *ir.Node, w *ir.Value, scale *tensor.Tensor, zero *ir.Value) *rewrite.Patch {
	axis, ok := axisOf(scale, w.Const.Shape)
	if !ok {
		return nil
	}
	p := rewrite.NewPatch(n, "")
	in := []*ir.Value{w, p.Const(flat(scale))}
	if zero != nil {
		z := zeroPoints(zero.Const, w.Const, scale)
		if z == nil {
			return nil
		}
		in = append(in, p.Const(z))
	}
	y := p.Op(op.DequantizeLinear, &attr.Quantize{Axis: axis, Saturate: true}, in...)
	if p.Err() != nil || !y.Type.Equal(n.Out[0].Type) {
		return nil
	}
	return p.Replace(n.Out[0], y)
}

// axisOf is the axis of a shape that t has one number for each index of; 0 if it has one
// number at all.
func axisOf(t *tensor.Tensor, shape []int) (axis int, ok bool) {
	if t.Rank() > len(shape) {
		return 0, false
	}
	if t.Len() == 1 {
		return 0, true
	}
	first := len(shape) - t.Rank()
	for i, size := range t.Shape {
		if size == t.Len() && shape[first+i] == size {
			return first + i, true
		}
	}
	return 0, false
}

// flat is t as a number, or a vector.
func flat(t *tensor.Tensor) *tensor.Tensor {
	if t.Len() == 1 {
		return t.Reshaped()
	}
	return t.Reshaped(t.Len())
}

// zeroPoints are the numbers that are taken off, as zero points beside a scale; nil if they
// are no elements of the weight's type, or not as many as there are scales.
func zeroPoints(t, w, scale *tensor.Tensor) *tensor.Tensor {
	axis, ok := axisOf(t, w.Shape)
	if along, _ := axisOf(scale, w.Shape); !ok || t.Len() != 1 && (t.Len() != scale.Len() || axis != along) {
		return nil
	}
	z := tensor.New(w.DType, flat(scale).Shape...)
	for i := range z.Len() {
		v := t.FloatAt(min(i, t.Len()-1))
		if z.SetInt(i, int64(v)); float64(z.IntAt(i)) != v {
			return nil
		}
	}
	return z
}

// largeTable is from how many elements on a table of 16 bits stays so: smaller ones are
// folded, to f32.
const largeTable = passes.DefaultMaxFold / 4

// narrowRows gathers rows of a large table of 16 bits before they become f32.
func narrowRows(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	d := n.In[0].Def
	if d == nil || d.Op != op.Cast || !d.In[0].IsConst() || d.In[0].Const.Len() < largeTable || !attr.NarrowBeside(n.In[0].Type.DType, d.In[0].Type.DType) {
		return nil
	}
	p := rewrite.NewPatch(n, "")
	return p.Replace(n.Out[0], p.Op(op.Cast, d.Attr, p.Op(op.Gather, n.Attr, d.In[0], n.In[1])))
}

// rows gathers rows of a table in steps before they are scaled.
func rows(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	d := n.In[0].Def
	if d == nil || d.Op != op.DequantizeLinear || !isWeight(d.In[0]) || !d.In[1].IsConst() || n.Attr.(*attr.Axis).Axis != 0 {
		return nil
	}
	if zero := d.Operand(2); zero != nil && !zero.IsConst() {
		return nil
	}
	a, rank := d.Attr.(*attr.Quantize), d.In[0].Const.Rank()
	axis := a.Axis
	if axis < 0 {
		axis += rank
	}
	t := table{rewrite.NewPatch(n, ""), n, d}
	one := d.In[1].Const.Len() == 1 && a.BlockSize == 0
	var y *ir.Value
	switch {
	case one || axis > 0:
		y = t.along(axis-rank, one)
	case a.BlockSize == 0:
		y = t.byRow()
	}
	if y == nil {
		return nil
	}
	return t.Replace(n.Out[0], y)
}

// table is DequantizeLinear, of which a Gather takes rows.
type table struct {
	*rewrite.Patch
	gather, steps *ir.Node
}

func (t *table) rows(v *ir.Value) *ir.Value {
	return t.Op(op.Gather, &attr.Axis{}, v, t.gather.In[1])
}

// along is the rows with scales that run along an axis from the end, or with one.
func (t *table) along(axis int, one bool) *ir.Value {
	a := attr.Clone(t.steps.Attr).(*attr.Quantize)
	if a.Axis = axis; one {
		a.Axis = 0
	}
	in := slices.Clone(t.steps.Operands())
	in[0] = t.rows(in[0])
	if a.BlockSize > 0 { // a row has its own
		for i := 1; i < len(in); i++ {
			in[i] = t.rows(in[i])
		}
	}
	return t.Op(op.DequantizeLinear, a, in...)
}

// byRow is the rows times a scale that each has: of a row one number, beside its axes.
func (t *table) byRow() *ir.Value {
	element, rank := t.gather.Out[0].Type.DType, t.steps.In[0].Const.Rank()
	if t.steps.In[1].Type.DType != element {
		return nil
	}
	cast := func(v *ir.Value) *ir.Value { return t.Op(op.Cast, &attr.Cast{To: element, Saturate: true}, v) }
	numbers := func(v *ir.Value) *ir.Value {
		sizes := []int64{int64(v.Const.Len())}
		for range rank - 1 {
			sizes = append(sizes, 1)
		}
		return t.rows(t.Op(op.Reshape, &attr.Reshape{}, v, t.Ints(sizes...)))
	}
	y := cast(t.rows(t.steps.In[0]))
	if zero := t.steps.Operand(2); zero != nil {
		y = t.Op(op.Sub, nil, y, cast(numbers(zero)))
	}
	return t.Op(op.Mul, nil, y, numbers(t.steps.In[1]))
}
