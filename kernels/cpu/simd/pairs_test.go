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

// TestPairs compares every height, and several panels at once, with the chain of sums
// that the instructions are said to have, to the bit, and with float64.
func TestPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	eachPairs(t, func(t *testing.T, k *Kernels, p *Pairs) {
		for rows := 1; rows <= p.Rows; rows++ {
			for _, steps := range []int{1, 3} {
				testPairs(t, k, p, rng, 1+rows%3, rows, steps*PairStep, false)
				if p.Thirds != nil {
					testPairs(t, k, p, rng, 1+rows%3, rows, steps*PairStep, true)
				}
			}
		}
	})
}

// eachPairs runs f on the levels that have products of bfloat16.
func eachPairs(t *testing.T, f func(t *testing.T, k *Kernels, p *Pairs)) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		p := k.Pairs()
		if p == nil {
			t.Skip("no products of bfloat16")
		}
		f(t, k, p)
	})
}

// leftTile is a tile of random rows: what the kernels take, and what that stands for in
// the order in which they add it.
func leftTile(t *testing.T, p *Pairs, rng *rand.Rand, rows, depth int, thirds bool) (tile []uint16, x [][]float32, parts [][][]float32) {
	t.Helper()
	if !thirds {
		tile, all := brains(t, rng, rows*depth)
		for i := range rows {
			row := make([]float32, depth)
			for q := range row {
				row[q] = all[(q/PairStep*rows+i)*PairStep+q%PairStep]
			}
			x, parts = append(x, row), append(parts, [][]float32{row})
		}
		return tile, x, parts
	}
	tile = guardedWords(t, 3*rows*depth)
	for i := range rows {
		row := guarded(t, depth, true)
		sums := [][]float32{make([]float32, depth), make([]float32, depth), make([]float32, depth)}
		for q := range row {
			row[q] = float32(rng.NormFloat64() * math.Exp2(float64(rng.IntN(12)-6)))
			for part, v := range thirdsOf(row[q]) {
				sums[2-part][q] = v
			}
		}
		if !p.Thirds.Split(depth/PairStep, &tile[i*PairStep], rows*PairStep, &row[0]) {
			t.Fatalf("%v is said to have no parts", row)
		}
		x, parts = append(x, row), append(parts, sums)
	}
	return tile, x, parts
}

func testPairs(t *testing.T, k *Kernels, p *Pairs, rng *rand.Rand, panels, rows, depth int, thirds bool) {
	t.Helper()
	ldb, ldc := depth*k.Columns+6, panels*k.Columns+5
	a, x, parts := leftTile(t, p, rng, rows, depth, thirds)
	b, y := brains(t, rng, (panels-1)*ldb+depth*k.Columns)
	columns := make([][]float32, panels*k.Columns)
	for j := range columns {
		for q := range depth {
			columns[j] = append(columns[j], y[j/k.Columns*ldb+(q/2*k.Columns+j%k.Columns)*2+q%2])
		}
	}
	c := guarded(t, (rows-1)*ldc+panels*k.Columns, true)
	start := make([]float32, len(c))
	for i := range start {
		start[i] = float32(rng.NormFloat64())
	}
	product := p.Product
	if thirds {
		product = p.Thirds.Product
	}
	for add := range 2 {
		copy(c, start)
		product(panels, rows, depth, &a[0], &b[0], ldb, &c[0], ldc, add, add*ldb)
		for at, got := range c {
			i, j := at/ldc, at%ldc
			name := fmt.Sprintf("%d panels, %d rows, k %d, thirds %t, add %d: row %d column %d", panels, rows, depth, thirds, add, i, j)
			if j >= len(columns) {
				if got != start[at] {
					t.Fatalf("%s: wrote beyond the tile", name)
				}
				continue
			}
			sum := start[at] * float32(add)
			exact, size := float64(sum), math.Abs(float64(sum))
			for q, v := range x[i] {
				term := float64(v) * float64(columns[j][q])
				exact, size = exact+term, size+math.Abs(term)
			}
			for q := 0; q < depth; q += PairStep {
				for _, part := range parts[i] {
					sum = chains[p.Name](sum, part[q:q+PairStep], columns[j][q:q+PairStep])
				}
			}
			if got != sum {
				t.Fatalf("%s: %g, by the chain of sums %g", name, got, sum)
			}
			// As for multiply-adds in float32.
			if limit := 2 * math.Sqrt(float64(depth)+1) * size / (1 << 24); math.Abs(float64(got)-exact) > limit {
				t.Fatalf("%s: %g, want %g within %g", name, got, exact, limit)
			}
		}
	}
}

// thirdsOf splits x as the kernels should.
func thirdsOf(x float32) (parts [3]float32) {
	for i := range 2 {
		parts[i] = math.Float32frombits((math.Float32bits(x) + 0x8000) &^ 0xffff)
		x -= parts[i]
	}
	parts[2] = x
	return parts
}

