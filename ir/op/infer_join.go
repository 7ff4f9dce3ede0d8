package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
)

func inferConcat(c *ir.Infer) error {
	if err := noneMissing(c); err != nil {
		return err
	}
	d, err := commonElement(c, allOperands(c)...)
	if err != nil {
		return err
	}
	rank := -1
	for i := range c.NumIn() {
		r, known := c.Type(i).Rank()
		switch {
		case !known:
		case rank < 0:
			rank = r
		case rank != r:
			return fmt.Errorf("ranks %d and %d differ", rank, r)
		}
	}
	if rank < 0 {
		c.Set(0, ir.Unranked(d))
		return nil
	}
	axis, err := normalAxis(attrsOf[attr.Axis](c).Axis, rank)
	if err != nil {
		return err
	}
	shape, err := joined(c, axis)
	if err != nil {
		return err
	}
	c.SetTensor(0, d, shape)
	concatContents(c, axis, shape)
	return nil
}

// joined adds up the sizes along axis; the others must agree.
func joined(c *ir.Infer, axis int) (sym.Shape, error) {
	var shape sym.Shape
	sum, known := sym.Const(0), true
	for i := range c.NumIn() {
		t := c.Type(i)
		if !t.HasRank {
			known = false
			continue
		}
		if shape == nil {
			shape = t.Shape.Clone()
		}
		sum = sum.Add(t.Shape[axis])
		for k := range shape {
			if k == axis {
				continue
			}
			size, err := agree(fmt.Sprintf("sizes of axis %d,", k), shape[k], t.Shape[k])
			if err != nil {
				return nil, err
			}
			shape[k] = size
		}
	}
	if !known {
		sum = c.Fresh(0, axis)
	}
	shape[axis] = sum
	return shape, nil
}

func concatContents(c *ir.Infer, axis int, shape sym.Shape) {
	sizes, ok := shape.IsConst()
	if !ok {
		return
	}
	ins, ok := smallIns(c)
	if !ok {
		return
	}
	from := make([]int, len(sizes))
	each(c, 0, sizes, func(index []int) (sym.Dim, bool) {
		copy(from, index)
		for _, x := range ins {
			if from[axis] < x.shape[axis] {
				return x.at(from), true
			}
			from[axis] -= x.shape[axis]
		}
		return sym.Dim{}, false
	})
}

func inferSplit(c *ir.Infer) error {
	t, n := c.Type(0), c.NumOut()
	if !t.HasRank {
		for i := range n {
			c.Set(i, t)
		}
		return nil
	}
	axis, err := normalAxis(attrsOf[attr.Axis](c).Axis, len(t.Shape))
	if err != nil {
		return err
	}
	sizes, err := splitSizes(c, t.Shape[axis], axis)
	if err != nil {
		return err
	}
	from := sym.Const(0)
	for i, size := range sizes {
		shape := t.Shape.Clone()
		shape[axis] = size
		c.SetTensor(i, t.DType, shape)
		splitContents(c, i, axis, from, shape)
		from = from.Add(size)
	}
	return nil
}

// splitSizes returns the size of each part along axis: the second operand's
// contents or, without it, equal parts with a smaller last one.
func splitSizes(c *ir.Infer, size sym.Dim, axis int) ([]sym.Dim, error) {
	n := c.NumOut()
	if c.In(1) == nil {
		return equalParts(size, n)
	}
	parts, count, ok, err := target(c, 1)
	switch {
	case err != nil:
		return nil, err
	case count >= 0 && count != n:
		return nil, fmt.Errorf("%d sizes for %d outputs", count, n)
	case !ok:
		parts = make([]sym.Dim, n)
		for i := range parts {
			parts[i] = c.Fresh(i, axis)
		}
		return parts, nil
	}
	sum := sym.Const(0)
	for _, p := range parts {
		if k, number := p.IsConst(); number && k < 0 {
			return nil, fmt.Errorf("part of size %d", k)
		}
		sum = sum.Add(p)
	}
	if differ(sum, size) {
		return nil, fmt.Errorf("parts %s add up to %s, axis %d has size %s", sym.Shape(parts), sum, axis, size)
	}
	return parts, nil
}

