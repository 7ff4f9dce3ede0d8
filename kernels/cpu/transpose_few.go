package cpu

// fewColumns are as many columns as rows of them, brought together, take a tenth of
// the first-level cache.
const fewColumns = 64

// transposeFew is transpose where rows or columns are fewer than a square has.
func transposeFew[T any](z, x []T, rows, n, step int, t turner[T]) {
	switch {
	case n == 1:
		copy(z[:rows], x)
	case t.interleave == nil || rows == 1:
		for r := 0; r < rows; r += square {
			transposeRows(z[r*n:], x[r:], min(square, rows-r), n, step)
		}
	case n < t.side:
		t.interleave[n](rows, ptr(z), ptr(x), step)
	case step == rows:
		t.deinterleave[rows](n, ptr(z), n, ptr(x))
	default:
		transposeApart(z, x, rows, n, step, t.deinterleave[rows])
	}
}

// transposeApart brings what lies apart in x together first.
func transposeApart[T any](z, x []T, rows, n, step int, deinterleave func(n int, z *T, ldz int, x *T)) {
	var joined [square * fewColumns]T
	for i := 0; i < n; i += fewColumns {
		m := min(fewColumns, n-i)
		for c := range m {
			copy(joined[c*rows:][:rows], x[(i+c)*step:])
		}
		deinterleave(m, ptr(z[i:]), n, ptr(joined[:]))
	}
}
