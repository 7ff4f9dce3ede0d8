package fuseepilogue

import (
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
)

// TestTransposed: shapes around those of a square, with rows that begin within a byte.
func TestTransposed(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, d := range []tensor.DType{tensor.Uint4, tensor.Int4, tensor.Uint8, tensor.Int8, tensor.Float32, tensor.Float16} {
		for _, s := range [][2]int{{1, 1}, {3, 5}, {64, 64}, {65, 130}, {131, 63}, {0, 4}, {4, 0}} {
			x := tensor.New(d, s[0], s[1])
			for i := range x.Len() {
				x.SetFloat(i, float64(rng.IntN(8)))
			}
			z := transposed(x)
			if z.Shape[0] != s[1] || z.Shape[1] != s[0] || z.DType != d {
				t.Fatalf("%s is transposed to %s", x, z)
			}
			for i := range s[0] {
				for j := range s[1] {
					if got, want := z.FloatAt(j*s[0]+i), x.FloatAt(i*s[1]+j); got != want {
						t.Fatalf("%s: element (%d, %d) is %g, want %g", x, i, j, got, want)
					}
				}
			}
		}
	}
}
