package cpu

import "unsafe"

// square is the side of the squares in which a transpose is copied: a cache line
// of 4-byte elements.
const square = 16

// transpose writes rows of n elements; in x they are columns: element i of row r is
// at r + i·step.
func transpose[T word](z, x []T, rows, n, step int) {
	if unsafe.Sizeof(z[0]) == 4 {
		transpose32(floats32(z), floats32(x), rows, n, step)
		return
	}
	for r := 0; r < rows; r += square {
		transposeRows(z[r*n:], x[r:], min(square, rows-r), n, n, step)
	}
}

// transposeRows is transpose of a few rows, which are pitch apart.
func transposeRows[T any](z, x []T, rows, n, pitch, step int) {
	for i := range n {
		from := x[i*step:][:rows]
		for r, v := range from {
			z[r*pitch+i] = v
		}
	}
}

// transpose32 turns squares of vectors in registers, in strips of so many rows of z
// that what is read stays in the cache until it is read again; and the edges one by
// one.
func transpose32(z, x []float32, rows, n, step int) {
	side := vec.Lanes
	if rows > 0 && n > 0 {
		_, _ = z[rows*n-1], x[(n-1)*step+rows-1]
	}
	whole, across := rows/side*side, n/side*side
	for r := 0; r < whole; r += transposeStrip {
		blocks := min(transposeStrip, whole-r) / side
		for i := 0; i < across; i += side {
			vec.Transpose(blocks, ptr(z[r*n+i:]), n, ptr(x[i*step+r:]), step)
		}
	}
	if across < n && whole > 0 {
		transposeEdge(z[across:], x[across*step:], whole, n-across, n, step)
	}
	if whole < rows {
		transposeRows(z[whole*n:], x[whole:], rows-whole, n, n, step)
	}
}

// transposeStrip is how many rows of z are written together.
const transposeStrip = 64

// transposeEdge is transposeRows of many rows of few elements.
func transposeEdge(z, x []float32, rows, n, pitch, step int) {
	for r := range rows {
		to := z[r*pitch:][:n]
		for i := range to {
			to[i] = x[i*step+r]
		}
	}
}
