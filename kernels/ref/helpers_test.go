package ref

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
)

func f32(shape []int, v ...float32) *tensor.Tensor  { return tensor.Of(shape, v) }
func i64(shape []int, v ...int64) *tensor.Tensor    { return tensor.Of(shape, v) }
func str(shape []int, v ...string) *tensor.Tensor   { return tensor.OfStrings(shape, v) }
func boolean(shape []int, v ...bool) *tensor.Tensor { return tensor.Of(shape, v) }
func list1(v ...int64) *tensor.Tensor               { return i64([]int{len(v)}, v...) }
func of[T tensor.Native](v ...T) *tensor.Tensor     { return tensor.Of([]int{len(v)}, v) }
func vec(v ...float32) *tensor.Tensor               { return of(v...) }
func seeded() *rand.Rand                            { return rand.New(rand.NewPCG(7, 9)) }
func cast(t *tensor.Tensor, d tensor.DType) *tensor.Tensor {
	out := tensor.New(d, t.Shape...)
	for i := range t.Len() {
		out.SetFloat(i, t.FloatAt(i))
	}
	return out
}

func random(r *rand.Rand, d tensor.DType, shape ...int) *tensor.Tensor {
	t := tensor.New(d, shape...)
	for i := range t.Len() {
		t.SetFloat(i, math.Round(r.NormFloat64()*64)/8)
	}
	return t
}

// check evaluates and compares exactly.
func check(t *testing.T, name string, want *tensor.Tensor, f func(z *tensor.Tensor) error) {
	t.Helper()
	z := tensor.New(tensor.Float32, 3) // left over from an earlier run
	if err := f(z); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if !z.Equal(want) {
		t.Errorf("%s is %s, want %s", name, show(z), show(want))
	}
}

// checkNear is check for floats: |got − want| ≤ tol·max(1, |want|).
func checkNear(t *testing.T, name string, tol float64, want []float64, f func(z *tensor.Tensor) error) {
	t.Helper()
	z := &tensor.Tensor{}
	if err := f(z); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if z.Len() != len(want) {
		t.Errorf("%s has %d elements, want %d", name, z.Len(), len(want))
		return
	}
	for i, w := range want {
		g := z.FloatAt(i)
		if g != w && !(math.IsNaN(g) && math.IsNaN(w)) && !(math.Abs(g-w) <= tol*max(1, math.Abs(w))) {
			t.Errorf("%s: element %d is %g, want %g", name, i, g, w)
		}
	}
}

// checkError wants an error that has all the given words.
func checkError(t *testing.T, name string, words []string, f func(z *tensor.Tensor) error) {
	t.Helper()
	err := f(&tensor.Tensor{})
	if err == nil {
		t.Errorf("%s: no error", name)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: error %q does not say %q", name, err, w)
		}
	}
}

func show(t *tensor.Tensor) string {
	s := t.String() + "{"
	for i := range min(t.Len(), 12) {
		switch {
		case t.DType == tensor.String:
			s += " " + t.Strings()[i]
		case t.DType.IsComplex():
			s += " …"
		default:
			s += " " + formatFloat(t.FloatAt(i), 64)
		}
	}
	return s + " }"
}
