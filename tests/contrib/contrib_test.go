package contrib

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// tolerance is of |got − want| against atol + rtol·|want|.
type tolerance struct{ rtol, atol float64 }

// variants are the ways to run a case. The 16-bit types round operands that were
// recorded in f32, and each result on the way.
var variants = []struct {
	name     string
	d        tensor.DType
	symbolic bool
	tol      tolerance
	opts     []parallax.Option
	form     string // the model is exported first
	f64      bool   // kernels of the reference sum the scores
}{
	{"as imported", tensor.Float32, false, tolerance{2e-5, 2e-5}, []parallax.Option{parallax.WithPasses("none"), parallax.WithTarget(kernels.Ref)}, "", true},
	{"optimised", tensor.Float32, false, tolerance{2e-5, 2e-5}, []parallax.Option{parallax.WithVerifyPasses()}, "", false},
	{"symbolic", tensor.Float32, true, tolerance{2e-5, 2e-5}, []parallax.Option{parallax.WithVerifyPasses()}, "", false},
	{"written as Attention", tensor.Float32, true, tolerance{2e-5, 2e-5}, nil, "attention", true},
	{"written as functions", tensor.Float32, true, tolerance{2e-5, 2e-5}, nil, "function", false},
	{"f16", tensor.Float16, true, tolerance{2e-2, 2e-2}, nil, "", false},
	{"bf16", tensor.BFloat16, true, tolerance{1e-1, 1e-1}, nil, "", false},
}

// rounded is the tolerance of rows whose scores ONNX Runtime rounds to multiples
// of 2⁻¹⁰ beside a fill of −10000, where the reference, which sums in f64, doesn't.
var rounded = tolerance{5e-4, 5e-4}

func TestRecorded(t *testing.T) {
	dir := "../testdata/contrib"
	if d := os.Getenv("CONTRIB"); d != "" {
		dir = d
	}
	files, err := Read(dir)
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, f := range files {
		for i := range f.Cases {
			c := &f.Cases[i]
			for _, v := range variants {
				if c.F32 && v.d != tensor.Float32 {
					continue
				}
				t.Run(f.Title(c)+"/"+v.name, func(t *testing.T) {
					m, err := f.Model(c, v.d, v.symbolic)
					if err != nil {
						t.Fatal(err)
					}
					s := open(t, m, v.opts)
					if c.Refused != "" {
						refused(t, s, c.Refused)
						return
					}
					if v.form != "" {
						s = written(t, s, v.form)
					}
					tol := v.tol
					if c.Blind && v.f64 {
						tol = rounded
					}
					compare(t, c, s, v.d, tol)
				})
			}
		}
	}
}

func open(t *testing.T, m *wire.Model, opts []parallax.Option) *parallax.Source {
	t.Helper()
	data, err := wire.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parallax.OpenReader(bytes.NewReader(data), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// written is s written as ONNX and read back.
func written(t *testing.T, s *parallax.Source, form string) *parallax.Source {
	t.Helper()
	defer s.Close()
	path := filepath.Join(t.TempDir(), "case.onnx")
	if _, err := s.Compile(context.Background(), path, parallax.CompileOptions{Target: "onnx", Form: form}); err != nil {
		t.Fatal(err)
	}
	again, err := parallax.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func refused(t *testing.T, s *parallax.Source, why string) {
	t.Helper()
	defer s.Close()
	err := onnx.Unsupported(s.Graph())
	if err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("refused with %v, want %q", err, why)
	}
}

// compare runs s and compares its outputs with the recorded ones.
func compare(t *testing.T, c *Case, s *parallax.Source, d tensor.DType, tol tolerance) {
	t.Helper()
	model, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	in, err := c.Inputs(d)
	if err != nil {
		t.Fatal(err)
	}
	out, err := model.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range c.Out {
		if o == nil {
			continue
		}
		want, err := o.Tensor(tensor.Float32)
		if err != nil {
			t.Fatal(err)
		}
		if diff := differ(out[o.Name], want, c.Padding[o.Name], tol); diff != "" {
			t.Errorf("%s: %s", o.Name, diff)
		}
	}
}

// differ says where got is not want.
func differ(got, want *tensor.Tensor, padding [][2]int, tol tolerance) string {
	if !tensor.SameShape(got.Shape, want.Shape) {
		return fmt.Sprintf("%s, want %s", got, want)
	}
	for i := range want.Len() {
		if padded(i, want.Shape, padding) {
			continue
		}
		g, w := got.FloatAt(i), want.FloatAt(i)
		if math.IsNaN(g) && math.IsNaN(w) || g == w {
			continue
		}
		if !(math.Abs(g-w) <= tol.atol+tol.rtol*math.Abs(w)) {
			return fmt.Sprintf("element %d of %s is %g, want %g", i, want, g, w)
		}
	}
	return ""
}

// padded reports whether element i is of a row that means nothing.
func padded(i int, shape []int, padding [][2]int) bool {
	for _, p := range padding {
		row := i / shape[2]
		if row/shape[1] == p[0] && row%shape[1] >= p[1] {
			return true
		}
	}
	return false
}
