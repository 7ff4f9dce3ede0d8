package passtest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/passes"
)

// Values checks that the pass keeps the values of every case, on random inputs
// with those sizes, within the tolerance of each type: absolute below 1, relative
// above. Inputs of integers are indices into five entries.
func Values(t *testing.T, p passes.Pass, sizes sym.Bindings, tolerances map[tensor.DType]float64, o ...passes.Options) {
	t.Helper()
	Each(t, func(t *testing.T, src string) {
		before := Parse(t, src)
		in := inputs(t, before, sizes)
		want := outputs(t, before, in)
		got := outputs(t, Apply(t, p, src, o...), in)
		for i, w := range want {
			if !tensor.SameShape(got[i].Shape, w.Shape) || got[i].DType != w.DType {
				t.Fatalf("output %d is %s, want %s", i, got[i], w)
			}
			for j := range w.Len() {
				x, y := w.FloatAt(j), got[i].FloatAt(j)
				if x != y && !(math.IsNaN(x) && math.IsNaN(y)) && !(math.Abs(x-y) <= tolerances[w.DType]*max(1, math.Abs(x))) {
					t.Fatalf("output %d, element %d is %v, want %v", i, j, y, x)
				}
			}
		}
	})
}

func inputs(t *testing.T, g *ir.Graph, sizes sym.Bindings) []*tensor.Tensor {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	in := make([]*tensor.Tensor, len(g.Inputs))
	for i, v := range g.Inputs {
		shape, err := v.Type.Shape.Eval(sizes)
		if err != nil {
			t.Fatal(err)
		}
		in[i] = tensor.New(v.Type.DType, shape...)
		for j := range in[i].Len() {
			if v.Type.DType.IsInt() {
				in[i].SetInt(j, int64(r.IntN(5)))
			} else {
				in[i].SetFloat(j, r.NormFloat64())
			}
		}
	}
	return in
}

func outputs(t *testing.T, g *ir.Graph, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	out, err := eval.Graph(g, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
