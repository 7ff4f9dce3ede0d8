package fuseepilogue

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/linear"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// stack is a value that readers take apart along an axis: the result of a product
// whose last axis holds several things one after another, such as queries, keys
// and values. It may have been split into axes, and these transposed.
type stack struct {
	product *linear.Product
	nodes   []*ir.Node // from the last to the product
	lead    int        // axes before the split one
	inner   []int      // sizes of the axes that the last was split into
	perm    []int
}

// stackOf reads v as a stack; nil if it is none, or if anything on the way has
// another reader.
func stackOf(v *ir.Value) *stack {
	s := &stack{}
	step := func() bool { // to the operand of what makes v
		n := v.Def
		s.nodes, v = append(s.nodes, n), n.In[0]
		return linear.Reads(v, n)
	}
	rank, ranked := v.Type.Rank()
	if !ranked || v.Def == nil {
		return nil
	}
	for axis := range rank {
		s.perm = append(s.perm, axis)
	}
	if v.Def.Op == op.Transpose {
		if perm := v.Def.Attr.(*attr.Transpose).Perm; len(perm) == rank {
			s.perm = perm
		}
		if !step() || v.Def == nil {
			return nil
		}
	}
	shape := v.Type.Shape
	if isView(v.Def) && !step() {
		return nil
	}
	s.product = linear.Of(v.Def)
	if s.product == nil || !s.product.Open() || len(s.product.Weights) != 1 || !v.Type.HasRank {
		return nil
	}
	s.nodes, s.lead = append(s.nodes, v.Def), len(v.Type.Shape)-1
	if len(shape) <= s.lead || !shape[:s.lead].Equal(v.Type.Shape[:s.lead]) {
		return nil
	}
	var known bool
	s.inner, known = shape[s.lead:].IsConst()
	if !known {
		return nil
	}
	return s
}

// cut makes a product that is only read in parts a product by the parts of its
// weight.
func cut(c *passes.Context, n *ir.Node) *rewrite.Patch {
	s := stackOf(n.In[0])
	if s == nil {
		return nil
	}
	axis, pieces := piecesOf(n.In[0])
	if len(pieces) < 2 || s.perm[axis] < s.lead {
		return nil
	}
	at := s.perm[axis] - s.lead
	if elements(s.inner[:at]) != 1 {
		return nil // the columns of a piece are not together
	}
	each, total := elements(s.inner[at+1:]), 0
	for i := range pieces {
		pieces[i].from, pieces[i].to = pieces[i].from*each, pieces[i].to*each
		total += pieces[i].to - pieces[i].from
	}
	if total > s.product.Width(0) {
		return nil
	}
	patch, p := rewrite.NewPatch(n, "").Cover(s.nodes...), s.product
	w := p.Weights[0]
	p.Weights = nil
	for _, x := range pieces {
		patch.Cover(x.value.Def, x.value.Def.In[0].Def)
		p.Weights = append(p.Weights, pieceOf(patch, w, p.Attr.TransB, x))
	}
	out, ok := p.Make(c, patch)
	if !ok {
		return nil
	}
	for i, x := range pieces {
		v := s.arrange(patch, out[i], axis, (x.to-x.from)/each, x.drops)
		if patch.Err() != nil || !v.Type.Equal(x.value.Type) {
			return nil
		}
		patch.Replace(x.value, v)
	}
	return patch
}

// arrange splits and transposes a piece of a product as the whole was. Its axis
// has size n, or is dropped.
func (s *stack) arrange(patch *rewrite.Patch, y *ir.Value, axis, n int, drops bool) *ir.Value {
	inner, perm, at := slices.Clone(s.inner), slices.Clone(s.perm), s.perm[axis]
	inner[at-s.lead] = n
	if drops {
		inner, perm = slices.Delete(inner, at-s.lead, at-s.lead+1), slices.Delete(perm, axis, axis+1)
		for i, from := range perm {
			if from > at {
				perm[i]--
			}
		}
	}
	if len(inner) != 1 {
		target := make([]int64, s.lead) // 0: as it is
		for _, size := range inner {
			target = append(target, int64(size))
		}
		y = patch.Op(op.Reshape, &attr.Reshape{}, y, patch.Ints(target...))
	}
	if !slices.IsSorted(perm) {
		y = patch.Op(op.Transpose, &attr.Transpose{Perm: perm}, y)
	}
	return y
}

func elements(sizes []int) int {
	n := 1
	for _, size := range sizes {
		n *= size
	}
	return n
}

// pieceOf is a piece of a weight: columns by number, or rows of a transposed one.
func pieceOf(patch *rewrite.Patch, w linear.Weight, transB bool, x piece) linear.Weight {
	w.Step, w.Zero, w.Bias = rowsOf(patch, w.Step, x), rowsOf(patch, w.Zero, x), rowsOf(patch, w.Bias, x)
	if transB {
		w.Value = rowsOf(patch, w.Value, x)
		return w
	}
	w.From, w.To = w.From+x.from, w.From+x.to
	return w
}

// rowsOf is a constant's range x of the first axis, in place; nil of nil.
func rowsOf(patch *rewrite.Patch, v *ir.Value, x piece) *ir.Value {
	if v == nil {
		return nil
	}
	t, shape := v.Const, slices.Clone(v.Const.Shape)
	shape[0] = x.to - x.from
	pitch := t.DType.Bytes(t.Len() / t.Shape[0])
	rows, err := tensor.FromBytes(t.DType, shape, t.Bytes()[x.from*pitch:x.to*pitch])
	if err != nil {
		panic("BUG: rows of a constant: " + err.Error())
	}
	return patch.Const(rows)
}
