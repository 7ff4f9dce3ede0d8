package op

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

func inferShape(c *ir.Infer) error {
	t := c.Type(0)
	if !t.HasRank {
		c.SetTensor(0, tensor.Int64, sym.Shape{fresh(c, 0)})
		return nil
	}
	a := attrsOf[attr.Shape](c)
	from, to := clampIndex(a.Start, len(t.Shape)), clampIndex(a.End, len(t.Shape))
	dims := slices.Clone(t.Shape[from:max(from, to)])
	c.SetTensor(0, tensor.Int64, sym.ShapeOf(len(dims)))
	c.SetSym(0, dims)
	return nil
}

// clampIndex counts i from the end if negative, and limits it to [0, n].
func clampIndex(i, n int) int {
	if i < 0 {
		i += n
	}
	return min(max(i, 0), n)
}

func inferSize(c *ir.Infer) error {
	c.SetTensor(0, tensor.Int64, sym.Shape{})
	if t := c.Type(0); t.HasRank {
		c.SetSym(0, []sym.Dim{t.Shape.Elements()})
	}
	return nil
}

// target returns the sizes that shape operand i asks for, which must be a
// vector of integers; ok is false if they are not known. Then rank is their
// number, or −1 if that isn't known either.
func target(c *ir.Infer, i int) (dims []sym.Dim, rank int, ok bool, err error) {
	if err := integers.check(c, i); err != nil {
		return nil, 0, false, err
	}
	if _, err := wantRank(c, i, 1); err != nil {
		return nil, 0, false, err
	}
	if dims, ok := c.In(i).Dims(); ok {
		return dims, len(dims), true, nil
	}
	if n, ok := sizeOf1D(c.In(i)); ok {
		return nil, n, false, nil
	}
	return nil, -1, false, nil
}

func inferReshape(c *ir.Infer) error {
	t := c.Type(0)
	dims, rank, ok, err := target(c, 1)
	if err != nil {
		return err
	}
	if !ok {
		return setFreshRank(c, t.DType, rank)
	}
	shape, err := reshaped(c, t, dims)
	if err != nil {
		return err
	}
	setView(c, shape)
	return nil
}

// setView gives output 0 the elements of operand 0 under another shape.
func setView(c *ir.Infer, shape sym.Shape) {
	c.SetTensor(0, c.Type(0).DType, shape)
	if same, ok := contents(c.In(0)); ok && shape.Elements().Is(int64(len(same))) {
		c.SetSym(0, same)
	}
}

// reshaped resolves the 0 and −1 of a Reshape target. A symbolic size that turns
// out to be 0 is a size, never the order to copy an axis: that is what exporters
// mean by it.
func reshaped(c *ir.Infer, t ir.Type, dims []sym.Dim) (sym.Shape, error) {
	allowZero := attrsOf[attr.Reshape](c).AllowZero
	shape := make(sym.Shape, len(dims))
	open := -1
	for i, d := range dims {
		n, number := d.IsConst()
		switch {
		case number && n == -1 && open >= 0:
			return nil, fmt.Errorf("target %s has more than one -1", sym.Shape(dims))
		case number && n == -1:
			open = i
			d = sym.Const(1)
		case number && n < 0:
			return nil, fmt.Errorf("target %s has a negative size", sym.Shape(dims))
		case number && n == 0 && !allowZero && !t.HasRank:
			d = c.Fresh(0, i)
		case number && n == 0 && !allowZero && i >= len(t.Shape):
			return nil, fmt.Errorf("target %s copies axis %d of %s", sym.Shape(dims), i, t.Shape)
		case number && n == 0 && !allowZero:
			d = t.Shape[i]
		}
		shape[i] = d
	}
	if !t.HasRank {
		if open >= 0 {
			shape[open] = c.Fresh(0, open)
		}
		return shape, nil
	}
	return fillOpen(c, t.Shape, shape, open)
}

