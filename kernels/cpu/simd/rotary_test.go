package simd

import (
	"math/rand/v2"
	"testing"
)

// TestRotations: products and sums are rounded each, so all levels agree with this
// to the bit.
func TestRotations(t *testing.T) {
	const rows = 3
	eachLevel(t, func(t *testing.T, k *Kernels) {
		rng := rand.New(rand.NewPCG(11, 12))
		for _, n := range []int{1, 2, 3, 5, 8, 16, 17, 24, 32, 40, 64, 100} {
			for _, ldt := range []int{0, n, n + 1} {
				ld := 2*n + 1
				x, z := filled(t, rng, (rows-1)*ld+2*n, true, 0, 1), guarded(t, (rows-1)*ld+2*n, true)
				cos, sin := filled(t, rng, (rows-1)*ldt+n, true, 0, 1), filled(t, rng, (rows-1)*ldt+n, true, 0, 1)
				check := func(name string, re, im func(i int) int) {
					t.Helper()
					for r := range rows {
						for i := range n {
							c, s := cos[r*ldt+i], sin[r*ldt+i]
							a, b := x[r*ld+re(i)], x[r*ld+im(i)]
							if got, want := z[r*ld+re(i)], float32(c*a)-float32(s*b); got != want {
								t.Fatalf("%s of %d pairs: row %d, pair %d: %g, want %g", name, n, r, i, got, want)
							}
							if got, want := z[r*ld+im(i)], float32(c*b)+float32(s*a); got != want {
								t.Fatalf("%s of %d pairs: row %d, pair %d, second: %g, want %g", name, n, r, i, got, want)
							}
						}
					}
				}
				k.RotateHalves(rows, n, &z[0], &x[0], ld, &cos[0], &sin[0], ldt)
				check("RotateHalves", func(i int) int { return i }, func(i int) int { return n + i })
				if n%max(1, k.Lanes/2) == 0 {
					k.RotateNeighbours(rows, n, &z[0], &x[0], ld, &cos[0], &sin[0], ldt)
					check("RotateNeighbours", func(i int) int { return 2 * i }, func(i int) int { return 2*i + 1 })
				}
			}
		}
	})
}
