package cpu

// blockCopy copies blocks of bytes that lie at equal distances. Items are pieces of
// blocks.
type blockCopy struct {
	z, x           []byte
	pitchZ, pitchX int
	size           int // of a block
	pieces         int // that a block is cut into
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
	for i := lo; i < hi; i++ {
		block, at := i/t.pieces, i%t.pieces*pieceBytes
		n := min(pieceBytes, t.size-at)
		copy(t.z[block*t.pitchZ+at:][:n], t.x[block*t.pitchX+at:][:n])
	}
}
