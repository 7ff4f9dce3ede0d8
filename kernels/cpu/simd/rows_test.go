package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// unit is half of the last place of f32, relative.
const unit = 1.0 / (1 << 24)

// rowSizes are sizes, and rows long enough for errors to add up.
var rowSizes = append([]int{768, 1000, 4096}, sizes...)

// filled returns n guarded floats of a mean and a deviation.
func filled(t testing.TB, rng *rand.Rand, n int, atEnd bool, mean, deviation float64) []float32 {
	x := guarded(t, n, atEnd)
	for i := range x {
		x[i] = float32(mean + deviation*rng.NormFloat64())
	}
	return x
}

// eachRow runs f on rows of each size, at either end of a page, at each level.
func eachRow(t *testing.T, f func(t *testing.T, k *Kernels, rng *rand.Rand, n int, atEnd bool)) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		rng := rand.New(rand.NewPCG(5, 6))
		for _, n := range rowSizes {
			for _, atEnd := range []bool{false, true} {
				f(t, k, rng, n, atEnd)
			}
		}
	})
}

func TestSums(t *testing.T) {
	eachRow(t, func(t *testing.T, k *Kernels, rng *rand.Rand, n int, atEnd bool) {
		x := filled(t, rng, n, atEnd, 0.5, 1)
		sum, size := 0.0, 0.0
		for _, v := range x {
			sum, size = sum+float64(v), size+math.Abs(float64(v))
		}
		var z float32
		// Twice what one chain of n additions may be off by in the mean.
		limit := 2 * unit * math.Sqrt(float64(n))
		if k.Sum(n, &z, &x[0]); !(math.Abs(float64(z)-sum) <= limit*size) {
			t.Errorf("Sum of %d: %g, want %g", n, z, sum)
		}
	})
}

// TestEach reduces rows that lie further apart than they are long.
func TestEach(t *testing.T) {
	const rows, gap = 3, 2
	eachRow(t, func(t *testing.T, k *Kernels, rng *rand.Rand, n int, atEnd bool) {
		x, z, one := filled(t, rng, (rows-1)*(n+gap)+n, atEnd, 0, 1), guarded(t, rows, atEnd), float32(0)
		k.SumEach(rows, n, &z[0], &x[0], n+gap)
		for r := range z {
			if k.Sum(n, &one, &x[r*(n+gap)]); z[r] != one {
				t.Errorf("SumEach: row %d of %d is %g, alone it is %g", r, n, z[r], one)
			}
		}
		k.GreatestEach(rows, n, &z[0], &x[0], n+gap)
		for r := range z {
			want := float32(math.Inf(-1))
			for _, v := range x[r*(n+gap):][:n] {
				want = max(want, v)
			}
			if z[r] != want {
				t.Errorf("row %d of %d: GreatestEach %g, want %g", r, n, z[r], want)
			}
		}
		x[n/2] = float32(math.NaN())
		k.GreatestEach(rows, n, &z[0], &x[0], n+gap)
		if z[0] == z[0] || z[1] != z[1] {
			t.Errorf("GreatestEach with NaN at %d of the first row of %d: %v", n/2, n, z)
		}
	})
}

func TestNothingToReduce(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		z := []float32{5, 5}
		if k.SumEach(2, 0, &z[0], nil, 0); z[0] != 0 || z[1] != 0 {
			t.Errorf("sums of nothing are %v", z)
		}
		if k.GreatestEach(2, 0, &z[0], nil, 0); !math.IsInf(float64(z[0]), -1) || !math.IsInf(float64(z[1]), -1) {
			t.Errorf("the greatest of nothing is %v", z)
		}
	})
}

// softmaxOf is the reference, with the size of each element's allowed error:
// eight units for exponential, sum and quotient; and the difference from the
// greatest element is rounded before the exponential is taken.
func softmaxOf(x []float32) (want, limit []float64) {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = math.Max(top, float64(v))
	}
	for _, v := range x {
		sum += math.Exp(float64(v) - top)
	}
	for _, v := range x {
		distance := float64(v) - top
		p, allowed := math.Exp(distance)/sum, math.SmallestNonzeroFloat32
		if p > 0 {
			allowed += p * unit * (16 + math.Abs(distance))
		}
		want, limit = append(want, p), append(limit, allowed)
	}
	return want, limit
}

func TestSoftmaxRow(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	eachRow(t, func(t *testing.T, k *Kernels, rng *rand.Rand, n int, atEnd bool) {
		x, z := filled(t, rng, n, atEnd, 50, 10), guarded(t, n, atEnd)
		x[0] = -inf
		if n == 1 {
			x[0] = 3
		}
		k.Softmax(n, &z[0], &x[0])
		checkSoftmax(t, fmt.Sprintf("row of %d", n), z, x)
		for _, v := range []float32{nan, inf} {
			x[n-1] = v
			k.Softmax(n, &z[0], &x[0])
			if z[n-1] == z[n-1] {
				t.Errorf("%g in a row of %d gives %g", v, n, z[n-1])
			}
		}
		for i := range x {
			x[i] = -inf
		}
		if k.Softmax(n, &z[0], &x[0]); z[0] == z[0] {
			t.Errorf("a row of %d times −Inf gives %g", n, z[0])
		}
	})
}

func checkSoftmax(t *testing.T, name string, z, x []float32) {
	t.Helper()
	want, limit := softmaxOf(x)
	for i := range z {
		if !(math.Abs(float64(z[i])-want[i]) <= limit[i]) {
			t.Fatalf("%s: element %d is %g, want %g", name, i, z[i], want[i])
		}
	}
}

