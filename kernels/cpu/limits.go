package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
)

// Min is the lesser of two, broadcast, of f32, f16 or bf16; NaN wins.
func Min(c *Ctx, z *tensor.Tensor, xs ...*tensor.Tensor) error { return c.mapPair(&minOp, z, xs) }

// Max is the greater of two; NaN wins.
func Max(c *Ctx, z *tensor.Tensor, xs ...*tensor.Tensor) error { return c.mapPair(&maxOp, z, xs) }

func (c *Ctx) mapPair(op *binaryOp, z *tensor.Tensor, xs []*tensor.Tensor) error {
	if len(xs) != 2 {
		return fmt.Errorf("%s: %d operands, want 2", op.name, len(xs))
	}
	return c.map2(op, z, xs[0], xs[1])
}

// clip is a task of flat ranges.
type clip struct {
	z, x        floats
	lo, hi      float32
	least, most bool // there are limits
}

// Clip is min(max(x, lo), hi) of f32, f16 or bf16; a limit that is left out is
// none.
func Clip(c *Ctx, z, x, lo, hi *tensor.Tensor) error {
	for _, limit := range [...]*tensor.Tensor{lo, hi} {
		if limit != nil && (limit.Len() != 1 || limit.DType != x.DType) {
			return fmt.Errorf("Clip: limit %s for %s", limit, x)
		}
	}
	if !isFloat(x.DType) {
		return fmt.Errorf("Clip: operand %s, want f32, f16 or bf16", x)
	}
	z.Reset(x.DType, x.Shape...)
	v := &c.clip
	*v = clip{z: floatsOf(z), x: floatsOf(x), least: lo != nil, most: hi != nil}
	if v.least {
		v.lo = float32(lo.FloatAt(0))
	}
	if v.most {
		v.hi = float32(hi.FloatAt(0))
	}
	c.Pool.Do(x.Len(), c.cutFlat(x.Len(), 2*costMove+v.x.narrowCost()), v)
	return nil
}

// Do computes the elements lo ≤ i < hi.
func (v *clip) Do(lo, hi int) {
	var buf [piece]float32
	for ; lo < hi; lo += piece {
		x := v.x.load(buf[:], lo, min(piece, hi-lo))
		z := buf[:len(x)]
		if v.least {
			maxVS(z, x, v.lo)
			x = z
		}
		if v.most {
			minVS(z, x, v.hi)
			x = z
		}
		v.z.store(lo, x)
	}
}

// Tile repeats x along every axis, of elements of 1, 2, 4 or 8 bytes and rank up
// to 4.
func Tile(c *Ctx, z, x, repeats *tensor.Tensor) error {
	rank := x.Rank()
	if rank > maxRank/2 || repeats.Rank() != 1 || repeats.Len() != rank || !repeats.DType.IsInt() {
		return fmt.Errorf("Tile: %s by %s, want rank up to %d and a number for each axis", x, repeats, maxRank/2)
	}
	var strides, shape [maxRank]int
	rowMajor(&strides, x.Shape)
	s := &c.strided
	*s = strided{axes: axes{count: 1}}
	for axis, n := range x.Shape {
		times := repeats.IntAt(axis)
		if times < 0 || times > maxElements/int64(max(n, 1)) {
			return fmt.Errorf("Tile: %s, %d times along axis %d", x, times, axis)
		}
		shape[axis] = n * int(times)
		s.add(int(times), 0)
		s.add(n, strides[axis])
	}
	return located("Tile", s.copyTo(c, z, x, shape[:rank]))
}
