package cpu

// fewColumns are as many columns as rows of them, brought together, take a tenth of
// the first-level cache.
const fewColumns = 64

// transposeFew is transpose where rows or columns are fewer than a vector has lanes.
func transposeFew(z, x []float32, rows, n, step int) {
	switch {
	case n == 1:
		copy(z[:rows], x)
	case n < vec.Lanes:
		vec.Interleave[n](rows, ptr(z), ptr(x), step)
	case rows == 1:
		transposeRows(z, x, rows, n, step)
	case step == rows:
		vec.Deinterleave[rows](n, ptr(z), n, ptr(x))
	default:
		transposeApart(z, x, rows, n, step)
	}
}

// transposeApart brings what lies apart in x together first.
func transposeApart(z, x []float32, rows, n, step int) {
	var joined [square * fewColumns]float32
	for i := 0; i < n; i += fewColumns {
		m := min(fewColumns, n-i)
		vec.CopyRows(m, rows, ptr(joined[:]), rows, ptr(x[i*step:]), step)
		vec.Deinterleave[rows](m, ptr(z[i:]), n, ptr(joined[:]))
	}
}
