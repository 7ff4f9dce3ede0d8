package cpu

import (
	"fmt"
	"sync/atomic"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// gather copies the entries of an axis that indices say. Items are entries of the
// result. An index that is out of range is noted, and its entry left as it is.
type gather struct {
	z, x  []byte
	which *tensor.Tensor
	count int // of the indices
	n     int // entries of the axis
	size  int // of an entry, in bytes
	fault atomic.Bool
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
	if which.Len() == 1 && z.Len() > 0 && bySize(x.DType, 1, 1, 1, 1) == 1 {
		return located("Gather", c.takeEntry(z, x, axis, which.IntAt(0)))
	}
	g := &c.gather
	g.z, g.x, g.which, g.count, g.n = z.Bytes(), x.Bytes(), which, which.Len(), x.Shape[axis]
	g.size = x.DType.Bytes(elements(x.Shape[axis+1:]))
	g.fault.Store(false)
	// Without outer entries nothing is taken, but the indices are checked.
	items := max(1, elements(x.Shape[:axis])) * g.count
	c.Pool.Do(items, c.cut(items, costScalar+costByte*float64(g.size)), g)
	if !g.fault.Load() {
		return nil
	}
	for i := range g.count {
		if v := which.IntAt(i); v < -int64(g.n) || v >= int64(g.n) {
			return fmt.Errorf("Gather: index %d is out of range for axis %d of %s", v, axis, x)
		}
	}
	panic("BUG: Gather noted an index that is in range")
}

// takeEntry is a strided copy: entry i of an axis, after the shape of z is set.
func (c *Ctx) takeEntry(z, x *tensor.Tensor, axis int, i int64) error {
	n, inner := x.Shape[axis], elements(x.Shape[axis+1:])
	at := i
	if at < 0 {
		at += int64(n)
	}
	if at < 0 || at >= int64(n) {
		return fmt.Errorf("index %d is out of range for axis %d of %s", i, axis, x)
	}
	s := &c.strided
	*s = strided{axes: axes{count: 1}, base: int(at) * inner}
	s.add(elements(x.Shape[:axis]), n*inner)
	s.add(inner, 1)
	return s.copyTo(c, z, x, z.Shape)
}

// Do copies the entries lo ≤ k < hi.
func (g *gather) Do(lo, hi int) {
	switch g.which.DType {
	case tensor.Int64:
		gatherBy(g, tensor.Data[int64](g.which), lo, hi)
	case tensor.Int32:
		gatherBy(g, tensor.Data[int32](g.which), lo, hi)
	default:
		for k := lo; k < hi; k++ {
			one := [1]int64{g.which.IntAt(k % g.count)}
			gatherBlocks(g, one[:], k, k/g.count*g.n)
		}
	}
}

// gatherBy takes the indices of one outer entry at a time.
func gatherBy[I int32 | int64](g *gather, indices []I, lo, hi int) {
	for k := lo; k < hi; {
		outer, i := k/g.count, k%g.count
		m := min(g.count-i, hi-k)
		switch {
		case len(g.z) == 0: // no outer entry
			gatherBlocks(g, indices[i:][:m], k, 0)
		case g.size == 1:
			gatherWords[I, uint8](g, indices[i:][:m], k, outer*g.n)
		case g.size == 2:
			gatherWords[I, uint16](g, indices[i:][:m], k, outer*g.n)
		case g.size == 4:
			gatherWords[I, uint32](g, indices[i:][:m], k, outer*g.n)
		case g.size == 8:
			gatherWords[I, uint64](g, indices[i:][:m], k, outer*g.n)
		default:
			gatherBlocks(g, indices[i:][:m], k, outer*g.n)
		}
		k += m
	}
}

// gatherWords writes entries of one word from entry k of the result on, from those
// that begin at entry base of x.
func gatherWords[I int32 | int64, T word](g *gather, indices []I, k, base int) {
	z, x := viewAs[T](g.z)[k:][:len(indices)], viewAs[T](g.x)[base:][:g.n]
	for i, v := range indices {
		at := int(v)
		if at < 0 {
			at += len(x)
		}
		if uint(at) >= uint(len(x)) {
			g.fault.Store(true)
			return
		}
		z[i] = x[at]
	}
}

// gatherBlocks is for entries of any size, 0 included.
func gatherBlocks[I int32 | int64](g *gather, indices []I, k, base int) {
	for i, v := range indices {
		at := int(v)
		if at < 0 {
			at += g.n
		}
		if at < 0 || at >= g.n {
			g.fault.Store(true)
			return
		}
		if len(g.z) > 0 {
			moveBytes(g.z[(k+i)*g.size:][:g.size], g.x[(base+at)*g.size:][:g.size])
		}
	}
}
