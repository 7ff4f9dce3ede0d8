package cpu

import endian "encoding/binary"

// byteSide is the side of squares of bytes.
const byteSide = 8

// byteSquares turns squares of bytes in words of 8: squares of half the side change
// places across the diagonal, then those within them (Warren, Hacker's Delight, 7-3).
func byteSquares(blocks int, z []uint8, ldz int, x []uint8, ldx int) {
	for b := range blocks {
		var w [byteSide]uint64
		for i := range w {
			w[i] = endian.LittleEndian.Uint64(x[i*ldx+b*byteSide:])
		}
		for i := range 4 {
			swapBytes(&w[i], &w[i+4], 32, 0x00000000ffffffff)
		}
		for _, i := range [4]int{0, 1, 4, 5} {
			swapBytes(&w[i], &w[i+2], 16, 0x0000ffff0000ffff)
		}
		for i := 0; i < byteSide; i += 2 {
			swapBytes(&w[i], &w[i+1], 8, 0x00ff00ff00ff00ff)
		}
		for i, v := range w {
			endian.LittleEndian.PutUint64(z[(b*byteSide+i)*ldz:], v)
		}
	}
}

// swapBytes exchanges what is above the mask in x with what is in it in y.
func swapBytes(x, y *uint64, shift int, mask uint64) {
	d := (*x>>shift ^ *y) & mask
	*x ^= d << shift
	*y ^= d
}