func equalParts(size sym.Dim, n int) ([]sym.Dim, error) {
	part := size.CeilDiv(sym.Const(int64(n)))
	parts := slices.Repeat([]sym.Dim{part}, n)
	parts[n-1] = size.Sub(part.Mul(sym.Const(int64(n - 1))))
	if k, number := parts[n-1].IsConst(); number && k < 0 {
		return nil, fmt.Errorf("size %s can't be split in %d", size, n)
	}
	return parts, nil
}

func splitContents(c *ir.Infer, out, axis int, from sym.Dim, shape sym.Shape) {
	x, known := smallIn(c, 0)
	start, number := from.IsConst()
	sizes, ok := shape.IsConst()
	if !known || !number || !ok || int(start)+sizes[axis] > x.shape[axis] {
		return
	}
	at := make([]int, len(sizes))
	each(c, out, sizes, func(index []int) (sym.Dim, bool) {
		copy(at, index)
		at[axis] += int(start)
		return x.at(at), true
	})
}

// interval is start:end:step along one axis.
type interval struct{ start, end, step sym.Dim }

func inferSlice(c *ir.Infer) error {
	t := c.Type(0)
	for i := 1; i < c.NumIn(); i++ {
		if c.In(i) == nil {
			continue
		}
		if err := integers.check(c, i); err != nil {
			return err
		}
		if rank, known := c.Type(i).Rank(); known && rank > 1 {
			return fmt.Errorf("operand %d is %s, want a list", i, c.Type(i))
		}
	}
	if !t.HasRank {
		c.Set(0, t)
		return nil
	}
	axes, ok, err := sliceAxes(c, len(t.Shape))
	if err != nil {
		return err
	}
	if !ok {
		return setFreshRank(c, t.DType, len(t.Shape))
	}
	shape := t.Shape.Clone()
	from, steps := make([]int, len(shape)), slices.Repeat([]int{1}, len(shape))
	exact := true
	for i, axis := range axes {
		r, known := rangeAt(c, i)
		if known && r.step.Is(0) {
			return fmt.Errorf("axis %d is sliced with step 0", axis)
		}
		if known {
			shape[axis], known = r.size(t.Shape[axis])
		}
		if !known {
			shape[axis], exact = c.Fresh(0, axis), false
			continue
		}
		var numbers bool
		from[axis], steps[axis], numbers = r.first(t.Shape[axis])
		exact = exact && numbers
	}
	c.SetTensor(0, t.DType, shape)
	if exact {
		sliceContents(c, shape, from, steps)
	}
	return nil
}

// sliceAxes returns which axes are sliced: operand 3, or the first ones. ok is
// false if they aren't known.
func sliceAxes(c *ir.Infer, rank int) (axes []int, ok bool, err error) {
	if c.In(3) != nil {
		list, known := c.In(3).Ints()
		if !known {
			return nil, false, nil
		}
		axes, err = normalAxes(list, rank)
		return axes, err == nil, err
	}
	for _, operand := range []int{1, 2} {
		n, known := sizeOf1D(c.In(operand))
		if !known {
			continue
		}
		if n > rank {
			return nil, false, fmt.Errorf("%d ranges for rank %d", n, rank)
		}
		for i := range n {
			axes = append(axes, i)
		}
		return axes, true, nil
	}
	return nil, false, nil
}

// rangeAt returns entry i of starts, ends and steps, if they are known.
func rangeAt(c *ir.Infer, i int) (interval, bool) {
	entry := func(operand int) (sym.Dim, bool) {
		dims, ok := c.In(operand).Dims()
		if !ok || i >= len(dims) {
			return sym.Dim{}, false
		}
		return dims[i], true
	}
	start, ok1 := entry(1)
	end, ok2 := entry(2)
	step, ok3 := sym.Const(1), true
	if c.In(4) != nil {
		step, ok3 = entry(4)
	}
	return interval{start, end, step}, ok1 && ok2 && ok3
}

// farIndex and beyond is how exporters write "to the end": 2^31−1, 2^63−1 and
// the negatives. No axis is as long.
const farIndex = math.MaxInt32

