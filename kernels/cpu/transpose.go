package cpu

import "unsafe"

// square is a multiple of the sides of the squares in which a transpose is copied,
// and a cache line of 4-byte elements.
const square = 16

// transposeStrip is how many rows of z are written together.
const transposeStrip = 64

// transpose writes rows of n elements; in x they are columns: element i of row r is
// at r + i·step.
func transpose[T word](z, x []T, rows, n, step int) {
	if rows == 0 || n == 0 {
		return
	}
	_, _ = z[rows*n-1], x[(n-1)*step+rows-1]
	switch unsafe.Sizeof(z[0]) {
	case 1:
		transposeBy(viewAs[uint8](z), viewAs[uint8](x), rows, n, step, turner[uint8]{side: byteSide, squares: byteSquares})
	case 2:
		transposeBy(viewAs[uint16](z), viewAs[uint16](x), rows, n, step, turner[uint16]{side: vec.Lanes, squares: halfSquares})
	case 4:
		transposeBy(viewAs[float32](z), viewAs[float32](x), rows, n, step, turner[float32]{vec.Lanes, wordSquares, &vec.Interleave, &vec.Deinterleave})
	case 8:
		side := max(1, vec.Lanes/2)
		transposeBy(viewAs[uint64](z), viewAs[uint64](x), rows, n, step, turner[uint64]{side, longSquares, &vec.Interleave64, &vec.Deinterleave64})
	}
}

// turner is how elements of a type are transposed.
type turner[T any] struct {
	side int
	// squares turns blocks squares that lie one after the other in rows of x.
	squares func(blocks int, z []T, ldz int, x []T, ldx int)
	// Those of fewer rows, or columns, than a square has, by their number; nil: one
	// element at a time.
	interleave   *[square]func(n int, z, x *T, ldx int)
	deinterleave *[square]func(n int, z *T, ldz int, x *T)
}

func halfSquares(blocks int, z []uint16, ldz int, x []uint16, ldx int) {
	vec.Transpose16(blocks, ptr(z), ldz, ptr(x), ldx)
}

func wordSquares(blocks int, z []float32, ldz int, x []float32, ldx int) {
	vec.Transpose(blocks, ptr(z), ldz, ptr(x), ldx)
}

func longSquares(blocks int, z []uint64, ldz int, x []uint64, ldx int) {
	vec.Transpose64(blocks, ptr(z), ldz, ptr(x), ldx)
}

// transposeBy turns squares, in strips of so many rows of z that what is read stays
// in the cache until it is read again. The last squares of a row, and of a strip,
// begin where they just fit: what they have in common with others is written twice.
func transposeBy[T any](z, x []T, rows, n, step int, t turner[T]) {
	if min(rows, n) < t.side {
		transposeFew(z, x, rows, n, step, t)
		return
	}
	for r := 0; r < rows; r += transposeStrip {
		end := min(r+transposeStrip, rows)
		blocks, rest := (end-r)/t.side, (end-r)%t.side
		for i := 0; i < n; i += t.side {
			i := min(i, n-t.side)
			t.squares(blocks, z[r*n+i:], n, x[i*step+r:], step)
			if rest > 0 {
				t.squares(1, z[(end-t.side)*n+i:], n, x[i*step+end-t.side:], step)
			}
		}
	}
}

// transposeRows is transpose of a few rows by one element at a time.
func transposeRows[T any](z, x []T, rows, n, step int) {
	for i := range n {
		from := x[i*step:][:rows]
		for r, v := range from {
			z[r*n+i] = v
		}
	}
}
