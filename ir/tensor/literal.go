package tensor

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// FormatElem spells element i so that [ParseElem] gives it back, shortest
// spelling first: 0.1 in f16 is "0.1". The payload of a NaN is not spelled.
func (t *Tensor) FormatElem(i int) string {
	switch {
	case t.DType == String:
		return strconv.Quote(t.strs[i])
	case t.DType == Bool:
		return strconv.FormatBool(t.data[i] != 0)
	case t.DType == Uint64:
		return strconv.FormatUint(Data[uint64](t)[i], 10)
	case t.DType == Complex64:
		return strconv.FormatComplex(complex128(Data[complex64](t)[i]), 'g', -1, 64)
	case t.DType == Complex128:
		return strconv.FormatComplex(Data[complex128](t)[i], 'g', -1, 128)
	case t.DType.IsFloat():
		return t.formatFloat(i)
	}
	return strconv.FormatInt(t.IntAt(i), 10)
}

func (t *Tensor) formatFloat(i int) string {
	v := t.FloatAt(i)
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 0):
		return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(v, 'g', -1, 64)), "+")
	case t.DType == Float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case t.DType == Float32:
		return strconv.FormatFloat(v, 'g', -1, 32)
	}
	return t.formatNarrow(v)
}

// formatNarrow gives v, an element of a type of at most 16 bits, in full, or in
// the fewest digits that round to it if that is shorter: 448, but 0.1.
func (t *Tensor) formatNarrow(v float64) string {
	exact := strconv.FormatFloat(v, 'g', -1, 64)
	probe := New(t.DType)
	for digits := 1; digits < 9; digits++ {
		rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
		s := strconv.FormatFloat(rounded, 'g', -1, 64)
		if len(s) < len(exact) && probe.ParseElem(0, s) == nil && probe.FloatAt(0) == v {
			return s
		}
	}
	return exact
}

// ParseElem writes element i as s spells it. An integer out of the type's range
// and a float beyond its largest are errors.
func (t *Tensor) ParseElem(i int, s string) (err error) {
	switch {
	case t.DType == String:
		t.strs[i], err = strconv.Unquote(s)
	case t.DType == Bool:
		var b bool
		b, err = strconv.ParseBool(s)
		t.SetInt(i, 0)
		if b {
			t.SetInt(i, 1)
		}
	case t.DType == Uint64:
		Data[uint64](t)[i], err = strconv.ParseUint(s, 10, 64)
	case t.DType == Complex64:
		var c complex128
		c, err = strconv.ParseComplex(s, 64)
		Data[complex64](t)[i] = complex64(c)
	case t.DType == Complex128:
		Data[complex128](t)[i], err = strconv.ParseComplex(s, 128)
	case t.DType.IsFloat():
		err = t.parseFloat(i, s)
	default:
		var n int64
		n, err = strconv.ParseInt(s, 10, 64)
		t.SetInt(i, n)
		if err == nil && t.IntAt(i) != n {
			err = strconv.ErrRange
		}
	}
	if err != nil {
		return fmt.Errorf("%q is no element of type %s", s, t.DType)
	}
	return nil
}

func (t *Tensor) parseFloat(i int, s string) error {
	size := 64
	if t.DType == Float32 {
		size = 32
	}
	v, err := strconv.ParseFloat(s, size)
	if err != nil {
		return err
	}
	if t.DType.Bits() <= 8 {
		t.SetSmallFloat(i, oddFloat32(v), false)
	} else {
		t.SetFloat(i, v)
	}
	if back := t.FloatAt(i); math.IsInf(v, 0) != math.IsInf(back, 0) || math.IsNaN(v) != math.IsNaN(back) {
		return strconv.ErrRange
	}
	return nil
}
