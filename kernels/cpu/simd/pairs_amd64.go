package simd

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
	Lines: Lines{Name: "VDPBF16PS", Rows: avx512Kernels.Rows, Unit: 1, Rate: 110, Product: byPanel(avx512Kernels.Columns, &avx512Kernels.ProductPairs)},
	Round: round, Pair: pairUp,
}

const (
	tileRows  = 16 // of a tile register
	tileBytes = 64 // of a row of one
)

var (
	tilePairs = Pairs{
		Lines: Lines{Name: "AMX", Rows: 2 * tileRows, Unit: tileRows, Rate: 300, Product: onTiles(tileProduct)},
		Round: round, Pair: pairUp,
		Thirds: &Thirds{
			Product: onTiles(tileThirds),
			Split:   func(steps int, z *uint16, pitch int, x *float32) bool { return splitRow(steps, z, 2*pitch, x) },
		},
	}
	tileIntegers = Integers{Lines: Lines{Name: "AMX", Rows: 2 * tileRows, Unit: tileRows, Rate: 300, Product: onTiles(tileBytesProduct)}, Bytes: 1}
)

func round(rows, n int, z *uint16, pitch int, x *float32, ldx int) {
	roundRows(rows, n, z, 2*pitch, x, 4*ldx)
}

func pairUp(pairs int, z *uint16, x *float32, ldx int) { pairRows(pairs, z, x, 4*ldx) }

// onTiles is a function on tiles as one of Lines.
func onTiles(f func(shape *tileShape, panels, rows, lower, k int, a, b *uint16, ldb int, c *float32, ldc, add, ahead int)) func(panels, rows, k int, a, b *uint16, ldb int, c *float32, ldc, add, ahead int) {
	return func(panels, rows, k int, a, b *uint16, ldb int, c *float32, ldc, add, ahead int) {
		f(&tileShapes[rows], panels, rows, max(0, rows-tileRows), k/PairStep, a, b, 2*ldb, c, 4*ldc, add, 2*ahead)
	}
}

// ofBytes are the level's products of bytes; nil: it has none.
func (k *Kernels) ofBytes() *Integers {
	switch {
	case k.tiles && tilesGranted():
		return &tileIntegers
	case k.bytes:
		return &Integers{Lines: Lines{Name: "VPDPBUSD", Rows: k.Rows, Unit: 1, Rate: 110, Product: byPanel(k.Columns, &k.ProductBytes)}, Bytes: 1}
	}
	return nil
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

// tileProduct multiplies a tile of rows rows, lower of which are in the second half,
// with panels: k counts steps of 32, ldb, ldc and ahead bytes.
//
//go:noescape
func tileProduct(shape *tileShape, panels int, rows int, lower int, k int, a *uint16, b *uint16, ldb int, c *float32, ldc int, add int, ahead int)

// tileBytesProduct is tileProduct of bytes.
//
//go:noescape
func tileBytesProduct(shape *tileShape, panels int, rows int, lower int, k int, a *uint16, b *uint16, ldb int, c *float32, ldc int, add int, ahead int)

// tileThirds is tileProduct for a tile of three parts.
//
//go:noescape
func tileThirds(shape *tileShape, panels int, rows int, lower int, k int, a *uint16, b *uint16, ldb int, c *float32, ldc int, add int, ahead int)

// roundRows rounds rows: pitch and ldx count bytes.
//
//go:noescape
func roundRows(rows int, n int, z *uint16, pitch int, x *float32, ldx int)

// pairRows pairs rows of x, ldx bytes apart.
//
//go:noescape
func pairRows(pairs int, z *uint16, x *float32, ldx int)

// splitRow splits steps of a row; its parts are pitch bytes apart.
//
//go:noescape
func splitRow(steps int, z *uint16, pitch int, x *float32) bool
