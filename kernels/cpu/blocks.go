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

// misaligned is 0 modulo 4 where words of 4 bytes begin.
func misaligned(b []byte) int { return int(uintptr(unsafe.Pointer(unsafe.SliceData(b))) % 4) }

// copyRows copies rows of n words that are pitches apart, in one call.
func copyRows(z []uint32, pitchZ int, x []uint32, pitchX, rows, n int) {
	vec.CopyRows(rows, n, grid(floats32(z), rows, n, pitchZ), pitchZ, grid(floats32(x), rows, n, pitchX), pitchX)
}

// copyShort is copy for what vectors are faster at: a call of copy costs more than
// that of a kernel, and moves half as much at a time.
func copyShort(z, x []byte) {
	if n := len(z); n < shortBytes && (n|misaligned(z)|misaligned(x))%4 == 0 {
		copyRows(wordsOf[uint32](z), 0, wordsOf[uint32](x), 0, 1, n/4)
		return
	}
	copy(z, x)
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
	if t.size < shortBytes && (t.size|t.pitchZ|t.pitchX|misaligned(t.z)|misaligned(t.x))%4 == 0 {
		z, x := t.z[lo*t.pitchZ:], t.x[lo*t.pitchX:]
		copyRows(wordsOf[uint32](z), t.pitchZ/4, wordsOf[uint32](x), t.pitchX/4, hi-lo, t.size/4)
		return
	}
	for i := lo; i < hi; i++ {
		block, at := i/t.pieces, i%t.pieces*pieceBytes
		n := min(pieceBytes, t.size-at)
		copy(t.z[block*t.pitchZ+at:][:n], t.x[block*t.pitchX+at:][:n])
	}
}
