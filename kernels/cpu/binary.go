package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

// binary is a function of two broadcast operands, in tasks of flat ranges.
type binary struct {
	spread
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
}

var (
	addOp = binaryOp{"Add", addVV, addVS, func(z []float32, x float32, y []float32) { addVS(z, y, x) }}
	mulOp = binaryOp{"Mul", mulVV, mulVS, func(z []float32, x float32, y []float32) { mulVS(z, y, x) }}
	subOp = binaryOp{"Sub", subVV, func(z, x []float32, y float32) { addVS(z, x, -y) }, subSV}
	divOp = binaryOp{"Div", divVV, divVS, divSV}
	powOp = binaryOp{"Pow", powVV, powVS, powSV}
)

// Add is x + y of f32, f16 or bf16, broadcast.
func Add(c *Ctx, z, x, y *tensor.Tensor) error { return c.map2(&addOp, z, x, y) }

// Sub is x − y.
func Sub(c *Ctx, z, x, y *tensor.Tensor) error { return c.map2(&subOp, z, x, y) }

// Mul is x·y.
func Mul(c *Ctx, z, x, y *tensor.Tensor) error { return c.map2(&mulOp, z, x, y) }

// Div is x/y.
func Div(c *Ctx, z, x, y *tensor.Tensor) error { return c.map2(&divOp, z, x, y) }

// Pow is x to the power of y; squares, cubes and square roots are fast.
func Pow(c *Ctx, z, x, y *tensor.Tensor) error { return c.map2(&powOp, z, x, y) }

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
	b.op, b.z, b.x, b.y = op, floatsOf(z), floatsOf(x), floatsOf(y)
	c.Pool.Do(b.total, grain, b)
	return nil
}

// Do computes the elements lo ≤ i < hi.
func (b *binary) Do(lo, hi int) {
	var wide *[3][piece]float32 // of the operands and the result, if they are of 16 bits
	if b.z.f32 == nil {
		wide = new([3][piece]float32)
	}
	sx, sy := b.inner(0), b.inner(1)
	b.each(lo, hi, func(at, n int, off [spreadMost]int) {
		if b.z.f32 != nil {
			b.run(b.z.f32[at:][:n], b.x.f32[off[0]:], b.y.f32[off[1]:], sx, sy)
			return
		}
		for i := 0; i < n; i += piece {
			m := min(piece, n-i)
			x := b.x.load(wide[0][:], off[0]+i*sx, 1+(m-1)*sx)
			y := b.y.load(wide[1][:], off[1]+i*sy, 1+(m-1)*sy)
			z := wide[2][:m]
			b.run(z, x, y, sx, sy)
			b.z.store(at+i, z)
		}
	})
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

func addVV(z, x, y []float32) {
	y, z = y[:len(x)], z[:len(x)]
	for i := range x {
		z[i] = x[i] + y[i]
	}
}

func addVS(z, x []float32, y float32) {
	z = z[:len(x)]
	for i := range x {
		z[i] = x[i] + y
	}
}

func subVV(z, x, y []float32) {
	y, z = y[:len(x)], z[:len(x)]
	for i := range x {
		z[i] = x[i] - y[i]
	}
}

func subSV(z []float32, x float32, y []float32) {
	z = z[:len(y)]
	for i := range y {
		z[i] = x - y[i]
	}
}

func mulVV(z, x, y []float32) {
	y, z = y[:len(x)], z[:len(x)]
	for i := range x {
		z[i] = x[i] * y[i]
	}
}

func mulVS(z, x []float32, y float32) {
	z = z[:len(x)]
	for i := range x {
		z[i] = x[i] * y
	}
}

func divVV(z, x, y []float32) {
	y, z = y[:len(x)], z[:len(x)]
	for i := range x {
		z[i] = x[i] / y[i]
	}
}

func divVS(z, x []float32, y float32) {
	z = z[:len(x)]
	for i := range x {
		z[i] = x[i] / y
	}
}

func divSV(z []float32, x float32, y []float32) {
	z = z[:len(y)]
	for i := range y {
		z[i] = x / y[i]
	}
}

func pow32(x, y float32) float32 { return float32(math.Pow(float64(x), float64(y))) }

func powVV(z, x, y []float32) {
	for i := range x {
		z[i] = pow32(x[i], y[i])
	}
}

func powSV(z []float32, x float32, y []float32) {
	for i := range y {
		z[i] = pow32(x, y[i])
	}
}

func powVS(z, x []float32, y float32) {
	switch y {
	case 1:
		copy(z, x)
	case 2:
		mulVV(z, x, x)
	case 0.5:
		for i, v := range x {
			z[i] = float32(math.Sqrt(float64(v)))
			if v <= 0 { // Pow differs at −0 and −Inf
				z[i] = pow32(v, y)
			}
		}
	case 3:
		for i, v := range x {
			z[i] = float32(float64(v) * float64(v) * float64(v))
		}
	default:
		for i, v := range x {
			z[i] = pow32(v, y)
		}
	}
}
