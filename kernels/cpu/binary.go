package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
)

// binary is a function of two broadcast operands, in tasks of flat ranges.
type binary struct {
	spread
	ctx     *Ctx
	op      *binaryOp
	z, x, y floats
}

// binaryOp is a function in the three ways in which operands meet in a run: two
// vectors, a vector and a number, a number and a vector.
type binaryOp struct {
	name string
	vv   func(z, x, y []float32)
	vs   func(z, x []float32, y float32)
	sv   func(z []float32, x float32, y []float32)
	cost float64
	runs *shortRuns // many runs in one call; nil: each is a call
}

var (
	addOp = binaryOp{"Add", addVV, addVS, func(z []float32, x float32, y []float32) { addVS(z, y, x) }, costAdd,
		&shortRuns{vec.AddRuns, vec.AddNumberRuns, swapped(vec.AddNumberRuns)}}
	mulOp = binaryOp{"Mul", mulVV, mulVS, func(z []float32, x float32, y []float32) { mulVS(z, y, x) }, costAdd,
		&shortRuns{vec.MulRuns, vec.MulNumberRuns, swapped(vec.MulNumberRuns)}}
	subOp = binaryOp{"Sub", subVV, subVS, subSV, costAdd, &shortRuns{vec.SubRuns, vec.SubNumberRuns, vec.NumberSubRuns}}
	divOp = binaryOp{"Div", divVV, divVS, divSV, costDivide, &shortRuns{vec.DivRuns, vec.DivNumberRuns, vec.NumberDivRuns}}
)

// Add is x + y of f32, f16 or bf16, broadcast.
func Add(c *Ctx, z, x, y *tensor.Tensor) error { return c.map2(&addOp, z, x, y) }

// Sub is x − y.
func Sub(c *Ctx, z, x, y *tensor.Tensor) error { return c.map2(&subOp, z, x, y) }

// Mul is x·y.
func Mul(c *Ctx, z, x, y *tensor.Tensor) error { return c.map2(&mulOp, z, x, y) }

// Div is x/y.
func Div(c *Ctx, z, x, y *tensor.Tensor) error { return c.map2(&divOp, z, x, y) }

func (c *Ctx) map2(op *binaryOp, z, x, y *tensor.Tensor) error {
	if x.DType != y.DType || !isFloat(x.DType) {
		return fmt.Errorf("%s: operands %s and %s, want f32, f16 or bf16 alike", op.name, x, y)
	}
	b := &c.binary
	if err := b.bind(x, y); err != nil {
		return fmt.Errorf("%s: %w", op.name, err)
	}
	if err := reset(z, x.DType, b.shape[:b.full]); err != nil {
		return fmt.Errorf("%s: %w", op.name, err)
	}
	b.ctx, b.op, b.z, b.x, b.y = c, op, floatsOf(z), floatsOf(x), floatsOf(y)
	cost := op.cost + 2*b.z.narrowCost()
	cost += costRun / float64(b.sizes[b.rank-1])
	c.Pool.Do(b.total, c.cutFlat(b.total, cost), b)
	return nil
}

// Do computes the elements lo ≤ i < hi.
func (b *binary) Do(lo, hi int) {
	switch {
	case b.z.f32 == nil:
		b.narrow(lo, hi)
	case b.op.runs != nil && b.rank > 1 && b.sizes[b.rank-1] < shortRun:
		b.short(lo, hi)
	default:
		b.plain(lo, hi)
	}
}

// plain makes each run a call.
func (b *binary) plain(lo, hi int) {
	sx, sy := b.inner(0), b.inner(1)
	b.each(lo, hi, func(at, n int, off [spreadMost]int) {
		b.run(b.z.f32[at:][:n], b.x.f32[off[0]:], b.y.f32[off[1]:], sx, sy)
	})
}

// narrow computes elements of 16 bits, widened piece by piece.
func (b *binary) narrow(lo, hi int) {
	wide := b.ctx.take(3 * piece)
	sx, sy := b.inner(0), b.inner(1)
	b.each(lo, hi, func(at, n int, off [spreadMost]int) {
		for i := 0; i < n; i += piece {
			m := min(piece, n-i)
			x := b.x.load(wide, off[0]+i*sx, 1+(m-1)*sx)
			y := b.y.load(wide[piece:], off[1]+i*sy, 1+(m-1)*sy)
			z := wide[2*piece:][:m]
			b.run(z, x, y, sx, sy)
			b.z.store(at+i, z)
		}
	})
	b.ctx.put(wide)
}

// run computes one run of operands that step by 0 or 1.
func (b *binary) run(z, x, y []float32, sx, sy int) {
	switch n := len(z); {
	case sx == 1 && sy == 1:
		b.op.vv(z, x[:n], y[:n])
	case sy == 1:
		b.op.sv(z, x[0], y[:n])
	case sx == 1:
		b.op.vs(z, x[:n], y[0])
	default: // a run of one element
		b.op.vs(z, x[:1], y[0])
	}
}

func addVV(z, x, y []float32)                   { map2(vec.Add, z, x, y) }
func addVS(z, x []float32, y float32)           { mapVS(vec.AddNumber, z, x, y) }
func subVV(z, x, y []float32)                   { map2(vec.Sub, z, x, y) }
func subVS(z, x []float32, y float32)           { mapVS(vec.SubNumber, z, x, y) }
func subSV(z []float32, x float32, y []float32) { mapSV(vec.NumberSub, z, x, y) }
func mulVV(z, x, y []float32)                   { map2(vec.Mul, z, x, y) }
func mulVS(z, x []float32, y float32)           { mapVS(vec.MulNumber, z, x, y) }
func divVV(z, x, y []float32)                   { map2(vec.Div, z, x, y) }
func divVS(z, x []float32, y float32)           { mapVS(vec.DivNumber, z, x, y) }
func divSV(z []float32, x float32, y []float32) { mapSV(vec.NumberDiv, z, x, y) }
