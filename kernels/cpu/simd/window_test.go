package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestWindow compares windows with what their taps do one by one, to the bit.
func TestWindow(t *testing.T) {
	special := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)), 3e38}
	eachLevel(t, func(t *testing.T, k *Kernels) {
		rng := rand.New(rand.NewPCG(23, 24))
		for _, n := range append(sizes, 511, 512, 1023) {
			for _, count := range []int{0, 1, 2, 9} {
				x := filled(t, rng, n+count, true, 0, 1) // the last tap ends with it
				for range n / 8 {
					x[rng.IntN(len(x))] = special[rng.IntN(len(special))]
				}
				taps := make([]Tap, count+1)
				for i := range count {
					taps[i] = Tap{Weight: float32(rng.NormFloat64()), X: &x[i+1]}
				}
				start := float32(rng.NormFloat64())
				sums, tops := make([]float32, n), make([]float32, n)
				for i := range n {
					sums[i], tops[i] = start, start
				}
				for _, tap := range taps[:count] {
					k.AddScaled(n, &sums[0], tap.X, tap.Weight)
					k.Greatest(n, &tops[0], tap.X)
				}
				z := guarded(t, n, true)
				k.Window(n, &z[0], count, &taps[0], start)
				sameBits(t, "Window", count, z, sums)
				k.WindowGreatest(n, &z[0], count, &taps[0], start)
				sameBits(t, "WindowGreatest", count, z, tops)
			}
		}
	})
}

func sameBits(t *testing.T, name string, count int, got, want []float32) {
	t.Helper()
	for i, w := range want {
		if v := got[i]; math.Float32bits(v) != math.Float32bits(w) && (v == v || w == w) {
			t.Fatalf("%s of %d elements and %d taps: element %d is %g, want %g", name, len(want), count, i, v, w)
		}
	}
}
