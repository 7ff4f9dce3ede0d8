package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestFour(t *testing.T) {
	const gap = 3
	nan := float32(math.NaN())
	eachRow(t, func(t *testing.T, k *Kernels, rng *rand.Rand, n int, atEnd bool) {
		x, start := filled(t, rng, 3*(n+gap)+n, atEnd, 0, 1), filled(t, rng, n, atEnd, 0, 1)
		z := guarded(t, n, atEnd)
		row := func(r, i int) float32 { return x[r*(n+gap)+i] }
		copy(z, start)
		k.AddFour(n, &z[0], &x[0], n+gap)
		for i := range z {
			if want := start[i] + ((row(0, i) + row(1, i)) + (row(2, i) + row(3, i))); z[i] != want {
				t.Fatalf("AddFour of %d: element %d is %g, want %g", n, i, z[i], want)
			}
		}
		for r := range 4 { // NaN in each place
			x[r*(n+gap)+rng.IntN(n)] = nan
		}
		for i := range n {
			if rng.IntN(8) == 0 {
				start[i] = nan
			}
		}
		copy(z, start)
		k.GreatestFour(n, &z[0], &x[0], n+gap)
		for i := range z {
			if want := max(start[i], row(0, i), row(1, i), row(2, i), row(3, i)); z[i] != want && (z[i] == z[i] || want == want) {
				t.Fatalf("GreatestFour of %d: element %d is %g, want %g", n, i, z[i], want)
			}
		}
		copy(z, start)
		k.Greatest(n, &z[0], &x[0])
		for i := range z {
			if want := max(start[i], x[i]); z[i] != want && (z[i] == z[i] || want == want) {
				t.Fatalf("Greatest of %d: element %d is %g, want %g", n, i, z[i], want)
			}
		}
	})
}

func TestSoftmaxColumns(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		rng := rand.New(rand.NewPCG(7, 8))
		for _, columns := range sizes {
			for _, n := range []int{1, 2, 3, 4, 5, 9, 50} {
				ld := columns + 1
				x, z := filled(t, rng, (n-1)*ld+columns, true, 50, 10), guarded(t, (n-1)*ld+columns, true)
				k.SoftmaxColumns(n, columns, &z[0], &x[0], ld)
				for c := range columns {
					var got, in []float32
					for r := range n {
						got, in = append(got, z[r*ld+c]), append(in, x[r*ld+c])
					}
					checkSoftmax(t, fmt.Sprintf("column %d of %d, of %d rows", c, columns, n), got, in)
				}
				for r := range n - 1 {
					if z[r*ld+columns] != 0 {
						t.Fatalf("%d columns: wrote between the rows", columns)
					}
				}
			}
		}
	})
}
