package simd

import "unsafe"

// Lines are kernels of products of narrow numbers, of which a line of the cache holds what
// a row has for a step along k. A tile of the left operand is [steps][rows][line], a panel
// of the right one [16·steps][Columns] of 4 bytes.
type Lines struct {
	Name string
	Rows int // of the highest tile
	Unit int // rows that take as long as one
	Rate int // multiply-adds of a nanosecond, of numbers of 16 bits

	// Product multiplies a tile of rows rows with panels that are ldb numbers of 16 bits
	// apart, as k is counted. c, whose rows are ldc apart, is set, or added to if add > 0:
	// a panel's columns follow those of the panel before. What lies ahead numbers after all
	// that is read of b is brought into the second-level cache; 0 asks for nothing.
	Product func(panels, rows, k int, a, b *uint16, ldb int, c *float32, ldc, add, ahead int)
}

// Integers are kernels of products of integers of 8 bits: those of the left operand have no
// sign, those of the right one have, sums are int32 and wrap. In lines and panels they are
// numbers of Bytes bytes: a panel is [k/4][Columns][4] of them, or [k/2][Columns][2].
type Integers struct {
	Lines
	Bytes int
}

// Integers are those of the level.
func (k *Kernels) Integers() *Integers { return k.integers }

// addIntegers gives k its own.
func (k *Kernels) addIntegers() {
	if k.integers = k.ofBytes(); k.integers == nil {
		k.integers = &Integers{Lines: Lines{Name: k.Level, Rows: k.Rows, Unit: 1, Rate: 55, Product: byPanel(k.Columns, &k.ProductWords)}, Bytes: 2}
	}
}

// byPanel is functions by height as one of Lines.
func byPanel(columns int, tile *[15]func(k int, a, b, c *float32, ldc, add int, next *float32)) func(panels, rows, k int, a, b *uint16, ldb int, c *float32, ldc, add, ahead int) {
	return func(panels, rows, k int, a, b *uint16, ldb int, c *float32, ldc, add, ahead int) {
		word := func(p *uint16) *float32 { return (*float32)(unsafe.Pointer(p)) }
		for j := range panels {
			panel := after(b, j*ldb)
			tile[rows](k/PairStep, word(a), word(panel), after(c, j*columns), ldc, add, word(after(panel, ahead)))
		}
	}
}

// after is the element n after p.
func after[T any](p *T, n int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), n*int(unsafe.Sizeof(*p))))
}