// TestSplit: three parts are the number, to the last digit, whatever it is, but for
// those that are said to have none.
func TestSplit(t *testing.T) {
	eachPairs(t, func(t *testing.T, k *Kernels, p *Pairs) {
		if p.Thirds == nil {
			t.Skip("no products of thirds")
		}
		rng := rand.New(rand.NewPCG(8, 8))
		const rows = 3
		x, z := guarded(t, PairStep, true), guardedWords(t, (2*rows+1)*PairStep)
		odd := []float64{0, math.Copysign(0, -1), 1, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat32, 0x1.fdp127, 1 + 0x1p-8, 1 + 0x1p-9 + 0x1p-17}
		for round := range 20000 {
			finite := true
			for i := range x {
				x[i] = math.Float32frombits(rng.Uint32())
				if round%2 == 0 { // most of these rows have parts
					x[i] = math.Float32frombits(rng.Uint32() &^ (1 << 30))
				}
				if round < len(odd) && i == round {
					x[i] = float32(odd[round])
				}
				finite = finite && math.Abs(float64(x[i])) < 0x1.ffp127
			}
			if got := p.Thirds.Split(1, &z[0], rows*PairStep, &x[0]); got != finite {
				t.Fatalf("%x: has parts: %t", x, got)
			}
			if !finite {
				continue
			}
			for i, v := range x {
				at := func(part int) float64 { return float64(math.Float32frombits(uint32(z[part*rows*PairStep+i]) << 16)) }
				sum, size := at(2)+at(1)+at(0), math.Abs(float64(v))
				small := size < 0x1p-110 // the third part may be below the least number
				if small && math.Abs(sum-float64(v)) > 0x1p-133 || !small && sum != float64(v) || math.Abs(at(1)) > size/(1<<8) || math.Abs(at(0)) > size/(1<<16) {
					t.Fatalf("%x is split into %x, %x, %x", v, at(2), at(1), at(0))
				}
			}
		}
	})
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
		p.Round(1, len(x), &z[0], 32, &x[0], 0)
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
		const depth, panels = 192, 16
		a, right, c := make([]uint16, 3*depth*p.Rows), make([]uint16, panels*depth*k.Columns), make([]float32, p.Rows*panels*k.Columns)
		report := func(b *testing.B) {
			b.ReportMetric(2*float64(p.Rows*panels*k.Columns*depth)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GF/s")
		}
		b.Run(p.Name, func(b *testing.B) {
			for b.Loop() {
				p.Product(panels, p.Rows, depth, &a[0], &right[0], depth*k.Columns, &c[0], panels*k.Columns, 0, 0)
			}
			report(b)
		})
		if p.Thirds == nil {
			continue
		}
		b.Run(p.Name+", thirds", func(b *testing.B) {
			for b.Loop() {
				p.Thirds.Product(panels, p.Rows, depth, &a[0], &right[0], depth*k.Columns, &c[0], panels*k.Columns, 0, 0)
			}
			report(b)
		})
	}
}

// TestRoundRows: rows of a tile are rounded as each alone, to where a tile has them.
func TestRoundRows(t *testing.T) {
	eachPairs(t, func(t *testing.T, k *Kernels, p *Pairs) {
		const rows, n, ldx = 5, 96, 99
		rng := rand.New(rand.NewPCG(12, 12))
		x, z := guarded(t, (rows-1)*ldx+n, true), guardedWords(t, rows*n)
		for i := range x {
			x[i] = math.Float32frombits(rng.Uint32())
		}
		p.Round(rows, n, &z[0], 32*rows, &x[0], ldx)
		var row [n]uint16
		for i := range rows {
			p.Round(1, n, &row[0], 32, &x[i*ldx], 0)
			for j, want := range row {
				if got := z[(j/32*rows+i)*32+j%32]; got != want {
					t.Fatalf("row %d, column %d: %x rounds to %x, want %x", i, j, x[i*ldx+j], got, want)
				}
			}
		}
	})
}

// TestPair: pairs of rows are rounded as rows are.
func TestPair(t *testing.T) {
	eachPairs(t, func(t *testing.T, k *Kernels, p *Pairs) {
		const pairs = 5
		rng, ldx := rand.New(rand.NewPCG(11, 11)), k.Columns+3
		x, z := guarded(t, (2*pairs-1)*ldx+k.Columns, true), guardedWords(t, 2*pairs*k.Columns)
		for i := range x {
			x[i] = math.Float32frombits(rng.Uint32())
		}
		p.Pair(pairs, &z[0], &x[0], ldx)
		row := make([]uint16, k.Columns)
		for q := range 2 * pairs {
			p.Round(1, k.Columns, &row[0], k.Columns, &x[q*ldx], 0)
			for j, want := range row {
				if got := z[(q/2*k.Columns+j)*2+q%2]; got != want {
					t.Fatalf("row %d, column %d: %x rounds to %x, want %x", q, j, x[q*ldx+j], got, want)
				}
			}
		}
	})
}
