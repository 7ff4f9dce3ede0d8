package match

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
)

// Target spells shape as the target of a Reshape of from: numbers, 0 for
// a size kept in place, or else −1 for one symbolic size. Both at once would
// leave the −1 undetermined where the kept size is 0.
func Target(from, shape sym.Shape) ([]int64, bool) {
	target := make([]int64, len(shape))
	var kept, open []int
	for i, d := range shape {
		n, number := d.IsConst()
		switch {
		case number && n > 0:
			target[i] = n
		case !number && i < len(from) && from[i].Equal(d):
			kept = append(kept, i)
		case !number:
			target[i] = -1
			open = append(open, i)
		default:
			return nil, false
		}
	}
	undetermined := slices.ContainsFunc(kept, func(i int) bool { return !sym.ProvablyPositive(shape[i]) })
	return target, len(open) == 0 || len(open) == 1 && !undetermined
}

// Absolute reports whether a Reshape target means the same for any operand with
// as many elements: known, with neither 0 nor −1 in it.
func Absolute(target *ir.Value) bool {
	dims, known := target.Dims()
	return known && !slices.ContainsFunc(dims, func(d sym.Dim) bool { return d.Is(0) || d.Is(-1) })
}
