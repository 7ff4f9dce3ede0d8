package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

func inferGather(c *ir.Infer) error {
	if err := classes(c, anyElement, integers); err != nil {
		return err
	}
	x, idx := c.Type(0), c.Type(1)
	if !x.HasRank {
		c.Set(0, x)
		return nil
	}
	axis, err := normalAxis(attrsOf[attr.Axis](c).Axis, len(x.Shape))
	if err != nil {
		return err
	}
	if !idx.HasRank {
		c.Set(0, ir.Unranked(x.DType))
		return nil
	}
	if err := checkMaxRank(len(x.Shape) + len(idx.Shape) - 1); err != nil {
		return err
	}
	c.SetTensor(0, x.DType, slices.Concat(x.Shape[:axis], idx.Shape, x.Shape[axis+1:]))
	gatherContents(c, axis)
	return nil
}

func gatherContents(c *ir.Infer, axis int) {
	x, ok1 := smallIn(c, 0)
	idx, ok2 := smallIn(c, 1)
	if !ok1 || !ok2 {
		return
	}
	n := len(idx.shape)
	at := make([]int, len(x.shape))
	each(c, 0, slices.Concat(x.shape[:axis], idx.shape, x.shape[axis+1:]), func(index []int) (sym.Dim, bool) {
		i, ok := entry(idx.at(index[axis:axis+n]), x.shape[axis])
		copy(at, index[:axis])
		at[axis] = i
		copy(at[axis+1:], index[axis+n:])
		return elementAt(x, at, ok)
	})
}

// entry turns an index into a position among n; a negative one counts from the
// end. It fails for one that is no number, or out of range: the kernel tells.
func entry(index sym.Dim, n int) (int, bool) {
	i, ok := index.IsConst()
	if ok && i < 0 {
		i += int64(n)
	}
	if !ok || i < 0 || i >= int64(n) {
		return 0, false
	}
	return int(i), true
}

func elementAt(x small, at []int, ok bool) (sym.Dim, bool) {
	if !ok {
		return sym.Dim{}, false
	}
	return x.at(at), true
}

func inferGatherElements(c *ir.Infer) error {
	if err := classes(c, anyElement, integers); err != nil {
		return err
	}
	x, idx := c.Type(0), c.Type(1)
	if err := sameRank(c, 0, 1); err != nil {
		return err
	}
	if !idx.HasRank {
		rank := -1
		if x.HasRank {
			rank = len(x.Shape)
		}
		return setFreshRank(c, x.DType, rank)
	}
	axis, err := normalAxis(attrsOf[attr.Axis](c).Axis, len(idx.Shape))
	if err != nil {
		return err
	}
	c.SetTensor(0, x.DType, idx.Shape)
	from, ok1 := smallIn(c, 0)
	index, ok2 := smallIn(c, 1)
	if ok1 && ok2 {
		at := make([]int, len(index.shape))
		each(c, 0, index.shape, func(i []int) (sym.Dim, bool) {
			copy(at, i)
			for k := range at {
				if at[k] >= from.shape[k] && k != axis {
					return sym.Dim{}, false
				}
			}
			var ok bool
			at[axis], ok = entry(index.at(i), from.shape[axis])
			return elementAt(from, at, ok)
		})
	}
	return nil
}

// sameRank checks that two operands have equal ranks where both are known.
func sameRank(c *ir.Infer, i, j int) error {
	m, ok1 := c.Type(i).Rank()
	n, ok2 := c.Type(j).Rank()
	if ok1 && ok2 && m != n {
		return fmt.Errorf("operands %d and %d have ranks %d and %d, want equal ones", i, j, m, n)
	}
	return nil
}

