package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/ref"
)

var rowTypes = []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16}

func TestSoftmax(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(10, 10))
	for _, d := range rowTypes {
		for _, s := range []struct {
			shape []int
			axis  int
		}{{[]int{3, 5}, -1}, {[]int{7}, 0}, {[]int{4, 6, 3}, 1}, {[]int{180, 50}, 1}, {[]int{0, 3}, -1}, {[]int{3, 0}, -1}} {
			x := normals(rng, d, s.shape...)
			for i := range x.Len() { // rows of large scores, too
				x.SetFloat(i, 10*x.FloatAt(i)+50)
			}
			z := same(t, "Softmax", ctxs, func(c *Ctx, out *tensor.Tensor) error { return Softmax(c, out, &attr.Axis{Axis: s.axis}, x) })
			axis, _ := normalAxis(s.axis, len(s.shape))
			n, inner := s.shape[axis], elements(s.shape[axis+1:])
			for i := range x.Len() {
				first := i/(n*inner)*n*inner + i%inner
				sum, top := 0.0, math.Inf(-1)
				for j := range n {
					v := x.FloatAt(first + j*inner)
					sum, top = sum+math.Exp(v-x.FloatAt(i)), math.Max(top, v)
				}
				// 8 units of f32 for exponential, sum and product; and the distance
				// to the greatest score is itself rounded.
				limit := ((8+top-x.FloatAt(i))*epsilon(tensor.Float32)+1.001*epsilon(d))/sum + subnormal(d)
				if got := z.FloatAt(i); !(math.Abs(got-1/sum) <= limit) {
					t.Fatalf("%s %v: element %d is %g, want %g", d, s, i, got, 1/sum)
				}
			}
		}
	}
	inf := float32(math.Inf(-1))
	var z tensor.Tensor
	if err := Softmax(&Ctx{}, &z, &attr.Axis{Axis: -1}, tensor.Of([]int{2, 2}, []float32{inf, 3, inf, inf})); err != nil {
		t.Fatal(err)
	}
	if z.FloatAt(0) != 0 || z.FloatAt(1) != 1 || !math.IsNaN(z.FloatAt(2)) {
		t.Errorf("masked rows give %v", tensor.Data[float32](&z))
	}
}

func TestNormalizations(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(11, 11))
	for _, d := range rowTypes {
		for _, s := range []struct {
			shape []int
			axis  int
		}{{[]int{3, 8}, -1}, {[]int{2, 3, 4}, 1}, {[]int{50, 768}, -1}, {[]int{5, 1}, 1}, {[]int{0, 4}, -1}} {
			axis, _ := normalAxis(s.axis, len(s.shape))
			rest := s.shape[axis:]
			n := elements(rest)
			x, scale, bias := normals(rng, d, s.shape...), normals(rng, d, rest...), normals(rng, d, rest...)
			for i := range x.Len() { // a mean far above the deviation
				x.SetFloat(i, x.FloatAt(i)+30)
			}
			a := attr.New[attr.LayerNormalization]()
			a.Axis = s.axis
			layer := same(t, "LayerNormalization", ctxs, func(c *Ctx, out *tensor.Tensor) error {
				return LayerNormalization(c, out, nil, nil, a, x, scale, bias)
			})
			rms := same(t, "RMSNormalization", ctxs, func(c *Ctx, out *tensor.Tensor) error { return RMSNormalization(c, out, a, x, scale) })
			for r := range x.Len() / n {
				mean, squares, spread := 0.0, 0.0, 0.0
				for j := range n {
					mean += x.FloatAt(r*n+j) / float64(n)
				}
				for j := range n {
					v := x.FloatAt(r*n + j)
					squares, spread = squares+v*v/float64(n), spread+(v-mean)*(v-mean)/float64(n)
				}
				for j := range n {
					v, g, b := x.FloatAt(r*n+j), scale.FloatAt(j), bias.FloatAt(j)
					near(t, fmt.Sprintf("layer %s %v", d, s), d, layer.FloatAt(r*n+j), (v-mean)/math.Sqrt(spread+float64(a.Epsilon))*g+b, math.Abs(g)*4+math.Abs(b))
					near(t, fmt.Sprintf("rms %s %v", d, s), d, rms.FloatAt(r*n+j), v/math.Sqrt(squares+float64(a.Epsilon))*g, math.Abs(g)*4)
				}
			}
		}
	}
	var z tensor.Tensor
	if err := RMSNormalization(&Ctx{}, &z, attr.New[attr.LayerNormalization](), tensor.New(tensor.Float32, 2, 4), tensor.New(tensor.Float32, 2)); err == nil {
		t.Error("a scale of another size was taken")
	}
}

