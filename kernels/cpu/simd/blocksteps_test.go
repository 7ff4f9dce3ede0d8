package simd

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// stepTile is a tile of products in steps.
type stepTile = func(blocks, n int, a *uint8, lda int, b *uint8, scale, zero, c *float32, ldc, add int)

// TestBlockSteps tries some sizes on the levels that have products of bytes.
func TestBlockSteps(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 13))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, size := range [][2]int{{1, 16}, {3, 32}, {2, 48}, {5, 128}} {
			checkBlockSteps(t, rng, k, size[0], size[1])
		}
	})
}

// FuzzBlockSteps tries other sizes and numbers on all levels of this machine.
func FuzzBlockSteps(f *testing.F) {
	f.Add(uint64(1), uint8(1), uint8(1))
	f.Add(uint64(2), uint8(4), uint8(2))
	f.Fuzz(func(t *testing.T, seed uint64, blocks, n uint8) {
		for _, k := range Levels() {
			checkBlockSteps(t, rand.New(rand.NewPCG(seed, 2)), k, int(blocks%6)+1, 16*(int(n%9)+1))
		}
	})
}

// checkBlockSteps: rows are taken in steps as the documentation says, and tiles of any height
// make the same of them and of weights of 4 and 8 bits as plain Go, in the same order.
func checkBlockSteps(t *testing.T, rng *rand.Rand, k *Kernels, blocks, size int) {
	t.Helper()
	if !k.bytes {
		return
	}
	pitch := blocks * (size + 8)
	rows := len(k.StepOctets) - 1
	lda := pitch + 12
	_, a := guardedBytes(t, rng, (rows-1)*lda+pitch)
	for i := range rows {
		x := guarded(t, blocks*size, true)
		for j := range x {
			x[j] = float32(math.Ldexp(rng.NormFloat64(), rng.IntN(9)-4))
		}
		if i == 1 {
			clear(x[:size])
		}
		k.RowSteps(blocks, size, &a[i*lda], &x[0])
		for block := range blocks {
			checkRowSteps(t, k, a[i*lda+block*(size+8):][:size+8], x[block*size:][:size])
		}
	}

	_, nibbles := guardedBytes(t, rng, blocks*size/2*k.Columns)
	_, octets := guardedBytes(t, rng, blocks*size*k.Columns)
	for at := range octets { // four steps to a lane, eight in a lane of 4 bits
		row, lane := at/(4*k.Columns), at%(4*k.Columns)
		octets[at] = nibbles[row/2*4*k.Columns+lane] >> (4 * (row % 2)) & 15
	}
	scale, zero := guarded(t, blocks*k.Columns, true), guarded(t, blocks*k.Columns, true)
	for i := range scale {
		scale[i], zero[i] = float32(rng.NormFloat64()), -float32(rng.IntN(16))
	}
	for _, e := range []struct {
		lanes int // rows of lanes in a block
		panel []byte
		tiles [7]stepTile
	}{{size / 4, octets, k.StepOctets}, {size / 8, nibbles, k.StepNibbles}} {
		for r := 1; r <= rows; r++ {
			ldc := k.Columns + 2
			got, want := guarded(t, (r-1)*ldc+k.Columns, true), make([]float32, (r-1)*ldc+k.Columns)
			for add := range 2 {
				e.tiles[r](blocks, e.lanes, &a[0], lda/4, &e.panel[0], &scale[0], &zero[0], &got[0], ldc, add)
				for i := range r {
					stepsOf(want[i*ldc:][:k.Columns], a[i*lda:][:pitch], octets, scale, zero, blocks, size, add)
				}
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("%s: %d rows, %d blocks of %d, %d rows of lanes, add %d: element %d is %g, want %g", k.Level, r, blocks, size, e.lanes, add, i, got[i], want[i])
					}
				}
			}
		}
	}
}

