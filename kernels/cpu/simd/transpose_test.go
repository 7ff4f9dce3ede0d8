package simd

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// random is n elements of any bits at the end of a page.
func random[T uint16 | uint64](t testing.TB, rng *rand.Rand, n int) []T {
	x := narrowed[T](t, n)
	for i := range x {
		x[i] = T(rng.Uint64())
	}
	return x
}

// patterned is n floats of any bits, NaN of every kind included, which are moved as
// they are.
func patterned(t testing.TB, rng *rand.Rand, n int, atEnd bool) []float32 {
	x := guarded(t, n, atEnd)
	for i := range x {
		x[i] = ofBits(rng.Uint32())
	}
	return x
}

// turned checks that z, which was 0, is the transposed of x: rows of z are columns
// of x.
func turned[T float32 | uint16 | uint64](t *testing.T, name string, z []T, ldz int, x []T, ldx, rows, columns int) {
	t.Helper()
	of := func(v T) any {
		if f, ok := any(v).(float32); ok {
			return bits(f)
		}
		return v
	}
	for i, got := range z {
		r, c := i/ldz, i%ldz
		want := T(0)
		if r < rows && c < columns {
			want = x[c*ldx+r]
		}
		if of(got) != of(want) {
			t.Fatalf("%s: element (%d, %d) is %v, want %v", name, r, c, of(got), of(want))
		}
	}
}

func strips[T float32 | uint16 | uint64](t *testing.T, name string, side int, make func(n int) []T, f func(z *T, ldz int, x *T, ldx, blocks int)) {
	for _, blocks := range []int{1, 2, 3} {
		columns := blocks * side
		ldx, ldz := columns+2, side+3
		x, z := make((side-1)*ldx+columns), make((columns-1)*ldz+side)
		clear(z)
		f(&z[0], ldz, &x[0], ldx, blocks)
		turned(t, fmt.Sprintf("%s, %d blocks", name, blocks), z, ldz, x, ldx, columns, side)
	}
}

func TestTransposeStrips(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		rng := rand.New(rand.NewPCG(9, 10))
		strips(t, "words", k.Lanes, func(n int) []float32 { return patterned(t, rng, n, true) },
			func(z *float32, ldz int, x *float32, ldx, blocks int) { k.Transpose(blocks, z, ldz, x, ldx) })
		strips(t, "16 bits", k.Lanes, func(n int) []uint16 { return random[uint16](t, rng, n) },
			func(z *uint16, ldz int, x *uint16, ldx, blocks int) { k.Transpose16(blocks, z, ldz, x, ldx) })
		strips(t, "64 bits", max(1, k.Lanes/2), func(n int) []uint64 { return random[uint64](t, rng, n) },
			func(z *uint64, ldz int, x *uint64, ldx, blocks int) { k.Transpose64(blocks, z, ldz, x, ldx) })
	})
}

// fewest turns a few rows, and back, of each length up to three vectors of size
// elements.
func fewest[T float32 | uint64](t *testing.T, size int, make func(n int, atEnd bool) []T,
	interleave [fewMost]func(n int, z, x *T, ldx int), deinterleave [fewMost]func(n int, z *T, ldz int, x *T)) {
	for rows := 2; rows < size; rows++ {
		for n := 1; n <= 3*size+1; n++ {
			for _, atEnd := range []bool{false, true} {
				name, pitch := fmt.Sprintf("%d rows of %d", rows, n), n+3
				apart, joined := make((rows-1)*pitch+n, atEnd), make(rows*n, atEnd)
				clear(joined)
				interleave[rows](n, &joined[0], &apart[0], pitch)
				turned(t, name, joined, rows, apart, pitch, n, rows)
				clear(apart)
				deinterleave[rows](n, &apart[0], pitch, &joined[0])
				turned(t, name+" back", apart, pitch, joined, rows, rows, n)
			}
		}
	}
}

const fewMost = len(Kernels{}.Interleave)

func TestInterleave(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		rng := rand.New(rand.NewPCG(11, 12))
		fewest(t, k.Lanes, func(n int, atEnd bool) []float32 { return patterned(t, rng, n, atEnd) }, k.Interleave, k.Deinterleave)
		fewest(t, k.Lanes/2, func(n int, atEnd bool) []uint64 {
			x := patterned(t, rng, 2*n, atEnd)
			return unsafe.Slice((*uint64)(unsafe.Pointer(&x[0])), n)
		}, k.Interleave64, k.Deinterleave64)
	})
}

func TestFillRows(t *testing.T) {
	eachRow(t, func(t *testing.T, k *Kernels, rng *rand.Rand, n int, atEnd bool) {
		const rows, pitch = 5, 3
		x, z := patterned(t, rng, (rows-1)*pitch+1, atEnd), guarded(t, rows*n, atEnd)
		k.FillRows(rows, n, &z[0], &x[0], pitch)
		for i, v := range z {
			if want := x[i/n*pitch]; bits(v) != bits(want) {
				t.Fatalf("rows of %d: element %d is %#x, want %#x", n, i, bits(v), bits(want))
			}
		}
	})
}
