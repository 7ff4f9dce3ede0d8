package simd

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// kindOfBlocks are the kernels of a kind of weights.
type kindOfBlocks struct {
	product [11]func(blocks, n int, a *float32, lda int, b *uint8, scale, zero, c *float32, ldc, add int)
	beside  [3]func(blocks, n int, a *float32, lda int, b *uint8, scale, zero *float32, apart, apartScales int, c *float32, ldc, add int)
	widen   func(blocks, n int, z *float32, b *uint8, scale, zero *float32)
}

// blockKernels are the kinds by how many steps a row of bytes is.
func blockKernels(k *Kernels) map[int]kindOfBlocks {
	return map[int]kindOfBlocks{
		1: {k.ProductOctets, k.ProductOctetsBeside, k.WidenOctets},
		2: {k.ProductNibbles, k.ProductNibblesBeside, k.WidenNibbles},
	}
}

// TestBlocks tries some sizes on every level.
func TestBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 12))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, size := range [][2]int{{1, 1}, {1, 8}, {3, 16}, {2, 5}} {
			checkBlocks(t, rng, k, size[0], size[1])
		}
	})
}

// FuzzBlocks tries other sizes and numbers on all levels of this machine.
func FuzzBlocks(f *testing.F) {
	f.Add(uint64(1), uint8(1), uint8(1))
	f.Add(uint64(2), uint8(4), uint8(16))
	f.Fuzz(func(t *testing.T, seed uint64, blocks, n uint8) {
		for _, k := range Levels() {
			checkBlocks(t, rand.New(rand.NewPCG(seed, 1)), k, int(blocks%6)+1, int(n%40)+1)
		}
	})
}

// checkBlocks: weights that are widened are (q − zero)·scale but for a rounding of each term
// and of the sum, and a product that widens them on the way has the bits of ProductRows of
// the widened panel.
func checkBlocks(t *testing.T, rng *rand.Rand, k *Kernels, blocks, n int) {
	t.Helper()
	for steps, f := range blockKernels(k) {
		depth := blocks * n * steps
		floats := guarded(t, (blocks*n*k.Columns+3)/4, true)
		all := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(floats))), 4*len(floats))
		panel := all[len(all)-blocks*n*k.Columns:]
		for i := range panel {
			panel[i] = byte(rng.Uint32())
		}
		scale, zero := guarded(t, blocks*k.Columns, true), guarded(t, blocks*k.Columns, true)
		for i := range scale {
			scale[i], zero[i] = float32(rng.NormFloat64()), -float32(rng.IntN(16))
		}
		z := guarded(t, depth*k.Columns, true)
		f.widen(blocks, n, &z[0], &panel[0], &scale[0], &zero[0])
		for p := range depth {
			block := p / (n * steps)
			for j := range k.Columns {
				q := panel[p/steps*k.Columns+j]
				if steps == 2 {
					q = q >> (4 * (p % 2)) & 15
				}
				s, o := float64(scale[block*k.Columns+j]), float64(zero[block*k.Columns+j])
				want := float64(q)*s + o*s
				if limit := 2 * (math.Abs(float64(q)*s) + math.Abs(o*s)) / (1 << 24); math.Abs(float64(z[p*k.Columns+j])-want) > limit {
					t.Fatalf("%s: %d steps a row, step %d, column %d: %g, want %g within %g", k.Level, steps, p, j, z[p*k.Columns+j], want, limit)
				}
			}
		}
		for rows := 1; rows < len(f.product) && f.product[rows] != nil; rows++ {
			lda, ldc := depth+3, k.Columns+2
			a, got, want := guarded(t, (rows-1)*lda+depth, true), guarded(t, (rows-1)*ldc+k.Columns, true), make([]float32, (rows-1)*ldc+k.Columns)
			for i := range a {
				a[i] = float32(rng.NormFloat64())
			}
			for add := range 2 {
				f.product[rows](blocks, n, &a[0], lda, &panel[0], &scale[0], &zero[0], &got[0], ldc, add)
				k.ProductRows[rows](depth, &a[0], lda, &z[0], &want[0], ldc, add)
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("%s: %d steps a row, %d rows, %d blocks of %d, add %d: element %d is %g, want %g", k.Level, steps, rows, blocks, n, add, i, got[i], want[i])
					}
				}
			}
			checkBeside(t, rng, k, f, rows, blocks, n, steps)
		}
	}
}

// checkBeside: two panels side by side give the bits of one after the other.
func checkBeside(t *testing.T, rng *rand.Rand, k *Kernels, f kindOfBlocks, rows, blocks, n, steps int) {
	t.Helper()
	if rows >= len(f.beside) || f.beside[rows] == nil {
		return
	}
	const gap = 8 // bytes, and floats, between the panels
	size, scales, depth := blocks*n*k.Columns, blocks*k.Columns, blocks*n*steps
	_, panels := guardedBytes(t, rng, 2*size+gap)
	scale, zero, a := guarded(t, 2*scales+gap, true), guarded(t, 2*scales+gap, true), guarded(t, rows*depth, true)
	for _, x := range [][]float32{scale, zero, a} {
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
	}
	ldc := 2*k.Columns + 2
	got, want := guarded(t, (rows-1)*ldc+2*k.Columns, true), make([]float32, (rows-1)*ldc+2*k.Columns)
	for add := range 2 {
		f.beside[rows](blocks, n, &a[0], depth, &panels[0], &scale[0], &zero[0], size+gap, 4*(scales+gap), &got[0], ldc, add)
		for p := range 2 {
			f.product[rows](blocks, n, &a[0], depth, &panels[p*(size+gap)], &scale[p*(scales+gap)], &zero[p*(scales+gap)], &want[p*k.Columns], ldc, add)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%s: %d steps a row, %d rows of two panels, %d blocks of %d, add %d: element %d is %g, want %g", k.Level, steps, rows, blocks, n, add, i, got[i], want[i])
			}
		}
	}
}

// BenchmarkBlocks is the speed of one row with a panel that lies in the first-level cache.
func BenchmarkBlocks(b *testing.B) {
	for _, k := range Levels() {
		for steps, f := range blockKernels(k) {
			const blocks, size = 16, 32
			panel, scale, zero := make([]byte, blocks*size/steps*k.Columns), make([]float32, blocks*k.Columns), make([]float32, blocks*k.Columns)
			a, c := make([]float32, blocks*size), make([]float32, 2*k.Columns)
			name := k.Level + map[int]string{1: "/octets", 2: "/nibbles"}[steps]
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					f.product[1](blocks, size/steps, &a[0], 0, &panel[0], &scale[0], &zero[0], &c[0], 0, 0)
				}
				b.ReportMetric(float64(blocks*size*k.Columns)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gweights/s")
			})
			if f.beside[1] == nil {
				continue
			}
			b.Run(name+"/beside", func(b *testing.B) {
				for b.Loop() {
					f.beside[1](blocks, size/steps, &a[0], 0, &panel[0], &scale[0], &zero[0], 0, 0, &c[0], 0, 0)
				}
				b.ReportMetric(float64(2*blocks*size*k.Columns)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gweights/s")
			})
		}
	}
}
