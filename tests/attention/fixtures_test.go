package attention

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/tensor/npy"
)

// fixture is one case of testdata/parallax, whose cases.json describes it.
type fixture struct {
	Name, File, Kind      string
	B, Lq, Lkv, Hq, Hkv   int
	D, Dv                 int
	Scale, Softcap, Ridge float64
	Causal                bool
	Window                int
	Mask, DType           string
	Lengths, Starts       []int64
	Splits                []int
	Empty                 int `json:"empty_rows"`
	Tol                   tolerances
	arrays                map[string]*tensor.Tensor
}

type tolerances struct {
	F32  float64 `json:"atol_f32"`
	Low  float64 `json:"atol_lowp"`
	RelD float64 `json:"rtol_d1"`
	D2   float64 `json:"atol_d2"`
	M    float64 `json:"atol_m"`
}

// families says how the kinds of fixtures are specified.
var families = map[string]struct {
	probe    attr.Probe
	weights  attr.Weights
	affine   attr.Affine
	probeArr string // the array that serves as r
}{
	"parallax":      {attr.ProbeLearned, attr.WeightsSoftmax, attr.AffineCentred, "r"},
	"lla":           {attr.ProbeExact, attr.WeightsSoftmax, attr.AffineCentred, ""},
	"affine_mesa":   {attr.ProbeExact, attr.WeightsUniform, attr.AffineCentred, ""},
	"mesa":          {attr.ProbeExact, attr.WeightsUniform, attr.AffineNone, ""},
	"affine_linear": {attr.ProbeLearned, attr.WeightsUniform, attr.AffineCentred, "r"},
	"linear":        {attr.ProbeLearned, attr.WeightsUniform, attr.AffineNone, "q"},
}

func fixtures(t testing.TB) []fixture {
	dir := filepath.Join("..", "testdata", "parallax")
	text, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Cases []fixture }
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	for i := range list.Cases {
		f := &list.Cases[i]
		if f.arrays, err = npy.ReadArchiveFile(filepath.Join(dir, f.File)); err != nil {
			t.Fatal(err)
		}
	}
	return list.Cases
}

// dtype is the type that the operands are rounded to.
func (f *fixture) dtype() tensor.DType {
	if f.DType == "fp16" {
		return tensor.Float16
	}
	d, ok := tensor.ParseDType(f.DType)
	if !ok {
		panic("BUG: element type " + f.DType)
	}
	return d
}

// spec returns the specification and the operands, with rows of type d.
func (f *fixture) spec(d tensor.DType) (*attr.Attention, []*tensor.Tensor) {
	family := families[f.Kind]
	a := attr.New[attr.Attention]()
	a.Probe, a.Weights, a.Affine = family.probe, family.weights, family.affine
	a.Heads, a.KVHeads, a.Scale, a.Softcap, a.Ridge = f.Hq, f.Hkv, f.Scale, f.Softcap, f.Ridge
	if f.Causal {
		a.Causal = attr.CausalBottomRight
	}
	if f.Window > 0 {
		a.WindowLeft = f.Window - 1
	}
	in := []*tensor.Tensor{cast(f.arrays["q"], d), cast(f.arrays["k"], d), cast(f.arrays["v"], d)}
	if a.HasProbe = family.probeArr != ""; a.HasProbe {
		in = append(in, cast(f.arrays[family.probeArr], d))
	}
	switch f.Mask {
	case "float":
		a.Biases = 1
		in = append(in, f.arrays["mask"])
	case "bool":
		a.Masks = 1
		in = append(in, cast(f.arrays["mask"], tensor.Bool))
	}
	if a.HasRanges = f.Lengths != nil || f.Starts != nil; a.HasRanges {
		in = append(in, f.perBatch(f.Starts, 0), f.perBatch(f.Lengths, int64(f.Lkv)))
	}
	return a, in
}

func (f *fixture) perBatch(v []int64, missing int64) *tensor.Tensor {
	t := tensor.New(tensor.Int64, f.B)
	for b := range f.B {
		t.SetInt(b, missing)
		if v != nil {
			t.SetInt(b, v[b])
		}
	}
	return t
}

// cast copies t in another element type.
func cast(t *tensor.Tensor, d tensor.DType) *tensor.Tensor {
	out := tensor.New(d, t.Shape...)
	for i := range t.Len() {
		out.SetFloat(i, t.FloatAt(i))
	}
	return out
}

// far returns the first element of got that is further than tol from want, or
// is NaN where want is not, and the other way round.
func far(got, want *tensor.Tensor, tol float64) (at int, worst float64) {
	at = -1
	for i := range want.Len() {
		g, w := got.FloatAt(i), want.FloatAt(i)
		if math.IsNaN(g) && math.IsNaN(w) || g == w {
			continue
		}
		d := math.Abs(g - w)
		if at < 0 && !(d <= tol) {
			at = i
		}
		worst = max(worst, d)
	}
	return at, worst
}

func checkNear(t *testing.T, what string, got, want *tensor.Tensor, tol float64) {
	t.Helper()
	if !tensor.SameShape(got.Shape, want.Shape) {
		t.Fatalf("%s: shape %v, want %v", what, got.Shape, want.Shape)
	}
	if at, worst := far(got, want, tol); at >= 0 {
		t.Errorf("%s: element %d is %g, want %g; worst difference %g, tolerance %g", what, at, got.FloatAt(at), want.FloatAt(at), worst, tol)
	}
}
