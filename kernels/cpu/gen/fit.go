package main

import "math"

// fit returns the coefficients, the lowest first, of the polynomial that
// interpolates f at the Chebyshev nodes of [lo, hi]: near the best one of its
// degree.
func fit(f func(float64) float64, lo, hi float64, degree int) []float64 {
	n := degree + 1
	rows := make([][]float64, n)
	for i := range rows {
		x := (lo+hi)/2 + (hi-lo)/2*math.Cos(math.Pi*(float64(i)+.5)/float64(n))
		rows[i] = make([]float64, n+1)
		power := 1.0
		for j := range n {
			rows[i][j] = power
			power *= x
		}
		rows[i][n] = f(x)
	}
	return solve(rows)
}

// solve eliminates, with row pivots.
func solve(rows [][]float64) []float64 {
	n := len(rows)
	for i := range n {
		pivot := i
		for r := i; r < n; r++ {
			if math.Abs(rows[r][i]) > math.Abs(rows[pivot][i]) {
				pivot = r
			}
		}
		rows[i], rows[pivot] = rows[pivot], rows[i]
		for r := range n {
			if r != i {
				k := rows[r][i] / rows[i][i]
				for c := i; c <= n; c++ {
					rows[r][c] -= k * rows[i][c]
				}
			}
		}
	}
	x := make([]float64, n)
	for i := range x {
		x[i] = rows[i][n] / rows[i][i]
	}
	return x
}