func inferGatherND(c *ir.Infer) error {
	if err := classes(c, anyElement, integers); err != nil {
		return err
	}
	x, idx, batch := c.Type(0), c.Type(1), attrsOf[attr.GatherND](c).BatchDims
	if _, err := minRank(c, 0, 1); err != nil {
		return err
	}
	if _, err := minRank(c, 1, 1); err != nil {
		return err
	}
	if !x.HasRank || !idx.HasRank {
		c.Set(0, ir.Unranked(x.DType))
		return nil
	}
	last := len(idx.Shape) - 1
	if batch < 0 || batch > last || batch >= len(x.Shape) {
		return fmt.Errorf("batch_dims %d is out of range for ranks %d and %d", batch, len(x.Shape), len(idx.Shape))
	}
	depth, ok := idx.Shape[last].IsConst()
	if !ok {
		c.Set(0, ir.Unranked(x.DType))
		return nil
	}
	if depth < 1 || depth > int64(len(x.Shape)-batch) {
		return fmt.Errorf("index tuples of length %d for rank %d after %d batch axes", depth, len(x.Shape), batch)
	}
	for i := range batch {
		if _, err := agree("batch sizes", x.Shape[i], idx.Shape[i]); err != nil {
			return err
		}
	}
	shape := slices.Concat(idx.Shape[:last], x.Shape[batch+int(depth):])
	if err := checkMaxRank(len(shape)); err != nil {
		return err
	}
	c.SetTensor(0, x.DType, shape)
	return nil
}

// inferScatterElements types ScatterElements: data, indices, updates.
func inferScatterElements(c *ir.Infer) error {
	if err := checkScatter(c, attrsOf[attr.ScatterElements](c).Reduction); err != nil {
		return err
	}
	if err := sameRank(c, 0, 1); err != nil {
		return err
	}
	if err := sameShape(c, 1, 2); err != nil {
		return err
	}
	t := c.Type(0)
	if t.HasRank {
		if _, err := normalAxis(attrsOf[attr.ScatterElements](c).Axis, len(t.Shape)); err != nil {
			return err
		}
	}
	c.Set(0, t)
	return nil
}

func checkScatter(c *ir.Infer, reduction string) error {
	switch reduction {
	case "none", "add", "mul", "max", "min":
	default:
		return fmt.Errorf("reduction %q is not known", reduction)
	}
	if err := classes(c, anyElement, integers); err != nil {
		return err
	}
	_, err := commonElement(c, 0, 2)
	return err
}

// sameShape checks that two operands agree in rank and sizes.
func sameShape(c *ir.Infer, i, j int) error {
	if err := sameRank(c, i, j); err != nil {
		return err
	}
	a, b := c.Type(i), c.Type(j)
	if !a.HasRank || !b.HasRank {
		return nil
	}
	for k := range a.Shape {
		if _, err := agree(fmt.Sprintf("sizes of axis %d,", k), a.Shape[k], b.Shape[k]); err != nil {
			return err
		}
	}
	return nil
}

func inferScatterND(c *ir.Infer) error {
	if err := checkScatter(c, attrsOf[attr.ScatterND](c).Reduction); err != nil {
		return err
	}
	x, idx, updates := c.Type(0), c.Type(1), c.Type(2)
	c.Set(0, x)
	if !x.HasRank || !idx.HasRank || len(idx.Shape) == 0 {
		return nil
	}
	last := len(idx.Shape) - 1
	depth, ok := idx.Shape[last].IsConst()
	if !ok {
		return nil
	}
	if depth < 1 || depth > int64(len(x.Shape)) {
		return fmt.Errorf("index tuples of length %d for rank %d", depth, len(x.Shape))
	}
	want := slices.Concat(idx.Shape[:last], x.Shape[depth:])
	if updates.HasRank && len(updates.Shape) != len(want) {
		return fmt.Errorf("updates of shape %s, want %s", updates.Shape, want)
	}
	return nil
}

func inferTrilu(c *ir.Infer) error {
	if err := classes(c, anyElement, integers); err != nil {
		return err
	}
	_, err := minRank(c, 0, 2)
	c.Set(0, c.Type(0))
	return err
}

