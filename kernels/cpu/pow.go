package cpu

import (
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

var powOp = binaryOp{"Pow", powVV, powVS, powSV, costPow, nil}

// Pow is x to the power of y, of f32, f16 or bf16, broadcast.
func Pow(c *Ctx, z, x, y *tensor.Tensor) error { return c.map2(&powOp, z, x, y) }

// powReach is where exponents begin that the vector kernel does not take.
const powReach = 1 << 22

func pow32(x, y float32) float32 { return float32(math.Pow(float64(x), float64(y))) }

func powVV(z, x, y []float32) {
	for i := 0; i < len(x); i += reachPiece {
		j := min(i+reachPiece, len(x))
		if reach(y[i:j]) < powReach {
			map2(vec.Pow, z[i:j], x[i:j], y[i:j])
			continue
		}
		for k := i; k < j; k++ {
			powVS(z[k:k+1], x[k:k+1], y[k])
		}
	}
}

func powSV(z []float32, x float32, y []float32) {
	for i := 0; i < len(y); i += reachPiece {
		j := min(i+reachPiece, len(y))
		if reach(y[i:j]) < powReach {
			mapSV(vec.NumberPow, z[i:j], x, y[i:j])
			continue
		}
		for k := i; k < j; k++ {
			z[k] = pow32(x, y[k])
		}
	}
}

// powVS has the powers that models are written with apart.
func powVS(z, x []float32, y float32) {
	switch y {
	case 1:
		copy(z, x)
	case 2:
		mulVV(z, x, x)
	case 3:
		cubes(z, x)
	case -1:
		reciprocal(z, x)
	case 0.5:
		map1(vec.Root, z, x)
	case -0.5:
		map1(vec.InverseRoot, z, x)
	default:
		if y < powReach && y > -powReach || y != y {
			mapVS(vec.PowNumber, z, x, y)
			return
		}
		for i, v := range x {
			z[i] = pow32(v, y)
		}
	}
}

// cubes multiplies twice, block by block, each in the first-level cache.
func cubes(z, x []float32) {
	for i := 0; i < len(x); i += piece {
		part := x[i:min(i+piece, len(x))]
		mulVV(z[i:], part, part)
		mulVV(z[i:], part, z[i:])
	}
}
