package ref

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/parallax-go/parallax/ir/tensor"
)

// parseStrings reads the strings of x as numbers of type d. Spelling: decimal,
// plain or scientific; "INF", "+INF", "-INF" and "NaN" in any case.
func parseStrings(z *tensor.Tensor, d tensor.DType, x *tensor.Tensor) error {
	z.Reset(d, x.Shape...)
	floats, whole := make([]float64, x.Len()), make([]int64, x.Len())
	for i, s := range x.Strings() {
		text := strings.TrimSpace(s)
		v, err := strconv.ParseFloat(text, 64)
		if err != nil && !math.IsInf(v, 0) || strings.ContainsAny(text, "_xXpP") {
			return fmt.Errorf("element %d, %q, is not a number", i, s)
		}
		floats[i] = v
		if whole[i], err = strconv.ParseInt(text, 10, 64); err != nil {
			whole[i] = saturate(v, int64(math.MinInt64), int64(math.MaxInt64))
		}
	}
	switch {
	case d == tensor.Bool:
		for i, v := range floats {
			tensor.Data[bool](z)[i] = v != 0
		}
	case d == tensor.Int64:
		storeInts(z, whole)
	default:
		store(z, floats)
	}
	return nil
}

// formatStrings spells the elements of x as numpy does.
func formatStrings(z, x *tensor.Tensor) {
	to := z.Strings()
	for i := range to {
		switch {
		case x.DType == tensor.Uint64:
			to[i] = strconv.FormatUint(tensor.Data[uint64](x)[i], 10)
		case !x.DType.IsFloat():
			to[i] = strconv.FormatInt(x.IntAt(i), 10)
		default:
			to[i] = formatFloat(x.FloatAt(i), min(max(x.DType.Bits(), 32), 64))
		}
	}
}

// formatFloat gives the shortest digits that read back as v, in scientific form
// for very large and very small numbers.
func formatFloat(v float64, bits int) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "INF"
	case math.IsInf(v, -1):
		return "-INF"
	}
	if a := math.Abs(v); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(v, 'e', -1, bits)
	}
	s := strconv.FormatFloat(v, 'f', -1, bits)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
