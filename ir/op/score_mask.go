package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
)

// ScoreMask builds the one operand that does to the scores of a fused node what
// its masks, ranges, windows and biases do together, and its causal alignment
// unless without says so: [.., T, S], of bool, or of q's type with −inf where a
// key is hidden. If rows that see no key are filled, it is the fill there that is
// added, so that such rows are those of the node; others give a hidden key the
// weight exp(fill), which is 0. It is nil if there is nothing to do.
func ScoreMask(b *ir.Builder, n *ir.Node, withoutCausal bool) *ir.Value {
	a, ok := n.Attr.(*attr.Attention)
	if !ok {
		panic(fmt.Sprintf("BUG: node %s has attributes of type %T", n.Label(), n.Attr))
	}
	if withoutCausal {
		c := *a
		c.Causal = attr.CausalNone
		a = &c
	}
	d := &decomposition{Builder: b, a: a, in: slices.Clone(n.Operands()), at: a.Operands()}
	for i := range a.Masks {
		d.in[d.at.Mask+i] = d.forAllKeys(d.in[d.at.Mask+i])
	}
	mask := d.visible()
	filled := mask != nil && a.EmptyRow == attr.EmptyRowFilled
	var sum *ir.Value
	for i := range a.Biases {
		if sum == nil {
			sum = d.bias(i)
			continue
		}
		sum = d.add(sum, d.bias(i))
	}
	switch {
	case filled && sum == nil:
		mask = d.Op(Where, nil, mask, d.number(0), d.number(a.FillValue))
	case filled:
		mask = d.Op(Where, nil, mask, sum, d.add(sum, d.number(a.FillValue)))
	case mask != nil && sum != nil:
		mask = d.Op(Where, nil, mask, sum, d.number(math.Inf(-1)))
	case sum != nil:
		mask = sum
	}
	if mask == nil || d.spans(mask) {
		return mask
	}
	one := d.Ints(1)
	t := d.reshape(d.dim(d.in[0], d.queryAxis()), 1)
	full := d.Op(Concat, &attr.Axis{Axis: 0}, one, one, t, d.reshape(d.keyCount(), 1))
	return d.Op(Expand, nil, mask, full)
}

// forAllKeys gives a mask whose length is not known to be that of the keys their
// length, which the node demands: readers of the operator would pad a shorter one.
func (d *decomposition) forAllKeys(mask *ir.Value) *ir.Value {
	rank, _ := mask.Type.Rank()
	s, known := d.keySize()
	if rank == 0 || !known || mask.Type.Shape[rank-1].Is(1) || mask.Type.Shape[rank-1].Equal(s) {
		return mask
	}
	rows := d.Op(Shape, &attr.Shape{End: rank - 1}, mask)
	shape := d.Op(Concat, &attr.Axis{Axis: 0}, rows, d.reshape(d.keyCount(), 1))
	return d.Op(Reshape, &attr.Reshape{AllowZero: true}, mask, shape)
}

// spans reports whether the last axes of a mask are the queries and the keys.
func (d *decomposition) spans(mask *ir.Value) bool {
	rank, _ := mask.Type.Rank()
	t, okT := size(d.in[0], d.queryAxis())
	s, okS := d.keySize()
	if rank < 2 || !okT || !okS {
		return false
	}
	shape := mask.Type.Shape
	return shape[rank-2].Equal(t) && shape[rank-1].Equal(s)
}
