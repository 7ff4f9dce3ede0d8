package ref

import (
	"math"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

func TestMatMul(t *testing.T) {
	for _, c := range []struct {
		name       string
		x, y, want *tensor.Tensor
	}{
		{"vectors", vec(1, 2), vec(3, 4), f32(nil, 11)},
		{"row", vec(1, 2), f32([]int{2, 2}, 1, 2, 3, 4), vec(7, 10)},
		{"column", f32([]int{2, 2}, 1, 2, 3, 4), vec(1, 1), vec(3, 7)},
		{"batches", i64([]int{2, 1, 1, 1}, 2, 3), i64([]int{2, 1, 1}, 5, 7), i64([]int{2, 2, 1, 1}, 10, 14, 15, 21)},
		{"wrapping", of[uint8](16, 1), of[uint8](16, 3), tensor.Scalar[uint8](3)},
		{"no inner size", f32([]int{2, 0}), f32([]int{0, 1}), f32([]int{2, 1}, 0, 0)},
		{"f64 sums", vec(1e8, 1, -1e8), vec(1, 1, 1), f32(nil, 1)},
	} {
		check(t, c.name, c.want, func(z *tensor.Tensor) error { return MatMul(z, c.x, c.y) })
	}
	checkError(t, "inner sizes", []string{"[2,3]", "[2,4]"}, func(z *tensor.Tensor) error { return MatMul(z, count(2, 3), count(2, 4)) })
}

func TestGemm(t *testing.T) {
	a := &attr.Gemm{Alpha: 0.5, Beta: 2, TransA: true, TransB: true}
	// [[1,3],[2,4]]·[[1,0],[1,1]] = [[4,3],[6,4]]
	check(t, "gemm", f32([]int{2, 2}, 4, 5.5, 5, 6), func(z *tensor.Tensor) error {
		return Gemm(z, a, f32([]int{2, 2}, 1, 2, 3, 4), f32([]int{2, 2}, 1, 1, 0, 1), vec(1, 2))
	})
}

func TestEinsum(t *testing.T) {
	x, y := i64([]int{2, 2}, 1, 2, 3, 4), i64([]int{2, 2}, 5, 6, 7, 8)
	for _, c := range []struct {
		equation string
		want     *tensor.Tensor
		xs       []*tensor.Tensor
	}{
		{"ij,jk->ik", i64([]int{2, 2}, 19, 22, 43, 50), []*tensor.Tensor{x, y}},
		{"ij,jk", i64([]int{2, 2}, 19, 22, 43, 50), []*tensor.Tensor{x, y}},
		{"ba", i64([]int{2, 2}, 1, 3, 2, 4), []*tensor.Tensor{x}},
		{"ii", i64(nil, 5), []*tensor.Tensor{x}},
		{"ii->i", list1(1, 4), []*tensor.Tensor{x}},
		{"ij->", i64(nil, 10), []*tensor.Tensor{x}},
		{"...i,...i->...", list1(17, 53), []*tensor.Tensor{x, y}},
		{"i...,...j -> ...ij", i64([]int{2, 2, 2}, 5, 6, 15, 18, 14, 16, 28, 32), []*tensor.Tensor{x, y}},
		{"i,j,k->kij", i64([]int{1, 2, 2}, 6, 12, 12, 24), []*tensor.Tensor{list1(1, 2), list1(2, 4), list1(3)}},
	} {
		check(t, c.equation, c.want, func(z *tensor.Tensor) error { return Einsum(z, &attr.Einsum{Equation: c.equation}, c.xs...) })
	}
	for equation, words := range map[string][]string{
		"ij,jk->iq": {`'q'`},
		"ij":        {"1 terms"},
		"ijk,jk":    {`"ijk"`, "rank 2"},
		"ij,jk->ii": {"twice"},
	} {
		checkError(t, equation, words, func(z *tensor.Tensor) error { return Einsum(z, &attr.Einsum{Equation: equation}, x, y) })
	}
}

// TestConv compares with the sum written out: one batch entry, two groups of one
// channel.
func TestConv(t *testing.T) {
	r := seeded()
	x, w, b := random(r, tensor.Float32, 1, 2, 5, 6), random(r, tensor.Float32, 4, 1, 2, 3), random(r, tensor.Float32, 4)
	a := &attr.Conv{Group: 2, Strides: []int{2, 1}, Dilations: []int{1, 2}, Pads: []int{1, 0, 0, 2}}
	const height, width = 3, 4 // (5+1−2)/2+1, (6+2−5)/1+1
	var want []float64
	for m := range 4 {
		for i := range height {
			for j := range width {
				sum := b.FloatAt(m)
				for k := range 2 {
					for l := range 3 {
						if h, v := 2*i+k-1, j+2*l; h >= 0 && h < 5 && v < 6 {
							sum += x.FloatAt((m/2*5+h)*6+v) * w.FloatAt((m*2+k)*3+l)
						}
					}
				}
				want = append(want, sum)
			}
		}
	}
	checkNear(t, "conv", 1e-7, want, func(z *tensor.Tensor) error { return Conv(z, a, x, w, b) })
}

// TestConvTranspose compares with the sum written out: two batch entries, two groups of
// two channels.
func TestConvTranspose(t *testing.T) {
	r := seeded()
	x, w, b := random(r, tensor.Float32, 2, 4, 3, 4), random(r, tensor.Float32, 4, 3, 2, 3), random(r, tensor.Float32, 6)
	a := &attr.ConvTranspose{Group: 2, Strides: []int{3, 2}, Dilations: []int{1, 2}, Pads: []int{1, 0, 0, 2}, OutputPadding: []int{1, 0}}
	const height, width = 8, 9 // 3·2+1+2−1, 2·3+5−2
	want := make([]float64, 2*6*height*width)
	for i := range want {
		want[i] = b.FloatAt(i / (height * width) % 6)
	}
	for i := range x.Len() {
		n, c, h, v := i/48, i/12%4, i/4%3, i%4
		for m := range 3 {
			for k := range 2 {
				for l := range 3 {
					if y, z := 3*h+k-1, 2*v+2*l; y >= 0 && y < height && z < width {
						want[((n*6+c/2*3+m)*height+y)*width+z] += x.FloatAt(i) * w.FloatAt(((c*3+m)*2+k)*3+l)
					}
				}
			}
		}
	}
	checkNear(t, "transposed", 1e-6, want, func(z *tensor.Tensor) error { return ConvTranspose(z, a, x, w, b) })
	for name, tt := range map[string]struct {
		a    attr.ConvTranspose
		want []float64
	}{
		"upper": {attr.ConvTranspose{Group: 1, Strides: []int{2}, AutoPad: "SAME_UPPER"}, []float64{1, 1, 3, 2}},
		"lower": {attr.ConvTranspose{Group: 1, Strides: []int{2}, AutoPad: "SAME_LOWER"}, []float64{1, 3, 2, 2}},
		"shape": {attr.ConvTranspose{Group: 1, Strides: []int{2}, OutputShape: []int{3}}, []float64{1, 3, 2}},
		"wider": {attr.ConvTranspose{Group: 1, Strides: []int{2}, OutputShape: []int{7}}, []float64{1, 1, 3, 2, 2, 0, 0}},
	} {
		checkNear(t, name, 0, tt.want, func(z *tensor.Tensor) error {
			return ConvTranspose(z, &tt.a, f32([]int{1, 1, 2}, 1, 2), f32([]int{1, 1, 3}, 1, 1, 1), nil)
		})
	}
	empty := &attr.ConvTranspose{Group: 1, Strides: []int{2}}
	check(t, "no places", tensor.New(tensor.Float32, 1, 1, 1), func(z *tensor.Tensor) error {
		return ConvTranspose(z, empty, tensor.New(tensor.Float32, 1, 1, 0), f32([]int{1, 1, 3}, 1, 1, 1), nil)
	})
}

func TestPool(t *testing.T) {
	x := f32([]int{1, 1, 4}, 1, 4, 2, 8)
	a := &attr.Pool{Kernel: []int{2}, Strides: []int{2}, Pads: []int{1, 0}, CeilMode: true}
	check(t, "average", f32([]int{1, 1, 3}, 1, 3, 8), func(z *tensor.Tensor) error { return AveragePool(z, a, x) })
	indices := &tensor.Tensor{}
	check(t, "max", f32([]int{1, 1, 3}, 1, 4, 8), func(z *tensor.Tensor) error { return MaxPool(z, indices, a, x) })
	if want := i64([]int{1, 1, 3}, 0, 1, 3); !indices.Equal(want) {
		t.Errorf("places of the maxima are %s, want %s", show(indices), show(want))
	}
	a.CountIncludePad = true
	check(t, "average with padding", f32([]int{1, 1, 3}, 0.5, 3, 8), func(z *tensor.Tensor) error { return AveragePool(z, a, x) })
	check(t, "global", f32([]int{1, 1, 1}, 3.75), func(z *tensor.Tensor) error { return GlobalAveragePool(z, x) })
}

func TestSoftmax(t *testing.T) {
	e := math.E
	last := &attr.Axis{Axis: -1}
	checkNear(t, "softmax", 1e-7, []float64{1 / (1 + e), e / (1 + e), 0, 1}, func(z *tensor.Tensor) error {
		return Softmax(z, last, f32([]int{2, 2}, 1000, 1001, -inf, 3))
	})
	checkNear(t, "along axis 0", 1e-7, []float64{0.5, 0.5}, func(z *tensor.Tensor) error {
		return Softmax(z, &attr.Axis{}, f32([]int{2, 1}, 7, 7))
	})
	checkNear(t, "masked row", 0, []float64{math.NaN(), math.NaN()}, func(z *tensor.Tensor) error { return Softmax(z, last, vec(-inf, -inf)) })
	checkNear(t, "log softmax", 1e-7, []float64{-math.Log(1 + e), 1 - math.Log(1+e)}, func(z *tensor.Tensor) error {
		return LogSoftmax(z, last, vec(-1000, -999))
	})
}

func TestNormalizations(t *testing.T) {
	x := f32([]int{2, 2}, 1, 3, -2, 2)
	ln := &attr.LayerNormalization{Axis: -1}
	mean, inverse := &tensor.Tensor{}, &tensor.Tensor{}
	checkNear(t, "layer", 1e-7, []float64{-1, 3, -1, 3}, func(z *tensor.Tensor) error {
		return LayerNormalization(z, mean, inverse, ln, x, vec(1, 2), vec(0, 1))
	})
	if want := f32([]int{2, 1}, 2, 0); !mean.Equal(want) {
		t.Errorf("means are %s", show(mean))
	}
	if want := f32([]int{2, 1}, 1, 0.5); !inverse.Equal(want) {
		t.Errorf("inverse deviations are %s", show(inverse))
	}
	checkNear(t, "RMS", 1e-7, []float64{1 / math.Sqrt(5), 6 / math.Sqrt(5), -1, 2}, func(z *tensor.Tensor) error {
		return RMSNormalization(z, ln, x, vec(1, 2))
	})
	checkNear(t, "batch", 1e-7, []float64{0, 3, -3, 1}, func(z *tensor.Tensor) error {
		return BatchNormalization(z, &attr.BatchNormalization{}, x, vec(1, 2), vec(0, 1), vec(1, 2), of[float32](1, 1))
	})
	checkNear(t, "group", 1e-7, []float64{-1, 3, -1, 3}, func(z *tensor.Tensor) error {
		return GroupNormalization(z, &attr.GroupNormalization{Groups: 1}, x, vec(1, 2), vec(0, 1))
	})
	checkNear(t, "Lp", 1e-7, []float64{0.6, 0.8, 0, 0}, func(z *tensor.Tensor) error {
		return LpNormalization(z, &attr.LpNormalization{Axis: -1, P: 2}, f32([]int{2, 2}, 3, 4, 0, 0))
	})
	checkError(t, "scale", []string{"scale", "f32[3]"}, func(z *tensor.Tensor) error { return RMSNormalization(z, ln, x, vec(1, 2, 3)) })
}

func TestRotaryEmbedding(t *testing.T) {
	// A quarter turn at position 1, none at 0.
	cos, sin := f32([]int{2, 1}, 1, 0), f32([]int{2, 1}, 0, 1)
	x := f32([]int{1, 1, 1, 3}, 1, 2, 3)
	for _, c := range []struct {
		name     string
		a        attr.RotaryEmbedding
		position int64
		want     []float32
	}{
		{"first two", attr.RotaryEmbedding{RotaryDim: 2}, 1, []float32{-2, 1, 3}},
		{"no turn", attr.RotaryEmbedding{RotaryDim: 2, Interleaved: true}, 0, []float32{1, 2, 3}},
	} {
		check(t, c.name, f32([]int{1, 1, 1, 3}, c.want...), func(z *tensor.Tensor) error {
			return RotaryEmbedding(z, &c.a, x, cos, sin, i64([]int{1, 1}, c.position))
		})
	}
	checkError(t, "position", []string{"index 2", "size 2"}, func(z *tensor.Tensor) error {
		return RotaryEmbedding(z, &attr.RotaryEmbedding{RotaryDim: 2}, x, cos, sin, i64([]int{1, 1}, 2))
	})
}
