package cpu

// fillWith sets every element, in copies that double.
func fillWith[T any](z []T, v T) {
	n := min(len(z), 32)
	for i := range n {
		z[i] = v
	}
	for n > 0 && n < len(z) {
		n += copy(z[n:], z[:n])
	}
}

// spreadRows sets rows of n elements to one element each, pitch apart in x: those of
// a few as rows that are all the same, interleaved.
func spreadRows(z, x []float32, rows, n, pitch int) {
	_, _ = z[rows*n-1], x[(rows-1)*pitch]
	if pitch == 1 && 1 < n && n < vec.Lanes {
		vec.Interleave[n](rows, ptr(z), ptr(x), 0)
		return
	}
	vec.FillRows(rows, n, ptr(z), ptr(x), pitch)
}

// everyOther takes every element that is a multiple of step away: the first of the
// rows that x is if it is deinterleaved.
func everyOther(z, x []float32, step int) {
	var rows [square * fewColumns]float32
	for len(z) > 1 {
		m := min(fewColumns, len(z)-1) // the last may have none behind it
		_ = x[m*step]
		vec.Deinterleave[step](m, ptr(rows[:]), fewColumns, ptr(x))
		copy(z, rows[:m])
		z, x = z[m:], x[m*step:]
	}
	z[0] = x[0]
}