// checkRowSteps: a block of x in steps is x but for half a step, and its sum is that of its
// bytes.
func checkRowSteps(t *testing.T, k *Kernels, got []byte, x []float32) {
	t.Helper()
	top := 0.0
	for _, v := range x {
		top = max(top, math.Abs(float64(v)))
	}
	numbers := unsafe.Slice((*float32)(unsafe.Pointer(&got[len(x)])), 2)
	step, sum := float64(numbers[0]), 0.0
	if math.Abs(step-top/127) > 1e-6*top+1e-30 {
		t.Fatalf("%s: a step of %g, the greatest number is %g", k.Level, step, top)
	}
	for i, v := range x {
		q := float64(int8(got[i]))
		sum += q
		if math.Abs(q) > 127 || math.Abs(q*step-float64(v)) > 0.5001*step {
			t.Fatalf("%s: %g is %g steps of %g", k.Level, v, q, step)
		}
	}
	if math.Abs(float64(numbers[1])-step*sum) > 1e-6*math.Abs(step*sum) {
		t.Fatalf("%s: the sum is %g, want %g of %g", k.Level, numbers[1], sum, step)
	}
}

// stepsOf sets z to the product of a row with a panel of bytes, or adds it.
func stepsOf(z []float32, row, panel []byte, scale, zero []float32, blocks, size, add int) {
	for j := range z {
		sum := z[j]
		if add == 0 {
			sum = 0
		}
		for block := range blocks {
			x := row[block*(size+8):]
			numbers := unsafe.Slice((*float32)(unsafe.Pointer(&x[size])), 2)
			integer := int32(0)
			for p := range size {
				at := block*size + p
				integer += int32(int8(x[p])) * int32(panel[at/4*4*len(z)+4*j+at%4])
			}
			factor := scale[block*len(z)+j]
			sum = fused32(float32(integer), numbers[0]*factor, sum)
			sum = fused32(numbers[1], zero[block*len(z)+j]*factor, sum)
		}
		z[j] = sum
	}
}

// fused32 is x·y + z, rounded once: the product is exact in float64, and the sum so nearly
// exact that a second rounding can only matter in a tie, which odd sums avoid.
func fused32(x, y, z float32) float32 {
	p := float64(x) * float64(y)
	sum := p + float64(z)
	if rest := rounding(p, float64(z), sum); rest != 0 && math.Float64bits(sum)&1 == 0 {
		if (rest > 0) == (sum > 0) {
			sum = math.Float64frombits(math.Float64bits(sum) + 1)
		} else {
			sum = math.Float64frombits(math.Float64bits(sum) - 1)
		}
	}
	return float32(sum)
}

// rounding is what the sum of x and y lost (Knuth's two-sum).
func rounding(x, y, sum float64) float64 {
	v := sum - x
	return (x - (sum - v)) + (y - v)
}

// BenchmarkBlockSteps is the speed of tiles with a panel that lies in the first-level cache.
func BenchmarkBlockSteps(b *testing.B) {
	for _, k := range Levels() {
		if !k.bytes {
			continue
		}
		const blocks, size = 16, 32
		panel, scale, zero := make([]byte, blocks*size*k.Columns), make([]float32, blocks*k.Columns), make([]float32, blocks*k.Columns)
		a, c := make([]byte, 6*blocks*(size+8)), make([]float32, 6*k.Columns)
		for _, rows := range []int{1, 2, 4, 6} {
			for i, tile := range []stepTile{k.StepOctets[rows], k.StepNibbles[rows]} {
				b.Run(k.Level+[]string{"/octets", "/nibbles"}[i]+"/"+string(rune('0'+rows)), func(b *testing.B) {
					for b.Loop() {
						tile(blocks, size/(4<<i), &a[0], blocks*(size+8)/4, &panel[0], &scale[0], &zero[0], &c[0], k.Columns, 0)
					}
					b.ReportMetric(float64(rows*blocks*size*k.Columns)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gproducts/s")
				})
			}
		}
		x := make([]float32, blocks*size)
		b.Run(k.Level+"/rows", func(b *testing.B) {
			for b.Loop() {
				k.RowSteps(blocks, size, &a[0], &x[0])
			}
			b.ReportMetric(float64(blocks*size)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gnumbers/s")
		})
	}
}
