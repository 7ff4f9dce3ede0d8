package simd

import (
	"encoding/binary"
	"math"
	"testing"
	"unsafe"
)

// compared is a function that all levels have: what they make of the same operands
// may differ by so many units in the last place, each being within half of these.
type compared struct {
	name  string
	units float64
	run   func(k *Kernels, z, x, y []float32)
}

var comparisons = []compared{
	{"Exp", 4, func(k *Kernels, z, x, y []float32) { k.Exp(len(x), &z[0], &x[0]) }},
	{"Tanh", 6, func(k *Kernels, z, x, y []float32) { k.Tanh(len(x), &z[0], &x[0]) }},
	{"Erf", 6, func(k *Kernels, z, x, y []float32) { k.Erf(len(x), &z[0], &x[0]) }},
	{"Sigmoid", 7, func(k *Kernels, z, x, y []float32) { k.Sigmoid(len(x), &z[0], &x[0]) }},
	{"Log", 3, func(k *Kernels, z, x, y []float32) { k.Log(len(x), &z[0], &x[0]) }},
	{"Acos", 4, func(k *Kernels, z, x, y []float32) { k.Acos(len(x), &z[0], &x[0]) }},
	{"Atan", 4, func(k *Kernels, z, x, y []float32) { k.Atan(len(x), &z[0], &x[0]) }},
	{"Softplus", 6, func(k *Kernels, z, x, y []float32) { k.Softplus(len(x), &z[0], &x[0]) }},
	{"Floor", 0, func(k *Kernels, z, x, y []float32) { k.Floor(len(x), &z[0], &x[0]) }},
	{"Round", 0, func(k *Kernels, z, x, y []float32) { k.Round(len(x), &z[0], &x[0]) }},
	{"Pow", 5, func(k *Kernels, z, x, y []float32) { k.PowNumber(len(x), &z[0], &x[0], 1.7) }},
	{"Reach", 0, func(k *Kernels, z, x, y []float32) { k.Reach(len(x), &z[0], &x[0]) }},
	{"Relu", 0, func(k *Kernels, z, x, y []float32) { k.Relu(len(x), &z[0], &x[0]) }},
	{"Sqrt", 0, func(k *Kernels, z, x, y []float32) { k.Sqrt(len(x), &z[0], &x[0]) }},
	{"Add", 0, func(k *Kernels, z, x, y []float32) { k.Add(len(x), &z[0], &x[0], &y[0]) }},
	{"Div", 0, func(k *Kernels, z, x, y []float32) { k.Div(len(x), &z[0], &x[0], &y[0]) }},
	{"Min", 0, func(k *Kernels, z, x, y []float32) { k.Min(len(x), &z[0], &x[0], &y[0]) }},
	{"Greatest", 0, func(k *Kernels, z, x, y []float32) { copy(z, y); k.Greatest(len(x), &z[0], &x[0]) }},
	{"GreatestEach", 0, func(k *Kernels, z, x, y []float32) { k.GreatestEach(1, len(x), &z[0], &x[0], 0) }},
	{"MulRuns", 0, func(k *Kernels, z, x, y []float32) { k.MulRuns(1, len(x), &z[0], &x[0], 0, &y[0], 0) }},
	{"NumberSubRuns", 0, func(k *Kernels, z, x, y []float32) { k.NumberSubRuns(1, len(x), &z[0], &x[0], 0, &y[0], 0) }},
	{"CopyRows", 0, func(k *Kernels, z, x, y []float32) { k.CopyRows(1, len(x), &z[0], 0, &x[0], 0) }},
	{"RotateHalves", 0, func(k *Kernels, z, x, y []float32) {
		k.RotateHalves(1, len(x)/2, &z[0], &x[0], 0, &y[0], &y[len(y)/2], 0)
	}},
	{"NarrowHalf", 0, func(k *Kernels, z, x, y []float32) {
		k.NarrowHalf(len(x), sixteen(y), &x[0])
		k.WidenHalf(len(x), &z[0], sixteen(y))
	}},
	{"NarrowBrain", 0, func(k *Kernels, z, x, y []float32) {
		k.NarrowBrain(len(x), sixteen(y), &x[0])
		k.WidenBrain(len(x), &z[0], sixteen(y))
	}},
	{"Choose", 0, func(k *Kernels, z, x, y []float32) {
		k.Choose(len(x), &z[0], (*uint8)(unsafe.Pointer(&y[0])), &x[0], &y[0])
	}},
}

// sixteen views floats as memory of 16-bit elements.
func sixteen(x []float32) *uint16 { return (*uint16)(unsafe.Pointer(&x[0])) }

// FuzzAnyBits: all levels agree, on any bits.
func FuzzAnyBits(f *testing.F) {
	seed := func(x ...float32) {
		var data []byte
		for _, v := range x {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		f.Add(data)
	}
	inf := float32(math.Inf(1))
	seed(1, -1, 0.5, 90, -90, -104, 1e-40, inf, -inf, float32(math.NaN()), 4, 0.6, 13.1, 65520, -65519)
	for n := range 40 {
		x := make([]float32, n+1)
		for i := range x {
			x[i] = float32(i) - float32(n)/2
		}
		seed(x...)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n := min(len(data)/4, 1<<10)
		if n == 0 {
			return
		}
		x, y := make([]float32, n), make([]float32, n)
		for i := range x {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
			y[n-1-i] = x[i]
		}
		for _, c := range comparisons {
			var want []float32
			levels := Levels()
			for i := range levels {
				k := levels[len(levels)-1-i] // plain Go first
				z := make([]float32, n)
				c.run(k, z, x, append([]float32(nil), y...))
				if want == nil {
					want = z
					continue
				}
				for j := range z {
					if z[j] != want[j] && !(z[j] != z[j] && want[j] != want[j]) && !(ulps(z[j], float64(want[j])) <= c.units) {
						t.Fatalf("%s of %d: element %d, of %g and %g, is %g on %s and %g in plain Go", c.name, n, j, x[j], y[j], z[j], k.Level, want[j])
					}
				}
			}
		}
		fuzzRows(t, x)
	})
}

// fuzzRows compares reductions, where the sums of what is reduced are finite.
func fuzzRows(t *testing.T, x []float32) {
	n, size, top := len(x), 0.0, math.Inf(-1)
	for _, v := range x {
		size, top = size+math.Abs(float64(v)), math.Max(top, float64(v))
	}
	var sums [2]float32
	for i, k := range []*Kernels{genericKernels, Levels()[0]} {
		if k.Sum(n, &sums[i], &x[0]); size < math.MaxFloat32 && !(math.Abs(float64(sums[0]-sums[i])) <= float64(2*n)*unit*size) {
			t.Fatalf("Sum of %d on %s: %g, in plain Go %g", n, k.Level, sums[i], sums[0])
		}
		z := make([]float32, n)
		if k.Softmax(n, &z[0], &x[0]); math.IsNaN(size) || math.IsInf(top, 0) {
			if z[0] == z[0] {
				t.Fatalf("Softmax with NaN or without a greatest element gives %g", z[0])
			}
			continue
		}
		want, limit := softmaxOf(x)
		for j := range z {
			if !(math.Abs(float64(z[j])-want[j]) <= limit[j]+1e-37) {
				t.Fatalf("Softmax of %d on %s: element %d is %g, want %g", n, k.Level, j, z[j], want[j])
			}
		}
	}
}