func inferRange(c *ir.Infer) error {
	if err := numbers.checkAll(c); err != nil {
		return err
	}
	d, err := commonElement(c, 0, 1, 2)
	if err != nil {
		return err
	}
	for i := range 3 {
		if t := c.Type(i); t.HasRank && differ(t.Shape.Elements(), sym.Const(1)) {
			return fmt.Errorf("operand %d has %s elements, want one", i, t.Shape.Elements())
		}
	}
	n, ok := rangeLength(c)
	if !ok {
		n = fresh(c, 0)
	}
	c.SetTensor(0, d, sym.Shape{n})
	rangeContents(c, d, n)
	return nil
}

// rangeLength is max(0, ceil((limit−start)/delta)).
func rangeLength(c *ir.Infer) (sym.Dim, bool) {
	start, ok1 := scalarIn(c, 0)
	limit, ok2 := scalarIn(c, 1)
	delta, ok3 := scalarIn(c, 2)
	if !ok1 || !ok2 || !ok3 {
		return floatRange(c)
	}
	step, number := delta.IsConst()
	span := limit.Sub(start)
	switch {
	case number && step == math.MinInt64:
		return sym.Dim{}, false
	case number && step < 0:
		span, delta = span.Neg(), delta.Neg()
	case !sym.ProvablyPositive(delta):
		return sym.Dim{}, false
	}
	return span.Max(sym.Const(0)).CeilDiv(delta), true
}

// floatRange is rangeLength of float constants.
func floatRange(c *ir.Infer) (sym.Dim, bool) {
	start, ok1 := c.In(0).Scalar()
	limit, ok2 := c.In(1).Scalar()
	delta, ok3 := c.In(2).Scalar()
	n := math.Ceil((limit - start) / delta)
	if !ok1 || !ok2 || !ok3 || math.IsNaN(n) || n > math.MaxInt32 {
		return sym.Dim{}, false
	}
	return sym.Const(int64(max(n, 0))), true
}

func rangeContents(c *ir.Infer, d tensor.DType, n sym.Dim) {
	start, ok1 := scalarIn(c, 0)
	delta, ok2 := scalarIn(c, 2)
	count, ok := n.IsConst()
	if !ok || !ok1 || !ok2 || count > ir.MaxSym || !carries(d) {
		return
	}
	each(c, 0, []int{int(count)}, func(index []int) (sym.Dim, bool) {
		x := start.Add(delta.Mul(sym.Const(int64(index[0]))))
		return x, fits(x, d)
	})
}

// inferNonZero gives one column per element that is not zero; a scalar has
// columns of length 0 (ONNX differs from numpy there).
func inferNonZero(c *ir.Infer) error {
	rank, known := c.Type(0).Rank()
	rows := sym.Const(int64(rank))
	if !known {
		rows = c.Fresh(0, 0)
	}
	c.SetTensor(0, tensor.Int64, sym.Shape{rows, c.Fresh(0, 1)})
	return nil
}

// inferOneHot takes indices, depth and the pair of values.
func inferOneHot(c *ir.Infer) error {
	if err := classes(c, numbers, numbers, anyElement); err != nil {
		return err
	}
	idx, d := c.Type(0), c.Type(2).DType
	if known, err := wantRank(c, 2, 1); err != nil {
		return err
	} else if known {
		if _, err := agree("numbers of values", c.Type(2).Shape[0], sym.Const(2)); err != nil {
			return err
		}
	}
	if !idx.HasRank {
		c.Set(0, ir.Unranked(d))
		return nil
	}
	axis, err := normalAxis(attrsOf[attr.Axis](c).Axis, len(idx.Shape)+1)
	if err != nil {
		return err
	}
	depth, ok := scalarIn(c, 1)
	if !ok {
		depth = c.Fresh(0, axis)
	}
	if n, number := depth.IsConst(); number && n < 0 {
		return fmt.Errorf("depth %d is negative", n)
	}
	c.SetTensor(0, d, slices.Insert(idx.Shape.Clone(), axis, depth))
	return nil
}

