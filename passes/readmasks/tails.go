package readmasks

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
)

// maxTails bounds the operators that are searched for slices from the end.
const maxTails = 256

// findTails notes the extents of the last entries of an axis, from −queries on, in
// what v is computed from: no entries would be all, so inference can't tell how
// many there are. Where there are no queries nothing is read.
func (r *reader) findTails(v *ir.Value) {
	seen := map[*ir.Value]bool{}
	queue := []*ir.Value{v}
	for len(queue) > 0 && len(seen) < maxTails {
		v := queue[0]
		queue = queue[1:]
		if v == nil || v.Def == nil || seen[v] {
			continue
		}
		seen[v] = true
		if v.Def.Op == op.Slice {
			r.noteTails(v)
		}
		queue = append(queue, v.Def.In...)
	}
}

func (r *reader) noteTails(v *ir.Value) {
	starts, ok := v.Def.In[1].Dims()
	axes, okAxes := v.Def.Operand(3).Ints()
	if !ok || !okAxes || len(axes) != len(starts) || !v.Type.HasRank {
		return
	}
	for i, start := range starts {
		a := axis(axes[i], len(v.Type.Shape))
		name := ir.FreshName(v, a)
		if got, fresh := v.Type.Shape[a].IsSymbol(); fresh && got == name && r.isTail(start) {
			r.tails[name] = start.Neg()
		}
	}
}

// isTail reports whether a slice from start on takes as many entries as there are
// queries, or keys.
func (r *reader) isTail(start sym.Dim) bool {
	n := start.Neg()
	return n.Equal(r.dims[query]) || n.Equal(r.dims[key])
}
