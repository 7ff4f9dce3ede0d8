package ref

import "math"

// Ridge is the regression that gives the exact probe of one query, over keys k
// with weights p:
//
//	centred: (Σ p (k−k̄)(k−k̄)ᵀ + λI) r = k̄ − q,   o = Σ p (1 + t̄ − t) v
//	else:    (Σ p k kᵀ + λI) r = q,               o = Σ p t v
//
// The centred one is local linear attention (arXiv 2510.01450): its weighted
// ridge regression around the query with a free intercept, rewritten for the
// second moment of k−q, has the solution ρ = r/(1+η).
type Ridge struct {
	Keys    [][]float64
	Weights []float64
	Query   []float64
	Lambda  float64
	Centred bool
}

func (r *row) ridge(i int, p []float64) Ridge {
	return Ridge{r.k, p, r.query(r.c.Q, i), r.c.Ridge, r.c.Affine == "centred"}
}

// Solve returns the probe by a direct solve, which costs D³ but has the smallest
// error. Without a ridge the matrix may be singular (fewer keys than D): then
// conjugate gradients give the solution of least norm.
func (g Ridge) Solve() []float64 {
	if r, ok := g.Direct(); ok {
		return r
	}
	r, _ := g.ConjugateGradients(4*len(g.Query), 1e-24)
	return r
}

// Direct solves by Cholesky's factorisation; ok is false if the matrix is not
// positive definite in float64.
func (g Ridge) Direct() (r []float64, ok bool) {
	mean := g.mean()
	n := len(g.Query)
	m := make([][]float64, n)
	for a := range m {
		m[a] = make([]float64, n)
		m[a][a] = g.Lambda
	}
	for j, k := range g.Keys {
		for a := range n {
			if g.Weights[j] == 0 {
				break
			}
			for b := range a + 1 {
				m[a][b] += float64(g.Weights[j] * (k[a] - mean[a]) * (k[b] - mean[b]))
			}
		}
	}
	rhs := make([]float64, n)
	for a := range rhs {
		rhs[a] = g.Query[a]
		if g.Centred {
			rhs[a] = mean[a] - g.Query[a]
		}
	}
	return rhs, cholesky(m, rhs)
}

// mean is k̄ if the regression is centred, else zero.
func (g Ridge) mean() []float64 {
	mean := make([]float64, len(g.Query))
	if g.Centred {
		g.each(func(p float64, k []float64) { axpy(mean, p, k) })
	}
	return mean
}

// each calls f for the keys that have weight; others may hold anything.
func (g Ridge) each(f func(p float64, k []float64)) {
	for j, p := range g.Weights {
		if p != 0 {
			f(p, g.Keys[j])
		}
	}
}

// cholesky solves m·x = rhs in place for the symmetric matrix whose lower half
// m holds.
func cholesky(m [][]float64, rhs []float64) bool {
	n := len(m)
	top := 0.0
	for a := range n {
		top = math.Max(top, m[a][a])
	}
	for a := range n {
		for b := range a + 1 {
			s := m[a][b] - dot(m[a][:b], m[b][:b])
			if a != b {
				m[a][b] = s / m[b][b]
				continue
			}
			// A pivot of this size is rounding error: the rank is used up.
			if !(s > 1e-13*top) {
				return false
			}
			m[a][a] = math.Sqrt(s)
		}
	}
	for a := range n {
		rhs[a] = (rhs[a] - dot(m[a][:a], rhs[:a])) / m[a][a]
	}
	for a := n - 1; a >= 0; a-- {
		for b := a + 1; b < n; b++ {
			rhs[a] -= float64(m[b][a] * rhs[b])
		}
		rhs[a] /= m[a][a]
	}
	return true
}

// ConjugateGradients solves without a matrix, as kernels do that can't hold D×D
// numbers per query: each step reads the keys once. It stops after steps, or
// when the squared residual has shrunk by rtol, and returns how many it took.
//
// Centred, it works on the moment of z = k − q as the parent paper's code does,
//
//	Σp z zᵀ x = Σ p (x·k) k − (x·q) k̄ − (x·k̄) q + (x·q) q,
//
// and scales its solution ρ by 1 + η = 1/(1 − z̄·ρ).
func (g Ridge) ConjugateGradients(steps int, rtol float64) (r []float64, took int) {
	n := len(g.Query)
	mean := g.mean()
	rhs := append([]float64(nil), g.Query...)
	if g.Centred {
		for a := range rhs {
			rhs[a] = mean[a] - g.Query[a]
		}
	}
	x := make([]float64, n)
	residual, direction := append([]float64(nil), rhs...), append([]float64(nil), rhs...)
	rr := dot(residual, residual)
	stop := rr * rtol
	for ; took < steps && rr > stop; took++ {
		product := g.moment(direction, mean)
		curvature := dot(direction, product)
		if curvature <= 0 {
			break
		}
		axpy(x, rr/curvature, direction)
		axpy(residual, -rr/curvature, product)
		next := dot(residual, residual)
		for a := range direction {
			direction[a] = residual[a] + float64(next/rr*direction[a])
		}
		rr = next
	}
	if g.Centred {
		scale := 1 / (1 - dot(rhs, x))
		for a := range x {
			x[a] *= scale
		}
	}
	return x, took
}

// moment multiplies by the second moment of k − q (centred) or k, plus λI.
func (g Ridge) moment(x, mean []float64) []float64 {
	y := make([]float64, len(x))
	axpy(y, g.Lambda, x)
	g.each(func(p float64, k []float64) { axpy(y, p*dot(x, k), k) })
	if g.Centred {
		xq := dot(x, g.Query)
		axpy(y, -xq, mean)
		axpy(y, xq-dot(x, mean), g.Query)
	}
	return y
}

// axpy adds a·x to y.
func axpy(y []float64, a float64, x []float64) {
	for i := range y {
		y[i] += float64(a * x[i])
	}
}
