package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// brains are n random numbers of bfloat16, as bits and as what they stand for.
func brains(t *testing.T, rng *rand.Rand, n int) ([]uint16, []float32) {
	t.Helper()
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	_, bits := halves(t, x)
	return bits, x
}

// chains are the orders in which the kernels add, by name: what a pair (x0·y0,
// x1·y1) and the end of a step do to a sum. Products of bfloat16 are exact.
var chains = map[string]func(sum float32, x, y []float32) float32{
	"VDPBF16PS": func(sum float32, x, y []float32) float32 {
		for p := 0; p < len(x); p += 2 {
			sum += float32(x[p+1] * y[p+1])
			sum += float32(x[p] * y[p])
		}
		return sum
	},
	"AMX": func(sum float32, x, y []float32) float32 {
		for p := 0; p < len(x); p += 32 {
			var even, odd float32
			for q := p; q < p+32; q += 2 {
				even += float32(x[q] * y[q])
				odd += float32(x[q+1] * y[q+1])
			}
			sum += even + odd
		}
		return sum
	},
}

// TestPairs compares every height, and several tiles at once, with the chain of
// sums that the instructions are said to have, to the bit, and with float64.
func TestPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		p := k.Pairs()
		if p == nil {
			t.Skip("no products of bfloat16")
		}
		for rows := 1; rows <= p.Rows; rows++ {
			for _, steps := range []int{1, 3} {
				testPairs(t, k, p, rng, 1+rows%3, rows, steps*p.Step)
			}
		}
	})
}

func testPairs(t *testing.T, k *Kernels, p *Pairs, rng *rand.Rand, tiles, rows, depth int) {
	t.Helper()
	lda, ldc := rows*depth+2*p.Step, k.Columns+5
	a, x := brains(t, rng, (tiles-1)*lda+rows*depth)
	b, y := brains(t, rng, depth*k.Columns)
	column := make([][]float32, k.Columns)
	for j := range column {
		for q := range depth {
			column[j] = append(column[j], y[(q/2*k.Columns+j)*2+q%2])
		}
	}
	c := guarded(t, (tiles*rows-1)*ldc+k.Columns, true)
	start := make([]float32, len(c))
	for i := range start {
		start[i] = float32(rng.NormFloat64())
	}
	for add := range 2 {
		copy(c, start)
		p.Product(tiles, rows, depth, &a[0], lda, &b[0], &c[0], ldc, add, &b[0])
		for i, got := range c {
			name := fmt.Sprintf("%d tiles of %d rows, k %d, add %d: row %d column %d", tiles, rows, depth, add, i/ldc, i%ldc)
			if i%ldc >= k.Columns {
				if got != start[i] {
					t.Fatalf("%s: wrote beyond the tile", name)
				}
				continue
			}
			row := make([]float32, depth)
			for q := range row {
				row[q] = x[i/ldc/rows*lda+(q/p.Step*rows+i/ldc%rows)*p.Step+q%p.Step]
			}
			sum := float32(0)
			if add > 0 {
				sum = start[i]
			}
			exact, size := float64(sum), math.Abs(float64(sum))
			for q, v := range row {
				term := float64(v) * float64(column[i%ldc][q])
				exact, size = exact+term, size+math.Abs(term)
			}
			if want := chains[p.Name](sum, row, column[i%ldc]); got != want {
				t.Fatalf("%s: %g, by the chain of sums %g", name, got, want)
			}
			if limit := 2 * math.Sqrt(float64(depth)+1) * size / (1 << 24); math.Abs(float64(got)-exact) > limit {
				t.Fatalf("%s: %g, want %g within %g", name, got, exact, limit)
			}
		}
	}
}

// TestRoundBrain compares with rounding by arithmetic: ties, infinities, overflow
// and NaN are among the numbers.
func TestRoundBrain(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		p := k.Pairs()
		if p == nil {
			t.Skip("no products of bfloat16")
		}
		x := guarded(t, 1<<18, true)
		for i := range x {
			// Every upper half, with what is below, at and above a tie, or not there.
			low := []uint32{0, 0x7fff, 0x8000, 0x8001}[i%4]
			x[i] = math.Float32frombits(uint32(i>>2)<<16 | low)
		}
		z := guardedWords(t, len(x))
		p.Round(len(x), &z[0], 32, &x[0])
		for i, v := range x {
			b := math.Float32bits(v)
			want := (b + 0x7fff + b>>16&1) >> 16
			switch {
			case v != v:
				want = b>>16 | 0x40
			case b&0x7f800000 == 0:
				want = b >> 16 & 0x8000
			}
			if uint32(z[i]) != want {
				t.Fatalf("%x rounds to %x, want %x", b, z[i], want)
			}
		}
	})
}

// BenchmarkPairs is the speed of the highest tiles on operands in cache.
func BenchmarkPairs(b *testing.B) {
	for _, k := range Levels() {
		p := k.Pairs()
		if p == nil {
			continue
		}
		const depth, tiles = 384, 4
		lda := depth * p.Rows
		a, panel, c := make([]uint16, tiles*lda), make([]uint16, depth*k.Columns), make([]float32, tiles*p.Rows*k.Columns)
		b.Run(p.Name, func(b *testing.B) {
			for b.Loop() {
				p.Product(tiles, p.Rows, depth, &a[0], lda, &panel[0], &c[0], k.Columns, 0, &panel[0])
			}
			b.ReportMetric(2*float64(tiles*p.Rows*k.Columns*depth)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GF/s")
		})
	}
}
