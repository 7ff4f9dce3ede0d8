package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
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
	c.Pool.Do(x.Len(), grain, v)
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

// Further operators of one operand, of f32, f16 and bf16, of any shape.

// Abs is |x|.
func Abs(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Abs", z, x, costMove, abs) }

// Sin is the sine.
func Sin(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Sin", z, x, costTrig, sin) }

// Cos is the cosine.
func Cos(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Cos", z, x, costTrig, cos) }

// HardSwish is x·max(0, min(1, x/6 + ½)).
func HardSwish(c *Ctx, z, x *tensor.Tensor) error {
	return c.map1("HardSwish", z, x, costMove, hardSwish)
}

// Floor rounds down.
func Floor(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Floor", z, x, costScalar, floor) }

// Ceil rounds up.
func Ceil(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Ceil", z, x, costScalar, ceil) }

// Round rounds to the nearest integer, halves to even.
func Round(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Round", z, x, costScalar, round) }

// Log is the natural logarithm.
func Log(c *Ctx, z, x *tensor.Tensor) error { return c.map1("Log", z, x, costTrig, log) }

// Swish is x·sigmoid(alpha·x) for an alpha of 1 or 1.702: SiLU, or QuickGelu.
func Swish(c *Ctx, z *tensor.Tensor, a *attr.Unary, x *tensor.Tensor) error {
	switch a.Alpha {
	case 1:
		return c.map1("Swish", z, x, costSigmoid, silu)
	case attr.QuickGeluAlpha:
		return c.map1("Swish", z, x, costSigmoid, quickGelu)
	}
	return fmt.Errorf("Swish: alpha is %g, want 1 or 1.702", a.Alpha)
}

func floor(z, x []float32) {
	for i, v := range x {
		z[i] = float32(math.Floor(float64(v)))
	}
}

func ceil(z, x []float32) {
	for i, v := range x {
		z[i] = float32(math.Ceil(float64(v)))
	}
}

func round(z, x []float32) {
	for i, v := range x {
		z[i] = float32(math.RoundToEven(float64(v)))
	}
}

func log(z, x []float32) {
	for i, v := range x {
		z[i] = float32(math.Log(float64(v)))
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
