package attn

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
)

// View is a value read back through nodes that only rearrange elements, to the
// value they come from. The roles of its layouts are the axes of Base.
type View struct {
	Base  *ir.Value
	Steps []Step // from Base to the value that was read
}

// Step is one value on the way. Value = Scale · Base, laid out as Layout.
type Step struct {
	Value  *ir.Value
	Layout Layout
	Scale  float64
}

// Last is the value that was read.
func (w View) Last() Step { return w.Steps[len(w.Steps)-1] }

// maxView bounds the nodes that are read through; the longest seen has 9.
const maxView = 64

// Read reads v. If scaled, products with numbers are read through as well.
func Read(v *ir.Value, scaled bool) View {
	var chain []*ir.Node
	at := v
	for n := at.Def; n != nil && at.Type.HasRank && len(chain) < maxView; n = at.Def {
		next, _ := viewed(n, scaled)
		if next == nil || !next.Type.HasRank {
			break
		}
		chain, at = append(chain, n), next
	}
	w := View{}
	w.start(at)
	for _, n := range slices.Backward(chain) {
		w.push(n, scaled)
	}
	return w
}

func (w *View) start(v *ir.Value) {
	*w = View{Base: v, Steps: []Step{{v, Identity(v.Type.Shape), 1}}}
}

// push reads one node more. One that mixes the elements in a way that can't be
// told from the sizes becomes the base.
func (w *View) push(n *ir.Node, scaled bool) {
	last := w.Last()
	_, scale := viewed(n, scaled)
	l, ok := arranged(n, last.Layout, Role(-1-len(w.Steps)*maxRank))
	if !ok {
		w.start(n.Out[0])
		return
	}
	w.Steps = append(w.Steps, Step{n.Out[0], l, last.Scale * scale})
}

// viewed returns the operand whose elements n only rearranges or scales, and by
// what it scales.
func viewed(n *ir.Node, scaled bool) (*ir.Value, float64) {
	switch n.Op {
	case op.Identity, op.Reshape, op.Flatten, op.Transpose, op.Squeeze, op.Unsqueeze, op.Expand, op.Tile:
		return n.In[0], 1
	case op.Gather, op.Concat:
		if _, ok := repeatsOf(n); ok {
			return n.In[0], 1
		}
		return nil, 0
	}
	if !scaled {
		return nil, 0
	}
	if v, scale := scaling(n); v != nil && v.Type.DType == n.Out[0].Type.DType {
		return v, scale
	}
	return nil, 0
}

// scaling returns the operand that n multiplies with a number, and the number.
func scaling(n *ir.Node) (*ir.Value, float64) {
	v, scale := (*ir.Value)(nil), 0.0
	switch n.Op {
	case op.Neg:
		return n.In[0], -1
	case op.Div:
		if x, ok := Scalar(n.In[1]); ok && x != 0 {
			v, scale = n.In[0], 1/x
		}
	case op.Mul:
		if x, ok := Scalar(n.In[1]); ok && x != 0 {
			v, scale = n.In[0], x
		} else if x, ok := Scalar(n.In[0]); ok && x != 0 {
			v, scale = n.In[1], x
		}
	}
	if v == nil || !sameRank(v, n.Out[0]) {
		return nil, 0
	}
	return v, scale
}

func sameRank(v, w *ir.Value) bool {
	a, okA := v.Type.Rank()
	b, okB := w.Type.Rank()
	return okA && okB && a == b
}

// maxRank spaces the broadcast roles of one step from those of the next.
const maxRank = 64

// arranged returns the layout after n of an operand with layout l; false if it
// can't be told. Fresh broadcast roles count down from fresh.
func arranged(n *ir.Node, l Layout, fresh Role) (Layout, bool) {
	if !n.Out[0].Type.HasRank {
		return nil, false
	}
	shape := n.Out[0].Type.Shape
	switch n.Op {
	case op.Transpose:
		return l.Permute(permutation(n)), true
	case op.Expand:
		return expanded(l, shape, fresh)
	case op.Tile:
		return tiled(n, l, fresh)
	case op.Gather, op.Concat:
		return gathered(n, l, fresh)
	case op.Reshape, op.Flatten, op.Squeeze, op.Unsqueeze:
		return l.Reshape(shape)
	}
	return l, true
}

func permutation(n *ir.Node) []int {
	perm := n.Attr.(*attr.Transpose).Perm
	if len(perm) > 0 {
		return perm
	}
	for i := len(n.Out[0].Type.Shape) - 1; i >= 0; i-- {
		perm = append(perm, i)
	}
	return perm
}

// expanded is the layout after Expand: axes of size 1 may grow.
func expanded(l Layout, shape sym.Shape, fresh Role) (Layout, bool) {
	out := make(Layout, len(shape))
	for i, d := range shape {
		a := l.fromEnd(len(shape) - 1 - i)
		switch {
		case a.Size().Equal(d):
			out[i] = a
		case len(a) == 0:
			out[i] = Whole(fresh-Role(i), d)
		default:
			return nil, false
		}
	}
	return out, true
}

// tiled is the layout after Tile: a repeated axis gets a slower broadcast piece.
func tiled(n *ir.Node, l Layout, fresh Role) (Layout, bool) {
	repeats, ok := n.In[1].Dims()
	if !ok || len(repeats) != len(l) {
		return nil, false
	}
	out := make(Layout, len(l))
	for i, r := range repeats {
		out[i] = slices.Concat(Whole(fresh-Role(i), r), l[i])
	}
	return out, true
}

// rearranged is the layout after the view n of scores, or of probabilities, laid
// out as at. Masks of other sizes may have left their marks in the shape, such as
// broadcast(past+seq, total): an axis then goes by that size through n, and is
// what it was afterwards.
func rearranged(n *ir.Node, at Layout) (Layout, bool) {
	if l, ok := arranged(n, at, absent); ok {
		return l, true
	}
	shape := n.In[0].Type.Shape
	l := slices.Clone(at)
	was := map[Role]Axis{}
	for i, a := range l {
		if len(a) == 1 && !a[0].Size.Equal(shape[i]) {
			was[a[0].Role] = a
			l[i] = Whole(a[0].Role, shape[i])
		}
	}
	out, ok := arranged(n, l, absent)
	if !ok || len(was) == 0 {
		return nil, false
	}
	for i, a := range out {
		for _, p := range a {
			old, marked := was[p.Role]
			if !marked {
				continue
			}
			if whole := l.Find(p.Role); whole < 0 || !l[whole].Equal(a) {
				return nil, false
			}
			out[i] = old
		}
	}
	return out, true
}
