package cli

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

// tolerance is that of numpy.allclose: |got − want| ≤ atol + rtol·|want|.
type tolerance struct{ rtol, atol float64 }

// tolerances are the defaults by element type; types not listed compare exactly.
var tolerances = map[tensor.DType]tolerance{
	tensor.Float64:  {1e-7, 1e-9},
	tensor.Float32:  {1e-3, 1e-4},
	tensor.Float16:  {2e-2, 1e-2},
	tensor.BFloat16: {3e-2, 3e-2},
}

// comparison is what verify tells of one output.
type comparison struct {
	Name   string `json:"name"`
	MaxAbs number `json:"max_abs"`
	MaxRel number `json:"max_rel"`
	MaxULP number `json:"max_ulp"`
	OK     bool   `json:"ok"`
	Shape  []int  `json:"shape"`
	Worst  []int  `json:"worst,omitempty"` // index of the greatest error
	Why    string `json:"why,omitempty"`
}

// compare compares got with want like numpy.allclose; NaN equals NaN.
func compare(name string, got, want *tensor.Tensor, tol tolerance) comparison {
	c := comparison{Name: name, OK: true, Shape: []int{}}
	if got == nil {
		return c.refuse("the model has no such output")
	}
	c.Shape = append(c.Shape, got.Shape...)
	switch {
	case got.DType != want.DType:
		return c.refuse(fmt.Sprintf("type %s, want %s", got.DType, want.DType))
	case !tensor.SameShape(got.Shape, want.Shape):
		return c.refuse(fmt.Sprintf("shape %s, want %s", tensor.ShapeString(got.Shape), tensor.ShapeString(want.Shape)))
	case got.DType == tensor.String || got.DType.IsComplex():
		if !got.Equal(want) {
			return c.refuse("the contents differ")
		}
		return c
	}
	worst := -1
	for i := range got.Len() {
		abs, rel, ok := difference(got, want, i, tol)
		if !ok {
			c.OK = false
		}
		if abs > float64(c.MaxAbs) || worst < 0 && (abs > 0 || !ok) {
			c.MaxAbs, worst = number(abs), i
		}
		c.MaxRel = max(c.MaxRel, number(rel))
		if abs > 0 {
			c.MaxULP = max(c.MaxULP, number(ulps(got.DType, got.FloatAt(i), want.FloatAt(i))))
		}
	}
	if worst >= 0 {
		c.Worst = index(worst, got.Shape)
	}
	return c
}

func (c comparison) refuse(why string) comparison {
	c.OK, c.Why = false, why
	c.MaxAbs, c.MaxRel, c.MaxULP = number(math.NaN()), number(math.NaN()), number(math.NaN())
	return c
}

// errors is the greatest difference as text.
func (c comparison) errors() string {
	switch {
	case c.Why != "":
		return c.Why
	case c.Worst == nil:
		return "no difference"
	}
	return fmt.Sprintf("max abs %.3g  max rel %.3g  %.4g ulp  worst at %v", float64(c.MaxAbs), float64(c.MaxRel), float64(c.MaxULP), c.Worst)
}

// difference returns the errors at element i and whether they are within tol.
// A finite number against NaN or an infinity is off by +Inf.
func difference(got, want *tensor.Tensor, i int, tol tolerance) (abs, rel float64, ok bool) {
	if got.DType.IsInt() || got.DType == tensor.Bool {
		g, w := got.IntAt(i), want.IntAt(i)
		abs = math.Abs(float64(g) - float64(w))
		return abs, abs / math.Max(math.Abs(float64(w)), 1), g == w || tol != tolerance{} && abs <= tol.atol+tol.rtol*math.Abs(float64(w))
	}
	g, w := got.FloatAt(i), want.FloatAt(i)
	switch {
	case g == w || math.IsNaN(g) && math.IsNaN(w):
		return 0, 0, true
	case math.IsNaN(g) || math.IsNaN(w) || math.IsInf(g, 0) || math.IsInf(w, 0):
		return math.Inf(1), math.Inf(1), false
	}
	abs = math.Abs(g - w)
	rel = math.Inf(1)
	if w != 0 {
		rel = abs / math.Abs(w)
	}
	return abs, rel, abs <= tol.atol+tol.rtol*math.Abs(w)
}

// index turns the flat index i into one per axis.
func index(i int, shape []int) []int {
	at := make([]int, len(shape))
	for axis := len(shape) - 1; axis >= 0; axis-- {
		at[axis] = i % shape[axis]
		i /= shape[axis]
	}
	return at
}
