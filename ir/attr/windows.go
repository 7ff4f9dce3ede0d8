package attr

import "slices"

// SideBySide reports whether the windows of a convolution, or of a transposed one, with
// these attributes and filters of this size neither meet nor leave gaps.
func SideBySide(strides, dilations, pads, kernel []int) bool {
	isNot := func(want int) func(int) bool { return func(x int) bool { return x != want } }
	return slices.Equal(strides, kernel) && !slices.ContainsFunc(dilations, isNot(1)) && !slices.ContainsFunc(pads, isNot(0))
}