// TestNorms: rows with a mean far above the deviation, and without.
func TestNorms(t *testing.T) {
	const epsilon = 1e-5
	for _, mean := range []float64{0, 30, -1000} {
		eachRow(t, func(t *testing.T, k *Kernels, rng *rand.Rand, n int, atEnd bool) {
			x, z := filled(t, rng, n, atEnd, mean, 1), guarded(t, n, atEnd)
			gain, shift := filled(t, rng, n, atEnd, 0, 1), filled(t, rng, n, atEnd, 0, 1)
			m, square, squares := 0.0, 0.0, 0.0
			for _, v := range x {
				m += float64(v) / float64(n)
			}
			for _, v := range x {
				square, squares = square+float64(v)*float64(v)/float64(n), squares+(float64(v)-m)*(float64(v)-m)/float64(n)
			}
			inverse := 1 / float32(n)
			check := func(name string, want func(i int) (centred, result float64)) {
				t.Helper()
				for i := range z {
					c, w := want(i)
					// The difference from the mean is rounded; the deviation, the
					// product and the sum are.
					limit := unit * (8*math.Abs(float64(gain[i]))*(1+math.Abs(c)) + 4*math.Abs(float64(shift[i])))
					if !(math.Abs(float64(z[i])-w) <= limit) {
						t.Fatalf("%s of %d about %g: element %d is %g, want %g ± %g", name, n, mean, i, z[i], w, limit)
					}
				}
			}
			layer := func(i int) float64 { return (float64(x[i]) - m) / math.Sqrt(squares+epsilon) }
			k.LayerNorm(n, &z[0], &x[0], &gain[0], &shift[0], inverse, epsilon)
			check("LayerNorm", func(i int) (c, w float64) { return layer(i), layer(i)*float64(gain[i]) + float64(shift[i]) })
			k.LayerNormScaled(n, &z[0], &x[0], &gain[0], inverse, epsilon)
			check("LayerNormScaled", func(i int) (c, w float64) { return layer(i), layer(i) * float64(gain[i]) })
			k.RMSNorm(n, &z[0], &x[0], &gain[0], inverse, epsilon)
			check("RMSNorm", func(i int) (c, w float64) {
				c = float64(x[i]) / math.Sqrt(square+epsilon)
				return c, c * float64(gain[i])
			})
		})
	}
}

// TestNormsOfOddRows: all elements alike, and NaN.
func TestNormsOfOddRows(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		x, gain, z := make([]float32, 33), make([]float32, 33), make([]float32, 33)
		for i := range x {
			x[i], gain[i] = 0.1, 1
		}
		// What is left of 0.1 less a mean that is rounded, by √epsilon.
		if k.LayerNorm(33, &z[0], &x[0], &gain[0], &gain[0], 1./33, 1e-5); math.Abs(float64(z[32])-1) > 0.1*unit/math.Sqrt(1e-5) {
			t.Errorf("a constant row gives %g, want the shift", z[32])
		}
		x[7] = float32(math.NaN())
		k.LayerNorm(33, &z[0], &x[0], &gain[0], &gain[0], 1./33, 1e-5)
		if z[0] == z[0] {
			t.Errorf("LayerNorm of a row with NaN gives %g", z[0])
		}
		if k.RMSNorm(33, &z[0], &x[0], &gain[0], 1./33, 1e-5); z[0] == z[0] {
			t.Errorf("RMSNorm of a row with NaN gives %g", z[0])
		}
	})
}

// TestMoments: the centre is near the mean, and the sums are those about it.
func TestMoments(t *testing.T) {
	eachRow(t, func(t *testing.T, k *Kernels, rng *rand.Rand, n int, atEnd bool) {
		x, z := filled(t, rng, n, atEnd, 30, 1), guarded(t, 3, atEnd)
		k.Moments(n, &z[0], &x[0], 1/float32(n))
		mean, sum, size, squares := 0.0, 0.0, 0.0, 0.0
		for _, v := range x {
			d := float64(v - z[0])
			mean, sum, size, squares = mean+float64(v)/float64(n), sum+d, size+math.Abs(d), squares+d*d
		}
		limit := 2 * unit * math.Sqrt(float64(n))
		if got := float64(z[0]); !(math.Abs(got-mean) <= limit*mean+2*unit*mean) {
			t.Errorf("mean of %d: %g, want %g", n, got, mean)
		}
		if got := float64(z[1]); !(math.Abs(got-sum) <= limit*size) {
			t.Errorf("differences of %d: %g, want %g", n, got, sum)
		}
		if got := float64(z[2]); !(math.Abs(got-squares) <= limit*squares) {
			t.Errorf("squares of %d: %g, want %g", n, got, squares)
		}
	})
}

func TestRescale(t *testing.T) {
	eachRow(t, func(t *testing.T, k *Kernels, rng *rand.Rand, n int, atEnd bool) {
		x, z := filled(t, rng, n, atEnd, 30, 1), guarded(t, n, atEnd)
		k.Rescale(n, &z[0], &x[0], 30, 3, -5)
		for i, v := range x {
			scaled := 3 * float64(v-30)
			if want := scaled - 5; !(math.Abs(float64(z[i])-want) <= unit*(math.Abs(scaled)+math.Abs(want))) {
				t.Fatalf("element %d of %d is %g, want %g", i, n, z[i], want)
			}
		}
	})
}
