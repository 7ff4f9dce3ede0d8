package simd

// PairStep is what k is a multiple of in products of pairs: a row's numbers in a line of
// the cache, in a tile register, and in what is rounded at once.
const PairStep = 32

// Pairs are kernels of products in bfloat16 with sums in float32: a step is PairStep numbers
// of a row, and a panel of the right operand [k/2][Columns][2].
//
// An element is one chain of sums along k, in an order that is the kernels' own:
// the same whatever the height, and continued by a later call.
type Pairs struct {
	Lines

	// Round sets rows of z to those of x, ldx apart, rounded to the nearest, ties to
	// even; numbers below the normal ones become 0. Each 32 of a row are pitch after
	// those before, and 32 after those of the row before; n > 0 is a multiple of 32.
	Round func(rows, n int, z *uint16, pitch int, x *float32, ldx int)

	// Pair sets pairs of rows of a panel to those of x, ldx apart, rounded as by Round.
	Pair func(pairs int, z *uint16, x *float32, ldx int)

	// Thirds are the kernels of products of float32 with bfloat16; nil: there are none,
	// or they would be slower than multiply-adds.
	Thirds *Thirds
}

// Thirds are kernels of products of a left operand of float32 with a right one of
// bfloat16, on tiles of that: a number of the left one is the sum of three, and each of
// their products is exact. A tile of the left operand is [k/PairStep][3][rows][PairStep], with
// the third parts first. Parts below the normal numbers count as 0.
type Thirds struct {
	// Product is that of Lines.
	Product func(panels, rows, k int, a, b *uint16, ldb int, c *float32, ldc, add, ahead int)

	// Split splits steps of a row, whose parts are pitch bfloat16 apart, and reports
	// whether all of it are numbers that have parts: not infinite, nor so if rounded to
	// bfloat16, and not NaN.
	Split func(steps int, z *uint16, pitch int, x *float32) bool
}
