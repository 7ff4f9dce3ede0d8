package simd

import "unsafe"

// Pairs are those of the level; nil: it has none. The first call asks the system
// for the tile registers where the level has them. If it refuses there are none:
// processors with tiles take twice as long for VDPBF16PS as for the multiply-adds
// on float32 that it would replace.
func (k *Kernels) Pairs() *Pairs {
	switch {
	case k.tiles && tilesGranted():
		return &tilePairs
	case k.dots && !k.tiles:
		return &dotPairs
	}
	return nil
}

var dotPairs = Pairs{
	Name: "VDPBF16PS", Step: 2, Rows: avx512Kernels.Rows, Round: roundBrain,
	Product: func(tiles, rows, k int, a *uint16, lda int, b *uint16, c *float32, ldc, add int, next *uint16) {
		pair := func(p *uint16) *float32 { return (*float32)(unsafe.Pointer(p)) }
		kernel, fetched := avx512Kernels.ProductPairs[rows], pair(next)
		for t := range tiles {
			kernel(k/2, pair(ahead(a, t*lda)), rows, pair(b), ahead(c, t*rows*ldc), ldc, add, fetched)
		}
	},
}

// ahead is the element n after p.
func ahead[T any](p *T, n int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), n*int(unsafe.Sizeof(*p))))
}

const (
	tileRows  = 16 // of a tile register
	tileBytes = 64 // of a row of one
)

var tilePairs = Pairs{
	Name: "AMX", Step: tileBytes / 2, Rows: 2 * tileRows, Round: roundBrain,
	Product: func(tiles, rows, k int, a *uint16, lda int, b *uint16, c *float32, ldc, add int, next *uint16) {
		const lines = 32 // of the cache, in the panel's part of a step
		tileProduct(&tileShapes[rows], tiles, rows, max(0, rows-tileRows), k/(tileBytes/2), a, 2*lda, b, c, 4*ldc, add, next, (lines+tiles-1)/tiles)
	},
}

// tileShape is a configuration of the tile registers: palette 1, and the bytes of a
// row and the rows of each (Intel SDM volume 1, table 18-3).
type tileShape struct {
	palette, start uint8
	_              [14]uint8
	rowBytes       [16]uint16
	rows           [16]uint8
}

// tileShapes are the configurations for tiles of so many rows.
var tileShapes = func() (shapes [2*tileRows + 1]tileShape) {
	for rows := 1; rows < len(shapes); rows++ {
		s := &shapes[rows]
		s.palette = 1
		upper, lower := min(rows, tileRows), max(1, rows-tileRows)
		for t, n := range [8]int{upper, upper, lower, lower, upper, lower, tileRows, tileRows} {
			s.rowBytes[t], s.rows[t] = tileBytes, uint8(n)
		}
	}
	return shapes
}()

// tileProduct multiplies tiles of rows rows, lower of which are in the second half,
// with a panel: k counts steps of 32, lda and ldc bytes, and lines, at least 1, is
// how many lines of next are fetched in each step.
//
//go:noescape
func tileProduct(shape *tileShape, tiles int, rows int, lower int, k int, a *uint16, lda int, b *uint16, c *float32, ldc int, add int, next *uint16, lines int)

//go:noescape
func roundBrain(n int, z *uint16, pitch int, x *float32)
