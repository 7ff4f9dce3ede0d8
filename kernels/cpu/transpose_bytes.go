package cpu

import endian "encoding/binary"

// byteSide is the side of squares of bytes.
const byteSide = 8

// byteSquares turns squares of bytes in words of 8: squares of half the side change
// places across the diagonal, then those within them (Warren, Hacker's Delight, 7-3).
// The words are variables, since the compiler keeps no array in registers.
func byteSquares(blocks int, z []uint8, ldz int, x []uint8, ldx int) {
	word := endian.LittleEndian
	for range blocks {
		a, b, c, d := word.Uint64(x), word.Uint64(x[ldx:]), word.Uint64(x[2*ldx:]), word.Uint64(x[3*ldx:])
		e, f, g, h := word.Uint64(x[4*ldx:]), word.Uint64(x[5*ldx:]), word.Uint64(x[6*ldx:]), word.Uint64(x[7*ldx:])
		a, e = swapBytes(a, e, 32, 0x00000000ffffffff)
		b, f = swapBytes(b, f, 32, 0x00000000ffffffff)
		c, g = swapBytes(c, g, 32, 0x00000000ffffffff)
		d, h = swapBytes(d, h, 32, 0x00000000ffffffff)
		a, c = swapBytes(a, c, 16, 0x0000ffff0000ffff)
		b, d = swapBytes(b, d, 16, 0x0000ffff0000ffff)
		e, g = swapBytes(e, g, 16, 0x0000ffff0000ffff)
		f, h = swapBytes(f, h, 16, 0x0000ffff0000ffff)
		a, b = swapBytes(a, b, 8, 0x00ff00ff00ff00ff)
		c, d = swapBytes(c, d, 8, 0x00ff00ff00ff00ff)
		e, f = swapBytes(e, f, 8, 0x00ff00ff00ff00ff)
		g, h = swapBytes(g, h, 8, 0x00ff00ff00ff00ff)
		for _, v := range [byteSide]uint64{a, b, c, d, e, f, g, h} {
			word.PutUint64(z, v)
			z = z[min(ldz, len(z)):]
		}
		x = x[byteSide:]
	}
}

// swapBytes exchanges what is above the mask in x with what is in it in y.
func swapBytes(x, y uint64, shift int, mask uint64) (uint64, uint64) {
	d := (x>>shift ^ y) & mask
	return x ^ d<<shift, y ^ d
}