// near allows four roundings in f32 of terms of the given size, and one to the
// type.
func near(t *testing.T, name string, d tensor.DType, got, want, size float64) {
	t.Helper()
	if limit := 4*epsilon(tensor.Float32)*size + 1.001*epsilon(d)*math.Abs(want) + subnormal(d); !(math.Abs(got-want) <= limit) {
		t.Fatalf("%s: %g, want %g", name, got, want)
	}
}

func TestReductions(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(12, 12))
	shape := []int{3, 4, 5, 300}
	for _, d := range rowTypes {
		x := normals(rng, d, shape...)
		for _, axes := range [][]int64{nil, {-1}, {0}, {1, 3}, {2, 1}, {0, 1, 2}, {0, 1, 2, 3}} {
			for _, keep := range []bool{true, false} {
				a := &attr.Reduce{KeepDims: keep}
				var which *tensor.Tensor
				if axes != nil {
					which = tensor.Of([]int{len(axes)}, axes)
				}
				run := func(f func(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error) *tensor.Tensor {
					return same(t, "reduction", ctxs, func(c *Ctx, out *tensor.Tensor) error { return f(c, out, a, x, which) })
				}
				checkReduction(t, x, axes, keep, run(ReduceSum), run(ReduceMean), run(ReduceMax))
				compareReductions(t, ctxs, a, x, which)
			}
		}
	}
}

func checkReduction(t *testing.T, x *tensor.Tensor, axes []int64, keep bool, sum, mean, top *tensor.Tensor) {
	reduced := make([]bool, x.Rank())
	for _, axis := range axes {
		reduced[(int(axis)+x.Rank())%x.Rank()] = true
	}
	var shape []int
	for axis, n := range x.Shape {
		if axes == nil || reduced[axis] {
			reduced[axis], n = true, 1
		}
		if !reduced[axis] || keep {
			shape = append(shape, n)
		}
	}
	if diff := cmp.Diff(append([]int{}, shape...), append([]int{}, sum.Shape...)); diff != "" {
		t.Fatalf("axes %v keep %t: shape %s", axes, keep, diff)
	}
	sums, sizes, tops := make([]float64, sum.Len()), make([]float64, sum.Len()), make([]float64, sum.Len())
	count := float64(x.Len() / sum.Len())
	for i := range x.Len() {
		at, stride, rest := 0, 1, i
		for axis := x.Rank() - 1; axis >= 0; axis-- {
			if !reduced[axis] {
				at += rest % x.Shape[axis] * stride
				stride *= x.Shape[axis]
			}
			rest /= x.Shape[axis]
		}
		v := x.FloatAt(i)
		sums[at], sizes[at], tops[at] = sums[at]+v, sizes[at]+math.Abs(v), math.Max(tops[at], v)
	}
	for i := range sums {
		near(t, "ReduceSum", x.DType, sum.FloatAt(i), sums[i], sizes[i])
		near(t, "ReduceMean", x.DType, mean.FloatAt(i), sums[i]/count, sizes[i]/count)
		if x.Len()/sum.Len() > 20 { // then some element is positive
			near(t, "ReduceMax", x.DType, top.FloatAt(i), tops[i], 0)
		}
	}
}

// compareReductions checks the reductions of functions of the elements.
func compareReductions(t *testing.T, ctxs []*Ctx, a *attr.Reduce, x, axes *tensor.Tensor) {
	t.Helper()
	type reduction = func(c *Ctx, z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error
	for _, f := range []struct {
		name  string
		fast  reduction
		slow  func(z *tensor.Tensor, a *attr.Reduce, x, axes *tensor.Tensor) error
		units float64
	}{
		{"ReduceMin", ReduceMin, ref.ReduceMin, 0}, {"ReduceL1", ReduceL1, ref.ReduceL1, 8},
		{"ReduceSumSquare", ReduceSumSquare, ref.ReduceSumSquare, 8}, {"ReduceL2", ReduceL2, ref.ReduceL2, 8},
	} {
		name := fmt.Sprint(f.name, " of ", x, " over ", axes)
		sameAsRef(t, ctxs, name, f.units, func(c *Ctx, z *tensor.Tensor) error { return f.fast(c, z, a, x, axes) },
			func(z *tensor.Tensor) error { return f.slow(z, a, x, axes) })
	}
}

func TestReduceLogSum(t *testing.T) {
	x := tensor.Of([]int{2, 2}, []float32{1, 3, 0, 0})
	var z tensor.Tensor
	if err := ReduceLogSum(&Ctx{}, &z, &attr.Reduce{}, x, tensor.Of([]int{1}, []int64{1})); err != nil {
		t.Fatal(err)
	}
	if got := tensor.Data[float32](&z); got[0] != float32(math.Log(4)) || got[1] != float32(math.Inf(-1)) {
		t.Errorf("got %v, want log 4 and −∞", got)
	}
}
