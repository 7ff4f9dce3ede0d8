package ref

import (
	"math"
	"math/bits"
)

// fft transforms lines of n numbers: X[k] = Σ x[j]·e^(−2πi·jk/n). Lengths of small
// prime factors are split by them; others become a convolution of a power of two
// (Bluestein's algorithm), so that no length costs its square.
type fft struct {
	n       int
	factors []int
	roots   []complex128 // e^(−2πi·k/n)
	parts   []complex128 // of one sum
	*bluestein
}

// bluestein writes jk as (j² + k² − (k−j)²)/2: what is transformed is convolved with a
// chirp.
type bluestein struct {
	inner         *fft
	chirp, filter []complex128 // e^(−πi·k²/n), and the transform of its conjugate
	x, y          []complex128
}

// largeFactor is the prime factor from which on a convolution costs less than the sums.
const largeFactor = 64

func newFFT(n int) *fft {
	f := &fft{n: n, factors: primeFactors(n)}
	if k := len(f.factors); k > 0 && f.factors[k-1] >= largeFactor {
		f.bluestein = newBluestein(n)
		return f
	}
	f.roots, f.parts = make([]complex128, n), make([]complex128, largeFactor)
	for k := range f.roots {
		f.roots[k] = unitRoot(k, n)
	}
	return f
}

// primeFactors lists the factors of n, the least first.
func primeFactors(n int) []int {
	var list []int
	for p := 2; n > 1; p++ {
		if p*p > n {
			p = n
		}
		for ; n%p == 0; n /= p {
			list = append(list, p)
		}
	}
	return list
}

// unitRoot is e^(−2πi·k/n).
func unitRoot(k, n int) complex128 {
	sin, cos := math.Sincos(2 * math.Pi * float64(k) / float64(n))
	return complex(cos, -sin)
}

func newBluestein(n int) *bluestein {
	size := 1 << bits.Len(uint(2*n-2))
	b := &bluestein{inner: newFFT(size), chirp: make([]complex128, n), filter: make([]complex128, size),
		x: make([]complex128, size), y: make([]complex128, size)}
	square := 0 // k² in units of half a turn
	for k := range b.chirp {
		b.chirp[k] = unitRoot(square, 2*n)
		square = (square + 2*k + 1) % (2 * n)
		conj := complex(real(b.chirp[k]), -imag(b.chirp[k]))
		b.x[k] = conj
		b.x[(size-k)%size] = conj
	}
	b.inner.transform(b.filter, b.x)
	return b
}

// transform writes the transform of x, of n numbers each, to z.
func (f *fft) transform(z, x []complex128) {
	if f.bluestein != nil {
		f.convolve(z, x)
		return
	}
	f.split(z, x, 1, f.factors)
}

// split transforms every step-th number of x, as many as the factors' product.
func (f *fft) split(z, x []complex128, step int, factors []int) {
	if len(factors) == 0 {
		z[0] = x[0]
		return
	}
	p := factors[0]
	m := len(z) / p
	for r := range p {
		f.split(z[r*m:(r+1)*m], x[r*step:], step*p, factors[1:])
	}
	turn := f.n / p
	for k := range m {
		for r := range p {
			f.parts[r] = z[r*m+k] * f.roots[r*k*step]
		}
		for q := range p {
			sum := f.parts[0]
			for r := 1; r < p; r++ {
				sum += f.parts[r] * f.roots[r*q%p*turn]
			}
			z[q*m+k] = sum
		}
	}
}

func (b *bluestein) convolve(z, x []complex128) {
	clear(b.x)
	for k, c := range b.chirp {
		b.x[k] = x[k] * c
	}
	b.inner.transform(b.y, b.x)
	for k, c := range b.filter {
		// The conjugate: transformed once more and conjugated, it is the inverse transform.
		v := b.y[k] * c
		b.x[k] = complex(real(v), -imag(v))
	}
	b.inner.transform(b.y, b.x)
	scale := 1 / float64(len(b.y))
	for k, c := range b.chirp {
		z[k] = complex(real(b.y[k])*scale, -imag(b.y[k])*scale) * c
	}
}
