package fuserope

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// step is what a node makes of its first operand, every lane alike: a function
// of them, or a change of the axes before them.
type step struct{ to, from tail }

// through reads the lanes that a step makes. Two nodes that do the same are one
// step: then lanes are equal where their operands' are.
func (r *reader) through(to, from tail, odd bool) []lane {
	lanes := r.read(from.v, from.axes)
	if lanes == nil {
		return nil
	}
	s := step{to, from}
	if i := slices.IndexFunc(r.steps, s.does); i >= 0 {
		s = r.steps[i]
	} else {
		r.steps = append(r.steps, s)
	}
	out := make([]lane, len(lanes))
	for i, l := range lanes {
		out[i] = r.made(s.to.v, l, odd, to.lead())
	}
	return out
}

// does reports whether both steps are the same.
func (s step) does(t step) bool {
	n, m := s.to.v.Def, t.to.v.Def
	if n.Op != m.Op || !s.to.before().Equal(t.to.before()) || !s.from.before().Equal(t.from.before()) {
		return false
	}
	return isView(n) || s.to.axes == t.to.axes && attr.Equal(n.Attr, m.Attr) && slices.EqualFunc(n.In[1:], m.In[1:], equal)
}

// isView reports whether n keeps the order of the elements.
func isView(n *ir.Node) bool {
	return n.Op == op.Reshape || n.Op == op.Squeeze || n.Op == op.Unsqueeze
}

// equal reports whether two operands are the same, or equal constants.
func equal(v, w *ir.Value) bool {
	return v == w || v.Const != nil && w.Const != nil && v.Const.Len() <= maxLanes && v.Const.Equal(w.Const)
}
