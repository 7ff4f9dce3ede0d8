package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestChannels compares sums over rows of channels with what the taps add one by one,
// to the bit. The rows end where memory does.
func TestChannels(t *testing.T) {
	special := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)), 3e38}
	eachLevel(t, func(t *testing.T, k *Kernels) {
		rng := rand.New(rand.NewPCG(25, 26))
		for places, channels := range k.Channels {
			if channels == nil {
				continue
			}
			for _, n := range append(sizes, 100, 129) {
				for _, count := range []int{0, 1, 2, 9} {
					rows := places + count
					x, w := filled(t, rng, rows*n, true, 0, 1), filled(t, rng, max(1, count*n), true, 0, 1)
					for range n / 8 {
						x[rng.IntN(len(x))] = special[rng.IntN(len(special))]
					}
					bias := filled(t, rng, n, true, 0, 1)
					taps := make([]int32, 2*count+1)
					for i := range count { // from the second row of x on
						taps[2*i], taps[2*i+1] = int32(4*n*(i+1)), int32(4*n*(count-1-i))
					}
					z := guarded(t, places*n, true)
					k.Channels[places](n, &z[0], n, count, &taps[0], &x[0], 0, n, &w[0], &bias[0])
					want := make([]float32, places*n)
					for p := range places {
						copy(want[p*n:], bias)
						for i := range count {
							addProducts(k, want[p*n:][:n], x[(p+i+1)*n:], w[(count-1-i)*n:])
						}
					}
					sameBits(t, "Channels", count, z, want)
					for i := range count { // the same, as seen from the last row
						taps[2*i] += int32(4 * n * (rows - 1))
					}
					k.Channels[places](n, &z[0], n, count, &taps[0], &x[0], -4*n*(rows-1), n, &w[0], &bias[0])
					sameBits(t, "Channels from elsewhere", count, z, want)
				}
			}
		}
	})
}

// addProducts adds x·w to z, element by element.
func addProducts(k *Kernels, z, x, w []float32) {
	for i := range z {
		k.AddScaled(1, &z[i], &x[i], w[i])
	}
}
