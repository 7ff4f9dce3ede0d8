package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestExtremes: the greater and the lesser of special numbers are the same on all
// levels: NaN if either is, and the second one if they are equal.
func TestExtremes(t *testing.T) {
	list := []float32{0, ofBits(1 << 31), 1, -1, ofBits(1), math.MaxFloat32, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, x := range list {
			for _, y := range list {
				for _, f := range []struct {
					name string
					got  func(n int, z, x, y *float32)
					want func(x, y float32) float32
				}{{"Max", k.Max, max32}, {"Min", k.Min, min32}} {
					var z float32
					f.got(1, &z, &x, &y)
					want := f.want(x, y)
					if x != x {
						want = x
					}
					if bits(z) != bits(want) && (z == z || want == want) {
						t.Errorf("%s of %g and %g is %g, want %g", f.name, x, y, z, want)
					}
				}
			}
		}
	})
}

// FuzzLevels compares what the levels of this machine make of a product and of what
// follows it with what plain Go makes.
func FuzzLevels(f *testing.F) {
	for _, x := range [][4]uint{{1, 1, 1, 1}, {8, 24, 64, 2}, {14, 33, 7, 3}, {3, 100, 129, 4}, {5, 0, 0, 5}, {9, 12, 4, 6}, {2, 7, 31, 7}} {
		f.Add(uint64(x[3]), x[0], x[1], x[2], uint8(x[3]))
	}
	f.Fuzz(func(t *testing.T, seed uint64, rows, n, depth uint, gap uint8) {
		s := shape{seed: seed, rows: int(rows%29 + 1), n: int(n%130 + 1), depth: int(depth % 300), gap: int(gap % 9)}
		want := s.product(t, genericKernels)
		limit := s.productLimit(t)
		for _, k := range Levels() {
			s.compare(t, "product on "+k.Level, s.product(t, k), want, limit)
		}
		for _, e := range epilogues() {
			want := s.epilogue(t, genericKernels, e.run)
			for _, k := range Levels() {
				s.compare(t, e.name+" on "+k.Level, s.epilogue(t, k, e.run), want, e.limit)
			}
		}
	})
}

// shape is what is multiplied: random numbers that the seed gives, rows gap floats
// longer than their n elements.
type shape struct {
	seed                uint64
	rows, n, depth, gap int
}

// fill returns n numbers of magnitudes from 2⁻⁸ to 2⁸: stream tells the operands of
// a seed apart.
func (s shape) fill(t *testing.T, stream uint64, n int) []float32 {
	rng := rand.New(rand.NewPCG(s.seed, stream))
	x := guarded(t, n, s.seed%2 == 0)
	for i := range x {
		x[i] = float32(math.Ldexp(rng.NormFloat64(), rng.IntN(17)-8))
	}
	return x
}

// matrix is fill for rows of n elements, gap apart.
func (s shape) matrix(t *testing.T, stream uint64) (x []float32, pitch int) {
	pitch = s.n + s.gap
	return s.fill(t, stream, (s.rows-1)*pitch+s.n), pitch
}

// left and right are the operands of the product.
func (s shape) left(t *testing.T) []float32 { return s.fill(t, 1, max(1, s.rows*s.depth)) }

func (s shape) right(t *testing.T) []float32 { return s.fill(t, 2, max(1, s.depth*s.n)) }

// product multiplies in tiles as high as the level has, the depth in two steps, and
// returns rows of n elements, gap apart.
func (s shape) product(t *testing.T, k *Kernels) []float32 {
	a, right := s.left(t), s.right(t)
	out := make([]float32, s.rows*(s.n+s.gap))
	pitch := k.Columns + s.gap
	for j := 0; j < s.n; j += k.Columns {
		panel := guarded(t, max(1, s.depth*k.Columns), true)
		for p := range s.depth {
			copy(panel[p*k.Columns:][:k.Columns], right[p*s.n:][j:min(j+k.Columns, s.n)])
		}
		for i := 0; i < s.rows; i += k.Rows {
			rows := min(k.Rows, s.rows-i)
			c := guarded(t, (rows-1)*pitch+k.Columns, true)
			half := s.depth / 2
			k.ProductRows[rows](half, &a[i*s.depth], s.depth, &panel[0], &c[0], pitch, 0)
			if half < s.depth {
				k.ProductRows[rows](s.depth-half, &a[i*s.depth+half], s.depth, &panel[half*k.Columns], &c[0], pitch, 1)
			}
			for r := range rows {
				copy(out[(i+r)*(s.n+s.gap)+j:][:min(k.Columns, s.n-j)], c[r*pitch:])
			}
		}
	}
	return out
}

