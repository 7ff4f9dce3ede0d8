package ref

import (
	"math"
	"math/cmplx"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// TestFFT compares with the sums written out: powers of two, small and large primes,
// and products of both.
func TestFFT(t *testing.T) {
	r := seeded()
	for _, n := range []int{1, 2, 3, 4, 5, 6, 12, 16, 61, 67, 97, 120, 134, 139, 256, 509, 768} {
		x, z := make([]complex128, n), make([]complex128, n)
		for i := range x {
			x[i] = complex(r.NormFloat64(), r.NormFloat64())
		}
		f := newFFT(n)
		for range 2 { // nothing is left of the first
			f.transform(z, x)
		}
		for k := range n {
			want := complex128(0)
			for j, v := range x {
				want += v * cmplx.Exp(complex(0, -2*math.Pi*float64(j*k%n)/float64(n)))
			}
			if cmplx.Abs(z[k]-want) > 1e-11*math.Sqrt(float64(n)) {
				t.Fatalf("of %d numbers, sum %d is %v, want %v", n, k, z[k], want)
			}
		}
	}
}

func TestDFT(t *testing.T) {
	x := f32([]int{1, 3, 1}, 1, 2, 4)
	h := math.Sqrt(3)
	whole := []float64{7, 0, -2, h, -2, -h}
	length := func(n int64) *tensor.Tensor { return i64(nil, n) }
	forward, inverse := &attr.DFT{}, &attr.DFT{Inverse: true}
	half, whence := &attr.DFT{OneSided: true}, &attr.DFT{OneSided: true, Inverse: true}
	spectrum := f32([]int{1, 3, 2}, 7, 0, -2, float32(h), -2, -float32(h))
	for _, c := range []struct {
		name         string
		a            *attr.DFT
		x            *tensor.Tensor
		length, axis *tensor.Tensor
		want         []float64
	}{
		{"real", forward, x, nil, nil, whole},
		{"half", half, x, nil, nil, whole[:4]},
		{"filled", forward, x, length(4), nil, []float64{7, 0, -3, -2, 3, 0, -3, 2}},
		{"cut", forward, x, length(2), length(1), []float64{3, 0, -1, 0}},
		{"back", inverse, spectrum, nil, length(-2), []float64{1, 0, 2, 0, 4, 0}},
		{"back from half", whence, f32([]int{2, 2}, 7, 0, -2, float32(h)), length(3), nil, []float64{1, 2, 4}},
		{"back from half, even", whence, f32([]int{3, 2}, 7, 9, -3, -2, 3, 9), nil, nil, []float64{1, 2, 4, 0}},
		{"of columns", forward, f32([]int{2, 2, 1}, 1, 2, 3, 5), nil, length(0), []float64{4, 0, 7, 0, -2, 0, -3, 0}},
	} {
		checkNear(t, c.name, 1e-6, c.want, func(z *tensor.Tensor) error { return DFT(z, c.a, c.x, c.length, c.axis) })
	}
	checkError(t, "parts", []string{"axis 2", "parts"}, func(z *tensor.Tensor) error { return DFT(z, forward, x, nil, length(2)) })
	checkError(t, "nothing", []string{"length 0"}, func(z *tensor.Tensor) error { return DFT(z, whence, f32([]int{1, 2}, 7, 0), nil, nil) })
	checkError(t, "three parts", []string{"[1,3]"}, func(z *tensor.Tensor) error { return DFT(z, forward, f32([]int{1, 3}, 1, 2, 3), nil, nil) })
}

func TestSTFT(t *testing.T) {
	x, two := f32([]int{1, 5, 1}, 1, 2, 4, 8, 16), i64(nil, 2)
	a := attr.New[attr.STFT]()
	checkNear(t, "frames", 1e-6, []float64{3, 0, -1, 0, 12, 0, -4, 0}, func(z *tensor.Tensor) error { return STFT(z, a, x, two, nil, two) })
	h := 1.5 * math.Sqrt(3)
	checkNear(t, "windowed", 1e-6, []float64{6, 0, -1.5, h, 24, 0, -6, 4 * h}, func(z *tensor.Tensor) error {
		return STFT(z, a, x, two, vec(1, 0.5, 1), nil)
	})
	checkError(t, "too long", []string{"frames of 6", "[1,5,1]"}, func(z *tensor.Tensor) error { return STFT(z, a, x, two, nil, i64(nil, 6)) })
	checkError(t, "window", []string{"[3]", "frames of 2"}, func(z *tensor.Tensor) error { return STFT(z, a, x, two, vec(1, 1, 1), two) })
}

// TestMelWeightMatrix has bands that begin, have their middle and end at 0 0 1, 0 1 3
// and 1 3 5.
func TestMelWeightMatrix(t *testing.T) {
	a := attr.New[attr.MelWeightMatrix]()
	call := func(bands, length int64, high float32) func(z *tensor.Tensor) error {
		return func(z *tensor.Tensor) error {
			return MelWeightMatrix(z, a, i64(nil, bands), i64(nil, length), i64(nil, 8192), f32(nil, 0), f32(nil, high))
		}
	}
	checkNear(t, "bands", 1e-6, []float64{
		1, 0, 0,
		0, 1, 0,
		0, 0.5, 0.5,
		0, 0, 1,
		0, 0, 0.5,
		0, 0, 0,
		0, 0, 0,
		0, 0, 0,
		0, 0, 0}, call(3, 16, 4096))
	checkError(t, "above half the rate", []string{"5000", "8192"}, call(3, 16, 50000))
	checkError(t, "no bands", []string{"0 bands"}, call(0, 16, 4096))
}
