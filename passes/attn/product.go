package attn

import (
	"slices"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// Label names an index of a contraction, as in an Einsum equation.
type Label rune

// one labels an axis of size 1 that is broadcast.
const one Label = 0

// Product is a sum of products in one form for MatMul, Gemm, Einsum and a
// sum written out: out[Out]
// = Scale · Σ Π In[i][Labels[i]] over the labels that Out has not.
type Product struct {
	Node   *ir.Node
	In     []*ir.Value
	Labels [][]Label
	Out    []Label
	Scale  float64
}

// AsProduct reads n, or returns nil if it is no product of two or more values
// of known rank.
func AsProduct(n *ir.Node) *Product {
	if n == nil {
		return nil
	}
	for _, v := range n.In {
		if v == nil || !v.Type.HasRank {
			return nil
		}
	}
	switch n.Op {
	case op.MatMul:
		return matmul(n)
	case op.Gemm:
		return gemm(n)
	case op.Einsum:
		return einsum(n)
	case op.ReduceSum:
		return summation(n)
	}
	return nil
}

// summation reads the sum over one axis of a product element by element.
func summation(n *ir.Node) *Product {
	times, axes := n.In[0].Def, n.Operand(1)
	over, ok := axes.Ints()
	if !ok || len(over) != 1 || times == nil || times.Op != op.Mul || n.Attr.(*attr.Reduce).KeepDims {
		return nil
	}
	rank := len(n.In[0].Type.Shape)
	p := &Product{Node: n, In: times.In, Scale: 1}
	for i := range rank {
		p.Out = append(p.Out, 'a'+Label(i))
	}
	for _, v := range times.In {
		if !v.Type.HasRank {
			return nil
		}
		p.Labels = append(p.Labels, slices.Clone(p.Out[rank-len(v.Type.Shape):]))
	}
	p.broadcast()
	axis := positive(int(over[0]), rank)
	p.Out = slices.Delete(p.Out, axis, axis+1)
	return p
}

// broadcast marks the axes of size 1 that another operand has longer.
func (p *Product) broadcast() {
	for i, labels := range p.Labels {
		for j, l := range labels {
			if p.In[i].Type.Shape[j].Is(1) && p.longer(l) {
				labels[j] = one
			}
		}
	}
}

// matmul labels the batch axes a, b, …, the rows of the left operand i, the
// columns of the right one j, and the inner axis k.
func matmul(n *ir.Node) *Product {
	a, b, out := n.In[0].Type.Shape, n.In[1].Type.Shape, n.Out[0].Type.Shape
	if len(a) < 2 || len(b) < 2 {
		return nil
	}
	p := &Product{Node: n, In: n.In, Scale: 1, Labels: make([][]Label, 2)}
	batch := len(out) - 2
	for i := range out[:batch] {
		p.Out = append(p.Out, 'a'+Label(i))
	}
	label := func(v *ir.Value, last ...Label) []Label {
		shape := v.Type.Shape
		labels := make([]Label, 0, len(shape))
		for i := range shape[:len(shape)-2] {
			at := batch - (len(shape) - 2) + i
			if shape[i].Is(1) && !out[at].Is(1) {
				labels = append(labels, one)
			} else {
				labels = append(labels, p.Out[at])
			}
		}
		return append(labels, last...)
	}
	const rows, columns, inner = 'x', 'y', 'z'
	p.Labels[0] = label(n.In[0], rows, inner)
	p.Labels[1] = label(n.In[1], inner, columns)
	p.Out = append(p.Out, rows, columns)
	return p
}

// gemm reads a Gemm without a third operand.
func gemm(n *ir.Node) *Product {
	a := n.Attr.(*attr.Gemm)
	if len(n.In) > 2 && a.Beta != 0 {
		return nil
	}
	left, right := []Label{'x', 'z'}, []Label{'z', 'y'}
	if a.TransA {
		left = []Label{'z', 'x'}
	}
	if a.TransB {
		right = []Label{'y', 'z'}
	}
	return &Product{Node: n, In: n.In[:2], Labels: [][]Label{left, right}, Out: []Label{'x', 'y'}, Scale: float64(a.Alpha)}
}

// einsum reads an Einsum with an explicit result and no repeated label in one
// operand.
func einsum(n *ir.Node) *Product {
	equation := strings.ReplaceAll(n.Attr.(*attr.Einsum).Equation, " ", "")
	left, right, explicit := strings.Cut(equation, "->")
	terms := strings.Split(left, ",")
	if !explicit || len(terms) != len(n.In) {
		return nil
	}
	p := &Product{Node: n, In: n.In, Scale: 1, Out: spelled(right, len(n.Out[0].Type.Shape))}
	for i, t := range terms {
		labels := spelled(t, len(n.In[i].Type.Shape))
		if len(labels) != len(n.In[i].Type.Shape) || repeated(labels) {
			return nil
		}
		p.Labels = append(p.Labels, labels)
	}
	p.broadcast()
	return p
}

// spelled lists the labels of a term with rank axes: those of an ellipsis are
// numbered from its last axis on, as they are broadcast.
func spelled(term string, rank int) []Label {
	before, after, ellipsis := strings.Cut(term, "...")
	labels := []Label(before)
	if ellipsis {
		for i := rank - len(before) - len(after); i > 0; i-- {
			labels = append(labels, -Label(i))
		}
	}
	return append(labels, []Label(after)...)
}

// longer reports whether l names an axis that is not of size 1 somewhere.
func (p *Product) longer(l Label) bool {
	for i, labels := range p.Labels {
		if j := slices.Index(labels, l); j >= 0 && !p.In[i].Type.Shape[j].Is(1) {
			return true
		}
	}
	return false
}

func repeated(labels []Label) bool {
	seen := map[Label]bool{}
	for _, l := range labels {
		if seen[l] {
			return true
		}
		seen[l] = true
	}
	return false
}