// resolve counts a negative index from the end, without clamping. far is what
// an index past the end in the positive direction stands for, near in the
// negative. It fails if the sign is open.
func resolve(i, size, near, far sym.Dim) (sym.Dim, bool) {
	if n, number := i.IsConst(); number {
		switch {
		case n >= farIndex:
			return far, true
		case n <= -farIndex:
			return near, true
		case n < 0:
			return size.Add(i), true
		}
		return i, true
	}
	switch {
	case nonNegative(i):
		return i, true
	case i.Add(size).Is(0): // the first entry, whether counted from the end or, of none, from the front
		return sym.Const(0), true
	case sym.ProvablyLT(i, sym.Const(0)):
		return size.Add(i), true
	}
	return sym.Dim{}, false
}

// size is how many entries of an axis the interval takes. Both indices are clamped, to
// [0, n] or, going backwards, to [−1, n−1]. Clamped at both ends,
// end − start = max(0, min over e in {end, n}, s in {start, 0} of e − s),
// which keeps min and max out of the common cases.
func (r interval) size(n sym.Dim) (sym.Dim, bool) {
	zero, one := sym.Const(0), sym.Const(1)
	step, number := r.step.IsConst()
	if !number || step == 0 || step == math.MinInt64 {
		return sym.Dim{}, false
	}
	lo, hi := zero, n
	if step < 0 {
		lo, hi = sym.Const(-1), n.Sub(one)
	}
	start, ok1 := resolve(r.start, n, lo, hi)
	end, ok2 := resolve(r.end, n, lo, hi)
	if !ok1 || !ok2 {
		return sym.Dim{}, false
	}
	if step < 0 {
		start, end, step = end, start, -step
	}
	length := end.Sub(start).Min(hi.Sub(start)).Min(end.Sub(lo)).Min(hi.Sub(lo)).Max(zero)
	return length.CeilDiv(sym.Const(step)), true
}

// first returns the index of the first entry and the step, if they and the size
// n are numbers.
func (r interval) first(n sym.Dim) (from, step int, ok bool) {
	size, isSize := n.IsConst()
	start, isStart := r.start.IsConst()
	by, isStep := r.step.IsConst()
	if !isSize || !isStart || !isStep || by != int64(int(by)) {
		return 0, 0, false
	}
	if start < 0 {
		start += size
	}
	limit := size
	if by < 0 {
		limit = size - 1
	}
	return int(min(max(start, 0), limit)), int(by), true
}

func sliceContents(c *ir.Infer, shape sym.Shape, from, steps []int) {
	x, ok := smallIn(c, 0)
	sizes, number := shape.IsConst()
	if !ok || !number {
		return
	}
	at := make([]int, len(sizes))
	each(c, 0, sizes, func(index []int) (sym.Dim, bool) {
		for i := range index {
			at[i] = from[i] + index[i]*steps[i]
		}
		return x.at(at), true
	})
}

func inferPad(c *ir.Infer) error {
	t := c.Type(0)
	switch mode := attrsOf[attr.Pad](c).Mode; mode {
	case "constant", "reflect", "edge", "wrap":
	default:
		return fmt.Errorf("mode %q is not known", mode)
	}
	pads, count, ok, err := target(c, 1)
	if err != nil {
		return err
	}
	if _, err := commonElement(c, 0, 2); err != nil {
		return err
	}
	if !t.HasRank {
		c.Set(0, t)
		return nil
	}
	axes, known, err := padAxes(c, len(t.Shape))
	if err != nil {
		return err
	}
	if known && count >= 0 && count != 2*len(axes) {
		return fmt.Errorf("%d pads for %d axes", count, len(axes))
	}
	if !known || !ok {
		return setFreshRank(c, t.DType, len(t.Shape))
	}
	shape := t.Shape.Clone()
	for i, axis := range axes {
		size := shape[axis].Add(pads[i]).Add(pads[i+len(axes)])
		if sym.ProvablyLT(size, sym.Const(0)) {
			return fmt.Errorf("axis %d of size %s is padded to %s", axis, shape[axis], size)
		}
		shape[axis] = size
	}
	c.SetTensor(0, t.DType, shape)
	return nil
}

// padAxes returns the padded axes: operand 3, or all.
func padAxes(c *ir.Infer, rank int) ([]int, bool, error) {
	if c.In(3) == nil {
		axes := make([]int, rank)
		for i := range axes {
			axes[i] = i
		}
		return axes, true, nil
	}
	list, _, ok, err := axesIn(c, 3)
	if err != nil || !ok {
		return nil, false, err
	}
	axes, err := normalAxes(list, rank)
	return axes, err == nil, err
}
