package simd

// Pairs are kernels of products in bfloat16 with sums in float32. A tile of the left
// operand is [k/Step][rows][Step], a panel of the right one [k/2][Columns][2].
//
// An element is one chain of sums along k, in an order that is the kernels' own:
// the same whatever the height, and continued by a later call.
type Pairs struct {
	Name string
	Step int // k is a multiple of it
	Rows int // of the highest tile

	// Product multiplies as many tiles of rows rows each, lda bfloat16 apart, with a
	// panel. c, whose rows are ldc apart, is set, or added to if add > 0. next, as
	// large as the panel, is brought into the second-level cache.
	Product func(tiles, rows, k int, a *uint16, lda int, b *uint16, c *float32, ldc, add int, next *uint16)

	// Round sets z to x rounded to the nearest, ties to even; numbers below the
	// normal ones become 0. Each 32 of z are pitch after those before; n is a multiple
	// of 32.
	Round func(n int, z *uint16, pitch int, x *float32)
}
