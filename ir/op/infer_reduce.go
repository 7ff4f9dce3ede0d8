package op

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// inferReduce types a reduction of elements of class k over the axes of operand 1;
// without axes over all, unless the attribute says that none are meant.
func inferReduce(k class) func(*ir.Infer) error {
	return func(c *ir.Infer) error {
		if err := k.check(c, 0); err != nil {
			return err
		}
		t, a := c.Type(0), attrsOf[attr.Reduce](c)
		axes, count, known := []int64{}, 0, true
		if c.In(1) != nil {
			var err error
			if axes, count, known, err = axesIn(c, 1); err != nil {
				return err
			}
		}
		if !t.HasRank {
			return reduceUnranked(c, t, a, known && count == 0 && !a.NoopWithEmptyAxes)
		}
		if !known {
			return reduceUnknown(c, t, a, count)
		}
		if len(axes) == 0 && a.NoopWithEmptyAxes {
			return inferIdentity(c)
		}
		reduced, err := reducedAxes(axes, len(t.Shape))
		if err != nil {
			return err
		}
		c.SetTensor(0, t.DType, reducedShape(t.Shape, reduced, a.KeepDims))
		reduceContents(c, t, reduced, a.KeepDims)
		return nil
	}
}

func reduceUnranked(c *ir.Infer, t ir.Type, a *attr.Reduce, all bool) error {
	if all && !a.KeepDims {
		return setFreshRank(c, t.DType, 0)
	}
	return setFreshRank(c, t.DType, -1)
}

// reduceUnknown types a reduction over count axes that aren't known; −1: nor is
// their number.
func reduceUnknown(c *ir.Infer, t ir.Type, a *attr.Reduce, count int) error {
	rank := len(t.Shape)
	switch {
	case a.KeepDims:
	case count > 0 && count <= rank:
		rank -= count
	case count > rank:
		return fmt.Errorf("%d axes for rank %d", count, rank)
	default:
		rank = -1
	}
	return setFreshRank(c, t.DType, rank)
}

// reducedAxes says of each axis whether it is reduced; an empty list means all.
func reducedAxes(axes []int64, rank int) ([]bool, error) {
	list, err := normalAxes(axes, rank)
	if err != nil {
		return nil, err
	}
	reduced := make([]bool, rank)
	for i := range reduced {
		reduced[i] = len(axes) == 0
	}
	for _, axis := range list {
		reduced[axis] = true
	}
	return reduced, nil
}

func reducedShape(shape sym.Shape, reduced []bool, keep bool) sym.Shape {
	out := sym.Shape{}
	for i, d := range shape {
		switch {
		case !reduced[i]:
			out = append(out, d)
		case keep:
			out = append(out, sym.Const(1))
		}
	}
	return out
}

// reductions lists the reductions that contents are carried through.
var reductions = map[string]func(a, b sym.Dim) sym.Dim{
	"ReduceSum":  sym.Dim.Add,
	"ReduceProd": sym.Dim.Mul,
	"ReduceMax":  sym.Dim.Max,
	"ReduceMin":  sym.Dim.Min,
}

func reduceContents(c *ir.Infer, t ir.Type, reduced []bool, keep bool) {
	x, ok := smallIn(c, 0)
	f := reductions[c.Node.Op.Name]
	if !ok || f == nil || !carries(t.DType) || len(x.dims) == 0 {
		return
	}
	kept, _ := reducedShape(t.Shape, reduced, true).IsConst()
	n, _ := tensor.Elements(kept)
	sums := small{shape: kept, dims: make([]sym.Dim, n)}
	started := make([]bool, n)
	index := make([]int, len(x.shape))
	for _, d := range x.dims {
		flat := 0
		for axis, size := range kept {
			flat = flat*size + min(index[axis], size-1)
		}
		if started[flat] {
			d = f(sums.dims[flat], d)
		}
		if started[flat] = true; !fits(d, t.DType) {
			return
		}
		sums.dims[flat] = d
		advance(index, x.shape)
	}
	c.SetSym(0, sums.dims)
}

func inferArgReduce(c *ir.Infer) error {
	if err := numbers.check(c, 0); err != nil {
		return err
	}
	t, a := c.Type(0), attrsOf[attr.ArgReduce](c)
	if !t.HasRank {
		return setFreshRank(c, tensor.Int64, -1)
	}
	axis, err := normalAxis(a.Axis, len(t.Shape))
	if err != nil {
		return err
	}
	if t.Shape[axis].Is(0) {
		return fmt.Errorf("axis %d is empty", axis)
	}
	reduced := make([]bool, len(t.Shape))
	reduced[axis] = true
	c.SetTensor(0, tensor.Int64, reducedShape(t.Shape, reduced, a.KeepDims))
	return nil
}

func inferCumSum(c *ir.Infer) error {
	if err := classes(c, numbers, integers); err != nil {
		return err
	}
	t := c.Type(0)
	c.Set(0, t)
	if axis, ok := number(c, 1); ok && t.HasRank {
		if _, err := normalAxes([]int64{axis}, len(t.Shape)); err != nil {
			return err
		}
	}
	return nil
}
