package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// gather copies the entries of an axis that indices say. Items are entries of the
// result.
type gather struct {
	z, x    []byte
	indices indices
	n       int // entries of the axis
	size    int // of an entry, in bytes
}

// indices are integers of any type; those that models use are read without a
// detour.
type indices struct {
	i64 []int64
	i32 []int32
	any *tensor.Tensor
	len int
}

func indicesOf(t *tensor.Tensor) indices {
	x := indices{any: t, len: t.Len()}
	switch t.DType {
	case tensor.Int64:
		x.i64 = tensor.Data[int64](t)
	case tensor.Int32:
		x.i32 = tensor.Data[int32](t)
	}
	return x
}

// at is index i; those below 0 count from the end of n entries. It is not checked.
func (x *indices) at(i, n int) int {
	var v int64
	switch {
	case x.i64 != nil:
		v = x.i64[i]
	case x.i32 != nil:
		v = int64(x.i32[i])
	default:
		v = x.any.IntAt(i)
	}
	if v < 0 {
		v += int64(n)
	}
	return int(v)
}

// outside returns an index that is none of n entries, if there is one.
func (x *indices) outside(n int) (i int, found bool) {
	for i := range x.len {
		if v := x.at(i, n); v < 0 || v >= n {
			return i, true
		}
	}
	return 0, false
}

// Gather takes the entries of x along an axis that the indices say, of any type
// of whole bytes.
func Gather(c *Ctx, z *tensor.Tensor, a *attr.Axis, x, which *tensor.Tensor) error {
	axis, ok := normalAxis(a.Axis, x.Rank())
	if !ok || !movable(x.DType) || !which.DType.IsInt() || x.Rank()+which.Rank() > maxRank {
		return fmt.Errorf("Gather: operands %s and %s along axis %d", x, which, a.Axis)
	}
	var shape [2 * maxRank]int
	if err := reset(z, x.DType, append(append(append(shape[:0], x.Shape[:axis]...), which.Shape...), x.Shape[axis+1:]...)); err != nil {
		return fmt.Errorf("Gather: %w", err)
	}
	g := &c.gather
	*g = gather{z.Bytes(), x.Bytes(), indicesOf(which), x.Shape[axis], x.DType.Bytes(elements(x.Shape[axis+1:]))}
	if i, found := g.indices.outside(g.n); found {
		return fmt.Errorf("Gather: index %d is out of range for axis %d of %s", which.IntAt(i), axis, x)
	}
	items := elements(x.Shape[:axis]) * g.indices.len
	c.Pool.Do(items, c.cut(items, costRun+costByte*float64(g.size)), g)
	return nil
}

// Do copies the entries lo ≤ k < hi.
func (g *gather) Do(lo, hi int) {
	switch g.size {
	case 0:
	case 4:
		gatherAs[uint32](g, lo, hi)
	case 8:
		gatherAs[uint64](g, lo, hi)
	default:
		for k := lo; k < hi; {
			outer, i := k/g.indices.len, k%g.indices.len
			for ; i < g.indices.len && k < hi; i, k = i+1, k+1 {
				copy(g.z[k*g.size:][:g.size], g.x[(outer*g.n+g.indices.at(i, g.n))*g.size:])
			}
		}
	}
}

// gatherAs is for entries of one word.
func gatherAs[T word](g *gather, lo, hi int) {
	z, x := wordsOf[T](g.z), wordsOf[T](g.x)
	for k := lo; k < hi; {
		outer, i := k/g.indices.len, k%g.indices.len
		for ; i < g.indices.len && k < hi; i, k = i+1, k+1 {
			z[k] = x[outer*g.n+g.indices.at(i, g.n)]
		}
	}
}
