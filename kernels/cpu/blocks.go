package cpu

import "unsafe"

// blockCopy copies blocks of bytes that lie at equal distances. Items are pieces of
// blocks.
type blockCopy struct {
	z, x           []byte
	pitchZ, pitchX int
	size           int // of a block
	pieces         int // that a block is cut into
}

// shortBytes is from what size on a copy is a call of its own.
const shortBytes = 1 << 11

// address is where b begins.
func address(b []byte) int { return int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// copyRows copies rows of n words that are pitches apart, in one call.
func copyRows(z []uint32, pitchZ int, x []uint32, pitchX, rows, n int) {
	vec.CopyRows(rows, n, grid(viewAs[float32](z), rows, n, pitchZ), pitchZ, grid(viewAs[float32](x), rows, n, pitchX), pitchX)
}

// leastMoved is from what size on vectors move bytes no later than copy: 48 bytes take
// that 8 ns and a kernel 15, with its masks.
const leastMoved = 512

// moveBytes is copy for what vectors are faster at. Long copies are REP MOVSB on
// newer processors of Intel, which takes twice the time where z and x lie differently
// within 16 bytes, as a weight in a mapped file may: 4 KB from the second-level cache
// take 400 ns then, and otherwise 230, as vectors always do.
func moveBytes(z, x []byte) {
	n := len(z)
	if vec.Lanes == 1 || n < leastMoved || n >= shortBytes && (address(z)-address(x))%16 == 0 {
		copy(z, x)
		return
	}
	copyRows(viewAs[uint32](z), 0, viewAs[uint32](x), 0, 1, n/4)
	if whole := n / 4 * 4; whole < n {
		copy(z[whole:], x[whole:n])
	}
}

// pieceBytes is into what pieces large blocks are cut.
const pieceBytes = 1 << 16

// copyBlocks copies so many blocks, of at least a byte.
func (c *Ctx) copyBlocks(z []byte, pitchZ int, x []byte, pitchX int, size, blocks int) {
	t := &c.blocks
	*t = blockCopy{z, x, pitchZ, pitchX, size, ceilDiv(size, pieceBytes)}
	items := blocks * t.pieces
	c.Pool.Do(items, c.cut(items, costRun+costByte*float64(min(size, pieceBytes))), t)
}

// Do copies the pieces lo ≤ i < hi.
func (t *blockCopy) Do(lo, hi int) {
	if t.size < shortBytes && (t.size|t.pitchZ|t.pitchX|address(t.z)|address(t.x))%4 == 0 {
		z, x := t.z[lo*t.pitchZ:], t.x[lo*t.pitchX:]
		copyRows(viewAs[uint32](z), t.pitchZ/4, viewAs[uint32](x), t.pitchX/4, hi-lo, t.size/4)
		return
	}
	for i := lo; i < hi; i++ {
		block, at := i/t.pieces, i%t.pieces*pieceBytes
		n := min(pieceBytes, t.size-at)
		moveBytes(t.z[block*t.pitchZ+at:][:n], t.x[block*t.pitchX+at:][:n])
	}
}