// productLimit is how far two chains of sums may part: each step of each rounds to
// within half a unit of what can't exceed the sum of the terms' sizes.
func (s shape) productLimit(t *testing.T) limit {
	a, right := s.left(t), s.right(t)
	return func(i, j int, _ float32) float64 {
		size := 0.0
		for p := range s.depth {
			size += math.Abs(float64(a[i*s.depth+p]) * float64(right[p*s.n+j]))
		}
		return float64(2*s.depth+2) * size / (1 << 24)
	}
}

// epilogue runs a kernel on a matrix, a bias and a residual.
func (s shape) epilogue(t *testing.T, k *Kernels, run func(k *Kernels, s shape, c []float32, ldc int, bias, residual []float32)) []float32 {
	c, pitch := s.matrix(t, 3)
	residual, _ := s.matrix(t, 4)
	run(k, s, c, pitch, s.fill(t, 5, s.n), residual)
	return append(c, make([]float32, s.gap)...)
}

// limit is how far from the plain form's y an element may be.
type limit func(i, j int, y float32) float64

// epilogue is a kernel of what follows a product.
type epilogue struct {
	name string
	run  func(k *Kernels, s shape, c []float32, ldc int, bias, residual []float32)
	limit
}

func epilogues() []epilogue {
	exact := func(int, int, float32) float64 { return 0 }
	list := []epilogue{
		{"BiasResidual", func(k *Kernels, s shape, c []float32, ldc int, bias, residual []float32) {
			k.BiasResidual(s.rows, s.n, &c[0], ldc, &bias[0], &residual[0], ldc)
		}, exact},
		{"AddRows", func(k *Kernels, s shape, c []float32, ldc int, _, residual []float32) {
			k.AddRows(s.rows, s.n, &c[0], ldc, &residual[0], ldc)
		}, exact},
		{"MulRows", func(k *Kernels, s shape, c []float32, ldc int, _, residual []float32) {
			k.MulRows(s.rows, s.n, &c[0], ldc, &residual[0], ldc)
		}, exact},
	}
	// Both sides are within the limits of TestFunctions: 4 units, or 10⁻⁷ where the
	// function is next to nothing.
	near := func(_, _ int, y float32) float64 {
		_, exponent := math.Frexp(float64(y))
		return 8*math.Ldexp(1, exponent-24) + 2e-7
	}
	for f := range Sigmoid + 1 {
		e := epilogue{fmt.Sprintf("Bias[%d]", f), func(k *Kernels, s shape, c []float32, ldc int, bias, _ []float32) {
			k.Bias[f](s.rows, s.n, &c[0], ldc, &bias[0])
		}, near}
		if f <= Relu {
			e.limit = exact
		}
		list = append(list, e)
	}
	return list
}

// compare checks every element, and that the gaps between rows are the same.
func (s shape) compare(t *testing.T, name string, got, want []float32, most limit) {
	t.Helper()
	for at, y := range want {
		i, j := at/(s.n+s.gap), at%(s.n+s.gap)
		if got[at] == y {
			continue
		}
		if j >= s.n {
			t.Fatalf("%s: wrote into the gap behind row %d", name, i)
		}
		if off := most(i, j, y); !(math.Abs(float64(got[at])-float64(y)) <= off) {
			t.Fatalf("%s: row %d column %d of %+v is %g, want %g within %g", name, i, j, s, got[at], y, off)
		}
	}
}