func inferEyeLike(c *ir.Infer) error {
	if _, err := wantRank(c, 0, 2); err != nil {
		return err
	}
	t, d := c.Type(0), attrsOf[attr.EyeLike](c).DType
	if d == tensor.Invalid {
		d = t.DType
	}
	if !t.HasRank {
		return setFreshRank(c, d, 2)
	}
	setLike(c, t, d)
	return nil
}

func inferCompress(c *ir.Infer) error {
	if err := classes(c, anyElement, booleans); err != nil {
		return err
	}
	if _, err := wantRank(c, 1, 1); err != nil {
		return err
	}
	t := c.Type(0)
	if !t.HasRank {
		c.Set(0, t)
		return nil
	}
	axis, err := normalAxis(attrsOf[attr.Axis](c).Axis, len(t.Shape))
	if err != nil {
		return err
	}
	shape := t.Shape.Clone()
	shape[axis] = c.Fresh(0, axis)
	if taken, ok := contents(c.In(1)); ok {
		count := sym.Const(0)
		for _, d := range taken {
			count = count.Add(d)
		}
		shape[axis] = count
	}
	c.SetTensor(0, t.DType, shape)
	return nil
}

func inferTopK(c *ir.Infer) error {
	if err := classes(c, numbers, integers); err != nil {
		return err
	}
	t := c.Type(0)
	if !t.HasRank {
		c.Set(0, t)
		c.Set(1, ir.Unranked(tensor.Int64))
		return nil
	}
	axis, err := normalAxis(attrsOf[attr.TopK](c).Axis, len(t.Shape))
	if err != nil {
		return err
	}
	k, ok := scalarIn(c, 1)
	if !ok {
		k = fresh(c, axis)
	}
	if n, number := k.IsConst(); number && n < 0 || sym.ProvablyLT(t.Shape[axis], k) {
		return fmt.Errorf("k = %s of axis %d with size %s", k, axis, t.Shape[axis])
	}
	shape := t.Shape.Clone()
	shape[axis] = k
	c.SetTensor(0, t.DType, shape)
	c.SetTensor(1, tensor.Int64, shape)
	return nil
}

// blocks checks the block size of DepthToSpace and SpaceToDepth.
func blocks(c *ir.Infer) (b sym.Dim, known bool, err error) {
	a := attrsOf[attr.DepthSpace](c)
	if a.BlockSize < 1 || a.BlockSize > math.MaxInt16 {
		return b, false, fmt.Errorf("blocksize %d is out of range", a.BlockSize)
	}
	if a.Mode != "DCR" && a.Mode != "CRD" {
		return b, false, fmt.Errorf("mode %q is not known", a.Mode)
	}
	known, err = wantRank(c, 0, 4)
	return sym.Const(int64(a.BlockSize)), known, err
}

func inferDepthToSpace(c *ir.Infer) error {
	b, known, err := blocks(c)
	t := c.Type(0)
	if err != nil || !known {
		c.SetTensor(0, t.DType, c.FreshShape(0, 4))
		return err
	}
	s := t.Shape
	channels, err := quotient("channels", s[1], b.Mul(b))
	c.SetTensor(0, t.DType, sym.Shape{s[0], channels, s[2].Mul(b), s[3].Mul(b)})
	return err
}

func inferSpaceToDepth(c *ir.Infer) error {
	b, known, err := blocks(c)
	t := c.Type(0)
	if err != nil || !known {
		c.SetTensor(0, t.DType, c.FreshShape(0, 4))
		return err
	}
	s := t.Shape
	height, err := quotient("height", s[2], b)
	if err != nil {
		return err
	}
	width, err := quotient("width", s[3], b)
	c.SetTensor(0, t.DType, sym.Shape{s[0], s[1].Mul(b).Mul(b), height, width})
	return err
}

// quotient divides a size that must be a multiple of by.
func quotient(what string, d, by sym.Dim) (sym.Dim, error) {
	if rest, ok := d.Mod(by).IsConst(); ok && rest != 0 {
		return d, fmt.Errorf("%s %s is no multiple of %s", what, d, by)
	}
	return d.Div(by), nil
}