// fillOpen gives axis open of shape, if any, the size that keeps the number of
// elements of from.
func fillOpen(c *ir.Infer, from, shape sym.Shape, open int) (sym.Shape, error) {
	total, known := from.Elements(), shape.Elements()
	if open < 0 {
		if differ(total, known) {
			return nil, fmt.Errorf("%s elements of %s can't be reshaped to %s", total, from, shape)
		}
		return shape, nil
	}
	if known.Is(0) {
		shape[open] = c.Fresh(0, open)
		return shape, nil
	}
	size, exact := total.DivExact(known)
	if !exact {
		if _, number := total.IsConst(); number {
			if _, number := known.IsConst(); number {
				return nil, fmt.Errorf("%s elements of %s are no multiple of %s", total, from, known)
			}
		}
		size = total.Div(known)
	}
	shape[open] = size
	return shape, nil
}

func inferFlatten(c *ir.Infer) error {
	t, axis := c.Type(0), attrsOf[attr.Axis](c).Axis
	if !t.HasRank {
		c.SetTensor(0, t.DType, c.FreshShape(0, 2))
		return nil
	}
	rank := len(t.Shape)
	if axis < -rank || axis > rank {
		return fmt.Errorf("axis %d is out of range for rank %d", axis, rank)
	}
	if axis < 0 {
		axis += rank
	}
	setView(c, sym.Shape{t.Shape[:axis].Elements(), t.Shape[axis:].Elements()})
	return nil
}

// axesIn returns the numbers of axes operand i, a vector or, as some files have
// it, a scalar. Without known contents, count is their number, or −1.
func axesIn(c *ir.Infer, i int) (axes []int64, count int, ok bool, err error) {
	if err := integers.check(c, i); err != nil {
		return nil, 0, false, err
	}
	if rank, known := c.Type(i).Rank(); known && rank > 1 {
		return nil, 0, false, fmt.Errorf("axes, operand %d, have rank %d, want 1", i, rank)
	}
	if axes, ok := c.In(i).Ints(); ok {
		return axes, len(axes), true, nil
	}
	if n, ok := sizeOf1D(c.In(i)); ok {
		return nil, n, false, nil
	}
	return nil, -1, false, nil
}

func inferSqueeze(c *ir.Infer) error {
	t := c.Type(0)
	if c.In(1) == nil {
		return squeezeAll(c, t)
	}
	axes, count, ok, err := axesIn(c, 1)
	if err != nil {
		return err
	}
	if !t.HasRank || !ok {
		rank := len(t.Shape) - count
		if !t.HasRank || count < 0 || rank < 0 {
			rank = -1
		}
		return setFreshRank(c, t.DType, rank)
	}
	drop, err := normalAxes(axes, len(t.Shape))
	if err != nil {
		return err
	}
	shape := sym.Shape{}
	for i, d := range t.Shape {
		if !slices.Contains(drop, i) {
			shape = append(shape, d)
		} else if differ(d, sym.Const(1)) {
			return fmt.Errorf("axis %d of %s has size %s, not 1", i, t.Shape, d)
		}
	}
	setView(c, shape)
	return nil
}

// squeezeAll removes every axis of size 1. The rank is open as long as some size
// may turn out to be 1.
func squeezeAll(c *ir.Infer, t ir.Type) error {
	shape := sym.Shape{}
	for _, d := range t.Shape {
		if d.Is(1) {
			continue
		}
		if !differ(d, sym.Const(1)) {
			return setFreshRank(c, t.DType, -1)
		}
		shape = append(shape, d)
	}
	if !t.HasRank {
		return setFreshRank(c, t.DType, -1)
	}
	setView(c, shape)
	return nil
}

func inferUnsqueeze(c *ir.Infer) error {
	t := c.Type(0)
	axes, count, ok, err := axesIn(c, 1)
	if err != nil {
		return err
	}
	if !t.HasRank || !ok {
		rank := len(t.Shape) + count
		if !t.HasRank || count < 0 {
			rank = -1
		}
		return setFreshRank(c, t.DType, rank)
	}
	if err := checkMaxRank(len(t.Shape) + len(axes)); err != nil {
		return err
	}
	added, err := normalAxes(axes, len(t.Shape)+len(axes))
	if err != nil {
		return err
	}
	setView(c, insertOnes(t.Shape, added))
	return nil
}

