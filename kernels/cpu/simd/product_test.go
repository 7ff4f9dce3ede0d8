package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestProducts checks every tile of every form against float64, and that the forms
// and heights give the same bits.
func TestProducts(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, depth := range []int{0, 1, 3, 4, 5, 64, 129} {
			for rows := 1; rows <= k.Rows; rows++ {
				testTiles(t, k, rng, rows, depth)
			}
		}
	})
}

func testTiles(t *testing.T, k *Kernels, rng *rand.Rand, rows, depth int) {
	t.Helper()
	const lda = 131
	random := func(n int) []float32 {
		x := guarded(t, max(n, 1), true)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	byRow := random(max(1, (rows-1)*lda+depth))
	columns := random(max(1, (depth-1)*lda+rows))
	for i := range rows {
		for p := range depth {
			columns[p*lda+i] = byRow[i*lda+p]
		}
	}
	panel, ldc := random(depth*k.Columns), k.Columns+3
	start := random((rows-1)*ldc + k.Columns)
	next := &panel[0]
	forms := []struct {
		name string
		run  func(c *float32, add int)
	}{
		{"Product", func(c *float32, add int) { k.Product[rows](depth, &byRow[0], lda, &panel[0], c, ldc, add, next) }},
		{"ProductNear", func(c *float32, add int) { k.ProductNear[rows](depth, &byRow[0], lda, &panel[0], c, ldc, add, next) }},
		{"ProductRows", func(c *float32, add int) { k.ProductRows[rows](depth, &byRow[0], lda, &panel[0], c, ldc, add) }},
		{"ProductColumns", func(c *float32, add int) { k.ProductColumns[rows](depth, &columns[0], lda, &panel[0], c, ldc, add) }},
	}
	for add := range 2 {
		var first []float32
		for _, f := range forms {
			name := fmt.Sprintf("%s of %d rows, k %d, add %d", f.name, rows, depth, add)
			c := guarded(t, len(start), true)
			copy(c, start)
			f.run(&c[0], add)
			for i := range c {
				r, j := i/ldc, i%ldc
				if j >= k.Columns {
					if c[i] != start[i] {
						t.Fatalf("%s: wrote beyond the tile, row %d column %d", name, r, j)
					}
					continue
				}
				sum, size := 0.0, 0.0
				if add > 0 {
					sum = float64(start[i])
					size = math.Abs(sum)
				}
				for p := range depth {
					x := float64(byRow[r*lda+p]) * float64(panel[p*k.Columns+j])
					sum, size = sum+x, size+math.Abs(x)
				}
				// One rounding per step: √k of errors with random signs, twice.
				if limit := 2 * math.Sqrt(float64(depth)+1) * size / (1 << 24); math.Abs(float64(c[i])-sum) > limit {
					t.Fatalf("%s: row %d column %d is %g, want %g within %g", name, r, j, c[i], sum, limit)
				}
				if first != nil && first[i] != c[i] {
					t.Fatalf("%s: row %d column %d has other bits than Product", name, r, j)
				}
			}
			if first == nil {
				first = c
			}
		}
	}
}
