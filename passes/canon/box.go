package canon

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// indexRun is count indices from first on.
type indexRun struct{ first, count int64 }

// boxOf reads indices [n0, n1, …, k] of ScatterND, k of them before the last axis,
// whose tuple at (i0, i1, …) is (first0+i0, first1+i1, …): constants, or what exporters
// make of ranges, each expanded and all joined.
func boxOf(indices *ir.Value) ([]indexRun, bool) {
	if !indices.Type.HasRank {
		return nil, false
	}
	shape := indices.Type.Shape
	width := len(shape) - 1
	if width < 1 || !shape[width].Is(int64(width)) {
		return nil, false
	}
	box := make([]indexRun, width)
	for axis := range box {
		n, known := shape[axis].IsConst()
		if !known || n == 0 {
			return nil, false
		}
		box[axis].count = n
	}
	if c := indices.Const; c != nil {
		return box, constantBox(box, c)
	}
	d := indices.Def
	if d == nil || d.Op != op.Concat || len(d.In) != width || counted(d.Attr.(*attr.Axis).Axis, width+1, false) != width {
		return nil, false
	}
	for axis, v := range d.In {
		if !v.Type.Shape[width].Is(1) || !box[axis].read(v, width-axis) {
			return nil, false
		}
	}
	return box, true
}

// constantBox reads the tuples themselves, and sets where the runs begin.
func constantBox(box []indexRun, c *tensor.Tensor) bool {
	if c.Len() > maxNeutral {
		return false
	}
	for axis := range box {
		box[axis].first = c.IntAt(axis)
	}
	for i := range c.Len() {
		axis, at := i%len(box), int64(i/len(box))
		for inner := len(box) - 1; inner > axis; inner-- {
			at /= box[inner].count
		}
		if r := box[axis]; c.IntAt(i) != r.first+at%r.count {
			return false
		}
	}
	return true
}

// read sets where the run of an axis begins, the fromEnd-th from the end of what v is
// expanded to, with an axis of size 1 behind: v's indices count up along it.
func (r *indexRun) read(v *ir.Value, fromEnd int) bool {
	behind := 1
	if d := v.Def; d != nil && d.Op == op.Unsqueeze {
		axes, ok := d.In[1].Ints()
		if rank := len(v.Type.Shape); !ok || len(axes) != 1 || counted(int(axes[0]), rank, false) != rank-1 {
			return false
		}
		v, behind = d.In[0], 0
	}
	if d := v.Def; d != nil && d.Op == op.Expand {
		v = d.In[0]
	}
	c := v.Const
	if c == nil || c.Len() == 0 || int64(c.Len()) != r.count {
		return false
	}
	if at := c.Rank() - fromEnd - behind; r.count > 1 && (at < 0 || int64(c.Shape[at]) != r.count) {
		return false
	}
	r.first = c.IntAt(0)
	for i := range c.Len() {
		if c.IntAt(i) != r.first+int64(i) {
			return false
		}
	}
	return true
}
