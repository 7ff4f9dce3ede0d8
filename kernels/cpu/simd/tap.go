package simd

// Tap is a tap of a window of [Kernels.Window]: a weight, and the row that it is
// for. Kernels know where its fields are.
type Tap struct {
	Weight float32
	_      int32
	X      *float32
}