// insertOnes returns shape with axes of size 1 at the given places of the
// result.
func insertOnes(shape sym.Shape, at []int) sym.Shape {
	out := make(sym.Shape, len(shape)+len(at))
	rest := shape
	for i := range out {
		if slices.Contains(at, i) {
			out[i] = sym.Const(1)
			continue
		}
		out[i], rest = rest[0], rest[1:]
	}
	return out
}

func inferTranspose(c *ir.Infer) error {
	t, perm := c.Type(0), attrsOf[attr.Transpose](c).Perm
	if !t.HasRank {
		rank := -1
		if len(perm) > 0 {
			rank = len(perm)
		}
		return setFreshRank(c, t.DType, rank)
	}
	perm, err := permutation(perm, len(t.Shape))
	if err != nil {
		return err
	}
	shape := make(sym.Shape, len(perm))
	for i, p := range perm {
		shape[i] = t.Shape[p]
	}
	c.SetTensor(0, t.DType, shape)
	if x, ok := smallIn(c, 0); ok {
		sizes, _ := shape.IsConst()
		from := make([]int, len(perm))
		each(c, 0, sizes, func(index []int) (sym.Dim, bool) {
			for i, p := range perm {
				from[p] = index[i]
			}
			return x.at(from), true
		})
	}
	return nil
}

// permutation checks perm; an empty one reverses the axes.
func permutation(perm []int, rank int) ([]int, error) {
	if len(perm) == 0 {
		reversed := make([]int, rank)
		for i := range reversed {
			reversed[i] = rank - 1 - i
		}
		return reversed, nil
	}
	seen := make([]bool, rank)
	for _, p := range perm {
		if len(perm) != rank || p < 0 || p >= rank || seen[p] {
			return nil, fmt.Errorf("perm %v is no permutation of %d axes", perm, rank)
		}
		seen[p] = true
	}
	return perm, nil
}

func inferExpand(c *ir.Infer) error {
	t := c.Type(0)
	dims, rank, ok, err := target(c, 1)
	if err != nil {
		return err
	}
	if !ok || !t.HasRank {
		if rank >= 0 && t.HasRank {
			rank = max(rank, len(t.Shape))
		} else {
			rank = -1
		}
		return setFreshRank(c, t.DType, rank)
	}
	for _, d := range dims {
		if n, number := d.IsConst(); number && n < 0 {
			return fmt.Errorf("target %s has a negative size", sym.Shape(dims))
		}
	}
	shape, err := sym.BroadcastShapes(t.Shape, dims)
	if err != nil {
		return err
	}
	c.SetTensor(0, t.DType, shape)
	sizes, ok := shape.IsConst()
	if x, known := smallIn(c, 0); ok && known {
		each(c, 0, sizes, func(index []int) (sym.Dim, bool) { return x.spread(index), true })
	}
	return nil
}

func inferTile(c *ir.Infer) error {
	t := c.Type(0)
	repeats, rank, ok, err := target(c, 1)
	if err != nil {
		return err
	}
	if t.HasRank {
		if rank >= 0 && rank != len(t.Shape) {
			return fmt.Errorf("%d repeats for rank %d", rank, len(t.Shape))
		}
		rank = len(t.Shape)
	}
	if !ok || !t.HasRank {
		return setFreshRank(c, t.DType, rank)
	}
	shape := make(sym.Shape, len(t.Shape))
	for i, d := range t.Shape {
		if differ(repeats[i], repeats[i].Max(sym.Const(0))) {
			return fmt.Errorf("axis %d is repeated %s times", i, repeats[i])
		}
		shape[i] = d.Mul(repeats[i])
	}
	c.SetTensor(0, t.DType, shape)
	sizes, ok := shape.IsConst()
	if x, known := smallIn(c, 0); ok && known {
		from := make([]int, len(sizes))
		each(c, 0, sizes, func(index []int) (sym.Dim, bool) {
			for i := range index {
				from[i] = index[i] % x.shape[i]
			}
			return x.at(from), true
		})
	}
	return nil
}
