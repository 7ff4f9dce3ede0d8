package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
)

// repeats says that a node reads all entries of an axis in order, each inner
// times in a row, and that outer times over: how some exporters repeat heads.
type repeats struct {
	axis         int
	outer, inner int64
}

// repeatsOf reads a Gather, and a Concat of one value with itself.
func repeatsOf(n *ir.Node) (repeats, bool) {
	rank, ok := n.In[0].Type.Rank()
	if !ok {
		return repeats{}, false
	}
	r := repeats{axis: positive(n.Attr.(*attr.Axis).Axis, rank), outer: int64(len(n.In)), inner: 1}
	if n.Op == op.Concat {
		return r, !slices.ContainsFunc(n.In, func(v *ir.Value) bool { return v != n.In[0] })
	}
	size, known := n.In[0].Type.Shape[r.axis].IsConst()
	indices, constant := n.In[1].Ints()
	if d, _ := n.In[1].Type.Rank(); !known || !constant || d != 1 || size == 0 {
		return repeats{}, false
	}
	next := slices.IndexFunc(indices, func(i int64) bool { return i != 0 })
	if next < 0 {
		next = len(indices)
	}
	r.inner = int64(next)
	if r.inner == 0 || int64(len(indices))%(r.inner*size) != 0 {
		return repeats{}, false
	}
	r.outer = int64(len(indices)) / (r.inner * size)
	for i, index := range indices {
		if index != int64(i)/r.inner%size {
			return repeats{}, false
		}
	}
	return r, true
}

// gathered is the layout after n, if that repeats.
func gathered(n *ir.Node, l Layout, fresh Role) (Layout, bool) {
	r, ok := repeatsOf(n)
	if !ok {
		return nil, false
	}
	out := slices.Clone(l)
	out[r.axis] = slices.Concat(Whole(fresh, sym.Const(r.outer)), l[r.axis], Whole(fresh-1, sym.Const(r.inner)))
	return out, true
}
