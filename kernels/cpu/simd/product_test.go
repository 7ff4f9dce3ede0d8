package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
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
	panel, ldc := random(depth*k.Columns), k.Columns+3
	half, brain := halves(t, panel)
	start := random((rows-1)*ldc + k.Columns)
	scattered, offsets := scatterRows(t, rng, panel, k.Columns)
	next := &panel[0]
	type form struct {
		name string
		run  func(c *float32, add int)
	}
	forms := []form{
		{"ProductRows", func(c *float32, add int) { k.ProductRows[rows](depth, &byRow[0], lda, &panel[0], c, ldc, add) }},
		{"ProductWindow", func(c *float32, add int) {
			k.ProductWindow[rows](depth, &byRow[0], lda, &scattered[0], &offsets[0], c, ldc, add)
		}},
		{"ProductHalf", func(c *float32, add int) {
			k.ProductHalf[rows](depth, &byRow[0], lda, &half[0], c, ldc, add, &half[0])
		}},
		{"ProductBrain", func(c *float32, add int) {
			k.ProductBrain[rows](depth, &byRow[0], lda, &brain[0], c, ldc, add, &brain[0])
		}},
	}
	for i, fetch := range []*[15]func(k int, a *float32, lda int, b, c *float32, ldc, add int, next *float32){
		&k.ProductFetchOne, &k.ProductFetchTwo, &k.ProductFetchThree, &k.ProductFetchFour, &k.ProductFetchEight,
	} {
		if f := fetch[rows]; f != nil {
			forms = append(forms, form{fmt.Sprintf("fetching form %d", i), func(c *float32, add int) {
				f(depth, &byRow[0], lda, &panel[0], c, ldc, add, next)
			}})
		}
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
					t.Fatalf("%s: row %d column %d has other bits than ProductRows", name, r, j)
				}
			}
			if first == nil {
				first = c
			}
		}
	}
}

// scatterRows puts the rows of a panel in another order, an odd element between them,
// and returns where they are; the last ends at a page that can't be read.
func scatterRows(t *testing.T, rng *rand.Rand, panel []float32, columns int) (x []float32, offsets []int32) {
	t.Helper()
	rows, pitch := len(panel)/columns, columns+1
	x, offsets = guarded(t, max(rows*pitch-1, 1), true), make([]int32, rows+1)
	for p, at := range rng.Perm(rows) {
		offsets[p] = int32(at * pitch)
		copy(x[at*pitch:], panel[p*columns:][:columns])
	}
	return x, offsets
}

// halves cuts x down to what float16 and bfloat16 both can say, and returns it in
// them. The numbers are normal, so that a float16 is a cut and a move.
func halves(t *testing.T, x []float32) (half, brain []uint16) {
	t.Helper()
	half, brain = guardedWords(t, len(x)), guardedWords(t, len(x))
	for i, v := range x {
		b := math.Float32bits(v) &^ 0xffff
		if math.Abs(float64(v)) < 0x1p-14 {
			b = 0
		}
		x[i], brain[i] = math.Float32frombits(b), uint16(b>>16)
		if b != 0 {
			half[i] = uint16(b>>16&0x8000 | (b&0x7fffffff-112<<23)>>13)
		}
	}
	return half, brain
}

// guardedWords are n words that end at a page that can't be read.
func guardedWords(t *testing.T, n int) []uint16 {
	t.Helper()
	floats := guarded(t, (n+1)/2, true)
	all := unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(floats))), 2*len(floats))
	return all[len(all)-n:]
}

// TestWiden compares every float16 and bfloat16 with what it stands for.
func TestWiden(t *testing.T) {
	all := make([]uint16, 1<<16)
	for i := range all {
		all[i] = uint16(i)
	}
	eachLevel(t, func(t *testing.T, k *Kernels) {
		half, brain := make([]float32, len(all)), make([]float32, len(all))
		k.WidenHalf(len(all), &half[0], &all[0])
		k.WidenBrain(len(all), &brain[0], &all[0])
		for i := range all {
			if got, want := math.Float32bits(brain[i]), uint32(i)<<16; got != want {
				t.Fatalf("bfloat16 %#x is %#x, want %#x", i, got, want)
			}
			want := math.Ldexp(float64(i&0x3ff)/0x400+1, i>>10&31-15)
			switch {
			case i>>10&31 == 31 && i&0x3ff != 0:
				want = math.NaN()
			case i>>10&31 == 31:
				want = math.Inf(1)
			case i>>10&31 == 0:
				want = math.Ldexp(float64(i&0x3ff), -24)
			}
			if i>>15 > 0 {
				want = -want
			}
			if got := float64(half[i]); math.Float64bits(got) != math.Float64bits(want) && !(got != got && want != want) {
				t.Fatalf("float16 %#x is %g, want %g", i, got, want)
			}
		}
	})
}
